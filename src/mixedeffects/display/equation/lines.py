"""From a fit to the lines of its equation."""

from __future__ import annotations

import numpy as np

from mixedeffects.display.equation.distributions import (
    dispersion_symbol,
    linked,
    response_line,
    shape_symbols,
    shape_values,
)
from mixedeffects.display.equation.groups import (
    distribution_lines,
    notations,
    random_summands,
    row_index,
)
from mixedeffects.display.equation.predictor import fixed_summands
from mixedeffects.display.equation.tree import (
    Brace,
    Line,
    Number,
    Operator,
    Sub,
    Sup,
    Symbol,
    Word,
    call,
    row,
    total,
)
from mixedeffects.display.equation.writers import plain
from mixedeffects.display.numbers import at_precision, significant
from mixedeffects.inference import varcorr
from mixedeffects.inference.interpretation.effects import answer_name, column_meanings, unquoted

# summands of one line, of the fixed part in one line, and of the fixed part at all
MOST_IN_LINE, CHUNK, MOST_TERMS = 5, 4, 24
# lines of the fixed part
MOST_LINES = 12
# characters of a line, written as text
WIDTH = 100


def equation_lines(fit, estimates):
    """Lines of the equation, and what its letters mean.

    Returns lines (list of Line), notes (list of str).

    Parameters
    ----------
    estimates : bool
        Numbers in place of the parameters' letters.
    """
    own = len(fit.design.blocks)
    known, other = notations(fit.design.blocks, fit.all_blocks[own:])
    index = row_index({**other, **known})
    response = Sub(Word(answer_name(fit.design.spec)), index)
    if fit.kind.residual:
        lines, notes = _linear(fit, known, index, response, estimates)
    else:
        lines, notes = _generalised(fit, known, other, index, response, estimates)
    terms = iter(varcorr(fit).terms)
    for i, block in enumerate(fit.all_blocks):
        found = [next(terms) for _ in block.terms]
        notation = (known if i < own else other)[block.factor.name]
        known_all = estimates and not any(np.isnan(term.covariance).any() for term in found)
        if estimates and not known_all:
            notes = [*notes, f"Covariances of {block.factor.name}: some are not in the data."]
        lines += distribution_lines(block, notation, found if known_all else None)
    if fit.kind.residual:
        lines.append(_residual(fit, index, estimates))
    return lines, [*_letters({**other, **known}), *notes]


def _letters(known):
    if len(known) == 1:
        group = next(iter(known.values()))
        return [f"{group.index} counts the levels of {group.group}, i the rows within a level."]
    out = [f"{n.index}[i] is the level of {n.group} that row i has" for n in known.values()]
    return [f"i counts the rows; {', '.join(out)}."] if out else ["i counts the rows."]


def _errors(fit, part=None):
    if part is None:
        return np.sqrt(np.maximum(np.diagonal(fit.vcov_beta), 0.0))
    from mixedeffects.inference.coefficient_parts import place

    at = place(fit, part)
    return np.sqrt(np.maximum(np.diagonal(fit.vcov_parameters[at, at]), 0.0))


def _values(estimates, beta, errors):
    return list(zip(beta.tolist(), errors.tolist(), strict=True)) if estimates else None


def _fixed(names, meanings, index, letter, values):
    summands = fixed_summands(names, meanings, index, letter, values)
    if len(summands) <= MOST_TERMS:
        return summands
    return [*summands[: MOST_TERMS - 1], (False, Operator("...")), summands[-1]]


def _assembled(left, sign, fixed, groups, rest):
    """The lines of a sum whose parts have braces: one line, or one per part.

    Takes fixed list of (bool, Node); rest list of (Node, str).

    Parameters
    ----------
    groups : list of (list of (bool, Node), str)
        Summands and label.
    """
    parts: list[tuple[str, Brace]] = []
    size = len(fixed) + sum(len(s) for s, _ in groups) + len(rest)
    everything = [*fixed, *(pair for s, _ in groups for pair in s), *((False, n) for n, _ in rest)]
    together = size <= MOST_IN_LINE and len(plain(total(everything))) <= WIDTH
    chunks = [fixed] if together and fixed else chunked(fixed)
    if len(chunks) > MOST_LINES:
        begin = chunks[: MOST_LINES - 1]
        chunks = [*begin[:-1], [*begin[-1], (False, Operator("..."))], chunks[-1]]
    for i, chunk in enumerate(chunks):
        label = "fixed effects" if not i else "fixed, continued"
        # the sign of a line that goes on is that of its first summand
        taken = i > 0 and chunk[0][0]
        shown = [(False, chunk[0][1]), *chunk[1:]] if taken else chunk
        parts.append(("-" if taken else "+", Brace(total(shown), label, "fixed")))
    parts += [("+", Brace(total(summands), label, "group")) for summands, label in groups]
    parts += [("+", Brace(node, label)) for node, label in rest]
    if not parts:
        return [Line(left, sign, Number("0"))]
    if together:
        return [Line(left, sign, total([(False, part) for _, part in parts]))]
    lines = [Line(left, sign, parts[0][1])]
    return lines + [Line(None, before, part) for before, part in parts[1:]]


