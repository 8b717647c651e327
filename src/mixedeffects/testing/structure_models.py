"""Models with a covariance structure, against dense matrices and against each other."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import Unstructured
from mixedeffects.testing.numbers import close, covariance, difference, draw, require

_DRAWS = 3
_GROUPS, _ROWS, _VISITS = 24, 8, 4
# differences of objectives that rounding and optimisers' tolerances explain
_SAME_VALUE, _SAME_OPTIMUM, _SAME_PROFILE = 1e-7, 1e-4, 1e-3


def _table(one, rng, spread):
    """Rows of groups whose effects of 1 and x have the structure's covariance."""
    group = np.repeat(np.arange(_GROUPS), _ROWS)
    x = np.tile(np.linspace(-1.0, 1.5, _ROWS), _GROUPS)
    Lam = spread * one.factor(draw(one, rng))
    effects = rng.normal(size=(_GROUPS, 2)) @ Lam.T
    eta = 0.5 + 0.3 * x + effects[group, 0] + effects[group, 1] * x
    return {
        "y": eta + rng.normal(size=x.size),
        "count": rng.poisson(np.exp(np.clip(0.5 * eta, -5.0, 3.0))).astype(float),
        "x": x,
        "g": np.array([f"g{i:02}" for i in group]),
    }


def _dense_objective(table, G, reml, s2=None, Z=None):
    """-2 log-likelihood or REML criterion from the groups' dense covariance matrices.

    At a relative covariance G, and the residual variance s2 or the best; Z is that of every group,
    X where it is None.
    """
    y = table["y"].reshape(_GROUPS, _ROWS)
    X = np.column_stack([np.ones(_ROWS), table["x"][:_ROWS]])  # the same in every group
    Z = X if Z is None else Z
    V = np.eye(_ROWS) + Z @ G @ Z.T
    XVX = _GROUPS * X.T @ np.linalg.solve(V, X)
    beta = np.linalg.solve(XVX, X.T @ np.linalg.solve(V, y.sum(axis=0)))
    left = (y - X @ beta).T
    r2 = float(np.sum(left * np.linalg.solve(V, left)))
    nu = y.size - X.shape[1] if reml else y.size
    s2 = r2 / nu if s2 is None else s2
    value = _GROUPS * np.linalg.slogdet(V)[1] + nu * np.log(2.0 * np.pi * s2) + r2 / s2
    return value + np.linalg.slogdet(XVX)[1] if reml else value


def check_linear_models(form, rng) -> None:
    """Likelihoods, optima, profiles and answers of linear models."""
    import mixedeffects as me
    from mixedeffects.estimation.minimize import OPTIMIZERS

    one = form(2)
    table = _table(one, rng, 1.0)
    formula = f"y ~ x + {form.name}(1 + x | g)"
    for reml in (True, False):
        fit = me.lmm(formula, table, reml=reml)
        for _ in range(_DRAWS):
            theta = draw(one, rng)
            expected = _dense_objective(table, covariance(one, theta), reml)
            close(fit.objective_at(theta), expected, _SAME_VALUE, f"likelihood, reml={reml}")
        require(fit.certificate.converged, "the fit has no certificate of its optimum")
        for optimizer in OPTIMIZERS:
            other = me.lmm(formula, table, reml=reml, optimizer=optimizer)
            _same_optimum(other, fit, f"optimizer={optimizer!r}")
    _check_profile(fit, one, table)
    _check_answers(fit, form)
    _check_visits(form, table, rng)
    flat = me.lmm(formula, _table(one, rng, 0.0))
    require(flat.certificate.converged, "no certificate where the effects have no variance")
    _same_optimum(me.lmm(formula, table, reml=False), fit, "the same fit")
    free = me.lmm("y ~ x + (1 + x | g)", table, reml=False)
    require(
        free.objective <= fit.objective + _SAME_OPTIMUM,
        "a restricted covariance fits better than any covariance",
    )
    if free.theta.size > fit.theta.size:
        me.compare(fit, free)


