"""What a covariance structure promises, checked by numbers that it did not compute itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mixedeffects.covariance import Invariance, Unstructured, structure
from mixedeffects.options import generator

_STEP = 1e-3
_WIDTHS = (1, 2, 3, 5)
_DRAWS = 3
_GROUPS, _ROWS, _VISITS = 24, 8, 4
# covariance, of the largest, that is none but for rounding
_ZERO = 1e-13
# differences of objectives that rounding and optimisers' tolerances explain
_SAME_VALUE, _SAME_OPTIMUM, _SAME_PROFILE = 1e-7, 1e-4, 1e-3


def check_structure(form, *, rng=0, rtol=1e-6, generalised=True) -> None:
    """Check that a covariance structure keeps its contract.

    Derivatives against finite differences, the inverse maps, the stated invariance, zero patterns
    and boundaries, then models with it: the likelihood against dense matrices, every optimiser
    against every other, and that the certificate, intervals, refits and words can be had.

    Parameters
    ----------
    form : subclass of Covariance
        Registered: see `mixedeffects.covariance.register`.
    rng : numpy.random.Generator or int
        Where parameters and responses come from.
    rtol : float
        Tolerance of derivatives and covariances, relative to one plus their size.
    generalised : bool
        Whether to fit generalised models too, which takes longer.

    Raises
    ------
    AssertionError
        What is wrong, and by how much.

    Examples
    --------
    >>> from mixedeffects.covariance import Diagonal
    >>> check_structure(Diagonal, generalised=False)
    """
    rng = generator(rng)
    _require(
        isinstance(structure(form.name, 1), form),
        f"'{form.name}' is another structure: register this one",
    )
    _require(
        bool(form.words) and isinstance(form.invariance, Invariance),
        "words and invariance say what the structure is",
    )
    for k in _WIDTHS:
        one = form(k)
        for _ in range(_DRAWS):
            theta = _draw(one, rng)
            _check_derivatives(one, theta, rng, rtol)
            _check_inverse(one, theta, rng, rtol)
            _check_likeliest(one, rng, rtol)
            _check_invariance(one, theta, rng, rtol)
            _check_pattern(one, theta, rng, rtol)
            _check_natural(one, theta, rtol)
        _check_boundary(one, rng, rtol)
    _check_linear_models(form, rng)
    if generalised:
        _check_generalised_models(form, rng)


def _require(condition, message) -> None:
    if not condition:
        raise AssertionError(message)


def _close(found, expected, rtol, what) -> None:
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    _require(
        found.shape == expected.shape, f"{what}: shape {found.shape}, should be {expected.shape}"
    )
    error = np.abs(found - expected) / (1.0 + np.abs(expected))
    if not np.all(error <= rtol):
        i = int(np.argmax(np.nan_to_num(error.ravel(), nan=np.inf)))
        raise AssertionError(
            f"{what}: {found.ravel()[i]:.10g}, should be {expected.ravel()[i]:.10g}"
        )


# one structure ------------------------------------------------------------------------------


def _draw(one, rng):
    """theta of a covariance well inside the structure's."""
    A = rng.normal(size=(one.k, one.k + 2))
    theta = np.asarray(one.theta_of(np.linalg.cholesky(A @ A.T + 0.3 * np.eye(one.k))))
    _require(theta.shape == (one.n_theta,), f"theta_of gives shape {theta.shape}")
    return theta * rng.uniform(0.8, 1.2, theta.size)


def _covariance(one, theta):
    Lam = one.factor(theta)
    _require(Lam.shape == (one.k, one.k), f"factor has shape {Lam.shape}")
    return Lam @ Lam.T


def _difference(function, theta):
    """Derivatives of an array by theta, first axis theta: central differences, extrapolated."""
    out = []
    for i in range(theta.size):
        table = []
        for step in (_STEP, 2.0 * _STEP, 4.0 * _STEP):
            up, down = theta.copy(), theta.copy()
            up[i] += step
            down[i] -= step
            table.append((function(up) - function(down)) / (2.0 * step))
        first = [(4.0 * a - b) / 3.0 for a, b in pairwise(table)]
        out.append((16.0 * first[0] - first[1]) / 15.0)
    return np.array(out)


