"""Facts of a fit that can be said in sentences, collected from the tables that have them."""

from __future__ import annotations

import warnings
from importlib import metadata
from typing import TYPE_CHECKING

from mixedeffects.covariance import structure_of
from mixedeffects.errors import DataWarning, NotAvailableError, OptionError, PlanTooLargeError
from mixedeffects.formula import UNCORRELATED, Call, Name, column_names, strip
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.icc import icc
from mixedeffects.inference.interpretation.columns import (
    between_shares,
    codes,
    level_means,
    powers,
)
from mixedeffects.inference.interpretation.effects import answer_name, effects_of, plain_name
from mixedeffects.inference.interpretation.groups import (
    averages,
    cells,
    clustering,
    standouts,
    variations,
)
from mixedeffects.inference.interpretation.limits import stated_shares
from mixedeffects.inference.interpretation.record import InterpretationFacts
from mixedeffects.inference.r2 import r2
from mixedeffects.inference.summary import summary_facts

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# shares of a predictor's variance between and within levels from which both count; and how many
# times the share that chance alone puts between them
LEAST_BETWEEN, LEAST_WITHIN = 0.05, 0.001
CHANCE = 2.0
# what a difference of linear predictors is, for a mean with this link
KINDS = {"identity": "value", "logit": "odds", "log": "mean"}


def interpretation_facts(fit: Fit, *, ddf=None, level=0.95):
    """Collect what the sentences about a fit say.

    Returns an `InterpretationFacts`.

    Parameters
    ----------
    ddf : str, optional
        Degrees of freedom of the coefficients, as in `coefficient_table`.
    level : float
        Coverage of all intervals.

    Raises
    ------
    OptionError, NotAvailableError
        Of `ddf`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> facts = interpretation_facts(fit)
    >>> facts.kind, round(facts.variations[1].low, 1), round(facts.variations[1].high, 1)
    ('value', -1.1, 22.1)
    """
    design = fit.design
    spec, formula = design.spec, design.spec.formula
    summary = summary_facts(fit, ddf=ddf, level=level)
    kind = kind_of(fit)
    ratios = None
    if kind in RATIO_KINDS:
        ratios = coefficient_table(fit, ddf=ddf, level=level, exponentiate=True)
    effects = effects_of(
        spec, design.sources, design.x_names, summary.coefficients, ratios, design.aliased,
        powers(fit),
    )  # fmt: skip
    fixed = averages(fit)
    spreads, associations = variations(fit, level, fixed)
    wide = wide_terms(fit, effects)
    terms = term_tests(fit, ddf) if wide else None
    missing = {n: k for n, k in design.missing.by_column.items() if k}
    answer = set() if formula.response is None else {n.name for n in column_names(formula.response)}
    return InterpretationFacts(
        summary=summary,
        version=metadata.version("mixedeffects"),
        response=answer_name(spec),
        kind=kind,
        link=None if fit.kind.residual else fit.family.link.name,
        distribution=None if fit.kind.residual else fit.family.name,
        expected=expected_of(fit),
        success=success_of(fit),
        rate=fit.design.exposure is not None,
        weighted=design.weights is not None,
        offset=design.offset is not None,
        weights=spec.weights,
        random=random_terms(fit),
        cells=cells(fit),
        effects=effects,
        others=other_effects(fit, level),
        terms=terms,
        joint=joint_tests(terms, wide),
        interactions=any(e.pieces is not None and len(e.pieces) > 1 for e in effects),
        icc=stated_shares(_known(lambda: icc(fit, level=level))),
        variations=spreads,
        associations=associations,
        independent=independent_groups(fit),
        standouts=standouts(fit, level, fixed),
        r2=_known(lambda: r2(fit)),
        clustering=clustering(fit),
        missing_response={n: k for n, k in missing.items() if n in answer},
        missing_predictors={n: k for n, k in missing.items() if n not in answer},
        codes=tuple(codes(fit)),
        mixed=mixed_levels(fit, effects),
        exposure=exposure_of(fit),
        means=tuple(level_means(fit)),
    )


def exposure_of(fit: Fit):
    """The column whose logarithm is the offset of a model of means on the log scale, or None.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm(
    ...     "y ~ 1 + offset(log(t)) + (1 | g)",
    ...     {"y": [1, 2, 4, 3, 0, 2], "t": [9.0, 8, 7, 7, 6, 9], "g": list("aabbcc")},
    ...     family="poisson",
    ... )
    >>> exposure_of(fit)
    't'
    """
    offsets = fit.design.spec.formula.offsets
    if fit.kind.residual or kind_of(fit) != "mean" or fit.family.centre != "mean":
        return None
    node = strip(offsets[0].node) if len(offsets) == 1 else None
    if isinstance(node, Call) and node.function == "log" and len(node.args) == 1:
        return plain_name(strip(node.args[0]))
    return None


