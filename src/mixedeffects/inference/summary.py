"""The facts of a summary, unrounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.df import df_method
from mixedeffects.inference.icc import variance_shares
from mixedeffects.inference.identification import Identification, identification
from mixedeffects.inference.information import aic, bic, loglik, n_parameters
from mixedeffects.inference.row_sums import AT_ESTIMATES, level_counts, summed
from mixedeffects.inference.singular import singular_sentences, singular_words
from mixedeffects.inference.table import Table
from mixedeffects.inference.varcorr import VarCorr, varcorr

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit


@dataclass(frozen=True, slots=True)
class GroupSizes:
    """Rows per level of one grouping factor.

    Attributes
    ----------
    smallest, largest : int
    """

    name: str
    n_levels: int
    smallest: int
    mean: float
    largest: int


@dataclass(frozen=True, slots=True, eq=False)
class SummaryFacts:
    """Everything a summary shows.

    Attributes
    ----------
    nobs, n_parameters : int
    objective, loglik, aic, bic : float
    df_method : str
        How the p-values were found.
    level : float
        Coverage of the intervals.
    singular : tuple of str
        Directions of zero variance, as combinations of columns.
    alike : tuple of str
        What they mean, in plain clauses.
    identification : Identification or None
        What the data say of the variances, where they do not say all of it.
    family, approximation : str or None
        Of a generalised model: distribution and link, and how the likelihood was computed.
    parameters : tuple of (label, value, standard error)
        Of the distribution, on their natural scale.
    parts : dict of str to Table
        Coefficients of other linear predictors, as `coefficients`.
    zeros : {None, "extra", "all"}
        Which zeros the part "zi" is about.
    accuracy : str
        A sentence, where the approximation of the likelihood is off or cannot be checked.
    """

    formula: str
    reml: bool
    nobs: int
    n_parameters: int
    objective: float
    loglik: float
    aic: float
    bic: float
    groups: tuple[GroupSizes, ...]
    varcorr: VarCorr
    icc: Table
    coefficients: Table
    df_method: str
    level: float
    missing: object
    aliased: tuple
    notes: tuple[str, ...]
    certificate: object
    singular: tuple[str, ...]
    alike: tuple[str, ...] = ()
    family: str | None = None
    approximation: str | None = None
    parameters: tuple[tuple[str, float, float], ...] = ()
    parts: dict[str, Table] = field(default_factory=dict)
    zeros: str | None = None
    identification: Identification | None = None
    accuracy: str = ""


def group_sizes(fit: Fit):
    """Rows per level of every grouping factor, of all predictors. Returns tuple of GroupSizes."""
    out = []
    for name, f in {block.factor.name: f for f, block in enumerate(fit.all_blocks)}.items():
        counts = level_counts(fit, f)
        out.append(
            GroupSizes(
                name, counts.size, int(counts.min()), float(counts.mean()),
                int(counts.max()),
            )
        )  # fmt: skip
    return tuple(out)


def summary_facts(fit: Fit, *, ddf=None, level=0.95):
    """Collect what a summary shows.

    Returns a `SummaryFacts`.

    Parameters
    ----------
    ddf : str, optional
        As in `coefficient_table`.
    """
    design = fit.design
    more = {} if fit.kind.residual else generalised_facts(fit, level)
    return SummaryFacts(
        formula=design.spec.text,
        reml=fit.reml,
        nobs=design.n,
        n_parameters=n_parameters(fit),
        objective=fit.objective,
        loglik=loglik(fit),
        aic=aic(fit),
        bic=bic(fit),
        groups=group_sizes(fit),
        varcorr=varcorr(fit),
        icc=known_shares(fit),
        coefficients=coefficient_table(fit, ddf=ddf, level=level),
        df_method=df_method(fit, ddf).label,
        level=level,
        missing=design.missing,
        aliased=(*design.aliased, *more.pop("aliased", ())),
        notes=(*design.notes, *fit.cache.get("remarks", ())),
        certificate=fit.certificate,
        singular=singular_words(fit),
        alike=singular_sentences(fit),
        identification=identification(fit),
        **more,
    )


def known_shares(fit: Fit):
    """`variance_shares`, or an empty table where the family has no variance on that scale."""
    try:
        return variance_shares(fit)
    except NotAvailableError:
        return Table({"group": [], "variance": [], "icc": []})


def approximation_words(nagq):
    """How the likelihood of a generalised model was computed.

    Examples
    --------
    >>> approximation_words(1), approximation_words(9)
    ('Laplace approximation', 'adaptive Gauss–Hermite quadrature, 9 points')
    """
    if nagq == 0:
        return "quick approximation, coefficients found with the modes"
    if nagq == 1:
        return "Laplace approximation"
    return f"adaptive Gauss–Hermite quadrature, {nagq} points"


def accuracy_note(fit: Fit):
    """What is to be said of the approximation to the likelihood; "" where nothing is."""
    return summed(fit, AT_ESTIMATES + "accuracy", lambda: _accuracy_note(fit))


def _accuracy_note(fit: Fit):
    from mixedeffects.inference.doubtful import doubtful

    if not doubtful(fit):
        return ""
    from mixedeffects.inference.checkup.approximation import approximation_note

    return approximation_note(fit)


def generalised_facts(fit: Fit, level):
    """What a generalised model's summary has besides: family, approximation, other parts."""
    from mixedeffects.inference.dispersion import natural_parameters

    shown = [name for name in fit.extras if name in fit.design.others or name == "thresholds"]
    return {
        "family": str(fit.family),
        "zeros": fit.family.zeros,
        "accuracy": accuracy_note(fit),
        "approximation": approximation_words(cast("GeneralisedFit", fit).nagq),
        "parameters": tuple(natural_parameters(cast("GeneralisedFit", fit))),
        "parts": {name: coefficient_table(fit, level=level, component=name) for name in shown},
        "aliased": tuple(a for part in fit.design.others.values() for a in part.aliased),
    }
