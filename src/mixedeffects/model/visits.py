"""`mmrm`: the mixed model for repeated measures, a covariance across the visits of each subject."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from mixedeffects import inference
from mixedeffects.design import build_design
from mixedeffects.errors import OptionError
from mixedeffects.fitting.marginal import check_covariance, fit_visits
from mixedeffects.fitting.marginal_fit import MarginalFit
from mixedeffects.formula import CORRELATED, quote, random_text
from mixedeffects.inference.df import check_ddf
from mixedeffects.inference.visits import visit_covariance, visits_criteria
from mixedeffects.model.foreign import understood
from mixedeffects.model.foreign.shown import public_names
from mixedeffects.model.listing import Listed, printing_frames, result, shown


@understood
def mmrm(
    formula,
    data,
    subject,
    visit,
    *,
    covariance=CORRELATED,
    group=None,
    reml=True,
    ddf="satterthwaite",
    max_iterations=None,
):
    """Fit a mixed model for repeated measures (MMRM).

    A linear model of all visits of all subjects, whose rows are independent between subjects and
    have one covariance across the visits within them. Subjects with missing visits stay: their
    other visits are used. There are no random effects; the covariance is that of the residuals.

    Parameters
    ----------
    formula : str
        The fixed effects: ``"y ~ baseline + arm * visit"``.
    data : table
        As in `lmm`: one row per subject and visit.
    subject, visit : str
        Columns that say whose row it is and when; ``"centre:name"`` where the names of subjects
        start anew in each centre. Visits are taken in the order of their levels.
    covariance : str
        us (unstructured: a variance for each visit, a covariance for each pair), diag, cs, csh,
        toep, toeph, ar1, ar1h, ad1 or ad1h; those with h have a variance for each visit.
    group : str, optional
        A column whose levels have a covariance each: an arm, for instance. Subjects stay in theirs.
    reml : bool
        Restricted maximum likelihood, or maximum likelihood.
    ddf : {"satterthwaite", "kenward-roger", "kenward-roger-linear", "CR0", "CR2", "wald"}
        How coefficients and contrasts are tested unless said otherwise. "kenward-roger" is SAS's:
        observed information and second derivatives of the covariance; "kenward-roger-linear"
        leaves these out, as SAS's KR(FIRSTORDER) does. "CR0" and "CR2" are robust to a wrong
        covariance, subjects being the clusters.
    max_iterations : int, optional
        Iterations after which to give up.

    Returns
    -------
    MMRM

    Raises
    ------
    FormulaError, DataError, ModelError, OptionError
        Also where a subject has two rows at one visit, and where no subject has both of two visits
        whose covariance is a parameter.

    Warns
    -----
    ConvergenceWarning
        When the optimum could not be certified.

    References
    ----------
    Mallinckrodt, Lane, Schnell, Peng & Mancuso (2008), doi:10.1177/009286150804200402; Kenward &
    Roger (1997), doi:10.2307/2533558.

    Examples
    --------
    >>> import mixedeffects as me
    >>> trial = me.datasets.pain_trial()
    >>> fit = me.mmrm("pain_score ~ treatment * factor(time)", trial, "patient", "time")
    >>> fit.converged, len(fit.varcorr.visits)
    (True, 4)
    """
    if not isinstance(reml, bool | np.bool_):
        raise OptionError(f"reml={reml!r} must be True (REML) or False (maximum likelihood)")
    check_covariance(covariance)
    for name, value in (("subject", subject), ("visit", visit), ("group", group)):
        if not isinstance(value, str) and not (name == "group" and value is None):
            raise OptionError(f"{name}={value!r} must be the name of a column")
    cells = f"factor({quote(visit)})"
    if group is not None:
        cells += f":factor({quote(group)})"
    term = random_text(f"0 + {cells}", whose(subject, data), covariance)
    design = build_design(f"{formula} + {term}", data, saturated=True)
    fit = fit_visits(
        design, covariance, bool(reml), MMRM, group=group, max_iterations=max_iterations
    )
    check_ddf(cast(Any, fit), ddf)
    object.__setattr__(fit, "default_ddf", ddf)
    return fit


def whose(subject, data):
    """The grouping factor of a formula: one column, or ``centre:name`` of several."""
    if ":" not in subject or subject in getattr(data, "columns", data):
        return quote(subject)
    return ":".join(quote(part.strip()) for part in subject.split(":"))


class MMRM(MarginalFit):
    """A fitted mixed model for repeated measures; lists what can be asked of it."""

    fixef = property(lambda self: dict(zip(self.design.x_names, self.beta.tolist(), strict=True)))
    loglik = property(inference.loglik)
    aic = property(lambda self: visits_criteria(self)["aic"])
    bic = property(lambda self: visits_criteria(self)["bic"])
    nobs = property(lambda self: self.design.n)
    formula = property(lambda self: self.design.spec.text)
    converged = property(lambda self: self.certificate.converged)

    vcov = Listed("mixedeffects.inference.visits")
    test = Listed(wrap=result)
    anova = Listed(wrap=result)
    confint = Listed("mixedeffects.inference.visits", result)
    residuals = Listed("mixedeffects.inference.visits")
    emmeans = Listed("mixedeffects.means", shown("EstimatedMeans"))
    emtrends = Listed("mixedeffects.means", shown("EstimatedMeans"))
    contrasts = Listed("mixedeffects.means", shown("EstimatedMeans"))

    @property
    def varcorr(self):
        """Covariance, standard deviations and correlations of the visits, with standard errors."""
        from mixedeffects.display.visits import VisitCovariance

        return VisitCovariance(visit_covariance(self), printing_frames(self))

    def summary(self, *, ddf=None, level=0.95):
        """Model, covariance of the visits and coefficients, as text and HTML.

        Parameters
        ----------
        ddf : str, optional
            Degrees of freedom of the coefficient table, as in `mmrm`.
        level : float
            Coverage of the confidence intervals.

        Returns
        -------
        VisitsSummary
        """
        from mixedeffects.display.visits import VisitsSummary

        return VisitsSummary(self, ddf=ddf, level=level)

    def __getattr__(self, name):
        if name.startswith("_") or hasattr(type(self), name):
            # a property that failed with an AttributeError of its own
            return object.__getattribute__(self, name)
        from mixedeffects.model.foreign.names import FIT

        known = ", ".join(dir(self))
        text = f"'MMRM' object has no attribute {name!r}; it has {known}"
        if name in FIT and any(f"fit.{mine}" in FIT[name].ours for mine in dir(type(self))):
            text = FIT[name].sentence(name)
        raise AttributeError(text, name=name, obj=self)

    def __dir__(self):
        own = type(self)
        return [n for n in public_names(own) if n in own.__dataclass_fields__ or hasattr(own, n)]

    def __repr__(self):
        return str(self.summary())

    def _repr_html_(self):
        return self.summary()._repr_html_()
