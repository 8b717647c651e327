"""Optimisers by name, and the path every fit takes: start, minimise, snap, certify."""

from __future__ import annotations

import warnings
from dataclasses import replace
from math import isfinite
from numbers import Integral
from typing import Any

import numpy as np

from mixedeffects.errors import ConvergenceWarning, ModelError, OptionError, depth_of_package
from mixedeffects.estimation.boundary import (
    clearly_regular,
    leave_saddle,
    singular_directions,
    snap,
)
from mixedeffects.estimation.certificate import certify
from mixedeffects.estimation.identification import flat_directions, perhaps_flat, with_flat
from mixedeffects.estimation.newton import (
    ENOUGH,
    TIGHT,
    OptimizerResult,
    by_rule,
    decrement_at,
    newton,
)
from mixedeffects.estimation.search_log import Watch, linear_look
from mixedeffects.estimation.start import even_start, moment_start
from mixedeffects.formula import close_match

# "limit": the option that max_iterations sets; "ran_out": the statuses of a run that met it
SCIPY = {
    "L-BFGS-B": {"gradient": True, "options": {"ftol": 1e-13, "gtol": 1e-8, "maxcor": 20},
                 "limit": "maxiter", "ran_out": (1,)},
    "Nelder-Mead": {"gradient": False, "limit": "maxfev", "ran_out": (1, 2),
                    "options": {"xatol": 1e-8, "fatol": 1e-9, "adaptive": True}},
    "Powell": {"gradient": False, "options": {"xtol": 1e-8, "ftol": 1e-12},
               "limit": "maxiter", "ran_out": (1, 2)},
    "COBYQA": {"gradient": False, "options": {"final_tr_radius": 1e-8},
               "limit": "maxfev", "ran_out": (5, 6)},
}  # fmt: skip
# optimisers whose max_iterations counts evaluations
BY_EVALUATIONS = tuple(name for name, spec in SCIPY.items() if spec["limit"] == "maxfev")
OPTIMIZERS = ("newton", *SCIPY, "em")
# what other programs offer, and what is most like it here
INSTEAD = {
    "bobyqa": "COBYQA", "nlminbwrap": "newton", "nlminb": "newton", "optimx": "L-BFGS-B",
    "nelder_mead": "Nelder-Mead", "neldermead": "Nelder-Mead", "nlopt_ln_bobyqa": "COBYQA",
    "nlopt_ln_neldermead": "Nelder-Mead", "cobyla": "COBYQA", "bfgs": "L-BFGS-B",
    "lbfgs": "L-BFGS-B", "cg": "L-BFGS-B", "ai": "newton", "nm": "Nelder-Mead",
}  # fmt: skip
RESTARTS = 10
# factors with this few levels can have likelihoods with several optima
FEW_GROUPS = 8
# a rival optimum is preferred if it is lower by more than this
BETTER = 1e-7
# residual variance, of the total, below which it is zero in double precision
NO_RESIDUAL = 1e-12


def minimize(
    objective, optimizer="newton", *, start=None, max_iterations=None, costly=False, rule=None
):
    """Find theta~, put singular fits exactly on the boundary, and prove it.

    Returns Evaluation, Certificate.

    Parameters
    ----------
    optimizer : str
        One of `OPTIMIZERS`.
    start : (n_theta,) array, optional
        theta~ to start from; method of moments by default.
    costly : bool
        Whether one evaluation is expensive; Newton then stops a little earlier.
    rule : UserRule, optional
        Asked after every accepted iteration whether to stop; where it does, no boundary, saddle
        or rival optimum is looked for.

    Warns
    -----
    ConvergenceWarning
        When the certificate does not hold.
    """
    check_optimizer(optimizer)
    options: dict[str, Any] = iteration_options(max_iterations)
    options["watch"] = Watch(objective, linear_look, rule)
    if optimizer in ("newton", "em"):
        options["tolerance"] = ENOUGH if costly else TIGHT
    run = newton if optimizer == "newton" else other_optimiser(optimizer)
    parameters = objective.parameters
    chosen = start is not None
    if start is None:
        first = even_start(objective) if optimizer == "em" else moment_start(objective.stats)
        start = parameters.theta_from_lambdas(first)
    result = settle(objective, run, start, options)
    if not np.isfinite(result.evaluation.value):
        result = _from_smaller(objective, run, options, chosen)
    if not (chosen or costly or max_iterations is not None or result.rule is not None):
        result = rival(objective, run, result, options)
    _refuse_no_residual(objective, result.evaluation)
    certificate = certify(objective, result, optimizer)
    if isfinite(result.evaluation.value) and perhaps_flat(result.evaluation, result.information):
        flat = flat_directions(objective, result.evaluation.theta)
        certificate = with_flat(certificate, flat, parameters.terms)
    warn_unless_proved(certificate)
    return result.evaluation, certificate


