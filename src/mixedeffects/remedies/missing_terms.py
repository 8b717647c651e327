"""Random terms that a model lacks: slopes, and combinations of a group with a category.

A predictor that varies within the levels of a factor may have another effect in each of them. Where
it does and the model has no such term, standard errors of that predictor, and of its interactions
with what differs between levels, are too small: rows of a level are taken for independent repeats
of one effect (Barr, Levy, Scheepers & Tily 2013, doi:10.1016/j.jml.2012.11.001). Every such term is
tried by itself, and named where a likelihood-ratio test, with the boundary taken into account,
leaves no doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from mixedeffects.assumptions import limits
from mixedeffects.errors import MixedEffectsError
from mixedeffects.formula import CORRELATED, Call, Name, column_names, quote, strip, unparse
from mixedeffects.inference import aic
from mixedeffects.inference.checkup import Check
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, plain
from mixedeffects.inference.comparison import likelihood_ratio
from mixedeffects.inference.interpretation.columns import standing_columns
from mixedeffects.remedies.bench import fit_again, predicted_seconds, quiet
from mixedeffects.remedies.formulas import bars_of, formula_of, written

NAME = "random terms"
# functions that move and stretch a column
LINEAR = ("center", "scale", "standardize")
# terms that are tried, seconds that they may take together, and how many times as long as the fit
# one of them is expected to take
MOST_TERMS, SECONDS, TIMES = 6, 2.0, 3.0
# seconds a row that it takes to make columns and sums for another formula, about
A_ROW = 3e-6
# levels that a factor needs, rows that a level needs for a slope, and rows for every combination
LEAST_LEVELS, LEAST_ROWS, REPEATS = 5, 2.5, 1.5
# share of a column's variance that lies between levels, above which nothing varies within them
NOTHING_WITHIN = 0.95
# levels of a category that is combined with a group
MOST_CELLS = 12
# factor of a standard error from which on a model without the term is plainly wrong
MUCH = 1.5


@dataclass(frozen=True, slots=True)
class MissingTerm:
    """A random term that is not in a formula.

    Attributes
    ----------
    what : str
        What differs between levels, in words.
    term : str
        As the formula would have it.
    formula : str
        The whole formula with it.
    variable : str
        What differs, as in names of coefficients: "Days", "treatment".
    """

    what: str
    term: str
    formula: str
    variable: str


def missing_terms(fit):
    """Terms that could be in a model: slopes of numbers, combinations with categories.

    Returns list of MissingTerm.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> [one.term for one in missing_terms(fit)]
    ['(1 + Days | Subject)']
    """
    design, sources = fit.design, fit.design.sources
    if sources is None or sources.summaries is not None:
        return []
    formula = formula_of(design.spec)
    bars = bars_of(formula)
    functions = standing_columns(fit)
    out = []
    for variable in formula.fixed.variables:
        node = strip(variable.node)
        inner = node
        while isinstance(inner, Call) and inner.args:
            if inner.function not in (*LINEAR, "factor", "as.factor", "C"):
                break
            inner = strip(inner.args[0])
        if not isinstance(inner, Name) or inner.name not in sources.columns:
            x = functions.get(unparse(node)) if isinstance(node, Call) else None
            if x is not None:
                read = frozenset(n.name for n in column_names(node))
                out += _slopes(design, formula, bars, variable.text, x, read)
            continue
        if inner.name in sources.categorical:
            out += _combinations(design, formula, bars, inner, sources)
        elif sources.columns[inner.name].kind == "number":
            out += _slopes(design, formula, bars, variable.text, sources.numbers(inner.name))
    return list({one.formula: one for one in out}.values())[:MOST_TERMS]


def _slopes(design, formula, bars, text, x, read=frozenset()):
    """Slopes of a number for the factors whose levels have an intercept and no such slope.

    Parameters
    ----------
    read : frozenset of str
        Of a function of columns, those: a level with slopes of one of them is left as it is.
    """
    out = []
    for block in design.blocks:
        factor, name = block.factor, block.factor.name
        own = [i for i, bar in enumerate(bars) if bar.group == name]
        taken = any(
            text in bar.slopes
            or read & {n.name for v in bar.part.effects.variables for n in column_names(v.node)}
            for bar in bars if bar.group == name
        )  # fmt: skip
        place = next((i for i in own if bars[i].intercept), None)
        if taken or place is None or not _varies(x, factor):
            continue
        bar = bars[place]
        new = replace(bar, slopes=(*bar.slopes, text))
        if bar.covariance != CORRELATED and not bar.slopes:
            new = replace(new, covariance=CORRELATED)
        changed = [new if i == place else other for i, other in enumerate(bars)]
        what = f"levels of {name} have slopes of {text} of their own"
        out.append(MissingTerm(what, str(new), written(formula, bars=changed), text))
    return out


def _varies(x, factor):
    """Whether a number varies within the levels of a factor, in enough rows of enough levels."""
    if factor.n_levels < LEAST_LEVELS or x.size < LEAST_ROWS * factor.n_levels:
        return False
    centred = x - x.mean()
    total = float(centred @ centred)
    sums = np.bincount(factor.codes, centred, factor.n_levels)
    rows = np.bincount(factor.codes, minlength=factor.n_levels)
    return total > 0 and float(sums @ (sums / rows)) < NOTHING_WITHIN * total


def _combinations(design, formula, bars, node, sources):
    """Combinations of a category with the factors within whose levels it varies."""
    codes, labels = sources.levels(node.name)
    if not 2 <= len(labels) <= MOST_CELLS:
        return []
    text, out = quote(node.name), []
    groups = {tuple(sorted(block.factor.name.split(":"))) for block in design.blocks}
    for block in design.blocks:
        factor, name = block.factor, block.factor.name
        known = any(text in slope for bar in bars if bar.group == name for slope in bar.slopes)
        parts = name.split(":")
        if known or text in parts or tuple(sorted([*parts, text])) in groups:
            continue
        cells = np.unique(factor.codes.astype(np.int64) * len(labels) + codes).size
        if factor.n_levels < LEAST_LEVELS or cells < 1.5 * factor.n_levels:
            continue
        if codes.size < REPEATS * cells:
            continue  # a combination is a row, and its effect the residual
        term = f"(1 | {name}:{text})"
        whole = f"{written(formula)} + {term}"
        what = f"levels of {name} differ in their effects of {text}"
        out.append(MissingTerm(what, term, whole, text))
    return out


def lacking(fit):
    """Whether a random term is missing that the data ask for.

    Returns
    -------
    list of Check
        None where there is no term to try, or no certified optimum to compare with.
    """
    c = fit.certificate
    if not c.proved or c.flat or not fit.design.blocks:
        return []
    found = missing_terms(fit)
    if not found:
        return []
    seconds = A_ROW * fit.design.n * len(found)
    if seconds <= SECONDS:
        seconds += TIMES * predicted_seconds(fit) * len(found)
    if seconds > SECONDS:
        words = (
            f"not tried, as it would take about {seconds:,.2g} s: "
            f"{', '.join(one.term for one in found)}; fit.again or lmm with one of them, and "
            "compare, tells"
        )
        return [Check(NAME, float("nan"), FINE, words, "assumptions")]
    tried = [_tried(fit, one) for one in found]
    known = [found for found in tried if found is not None]
    if not known:
        return []
    one, other, p = min(known, key=lambda found: (found[2], aic(found[1])))
    sure = p < limits.ALPHA / len(found)
    fall = aic(fit) - aic(other)
    if not sure or not fall > 0:
        words = f"none is missing of {', '.join(o.term for o in found)}"
        return [Check(NAME, 0.0, FINE, words, "assumptions")]
    return [_check(fit, one, other, fall)]


def _tried(fit, one):
    """A term, the fit with it, and the p-value of its likelihood-ratio test; None if there is none.

    A fit without a certified optimum tells nothing.
    """
    try:
        with quiet():
            other = fit_again(fit, one.formula)
            test, _ = likelihood_ratio(fit, other)
    except MixedEffectsError:
        return None
    if test is None or not other.certificate.proved or other.certificate.flat:
        return None
    return one, other, test.p_value


def _check(fit, one, other, fall):
    before, after = (np.sqrt(np.diagonal(f.vcov_beta)) for f in (fit, other))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(after / before, nan=1.0, posinf=1.0)
    # of what differs, or of its interactions; an intercept far from the data may move by more
    names = list(fit.design.x_names)
    own = [_reads(name, one.variable) for name in names]
    ratio = np.where(own, ratio, 0.0) if any(own) else ratio
    at = int(ratio.argmax()) if ratio.size else 0
    if one.variable in names and ratio[names.index(one.variable)] > 1.0:
        at = names.index(one.variable)
    words = f"{one.what}: with {one.term} AIC falls by {plain(fall)} (likelihood-ratio p < 0.001)"
    state = LOOK
    if ratio.size and ratio[at] > 1.0:
        name = fit.design.x_names[at]
        words += (
            f", and the standard error of {name} is {plain(after[at])} in place of "
            f"{plain(before[at])}"
        )
        state = PROBLEM if ratio.max() >= MUCH else LOOK
    words += f". Fit {one.formula}"
    return Check(NAME, fall, state, words, "assumptions")


def _reads(name, variable):
    """Whether a coefficient is of a variable or an interaction with it, levels apart."""
    bare = re.sub(r"\[[^\]]*\]", "", name)
    return re.search(rf"(?<![\w.]){re.escape(variable)}(?![\w.])", bare) is not None