def chunked(summands):
    """Summands in lines that are not too long."""
    out = []
    for summand in summands:
        longer = [*out[-1], summand] if out else []
        if out and len(longer) <= CHUNK and len(plain(total(longer))) <= WIDTH:
            out[-1] = longer
        else:
            out.append([summand])
    return out


def _groups(blocks, known, spec, index):
    return [
        (random_summands(block, known[block.factor.name], spec, index),
         f"group: {known[block.factor.name].group}")
        for block in blocks
    ]  # fmt: skip


def _offsets(spec, index):
    return [(Sub(Word(unquoted(v.text)), index), "offset") for v in spec.formula.offsets]


def _main_predictor(fit, known, index, estimates):
    """Its fixed summands, its groups' summands and its offsets, as `_assembled` takes them."""
    design = fit.design
    meanings = column_meanings(design.spec, design.sources, len(design.x_names))
    values = _values(estimates, fit.beta, _errors(fit))
    fixed = _fixed(design.x_names, meanings, index, "beta", values)
    return fixed, _groups(design.blocks, known, design.spec, index), _offsets(design.spec, index)


def _linear(fit, known, index, response, estimates):
    fixed, groups, offsets = _main_predictor(fit, known, index, estimates)
    rest = [*offsets, (Sub(Symbol("epsilon"), index), "individual")]
    return _assembled(response, "=", fixed, groups, rest), []


def _residual(fit, index, estimates):
    sigma = varcorr(fit).sigma
    known = estimates and sigma is not None and not np.isnan(sigma)
    sd = Number(significant(sigma, 5)) if known else Symbol("sigma")
    variance = Sup(sd, Number("2"))
    if fit.design.weights is not None:
        name = fit.design.spec.weights or "weights"
        variance = row(variance, Operator("/"), Sub(Word(name), index))
    return Line(Sub(Symbol("epsilon"), index), "~", call("N", Number("0"), variance))


def _generalised(fit, known, other, index, response, estimates):
    design, family = fit.design, fit.family
    fixed, groups, rest = _main_predictor(fit, known, index, estimates)
    if family.ordinal:
        lines, notes = _ordinal(fit, index, response, estimates)
        eta = Sub(Symbol("eta"), index)
        return lines + _assembled(eta, "=", fixed, groups, rest), notes
    symbol = dispersion_symbol(family)
    given = fit.design.others.get("dispersion")
    dispersion = Sub(symbol, index) if given is not None else symbol
    if estimates and given is None and "dispersion" in fit.extras:
        value = float(family.natural("dispersion", fit.extras["dispersion"][0]))
        dispersion = Number(significant(value, 4))
    shapes = shape_symbols(family)
    if estimates:
        shapes = [_signed(significant(v, 4)) for v in shape_values(family, fit.extras)]
    lines, notes = response_line(fit, response, index, dispersion, shapes)
    if fit.design.weights is not None:
        weights = unquoted(design.spec.weights) if design.spec.weights else "weights"
        scaled = getattr(family, "weights_scale_dispersion", False)
        notes = [
            *notes,
            f"A row's dispersion is divided by its {weights}." if scaled
            else f"A row's log-likelihood is multiplied by its {weights}.",
        ]  # fmt: skip
    lines += _assembled(
        linked(family.link.name, Sub(Symbol("mu"), index)), "=", fixed, groups, rest
    )
    lines += _other_parts(fit, other, index, symbol, estimates)
    return lines, notes


def _signed(text):
    """A number with its sign."""
    sign = (Operator("minus"),) if text.startswith("-") else ()
    return row(*sign, Number(text.removeprefix("-")))


def _other_parts(fit, known, index, symbol, estimates):
    """The linear predictors of the zeros and of the dispersion."""
    out = []
    heads = {
        "zi": (call("logit", Sub(Symbol("pi"), index)), "gamma"),
        "dispersion": (call("log", Sub(symbol, index)), "delta"),
    }
    for name, values in fit.extras.items():
        if name not in heads or (name == "dispersion" and name not in fit.design.others):
            continue
        head, letter = heads[name]
        part = fit.design.others.get(name)
        names = ("(Intercept)",) if part is None else part.x_names
        meanings = (
            [("", (), (), True)] if part is None
            else column_meanings(part.spec, part.sources, len(names))
        )  # fmt: skip
        shown = _values(estimates, values, _errors(fit, name))
        groups = [] if part is None else _groups(part.blocks, known, part.spec, index)
        offsets = [] if part is None else _offsets(part.spec, index)
        fixed = _fixed(names, meanings, index, letter, shown)
        out += _assembled(head, "=", fixed, groups, offsets)
    return out


def _ordinal(fit, index, response, estimates):
    k = Symbol("k")
    below = call("P", row(response, Operator("<="), k))
    theta = Sub(Symbol("theta"), k)
    right = row(theta, Operator("-"), Sub(Symbol("eta"), index))
    lines = [Line(linked(fit.family.link.name, below), "=", right)]
    labels = [str(label) for label in fit.design.categories]
    notes = [f"k counts the categories {', '.join(labels)}, in this order, but the last."]
    if estimates:
        errors = _errors(fit, "thresholds")
        for label, value, error in zip(labels, fit.extras["thresholds"], errors, strict=False):
            shown = _signed(at_precision(float(value), float(error)))
            lines.append(Line(Sub(Symbol("theta"), Word(label)), "=", shown))
    return lines, notes