def _check_derivatives(one, theta, rng, rtol) -> None:
    S = rng.normal(size=(one.k, one.k))
    D = S + S.T
    d = one.derivatives(theta)
    _close(d, _difference(one.factor, theta), rtol, "derivatives")
    _close(one.gradient(theta, S), np.einsum("iab,ab->i", d, S), rtol, "gradient")
    _close(
        one.factors(np.array([theta, 2.0 * theta])),
        [one.factor(theta), one.factor(2.0 * theta)],
        rtol,
        "factors",
    )

    def slope(at):
        return 2.0 * np.einsum("iab,ab->i", one.derivatives(at), D @ one.factor(at))

    _close(one.curvature(theta, D), _difference(slope, theta), 10 * rtol, "curvature")


def _check_inverse(one, theta, rng, rtol) -> None:
    G, Lam = _covariance(one, theta), one.factor(theta)
    rotation = np.linalg.qr(rng.normal(size=(one.k, one.k)))[0]
    again = one.theta_of(Lam)
    _close(_covariance(one, again), G, rtol, "the covariance of theta_of(factor(theta))")
    _close(one.theta_of(Lam @ rotation), again, rtol, "theta_of another factor of a covariance")
    stack = np.array([Lam, Lam @ rotation])
    _close(one.thetas_of(stack), [again, again], rtol, "thetas_of")
    larger = _covariance(one, one.theta_of(3.0 * Lam))
    _close(larger, 9.0 * G, rtol, "a multiple of a covariance")


def _check_likeliest(one, rng, rtol) -> None:
    """theta_of any moments maximises the likelihood of a normal sample that has them."""
    A = rng.normal(size=(one.k, one.k + 3))
    S = A @ A.T + 0.5 * np.eye(one.k)

    def minus_log_likelihood(theta):
        G = _covariance(one, theta)
        return np.linalg.slogdet(G)[1] + np.trace(np.linalg.solve(G, S))

    slope = _difference(minus_log_likelihood, one.theta_of(np.linalg.cholesky(S)))
    _close(slope, np.zeros(one.n_theta), 100 * rtol, "theta_of is not the likeliest: slope")


def _check_invariance(one, theta, rng, rtol) -> None:
    k = one.k
    if one.invariance is Invariance.NONE:
        return
    T = np.diag(rng.uniform(0.5, 2.0, k))
    if one.invariance is Invariance.ANY:
        T = T + 0.5 * rng.normal(size=(k, k))
    Lam = T @ one.factor(theta)
    _close(
        _covariance(one, one.theta_of(Lam)), Lam @ Lam.T, rtol,
        f"invariance '{one.invariance.value}': the covariance in other columns",
    )  # fmt: skip


def _check_pattern(one, theta, rng, rtol) -> None:
    G, k = _covariance(one, theta), one.k
    for i in range(k):
        for j in range(i + 1, k):
            covary = abs(G[i, j]) > _ZERO * np.abs(G).max()
            _require(covary == ((i, j) in one.pairs), f"pairs: columns {i} and {j}")
    units = one.basis.reshape(len(one.basis), -1).T
    left = G.ravel() - units @ np.linalg.lstsq(units, G.ravel(), rcond=None)[0]
    _close(left, np.zeros(k * k), rtol, "basis: what it leaves of a covariance")
    if one.positions is not None:
        rows, columns = np.array(one.positions).T
        _close(one.factor(theta)[rows, columns], theta, rtol, "positions: entries of the factor")
    wide = np.zeros((k, k))
    if one.pieces is not None:
        for piece in one.pieces:
            A = rng.normal(size=(len(piece), len(piece) + 1))
            wide[np.ix_(piece, piece)] = A @ A.T
    else:
        for V in one.parts:
            wide = wide + rng.uniform(0.2, 2.0) * V @ V.T
    if wide.any():
        found = _covariance(one, one.theta_of(np.linalg.cholesky(wide)))
        _close(found, wide, rtol, "pieces or parts: a covariance made of them")


