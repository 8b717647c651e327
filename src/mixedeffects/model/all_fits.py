"""`all_fit`: the same model by every optimiser."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from time import perf_counter
from typing import Any

import numpy as np

from mixedeffects.display import AllFit
from mixedeffects.display.words import listed, unknown_words
from mixedeffects.errors import ColumnTypeError, MixedEffectsError, OptionError
from mixedeffects.estimation import OPTIMIZERS
from mixedeffects.fitting import GLMMFit, LMMFit
from mixedeffects.inference import Table, identification
from mixedeffects.inference.separated import limits_of
from mixedeffects.model.listing import printing_frames
from mixedeffects.remedies.bench import quiet
from mixedeffects.remedies.record import LOGLIK_SLACK


@dataclass(frozen=True, slots=True)
class Run:
    """One optimiser's fit.

    Attributes
    ----------
    refused : str
        Why there is no fit.
    """

    optimizer: str
    fit: Any
    seconds: float
    refused: str = ""


@dataclass(frozen=True, slots=True)
class AllFitFacts:
    """The same model by several optimisers."""

    formula: str
    runs: tuple[Run, ...]
    table: Table
    verdict: str


def all_fit(fit, data=None, *, optimizers=None):
    """The same model by every optimiser: do they agree?

    Parameters
    ----------
    fit : LMM, GLMM or str
        A fit, or the formula of a linear mixed model with its table.
    data : table, optional
        For a formula, the table that it is fitted to.
    optimizers : sequence of str, optional
        All of them by default.

    Returns
    -------
    AllFit
        Prints as a table with a verdict. ``.tidy()`` has optimizer, loglik, difference (from the
        highest), certified, singular, evaluations, seconds, change_fixef (largest change of a
        coefficient from the best fit's, in standard errors), change_theta, refused;
        ``.fits`` the fits by name.

    Raises
    ------
    OptionError
        Not an optimiser's name.

    Examples
    --------
    >>> import mixedeffects as me
    >>> both = me.all_fit(
    ...     "Reaction ~ Days + (Days | Subject)",
    ...     me.datasets.sleepstudy(),
    ...     optimizers=["newton", "L-BFGS-B"],
    ... )
    >>> both.tidy()["certified"].tolist()
    [True, True]
    """
    if isinstance(fit, str):
        from mixedeffects.model.lmm import lmm

        if data is None:
            raise OptionError("a formula needs its table: me.all_fit(formula, data)")
        with quiet():
            fit = lmm(fit, data)
    elif not isinstance(fit, LMMFit | GLMMFit):
        raise ColumnTypeError(f"a {type(fit).__name__} is neither a fit nor a formula")
    elif data is not None:
        raise OptionError("a fit knows its rows: leave data out")
    names = OPTIMIZERS if optimizers is None else tuple(optimizers)
    unknown = [name for name in names if name not in OPTIMIZERS]
    if unknown or not names:
        raise OptionError(f"optimizers={optimizers!r}: each must be one of {', '.join(OPTIMIZERS)}")
    runs = tuple(run_of(fit, name) for name in dict.fromkeys(names))
    table = table_of(runs)
    facts = AllFitFacts(fit.design.spec.text, runs, table, verdict(runs, table.columns))
    return AllFit(facts, printing_frames(fit))


def run_of(fit, optimizer):
    """One optimiser from its own start, without another pass over the rows of a linear model."""
    start = perf_counter()
    try:
        with quiet():
            found = fit.again(optimizer=optimizer)
    except MixedEffectsError as error:
        return Run(optimizer, None, perf_counter() - start, str(error).splitlines()[0])
    return Run(optimizer, found, perf_counter() - start)


def table_of(runs):
    """The runs as columns."""
    done = [run for run in runs if run.fit is not None]
    best = max((r for r in done if np.isfinite(r.fit.objective)), key=lambda r: -r.fit.objective,
               default=None)  # fmt: skip
    names = (
        "optimizer", "loglik", "difference", "certified", "singular", "evaluations", "seconds",
        "change_fixef", "change_theta", "refused",
    )  # fmt: skip
    columns = {name: [] for name in names}
    for run in runs:
        fit = run.fit
        row = [run.optimizer, nan, nan, False, False, 0, run.seconds, nan, nan, run.refused]
        if fit is not None and best is not None:
            loglik = -0.5 * fit.objective
            c = fit.certificate
            row[1:3] = loglik, loglik + 0.5 * best.fit.objective
            row[3:6] = c.converged and not c.flat, c.is_singular, c.evaluations
            row[7:9] = changed(fit, best.fit)
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return Table(columns)


def changed(fit, best):
    """Largest change of a coefficient, in standard errors, and of theta."""
    errors = np.sqrt(np.diagonal(best.vcov_beta))
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.abs(fit.beta - best.beta) / errors
        moved[limits_of(best, np.eye(best.beta.size)) != 0] = 0.0  # no number says how far out
    turned = np.abs(fit.theta - best.theta)
    return float(np.nanmax(moved, initial=0.0)), float(turned.max(initial=0.0))


def verdict_of_flat(runs, flat, c):
    """One line where variances are not in the data: optimisers may agree on the rest only."""
    loglik = [c["loglik"][i] for i in flat]
    apart = max(c["change_theta"][i] for i in flat)
    found = identification(runs[flat[0]].fit)
    spread = max(loglik) - min(loglik)
    how = "agree to" if spread <= LOGLIK_SLACK else "differ by"
    return (
        f"The model is not identified: log-likelihoods {how} {spread:.0e}, "
        f"while covariance parameters (theta) differ by up to {apart:.2g}, and may. Not in the "
        f"data: {listed(unknown_words(found))}."
    )


def verdict(runs, c):
    """One line: do they agree?"""
    done = [i for i, run in enumerate(runs) if run.fit is not None]
    if not done:
        return "No optimiser could fit the model."
    flat = [i for i in done if runs[i].fit.certificate.flat]
    if flat:
        return verdict_of_flat(runs, flat, c)
    good = [i for i in done if c["certified"][i]]
    if not good:
        return (
            "No optimiser found a certified optimum: the likelihood is the trouble, see diagnose()."
        )
    top = max(c["loglik"][i] for i in done)
    spread = top - min(c["loglik"][i] for i in good)
    moved = max(c["change_fixef"][i] for i in good)
    behind = [runs[i].optimizer for i in done if i not in good]
    many = f"all {len(good)}" if len(good) == len(done) else f"{len(good)} of {len(done)}"
    if spread > LOGLIK_SLACK:
        return (
            f"The optimisers DISAGREE: certified optima differ by {spread:.2g} in log-likelihood; "
            "the likelihood has several local optima, use the highest."
        )
    agree = (
        f"{many[0].upper()}{many[1:]} optimisers agree: log-likelihoods to {spread:.0e}, "
        f"coefficients to {moved:.0e} standard errors"
    )
    if not behind:
        return f"{agree}."
    return f"{agree}; {', '.join(behind)} stopped before a certified optimum."