def warn_unless_proved(certificate):
    """One warning with what was tried, or found to be infinite, and what to do."""
    if certificate.converged:
        return
    if certificate.hopeless:
        text = "\n".join((certificate.message, *certificate.advice))
    else:
        tried = f"{certificate.evaluations} evaluations: {certificate.message}"
        text = (
            "the fit did not converge to a certified optimum\n"
            f"tried: {certificate.optimizer}, {tried}\nto try:\n  "
            + "\n  ".join(certificate.advice)
        )
    warnings.warn(text, ConvergenceWarning, stacklevel=depth_of_package())


def check_optimizer(optimizer, offered=OPTIMIZERS):
    """Refuse what is not the name of an optimiser, with the closest that is.

    Raises OptionError.

    Examples
    --------
    >>> check_optimizer("bobyqa")
    Traceback (most recent call last):
    mixedeffects.errors.OptionError: optimizer='bobyqa' is not one of newton, L-BFGS-B, ...
    the nearest to it is 'COBYQA'
    """
    if isinstance(optimizer, str) and optimizer in offered:
        return
    near = INSTEAD.get(str(optimizer).lower()) or close_match(str(optimizer), list(offered))
    hint = f"\nthe nearest to it is {near!r}" if near in offered else ""
    raise OptionError(f"optimizer={optimizer!r} is not one of {', '.join(offered)}{hint}")


def iteration_options(max_iterations):
    """Options of an optimiser from a user's `max_iterations`, checked."""
    if max_iterations is None:
        return {}
    if not isinstance(max_iterations, Integral) or max_iterations < 1:
        raise OptionError(f"max_iterations={max_iterations!r} must be a positive whole number")
    return {"max_iterations": int(max_iterations)}


def _from_smaller(objective, run, options, chosen):
    """Minimise from smaller variances where the objective is not finite at the start."""
    if chosen:
        raise OptionError("the objective is not finite at start=; leave it out, or scale it down")
    for size in (0.1, 1e-3, 0.0):
        theta = objective.parameters.theta_from_lambdas(
            [size * np.eye(k) for k in objective.parameters.k]
        )
        result = settle(objective, run, theta, options)
        if np.isfinite(result.evaluation.value):
            return result
    raise ModelError(
        "the likelihood cannot be computed in double precision for these data\n"
        "rescale columns or weights of extreme size"
    )


def settle(objective, run, start, options):
    """Minimise, put negligible variances at zero, leave saddles, until nothing changes.

    Takes start (n_theta,) array. Returns an `OptimizerResult`.

    Parameters
    ----------
    run : callable
        An optimiser: of the objective, a start and options.
    options : dict
        With a "watch", its path is part of the result.
    """
    watch = options.get("watch")
    if watch is not None:
        watch.begin()
    result = run(objective, start, **options)
    iterations = result.iterations
    for _ in range(RESTARTS):
        if not isfinite(result.evaluation.value) or result.rule is not None:
            break
        if all(clearly_regular(result.evaluation, term) for term in objective.parameters.terms):
            break  # nothing to put at zero, no boundary to leave
        evaluation = snap(objective, result.evaluation)
        lower = leave_saddle(objective, evaluation)
        if lower is not None:
            start = lower.theta
        elif evaluation is not result.evaluation and result.converged:
            decrement = decrement_at(evaluation)
            if decrement < options.get("tolerance", ENOUGH):
                result = moved(result, evaluation, watch, decrement)
                break
            start = evaluation.theta  # moved by less than matters, but no longer stationary
        else:
            break
        if watch is not None:
            watch.resume(result.iterations)
        result = run(objective, start, **options)
        iterations += result.iterations
    else:  # an optimiser without derivatives may leave an exact zero each time
        result = moved(result, snap(objective, result.evaluation), watch)
    path = () if watch is None else tuple(watch.steps)
    return OptimizerResult(
        result.evaluation, iterations, result.converged, result.message, result.decrement, path,
        result.rule, result.ran_out, result.information,
    )  # fmt: skip


