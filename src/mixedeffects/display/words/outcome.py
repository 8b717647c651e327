"""What coefficients move: a mean, a logarithm, odds; and how that is said."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mixedeffects.display.words.clauses import (
    at_infinity,
    difference,
    doubt,
    offset_words,
    tested,
    times,
)
from mixedeffects.display.words.phrases import number

# ratio of two ratios below which they are called nearly the same
ALIKE = 1.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """The words for differences in one linear predictor.

    Attributes
    ----------
    noun : str
        "the expected pain", "the odds of disease".
    ratio : bool
        Whether differences are said as ratios.
    ratios : str
        "odds ratios"; "" without ratios.
    scale : str
        Where the coefficients themselves live: "on the logit scale"; "" for the response's own.
    at : str
        What an intercept is.
    intercept_ratio : bool
        Whether exp of the intercept is the noun itself.
    offset : str
        Where the offset stands for which intercepts and means hold; "" without one.
    """

    noun: str
    ratio: bool = False
    ratios: str = ""
    scale: str = ""
    at: str = ""
    intercept_ratio: bool = False
    offset: str = ""

    @property
    def place(self):
        """Where the coefficients live, to follow a number."""
        return f" {self.scale}" if self.scale else ""

    @property
    def verb(self):
        """What goes with the noun."""
        return "are" if self.noun.startswith("the odds") else "is"

    @property
    def one_ratio(self):
        """As in "odds ratio" or "ratio of geometric means"."""
        return self.ratios.replace("ratios", "ratio")

    def moved(self, effect, level):
        """As in "the expected pain is 12.3 lower (…)"."""
        if at_infinity(effect):
            return f"the difference{self.place} is {at_infinity(effect)}"
        if self.ratio and effect.ratio is not None:
            return f"{self.noun} {self.verb} {times(effect, level, 'high')}"
        return f"{self.noun} is {difference(effect, level, scale=self.scale)}"

    def changed(self, effect, level, own="", other=""):
        """What an interaction says: "0.3 greater for b than for a (…)", or a ratio of ratios.

        Parameters
        ----------
        own, other : str
            "for treatment b" and "for a", which are compared.
        """
        own = f" {own}" if own else ""
        if at_infinity(effect):
            than = f"{own}{' compared with that ' + other if other else ''}"
            return f"different{than} by a coefficient{self.place} that is {at_infinity(effect)}"
        if self.ratio and effect.ratio is not None:
            said = times(effect, level, f"large{own}{' as ' + other if other else ''}")
            _, _, lower, upper = effect.ratio
            # of a number whose unit is small next to its range, many units may be much
            wide = all(p.kind != "number" or p.step != 1.0 for p in effect.pieces)
            same = wide and 1 / ALIKE < lower < upper < ALIKE
            return f"nearly the same: {said}" if same else said
        than = f"{own}{' than ' + other if other else ''}"
        scale = f" {self.scale}" if self.scale else ""
        value = number(effect.estimate, effect.std_error)
        inside = tested(effect, level)
        if effect.estimate >= 0:
            return f"{value} greater{than}{scale} ({inside}){doubt(effect)}"
        size = number(-effect.estimate, effect.std_error)
        return f"{size} less{than}{scale} (difference {value}, {inside}){doubt(effect)}"

    def slope(self, piece):
        """The slope of a number, or the ratio per unit of it."""
        if self.ratio:
            return f"the {self.one_ratio} per {piece.unit}"
        if piece.step != 1.0:
            return f"the change per {piece.unit}"
        return f"the slope of {bare(piece.variable)}"

    def contrast(self, levels):
        """The difference or the ratio between two levels."""
        return f"the {self.one_ratio if self.ratio else 'difference'} between {levels}"

    def level(self, effect):
        """What an intercept, or the mean of a level, is."""
        return self.at or self.noun


def bare(variable):
    """A variable without the ``I()`` that a formula needs around arithmetic.

    Examples
    --------
    >>> bare("I(age - 11)"), bare("log(dose)")
    ('age - 11', 'log(dose)')
    """
    return variable[2:-1] if variable.startswith("I(") and variable.endswith(")") else variable


def outcome_of(facts):
    """The words for the main linear predictor."""
    return replace(_OUTCOMES[facts.kind](facts), offset=offset_words(facts))


def _value(facts):
    return Outcome(facts.expected)


def _log_value(facts):
    inner = facts.response.removeprefix("log(").removesuffix(")")
    return Outcome(
        f"the typical {inner} (geometric mean)", ratio=True, ratios="ratios of geometric means",
        scale=f"on the scale of {facts.response}", intercept_ratio=True,
    )  # fmt: skip


def _odds(facts):
    if facts.distribution not in ("binomial", "betabinomial"):
        noun = f"the odds of {facts.expected}"
    elif facts.success is not None:
        noun = f"the odds of {_answer(facts)}"
    else:
        noun = f"the odds of {facts.response}"
    return Outcome(
        noun, ratio=True, ratios="odds ratios", scale="on the logit scale", intercept_ratio=True
    )


def _answer(facts):
    """What counts as a success, told apart from a column of the same name."""
    if str(facts.success).lower() == facts.response.lower():
        return f"the answer '{facts.success}' in {facts.response}"
    return f"{facts.response} being {facts.success}"


def _mean(facts):
    what = f"the rate of {facts.response}" if facts.rate else facts.expected
    if facts.summary.zeros == "extra":
        what += ", extra zeros apart,"
    elif facts.distribution in TRUNCATED:
        what += " (before its distribution is truncated at zero)"
    return Outcome(
        what, ratio=True, ratios="ratios", scale="on the log scale", intercept_ratio=True
    )


def _category(facts):
    return Outcome(
        f"the odds of a higher category of {facts.response}", ratio=True, ratios="odds ratios",
        scale="on the logit scale",
    )  # fmt: skip


def _predictor(facts):
    if facts.distribution == "ordinal":
        what = f"the linear predictor of a higher {facts.response}"
        return Outcome(what, scale=f"on the {facts.link} scale")
    if facts.success is not None:
        mean = f"the probability of {_answer(facts)}"
    elif facts.distribution in ("binomial", "betabinomial"):
        mean = f"the probability of {facts.response}"
    else:
        mean = facts.expected
    return Outcome(f"the {LINKS.get(facts.link, facts.link)} of {mean}")


# link -> its name as a function
LINKS = {"inverse": "inverse", "sqrt": "square root", "cloglog": "complementary log-log"}
# families whose mean is truncated, so that the link is of another one
TRUNCATED = tuple(
    f"{kind}_{counts}"
    for kind in ("truncated", "hurdle") for counts in ("poisson", "nbinom1", "nbinom2", "compois")
)  # fmt: skip
# what exp of the dispersion's linear predictor is, where it has a name that says more
DISPERSIONS = {
    "beta": "the precision phi", "betabinomial": "the precision phi", "nbinom2": "theta",
    "gaussian": "the residual standard deviation", "t": "the scale sigma",
    "zero_inflated_beta": "the precision phi", "one_inflated_beta": "the precision phi",
    "zero_one_inflated_beta": "the precision phi", "ordered_beta": "the precision phi",
    "lognormal": "the standard deviation of the logarithm",
    "hurdle_lognormal": "the standard deviation of the logarithm",
}  # fmt: skip


def extra_zeros(facts):
    """The words for the probability of zeros."""
    what = "a zero" if facts.summary.zeros == "all" else "an extra zero"
    return Outcome(
        f"the odds of {what}", ratio=True, ratios="odds ratios", scale="on the logit scale",
        intercept_ratio=True,
    )  # fmt: skip


def dispersion(facts):
    """The words for the dispersion parameter."""
    name = DISPERSIONS.get(facts.distribution, "the dispersion parameter")
    return Outcome(
        name, ratio=True, ratios="ratios", scale="on the log scale", intercept_ratio=True,
    )  # fmt: skip


_OUTCOMES = {
    "value": _value, "log value": _log_value, "odds": _odds, "mean": _mean,
    "category": _category, "predictor": _predictor,
}  # fmt: skip