def _check_natural(one, theta, rtol) -> None:
    _require(
        len(one.natural) == one.n_theta,
        f"{len(one.natural)} natural parameters for {one.n_theta} entries of theta",
    )
    values = one.natural_values(theta)
    _close(
        _covariance(one, one.from_natural(values)), _covariance(one, theta), rtol,
        "the covariance of from_natural(natural_values(theta))",
    )  # fmt: skip
    sd = np.sqrt(_covariance(one, theta).diagonal())
    correlations = _covariance(one, theta) / np.outer(sd, sd)
    for i in range(one.k):
        for j in range(i + 1):
            where = one.shared(i, j)
            if where is not None:
                own = sd[i] if i == j else correlations[i, j]
                _close(values[list(one.natural).index(where)], own, rtol, f"shared({i}, {j})")
    low, high = one.correlations
    inside = [low <= r <= high for r, (i, j) in zip(values, one.natural, strict=True) if i != j]
    _require(all(inside), f"correlations: {values} are not all between {low} and {high}")
    if len(inside) == 1:
        for end in (low, high):
            at = [v if i == j else end for v, (i, j) in zip(values, one.natural, strict=True)]
            finite = np.isfinite(one.from_natural(np.array(at))).all()
            _require(bool(finite), f"from_natural: a correlation of {end}, the end of its range")
    J = one.natural_jacobian(theta)
    _close(J, _difference(one.natural_values, theta).T, 10 * rtol, "natural_jacobian")
    _require(
        np.linalg.matrix_rank(J, 1e-8) == one.n_theta,
        "the natural parameters do not tell all covariances apart",
    )


def _check_boundary(one, rng, rtol) -> None:
    theta = _draw(one, rng)
    for i in one.singular:
        zero = theta.copy()
        zero[i] = 0.0
        smallest = np.linalg.svd(one.factor(zero))[1][-1]
        _close(smallest, 0.0, rtol, f"singular: standard deviation where theta[{i}] is zero")
        _require(not one.regular(zero, 1e-4), f"regular says that theta[{i}] = 0 is no boundary")
    Lam = one.factor(theta)
    axes, sizes = one.axes(Lam)
    for V, sd in zip(axes, sizes, strict=True):
        _close(V.T @ V, np.eye(V.shape[1]), rtol, "axes: inner products")
        _close(np.linalg.norm(V.T @ Lam) / V.shape[1] ** 0.5, sd, rtol, "axes: sd along them")
        wider = Lam @ Lam.T + 0.7 * V @ V.T
        found = _covariance(one, one.theta_of(np.linalg.cholesky(wider)))
        _close(found, wider, rtol, "axes: a covariance with more variance along one")


# models with it -----------------------------------------------------------------------------


def _table(one, rng, spread):
    """Rows of groups whose effects of 1 and x have the structure's covariance."""
    group = np.repeat(np.arange(_GROUPS), _ROWS)
    x = np.tile(np.linspace(-1.0, 1.5, _ROWS), _GROUPS)
    Lam = spread * one.factor(_draw(one, rng))
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