def mixed_levels(fit: Fit, effects):
    """Predictors that vary within the levels of a factor and between them.

    Returns tuple of (predictor, factor, share of its variance that lies between the levels).
    """
    shares = between_shares(fit)
    levels = {block.factor.name: block.factor.n_levels for block in fit.design.blocks}
    names = [e.pieces[0].variable for e in effects if e.alone and e.pieces and len(e.pieces) == 1]
    found = []
    for name in dict.fromkeys(names):
        own = [
            (share, group) for (group, column), share in shares.items()
            if column == name and LEAST_BETWEEN <= share <= 1.0 - LEAST_WITHIN
            and share > CHANCE * levels[group] / fit.design.n
        ]  # fmt: skip
        if own:
            share, group = min(own, key=lambda found: abs(found[0] - 0.5))
            found.append((name, group, share))
    return tuple(found)


RATIO_KINDS = ("odds", "mean", "category", "log value")


def kind_of(fit: Fit):
    """What a coefficient moves; see `InterpretationFacts`."""
    link = fit.family.link.name
    if fit.kind.residual:
        from mixedeffects.inference.transformation import transformation

        found = transformation(fit)
        logs = found is not None and found.name == "log" and found.shift == 0.0
        return "log value" if logs else "value"
    if fit.family.ordinal:
        return "category" if link == "logit" else "predictor"
    return KINDS.get(link, "predictor")


def expected_of(fit: Fit):
    """What the link is of, or the transformed response of a linear model, in words."""
    family, response = fit.family, answer_name(fit.design.spec)
    return f"the {'expected' if family.centre == 'mean' else family.centre} {response}{family.part}"


def success_of(fit: Fit):
    """The second of two categories of a binomial response, 1 of 0 and 1, or None."""
    answer = fit.design.spec.answer
    if answer is None or answer.kind != "binomial":
        return None
    if answer.labels is None:
        node = fit.design.spec.formula.response
        single = fit.design.size is None and fit.design.weights is None
        named = node is not None and isinstance(strip(node), Name)
        return "1" if single and named and fit.family.name == "binomial" else None
    return str(answer.labels[len(answer.labels) - 1])


def random_terms(fit: Fit):
    """Per random term of all predictors: group, columns, how they covary."""
    out = []
    for group, block in zip(fit.parameters.groups, fit.all_blocks, strict=True):
        for term in block.terms:
            names = tuple(block.names[c] for c in term.columns)
            out.append((group, names, structure_of(term).words))
    return tuple(out)


def independent_groups(fit: Fit):
    """Groups, zeros included, with several uncorrelated random effects (``||``)."""
    return tuple(
        dict.fromkeys(
            "zi: " * (i >= len(fit.design.blocks)) + block.factor.name
            for i, block in enumerate(fit.all_blocks)
            for term in block.terms
            if term.covariance == UNCORRELATED and len(term.columns) > 1
        )
    )


def other_effects(fit: Fit, level):
    """Coefficients of the extra zeros' and the dispersion's formulas."""
    out = {}
    for name, part in fit.design.others.items():
        table, ratios = (
            coefficient_table(fit, level=level, component=name, exponentiate=ratio)
            for ratio in (False, True)
        )
        out[name] = effects_of(part.spec, part.sources, part.x_names, table, ratios, part.aliased)
    return out


def wide_terms(fit: Fit, effects):
    """Terms that have several columns and are within no other term.

    A test of such a term is the same for every coding of the factors; that of a main effect whose
    interaction is in the model depends on where the other variables stand. Returns set of str.
    """
    if fit.design.aliased:
        return set()
    owners = [e.term for e in effects if e.pieces]
    parts = {e.term: {p.variable for p in e.pieces} for e in effects if e.pieces}
    wide = {
        term
        for term in owners
        if owners.count(term) > 1 and not any(parts[term] < other for other in parts.values())
    }
    # intercepts of their own against zero: no comparison of levels
    return wide - {e.term for e in effects if e.pieces and all(p.kind == "level" for p in e.pieces)}


def term_tests(fit: Fit, ddf):
    """The table of `anova`, type 3, its remarks about codings apart."""
    from mixedeffects.inference.anova_table import anova

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return anova(fit, ddf=ddf)


def joint_tests(terms, wide):
    """The tests of some terms.

    Parameters
    ----------
    terms : Table or None
        Of `term_tests`.

    Returns
    -------
    dict of str to (float, float, float, float)
        Term to F, its degrees of freedom and p.
    """
    if terms is None:
        return {}
    names = ("term", "statistic", "num_df", "den_df", "p_value")
    return {
        term: (float(f), float(a), float(b), float(p))
        for term, f, a, b, p in zip(*(terms.columns[n] for n in names), strict=True)
        if term in wide and a > 0
    }


def _known(function):
    """A table, or None where it cannot be had for this model."""
    try:
        with warnings.catch_warnings():  # what a warning says is said in the sentences
            warnings.simplefilter("ignore", DataWarning)
            return function()
    except (NotAvailableError, OptionError, PlanTooLargeError):
        return None
