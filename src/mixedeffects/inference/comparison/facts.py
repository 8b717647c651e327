"""A comparison of several fits as numbers: criteria, weights, likelihood-ratio tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.inference.comparison.lattice import SLACK, Lattice
from mixedeffects.inference.comparison.likelihoods import model_text
from mixedeffects.inference.comparison.nesting import nesting, same_fixed
from mixedeffects.inference.comparison.reference import reference
from mixedeffects.inference.information import (
    aic,
    aicc,
    akaike_weights,
    bic,
    loglik,
    n_parameters,
)
from mixedeffects.inference.table import Table


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A test of one model against a larger one.

    Attributes
    ----------
    statistic : float
        Twice the difference of the log-likelihoods, not negative.
    df : int
        Parameters tested.
    p_value : float
        By the reference distribution, parameters on the boundary taken into account.
    p_naive : float
        By chi-squared with df degrees of freedom.
    words : str
        The reference distribution.
    """

    statistic: float
    df: int
    p_value: float
    p_naive: float
    words: str


@dataclass(frozen=True, slots=True)
class ComparisonFacts:
    """Several fits side by side, in order of size.

    Attributes
    ----------
    table : Table
        model, formula, npar, nobs, reml, loglik, aic, aicc, bic, delta_aic, weight_aic,
        weight_bic, against, chisq, df, p_value, p_naive, reference; a test stands in the row of
        the larger model, and `against` names the smaller one.
    tests : tuple of LikelihoodRatio or None
        One per row but the first.
    notes : tuple of str
        What was refitted, what was not tested and why.
    nesting : Table
        Every pair of models: smaller, larger, nested, direct (no other model lies between them),
        df, reason (why they are not nested).
    """

    table: Table
    tests: tuple[LikelihoodRatio | None, ...]
    notes: tuple[str, ...]
    nesting: Table


def needs_ml(fits):
    """Why fits must be compared by maximum likelihood, or "" when their REML criteria may be."""
    if not any(fit.reml for fit in fits):
        return ""
    if not all(fit.reml for fit in fits):
        return "not all were fitted by REML"
    if not all(same_fixed(fits[0], fit) for fit in fits[1:]):
        return "a REML likelihood depends on the fixed effects, which differ"
    return ""


def likelihood_ratio(small, large, found=None):
    """Test a fit against a larger one, or say why that cannot be done.

    Parameters
    ----------
    small, large : Fit
        On the same rows, by the same criterion.
    found : Nesting, optional
        How the one sits in the other, where that is known.

    Returns
    -------
    test : LikelihoodRatio or None
    remark : str
        Why there is no test, or a condition of it; may be empty.
    """
    found = nesting(small, large) if found is None else found
    if not found.nested:
        return None, f"they are not nested: {found.reason}"
    if found.df == 0:
        return None, "they are the same model"
    gain = 2.0 * (loglik(large) - loglik(small))
    remarks = []
    if gain < -SLACK:
        remarks.append("the larger model has the lower likelihood: it did not reach its optimum")
    distribution = reference(found)
    if distribution.remark:
        remarks.append(distribution.remark)
    if found.new_columns and small.certificate.is_singular:
        remarks.append(
            "the smaller model is itself on the boundary, where the reference distribution is "
            'only approximate; consider method="bootstrap" of lrt'
        )
    return tested(gain, distribution), "; ".join(remarks)


def tested(gain, distribution):
    """A likelihood-ratio test from twice the difference of the log-likelihoods.

    Returns a `LikelihoodRatio`.

    Parameters
    ----------
    gain : float
        A negative one, which is rounding, counts as zero.
    """
    gain = max(gain, 0.0)
    return LikelihoodRatio(
        gain,
        distribution.df,
        distribution.p_value(gain),
        distribution.naive(gain),
        distribution.words,
    )


def unproved(fit, name):
    """That a fit's log-likelihood is not its model's maximum; "" where it is.

    Examples
    --------
    >>> import mixedeffects as me
    >>> unproved(me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy()), "model 1")
    ''
    """
    if fit.certificate.at_maximum:
        return ""
    if fit.certificate.limit:
        shown = ", ".join(fit.certificate.infinite)
        return (
            f"{name} has no maximum, {shown} being infinite (separation): its log-likelihood is "
            "the supremum, and its likelihood ratio can be used"
        )
    why = "was ended by your own rule" if fit.certificate.short else "did not converge"
    return f"{name} {why}: its log-likelihood is not the maximum, and tests can still change"


def comparison_facts(fits, names, *, test: bool | str = "auto", notes=()):
    """Criteria and tests of fits that are comparable.

    Takes test {"auto", True, False}. Returns a `ComparisonFacts`.

    Parameters
    ----------
    fits : sequence of Fit
        On the same rows, by the same criterion.
    notes : sequence of str
        To go first.

    Raises
    ------
    ModelError
        With ``test=True``, when no smaller model is nested in one that is not the first.
    """
    order = sorted(range(len(fits)), key=lambda i: n_parameters(fits[i]))
    fits, names = [fits[i] for i in order], [names[i] for i in order]
    notes = [*notes, *filter(None, map(unproved, fits, names))]
    tests: list[LikelihoodRatio | None] = [None] * (len(fits) - 1)
    against: list[str | None] = [None] * len(fits)
    if test is False:
        nothing = criteria(fits, names, tests, against)
        return ComparisonFacts(nothing, tuple(tests), tuple(notes), Lattice([], names).table())
    lattice = Lattice(fits, names)
    for i in range(1, len(fits)):
        j = lattice.best(i)
        if j is None:
            pair, why = lattice.nothing_within(i)
            if test is True:
                raise ModelError(
                    f"{pair} cannot be tested against each other: {why}\n"
                    "compare them by AIC or BIC with me.compare"
                )
            notes.append(f"{pair}: {why}; no test")
            continue
        tests[i - 1], remark = likelihood_ratio(fits[j], fits[i], lattice.pairs[j, i])
        against[i] = names[j]
        if remark:
            notes.append(f"{names[j]} and {names[i]}: {remark}")
    notes += lattice.words()
    table = criteria(fits, names, tests, against)
    return ComparisonFacts(table, tuple(tests), tuple(notes), lattice.table())


def criteria(fits, names, tests, against):
    """The table of a comparison."""
    values = {f.__name__: np.array([f(fit) for fit in fits]) for f in (loglik, aic, aicc, bic)}
    shown = [None, *tests]

    def column(name):
        return np.array([np.nan if t is None else getattr(t, name) for t in shown], dtype=float)

    return Table(
        {
            "model": list(names),
            "formula": [model_text(fit) for fit in fits],
            "npar": [n_parameters(fit) for fit in fits],
            "nobs": [fit.design.n for fit in fits],
            "reml": [fit.reml for fit in fits],
            **values,
            "delta_aic": values["aic"] - values["aic"].min(),
            "weight_aic": akaike_weights(values["aic"]),
            "weight_bic": akaike_weights(values["bic"]),
            "against": list(against),
            "chisq": column("statistic"),
            "df": column("df"),
            "p_value": column("p_value"),
            "p_naive": column("p_naive"),
            "reference": [None if t is None else t.words for t in shown],
        }
    )
