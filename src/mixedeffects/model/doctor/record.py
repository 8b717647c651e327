"""What was tried, what came of it, and what is recommended."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was tried.

    Attributes
    ----------
    remedy : str
        Which of the six; "asked" for the fit in question.
    what : str
        In words.
    formula : str
    options : dict
        Arguments of `lmm` or `glmm` besides the formula that differ from the defaults.
    fit : LMM, GLMM or None
        None where nothing was fitted.
    seconds : float
    note : str
        Why nothing was fitted, or a remark.
    by_hand : bool
        Whether it was not fitted here, but can be to the table.
    same_model : bool
        Whether the log-likelihood is that of the asked model.
    loglik, aic, p_value : float
        On the footing of the comparison; the p-value against the asked model.
    npar : int or None
    """

    remedy: str
    what: str
    formula: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    fit: Any = None
    seconds: float = nan
    note: str = ""
    by_hand: bool = False
    same_model: bool = False
    loglik: float = nan
    npar: int | None = None
    aic: float = nan
    p_value: float = nan

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
    trial : Trial
    reason : str
    changed : bool
        Whether it is anything but the asked fit.
    aic, asked_aic : float
        On the footing of the comparison.
    """

    trial: Trial
    reason: str
    changed: bool
    aic: float
    asked_aic: float

    @property
    def worse(self) -> bool:
        """Whether the AIC is higher than the asked fit's; the reason then says so."""
        return self.aic > self.asked_aic + AIC_SLACK


@dataclass(frozen=True, slots=True)
class DiagnosisFacts:
    """A fit, its checks, what was tried and what is recommended.

    Attributes
    ----------
    asked : LMM or GLMM
    checks : tuple of Check
    trials : tuple of Trial
        First the asked fit; empty when nothing was tried.
    recommendation : Recommendation
    notes : tuple of str
    """

    asked: Any
    checks: tuple[Any, ...]
    trials: tuple[Trial, ...]
    recommendation: Recommendation
    notes: tuple[str, ...] = ()


# why a remedy for what an optimiser could not do is not for a fit that was ended on purpose
BY_RULE = "not applicable: your own rule ended the search"
# differences of AIC that are rounding
AIC_SLACK = 1e-3
# and of log-likelihoods: certified optima agree to this
LOGLIK_SLACK = 1e-4