def _check_linear_models(form, rng) -> None:
    import mixedeffects as me
    from mixedeffects.estimation.minimize import OPTIMIZERS

    one = form(2)
    table = _table(one, rng, 1.0)
    formula = f"y ~ x + {form.name}(1 + x | g)"
    for reml in (True, False):
        fit = me.lmm(formula, table, reml=reml)
        for _ in range(_DRAWS):
            theta = _draw(one, rng)
            expected = _dense_objective(table, _covariance(one, theta), reml)
            _close(fit.objective_at(theta), expected, _SAME_VALUE, f"likelihood, reml={reml}")
        _require(fit.certificate.converged, "the fit has no certificate of its optimum")
        for optimizer in OPTIMIZERS:
            other = me.lmm(formula, table, reml=reml, optimizer=optimizer)
            _same_optimum(other, fit, f"optimizer={optimizer!r}")
    _check_profile(fit, one, table)
    _check_answers(fit, form)
    _check_visits(form, table, rng)
    flat = me.lmm(formula, _table(one, rng, 0.0))
    _require(flat.certificate.converged, "no certificate where the effects have no variance")
    _same_optimum(me.lmm(formula, table, reml=False), fit, "the same fit")
    free = me.lmm("y ~ x + (1 + x | g)", table, reml=False)
    _require(
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
        _require(fit.certificate.converged, "the fit of four visits has no certificate")
        for _ in range(_DRAWS):
            theta = _draw(one, rng)
            expected = _dense_objective(table, _covariance(one, theta), reml, Z=Z)
            _close(fit.objective_at(theta), expected, _SAME_VALUE, "likelihood of four visits")
        objective = fit.evaluation.objective
        here = fit.evaluation.theta * rng.uniform(0.7, 1.3, fit.theta.size)
        slope = _difference(lambda at, objective=objective: np.array(objective.value(at)), here)
        found = objective.evaluate(here).gradient
        _close(found, slope, _SAME_VALUE, "slope of the likelihood of four visits")


def _check_profile(fit, one, table) -> None:
    """Points of the profiles by maximum likelihood, against searches with dense matrices."""
    from scipy.optimize import minimize

    curves = fit.profile("random").facts
    m = len(one.natural)
    names = [curve.name for curve in curves.parameters]
    _require(len(names) == m + 1, f"profile: parameters {names} of {m} natural ones and sigma")
    for i, name in enumerate(names[:m]):
        for at in (0, -1):
            here = curves.conditional[i][at]

            def held(x, i=i, value=here[i]):
                theta = one.from_natural(np.insert(x[:-1], i, value))
                if not np.isfinite(theta).all():
                    return np.inf
                s2 = np.exp(2.0 * x[-1])
                return _dense_objective(table, _covariance(one, theta) / s2, False, s2)

            start = np.append(np.delete(here[:m], i), np.log(here[m]))
            options = {"xatol": 1e-8, "fatol": 1e-9, "maxiter": 4000}
            best = minimize(held, np.nan_to_num(start), method="Nelder-Mead", options=options)
            what = f"profile: the square of zeta at {name} = {here[i]:.4g}"
            _close(curves.zeta[i][at] ** 2, best.fun - fit.objective, _SAME_PROFILE, what)


def _check_generalised_models(form, rng) -> None:
    import mixedeffects as me
    from mixedeffects.estimation.laplace.assemble import in_engines

    one = form(2)
    table = _table(one, rng, 0.7)
    formula = f"count ~ x + {form.name}(1 + x | g)"
    fit = me.glmm(formula, table, family="poisson")
    _require(fit.certificate.converged, "the generalised fit has no certificate of its optimum")
    other = me.glmm(formula, table, family="poisson", optimizer="L-BFGS-B")
    _same_optimum(other, fit, "glmm, optimizer='L-BFGS-B'")
    # the same covariances without the structure
    free = me.glmm("count ~ x + (1 + x | g)", table, family="poisson")
    objective = free.evaluation.objective

    def value(beta, theta):
        theta = Unstructured(2).theta_of(one.factor(theta))
        at = in_engines(objective.problem, free.coefficients, {"conditional": beta}, theta)
        return objective.evaluate(at).value

    _close(value(fit.beta, fit.theta), fit.objective, _SAME_VALUE, "likelihood of a glmm")
    curves = fit.profile("random").facts
    m = len(one.natural)
    for zeta, points in zip(curves.zeta, curves.conditional, strict=True):
        for at in (0, -1):
            theta = one.from_natural(np.nan_to_num(points[at, :m]))
            cost = value(points[at, m:], theta) - fit.objective
            _close(zeta[at] ** 2, cost, _SAME_PROFILE, "profile of a glmm: the square of zeta")
    _check_answers(fit, form)


def _same_optimum(fit, expected, what) -> None:
    _close(fit.objective, expected.objective, _SAME_OPTIMUM, f"optimum, {what}")


def _check_answers(fit, form) -> None:
    """Everything a user asks of a fit can be had."""
    name = fit.formula
    _require(form.name in fit.formula, f"the formula is {name}")
    random = [term for term in fit.tidy()["term"] if term.startswith(("sd__", "cor__"))]
    _require(len(random) >= 2, f"variance components: {random}")
    for text in (fit.summary(), fit.interpret(), fit.equation(), fit.varcorr):
        _require(len(str(text)) > 0, f"nothing is said of {name}")
    _require(form.words in " ".join(str(fit.interpret()).split()), "interpret leaves out words")
    fit.ranova()
    found = fit.bootstrap(4, rng=1)
    _require(found.n_failed < 4, "all refits of a bootstrap failed")
