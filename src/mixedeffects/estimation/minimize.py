"""Optimisers by name, and the path every fit takes: start, minimise, snap, certify."""

from __future__ import annotations

import warnings

import numpy as np

from mixedeffects.errors import ConvergenceWarning, OptionError
from mixedeffects.estimation.certificate import certify, leave_saddle, snap
from mixedeffects.estimation.newton import ENOUGH, TIGHT, OptimizerResult, newton
from mixedeffects.estimation.start import moment_start

SCIPY = {
    "L-BFGS-B": {"gradient": True, "options": {"ftol": 1e-13, "gtol": 1e-8, "maxcor": 20}},
    "Nelder-Mead": {"gradient": False, "options": {"xatol": 1e-8, "fatol": 1e-9, "adaptive": True}},
    "Powell": {"gradient": False, "options": {"xtol": 1e-8, "ftol": 1e-12}},
    "COBYQA": {"gradient": False, "options": {"final_tr_radius": 1e-8}},
}
OPTIMIZERS = ("newton", *SCIPY)
RESTARTS = 10


def minimize(objective, optimizer="newton", *, start=None, max_iterations=None, costly=False):
    """Find theta~, put singular fits exactly on the boundary, and prove it.

    Parameters
    ----------
    objective : LMMObjective
    optimizer : str
        One of `OPTIMIZERS`.
    start : (n_theta,) array, optional
        theta~ to start from; method of moments by default.
    max_iterations : int, optional
    costly : bool
        Whether one evaluation is expensive; Newton then stops a little earlier.

    Returns
    -------
    Evaluation, Certificate

    Warns
    -----
    ConvergenceWarning
        When the certificate does not hold.
    """
    if optimizer not in OPTIMIZERS:
        raise OptionError(f"optimizer={optimizer!r} is not one of {', '.join(OPTIMIZERS)}")
    parameters = objective.parameters
    if start is None:
        start = parameters.theta_from_lambdas(moment_start(objective.stats))
    options = {} if max_iterations is None else {"max_iterations": max_iterations}
    if optimizer == "newton":
        run = newton
        options["tolerance"] = ENOUGH if costly else TIGHT
    else:
        run = _scipy(optimizer)

    result = run(objective, start, **options)
    iterations = result.iterations
    for _ in range(RESTARTS):
        if not np.isfinite(result.evaluation.value):
            break
        evaluation = snap(objective, result.evaluation)
        lower = leave_saddle(objective, evaluation)
        if lower is None:
            known = result.decrement if evaluation is result.evaluation else None
            result = OptimizerResult(
                evaluation, iterations, result.converged, result.message, known
            )
            break
        result = run(objective, lower.theta, **options)
        iterations += result.iterations
    certificate = certify(objective, result, optimizer)
    if not certificate.converged:
        tried = f"{optimizer}, {certificate.evaluations} evaluations: {certificate.message}"
        warnings.warn(
            "the fit did not converge to a certified optimum\n"
            f"tried: {tried}\nto try:\n  " + "\n  ".join(certificate.advice),
            ConvergenceWarning,
            stacklevel=3,
        )
    return result.evaluation, certificate


def _scipy(name):
    spec = SCIPY[name]

    def run(objective, theta, max_iterations=None):
        from scipy.optimize import minimize as scipy_minimize

        best = objective.evaluate(theta)

        def value(x):
            nonlocal best
            e = objective.evaluate(x)
            if e.value < best.value:
                best = e
            return (e.value, e.gradient) if spec["gradient"] and np.isfinite(e.value) else e.value

        def value_and_gradient(x):
            out = value(x)
            return out if isinstance(out, tuple) else (1e300, np.zeros_like(x))

        options = dict(spec["options"])
        limit = 500 * theta.size if max_iterations is None else max_iterations
        options["maxfev" if name in ("Nelder-Mead", "COBYQA") else "maxiter"] = limit
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
        )
        return OptimizerResult(best, int(out.get("nit", out.nfev)), bool(out.success), out.message)

    return run
