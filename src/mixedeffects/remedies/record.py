"""What was tried, what came of it, and what is recommended."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any

# what came of a try: there is a fit; it would take too long; an error; there is nothing to try
TRIED, SKIPPED, REFUSED, NOT_APPLICABLE = "tried", "skipped", "refused", "not applicable"


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was tried.

    Attributes
    ----------
    remedy : str
        Which of the six; "asked" for the fit in question.
    what : str
        In words.
    options : dict
        Arguments of `lmm` or `glmm` besides the formula that differ from the defaults.
    fit : LMM, GLMM or None
        None where nothing was fitted.
    outcome : {"tried", "skipped", "refused", "not applicable"}
        Whether there is a fit, and if not, of what kind the reason is.
    note : str
        Why nothing was fitted; of a fit, why there is no test of it.
    by_hand : bool
        Whether it was not fitted here, but can be to the table.
    same_model : bool
        Whether the log-likelihood is that of the asked model.
    gone : tuple of str
        Predictors of the asked model that were left out.
    back : tuple of str
        Predictors that the asked fit lost and this one has.
    spanned : tuple of str
        Random effects that the fixed effects determine and the formula leaves out, in words.
    loglik, aic, p_value : float
        On the footing of the comparison; the p-value against the asked model.
    """

    remedy: str
    what: str
    formula: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    fit: Any = None
    seconds: float = nan
    outcome: str = TRIED
    note: str = ""
    by_hand: bool = False
    same_model: bool = False
    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    spanned: tuple[str, ...] = ()
    loglik: float = nan
    npar: int | None = None
    aic: float = nan
    p_value: float = nan

    @classmethod
    def needless(cls, remedy, why):
        """A remedy for something that this fit does not have."""
        return cls(remedy, "", outcome=NOT_APPLICABLE, note=why)

    @property
    def words(self) -> str:
        """Why nothing was fitted, with what kind of reason it is."""
        return f"{self.outcome}: {self.note}"

    @property
    def certified(self) -> bool:
        """A proved optimum; a fit that the user's own rule ended short of it is none."""
        return self.fit is not None and self.fit.certificate.proved and isfinite(self.aic)

    @property
    def regular(self) -> bool:
        """Certified, and no variance on the boundary."""
        return self.certified and not self.fit.certificate.is_singular


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to use, and why.

    Attributes
    ----------
    reasons : tuple of str
        Sentences.
    changed : bool
        Whether it is anything but the asked fit.
    aic, asked_aic : float
        On the footing of the comparison.
    """

    trial: Trial
    reasons: tuple[str, ...]
    changed: bool
    aic: float
    asked_aic: float

    @property
    def reason(self) -> str:
        """The sentences as one text."""
        return " ".join(self.reasons)

    @property
    def worse(self) -> bool:
        """Whether the AIC is higher than the asked fit's; the reason then says so."""
        return self.aic > self.asked_aic + AIC_SLACK


@dataclass(frozen=True, slots=True)
class DiagnosisFacts:
    """A fit, its checks, what was tried and what is recommended.

    Attributes
    ----------
    trials : tuple of Trial
        First the asked fit; empty when nothing was tried.
    unseen : str
        Why the assumptions were not, or not all, looked at; empty where they were.
    """

    asked: Any
    checks: tuple[Any, ...]
    trials: tuple[Trial, ...]
    recommendation: Recommendation
    notes: tuple[str, ...] = ()
    unseen: str = ""


# why a remedy for what an optimiser could not do is not for a fit that was ended on purpose
BY_RULE = "your own rule ended the search"
# why none is for a random term that the fixed effects determine
NO_OPTIMISER = "the fixed effects determine a random term, and no optimiser can tell its variance"
# differences of AIC that are rounding
AIC_SLACK = 1e-3
# and of log-likelihoods: certified optima agree to this
LOGLIK_SLACK = 1e-4
# differences of AIC within which a model without a zero variance is preferred
NEARLY = 1.0