def moved(result, evaluation, watch, decrement=None):
    """A result at a point of the boundary instead of the one next to it; so in its path."""
    if watch is not None and evaluation is not result.evaluation:
        watch.note(result.iterations, evaluation, evaluation.gradient)
    return replace(result, evaluation=evaluation, decrement=decrement)


def rival(objective, run, result, options):
    """The lowest of a result and what further starts lead to (see `more_starts`)."""
    for start in more_starts(objective, result.evaluation):
        again = settle(objective, run, start, options)
        if again.evaluation.value < result.evaluation.value - BETTER:
            result = again
        if again.rule is not None:
            break
    return result


def more_starts(objective, evaluation):
    """Further starts where a likelihood may have several optima: few groups, or a boundary.

    With two groups and a slope, local optima differ by the sign of the correlation; a singular
    optimum may have a regular rival. lme4's start, Lambda = I, is always among them. Returns list
    of (n_theta,) arrays, empty for an ordinary regular fit.
    """
    parameters = objective.parameters
    fewest = min(objective.stats.layout.q)
    if fewest > FEW_GROUPS and not singular_directions(evaluation, parameters):
        return []
    factors = [1.0] if fewest > FEW_GROUPS else [1.0, 0.2, 5.0]
    out = [[size * np.eye(k) for k in parameters.k] for size in factors]
    if fewest <= FEW_GROUPS and max(parameters.k) > 1:
        for correlation in (0.9, -0.9):
            for size in (0.5, 3.0):
                lambdas = []
                for k in parameters.k:
                    first = np.eye(k)
                    first[1:, 0] = correlation
                    lambdas.append(size * first)
                out.append(lambdas)
    return [parameters.theta_from_lambdas(lambdas) for lambdas in out]


def _refuse_no_residual(objective, evaluation):
    total = objective.stats.yy / objective.stats.n
    if np.isfinite(evaluation.value) and evaluation.s2 < NO_RESIDUAL * total:
        raise ModelError(
            "fixed and random effects together fit the response exactly: the residual variance "
            "goes to zero and the likelihood has no maximum\n"
            "does the response vary within groups? use a coarser grouping factor or fewer terms"
        )


def other_optimiser(name):
    """The optimiser of that name, where it is not Newton's method."""
    if name == "em":
        from mixedeffects.estimation.em import em

        return em
    return scipy_runner(name)


def scipy_runner(name):
    """One of SciPy's optimisers, of an objective and a start, that keeps the best evaluation."""
    spec = SCIPY[name]

    def run(objective, theta, max_iterations=None, watch=None):
        from scipy.optimize import minimize as scipy_minimize

        best = shown = objective.evaluate(theta)
        iterations, by_user = 0, False
        if watch is not None and np.isfinite(best.value):
            watch(0, best)

        def value(x):
            nonlocal best
            e = objective.evaluate(x)
            if e.value < best.value:
                best = e
            return (e.value, e.gradient) if spec["gradient"] and np.isfinite(e.value) else e.value

        def value_and_gradient(x):
            out = value(x)
            return out if isinstance(out, tuple) else (1e300, np.zeros_like(x))

        def after(intermediate_result):
            """Of an iteration; those that found nothing lower are not recorded."""
            nonlocal iterations, shown, by_user
            iterations += 1
            if watch is None or best is shown or not np.isfinite(best.value):
                return
            shown = best
            if watch(iterations, best, best.gradient if spec["gradient"] else None):
                by_user = True
                raise StopIteration

        options = dict(spec["options"])
        limit = 500 * theta.size if max_iterations is None else max_iterations
        options[spec["limit"]] = limit
        if name == "L-BFGS-B":
            options["maxfun"] = 2 * limit
        if name == "Nelder-Mead":
            options["maxiter"] = limit
        out = scipy_minimize(
            value_and_gradient if spec["gradient"] else value,
            theta,
            method=name,
            jac=spec["gradient"] or None,
            options=options,
            callback=after,
        )
        if by_user:
            return by_rule(best, iterations, watch)
        iterations = max(iterations, int(out.get("nit", out.nfev)))
        if watch is not None and best is not shown and np.isfinite(best.value):
            watch.note(iterations, best, best.gradient if spec["gradient"] else None)
        success = bool(out.success)
        ran_out = not success and int(out.status) in spec["ran_out"]
        return OptimizerResult(best, iterations, success, out.message, ran_out=ran_out)

    return run
