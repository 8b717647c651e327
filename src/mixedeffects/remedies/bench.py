"""Where remedies are tried: refits of other formulas and options, timed, within a budget."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from time import perf_counter

from mixedeffects.design import redesigned
from mixedeffects.engine import threads_for
from mixedeffects.errors import (
    ConvergenceWarning,
    DataWarning,
    MixedEffectsError,
    NotAvailableError,
)
from mixedeffects.inference.checkup import checkup, spanned_effects
from mixedeffects.remedies.formulas import formula_of
from mixedeffects.remedies.record import REFUSED, SKIPPED, Trial

# a gradient costs about as much as the value
WITH_GRADIENT = 2.0


class Bench:
    """Tries one remedy after another on a fit.

    Parameters
    ----------
    budget : float
        Seconds that all tries together may take; what would take longer is skipped.

    Attributes
    ----------
    first : LMM or GLMM
        The fit that was asked for; another than `asked` on a bench that `moved` made.
    formula : Formula
        Of the fit, main predictor.
    """

    def __init__(self, fit, checks, budget):
        self.asked, self.first, self.budget = fit, fit, budget
        self.checks = {check.name: check for check in checks}
        self.formula = formula_of(fit.design.spec)
        self.zi = fit.design.others.get("zi")
        self.started = perf_counter()
        self.longest: float | None = None  # an evaluation is not made where nothing is tried

    @cached_property
    def spanned(self):
        """Random effects that the fixed effects determine, see `spanned_effects`."""
        return spanned_effects(self.asked)

    def moved(self, fit):
        """A bench of another fit, from which to go on trying; time goes on, too."""
        other = Bench(fit, checkup(fit), self.budget)
        other.first, other.started, other.longest = self.first, self.started, self.longest
        return other

    def verdict(self, name):
        """Verdict of one check; "fine" if it was not made."""
        check = self.checks.get(name)
        return "fine" if check is None else check.verdict

    def attempt(self, remedy, what, *, formula=None, zi=None, same_model=False, gone=(),
        back=(), times=1.0, **options,
    ):  # fmt: skip
        """Fit with another formula or other options.

        Returns a `Trial`.

        Parameters
        ----------
        formula : str, optional
            The asked one by default.
        zi : str, optional
            Formula of the extra zeros; the asked one by default.
        gone : tuple of str
            Predictors that the formula leaves out.
        back : tuple of str
            Predictors that it brings back.
        times : float
            How many times as long as the longest fit so far it may take.
        **options
            Arguments of `lmm` or `glmm`; the defaults where not given.
        """
        fit = self.asked
        changed = zi is not None and self.zi is not None and zi != self.zi.spec.text
        shown = {"zi": zi, **options} if changed else dict(options)
        if self.first.certificate.optimizer != "newton" and "optimizer" not in options:
            shown["optimizer"] = "newton"  # the default, but not what was asked for
        trial = Trial(
            remedy, what, fit.formula if formula is None else formula, shown,
            same_model=same_model, gone=gone, back=back,
        )  # fmt: skip
        if self.longest is None:
            self.longest = predicted_seconds(fit)
        predicted = times * self.longest
        spent = perf_counter() - self.started
        if spent + predicted > self.budget:
            return replace(trial, outcome=SKIPPED, by_hand=True, note=(
                f"it would take about {predicted:,.2g} s, and with the {spent:,.2g} s "
                f"spent that is over the budget of {self.budget:g} s"
            ))  # fmt: skip
        start = perf_counter()
        try:
            with quiet():
                found = fit_again(fit, formula, zi, **options)
        except MixedEffectsError as error:
            seconds = perf_counter() - start
            note = str(error).splitlines()[0]
            kept = not isinstance(error, NotAvailableError)
            return replace(trial, seconds=seconds, outcome=REFUSED, note=note, by_hand=not kept)
        seconds = perf_counter() - start
        self.longest = max(self.longest, seconds / times)
        return replace(trial, fit=found, seconds=seconds)


def fit_again(fit, formula=None, zi=None, **options):
    """The fit's rows with another formula, other extra zeros, or other options.

    Raises MixedEffectsError.
    """
    design = fit.design
    if formula is not None:
        design = redesigned(design, formula)
    if zi is not None:
        design = redesigned(design, zi, name="zi")
    return fit.again(design, **{"optimizer": "newton", **options})


def predicted_seconds(fit):
    """About how long a fit would take again: one evaluation, timed, times their number."""
    evaluation = fit.evaluation
    objective = evaluation.objective
    with threads_for(fit.plan.columns):
        start = perf_counter()
        objective.evaluate(evaluation.x)
        seconds = perf_counter() - start
    return WITH_GRADIENT * seconds * max(fit.certificate.evaluations, 1)


@contextmanager
def quiet():
    """Without warnings about what is reported in the table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataWarning)
        # of SciPy's, far from an optimum; those of this package are mistakes and are not hidden
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"scipy\.optimize")
        yield