def _check_visits(form, table, rng) -> None:
    """The likelihood of effects of four visits, two rows each, and its slope."""
    import mixedeffects as me

    one = form(_VISITS)
    visits = np.arange(_ROWS) % _VISITS
    table = {**table, "visit": np.array([f"v{i}" for i in np.tile(visits, _GROUPS)])}
    Z = np.eye(_VISITS)[visits]
    for reml in (True, False):
        fit = me.lmm(f"y ~ x + {form.name}(0 + visit | g)", table, reml=reml)
        require(fit.certificate.converged, "the fit of four visits has no certificate")
        for _ in range(_DRAWS):
            theta = draw(one, rng)
            expected = _dense_objective(table, covariance(one, theta), reml, Z=Z)
            close(fit.objective_at(theta), expected, _SAME_VALUE, "likelihood of four visits")
        objective = fit.evaluation.objective
        here = fit.evaluation.theta * rng.uniform(0.7, 1.3, fit.theta.size)
        slope = difference(lambda at, objective=objective: np.array(objective.value(at)), here)
        found = objective.evaluate(here).gradient
        close(found, slope, _SAME_VALUE, "slope of the likelihood of four visits")


def _check_profile(fit, one, table) -> None:
    """Points of the profiles by maximum likelihood, against searches with dense matrices."""
    from scipy.optimize import minimize

    curves = fit.profile("random").facts
    m = len(one.natural)
    names = [curve.name for curve in curves.parameters]
    require(len(names) == m + 1, f"profile: parameters {names} of {m} natural ones and sigma")
    for i, name in enumerate(names[:m]):
        for at in (0, -1):
            here = curves.conditional[i][at]

            def held(x, i=i, value=here[i]):
                theta = one.from_natural(np.insert(x[:-1], i, value))
                if not np.isfinite(theta).all():
                    return np.inf
                s2 = np.exp(2.0 * x[-1])
                return _dense_objective(table, covariance(one, theta) / s2, False, s2)

            start = np.append(np.delete(here[:m], i), np.log(here[m]))
            options = {"xatol": 1e-8, "fatol": 1e-9, "maxiter": 4000}
            best = minimize(held, np.nan_to_num(start), method="Nelder-Mead", options=options)
            what = f"profile: the square of zeta at {name} = {here[i]:.4g}"
            close(curves.zeta[i][at] ** 2, best.fun - fit.objective, _SAME_PROFILE, what)


def check_generalised_models(form, rng) -> None:
    """The same of generalised ones."""
    import mixedeffects as me
    from mixedeffects.estimation.laplace.assemble import in_engines

    one = form(2)
    table = _table(one, rng, 0.7)
    formula = f"count ~ x + {form.name}(1 + x | g)"
    fit = me.glmm(formula, table, family="poisson")
    require(fit.certificate.converged, "the generalised fit has no certificate of its optimum")
    other = me.glmm(formula, table, family="poisson", optimizer="L-BFGS-B")
    _same_optimum(other, fit, "glmm, optimizer='L-BFGS-B'")
    # the same covariances without the structure
    free = me.glmm("count ~ x + (1 + x | g)", table, family="poisson")
    objective = free.evaluation.objective

    def value(beta, theta):
        theta = Unstructured(2).theta_of(one.factor(theta))
        at = in_engines(objective.problem, free.coefficients, {"conditional": beta}, theta)
        return objective.evaluate(at).value

    close(value(fit.beta, fit.theta), fit.objective, _SAME_VALUE, "likelihood of a glmm")
    curves = fit.profile("random").facts
    m = len(one.natural)
    for zeta, points in zip(curves.zeta, curves.conditional, strict=True):
        for at in (0, -1):
            theta = one.from_natural(np.nan_to_num(points[at, :m]))
            cost = value(points[at, m:], theta) - fit.objective
            close(zeta[at] ** 2, cost, _SAME_PROFILE, "profile of a glmm: the square of zeta")
    _check_answers(fit, form)


def _same_optimum(fit, expected, what) -> None:
    close(fit.objective, expected.objective, _SAME_OPTIMUM, f"optimum, {what}")


def _check_answers(fit, form) -> None:
    """Everything a user asks of a fit can be had."""
    name = fit.formula
    require(form.name in fit.formula, f"the formula is {name}")
    random = [term for term in fit.tidy()["term"] if term.startswith(("sd__", "cor__"))]
    require(len(random) >= 2, f"variance components: {random}")
    for text in (fit.summary(), fit.interpret(), fit.equation(), fit.varcorr):
        require(len(str(text)) > 0, f"nothing is said of {name}")
    require(form.words in " ".join(str(fit.interpret()).split()), "interpret leaves out words")
    fit.ranova()
    found = fit.bootstrap(4, rng=1)
    require(found.n_failed < 4, "all refits of a bootstrap failed")
