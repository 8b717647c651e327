"""Formulas rewritten: fewer random effects, fewer predictors, scaled columns, as text to paste."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mixedeffects.formula import (
    CORRELATED,
    UNCORRELATED,
    Name,
    RandomPart,
    TermList,
    parse,
    random_text,
)


@dataclass(frozen=True, slots=True)
class RandomBar:
    """One random term of a formula that is being rewritten.

    Attributes
    ----------
    slopes : tuple of str
        Formula terms besides the intercept.
    covariance : str
        As in `RandomPart`.
    part : RandomPart
        Where it came from.
    """

    intercept: bool
    slopes: tuple[str, ...]
    group: str
    covariance: str
    part: RandomPart

    @classmethod
    def of(cls, part):
        """A random term as it stands."""
        effects = part.effects
        return cls(effects.intercept, effects.names, part.group_name, part.covariance, part)

    @property
    def empty(self) -> bool:
        return not (self.intercept or self.slopes)

    @property
    def n_effects(self) -> int:
        """Formula terms, the intercept among them."""
        return self.intercept + len(self.slopes)

    def without(self, gone):
        """The term without some effects; ``"1"`` is the intercept."""
        kept = tuple(name for name in self.slopes if name not in gone)
        return replace(self, intercept=self.intercept and "1" not in gone, slopes=kept)

    def __str__(self):
        effects = " + ".join(("1" if self.intercept else "0", *self.slopes))
        # an intercept has nothing to be correlated with; one slope has, if it is a category
        alone = self.covariance == UNCORRELATED and not self.slopes
        return random_text(effects, self.group, CORRELATED if alone else self.covariance)


def formula_of(spec):
    """The parsed formula of a model, ``.`` replaced, as the user wrote it but for that."""
    formula = parse(spec.text, response=bool(spec.response))
    return formula if spec.dot is None else formula.with_columns(spec.dot)


def bars_of(formula):
    """The random terms of a formula.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> [str(bar) for bar in bars_of(parse("y ~ x + (x || a/b) + (0 + log(x) | g)"))]
    ['(1 + x || b:a)', '(1 + x || a)', '(0 + log(x) | g)']
    """
    return tuple(RandomBar.of(part) for part in formula.random)


def written(formula, *, bars=None, fixed=None):
    """The text of a formula with other random terms or other fixed effects.

    Parameters
    ----------
    fixed : sequence of str, optional
        Fixed-effect terms.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> formula = parse("y ~ a * x + offset(o) + (1 + x | g) + (1 | h)")
    >>> first, second = bars_of(formula)
    >>> written(formula, bars=[first.without(["x"]), second])
    'y ~ a + x + a:x + offset(o) + (1 | g) + (1 | h)'
    """
    names = formula.fixed.names if fixed is None else tuple(fixed)
    first = () if formula.fixed.intercept and names else ("1" if formula.fixed.intercept else "0",)
    bars = bars_of(formula) if bars is None else bars
    parts = [*first, *names, *(f"offset({offset.text})" for offset in formula.offsets)]
    parts += dict.fromkeys(str(bar) for bar in bars if not bar.empty)
    return f"{formula.response_text} ~ {' + '.join(parts)}".lstrip()


def wrapped(formula, functions):
    """The text of a formula with columns inside functions, wherever they stand alone.

    Parameters
    ----------
    functions : dict of str to str
        Column to function.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> wrapped(parse("y ~ x + f:x + log(x) + (x | g)"), {"x": "scale"})
    'y ~ scale(x) + log(x) + scale(x):f + (1 + scale(x) | g)'
    """
    bars = [
        replace(bar, slopes=wrapped_names(bar.part.effects, functions)) for bar in bars_of(formula)
    ]
    return written(formula, bars=bars, fixed=wrapped_names(formula.fixed, functions))


def wrapped_names(terms: TermList, functions):
    """The names of terms with columns inside functions, wherever they stand alone.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> wrapped_names(parse("y ~ f:x + log(x)").fixed, {"x": "center"})
    ('log(x)', 'f:center(x)')
    """

    def shown(variable):
        node = variable.node
        if isinstance(node, Name) and node.name in functions:
            return f"{functions[node.name]}({variable.text})"
        return variable.text

    return tuple(":".join(shown(terms.variables[i]) for i in term) for term in terms.terms)


def contains(terms: TermList, outer, inner):
    """Whether one term is an interaction of another with something: ``a:x`` of ``x``."""
    inside = {n: frozenset(terms.variables[i].text for i in t)
              for n, t in zip(terms.names, terms.terms, strict=True)}  # fmt: skip
    return inside[inner] < inside[outer]


def without_terms(formula, gone):
    """The text of a formula without some fixed effects, their interactions and their slopes.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> without_terms(parse("y ~ a * x + z + (x | g)"), ["x"])
    'y ~ a + z + (1 | g)'
    """

    def left_out(terms):
        return {
            name for name in terms.names
            if name in gone or any(g in terms.names and contains(terms, name, g) for g in gone)
        }  # fmt: skip

    fixed = [name for name in formula.fixed.names if name not in left_out(formula.fixed)]
    bars = []
    for bar in bars_of(formula):
        small = bar.without(left_out(bar.part.effects))
        if small.empty:  # (0 + x | g): the levels keep a random effect
            small = replace(small, intercept=True)
        bars.append(small)
    return written(formula, bars=bars, fixed=fixed)
