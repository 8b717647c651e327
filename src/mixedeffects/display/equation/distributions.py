"""The distribution of the response given its linear predictors, family by family."""

from __future__ import annotations

from mixedeffects.display.equation.tree import (
    Fence,
    Line,
    Number,
    Operator,
    Sub,
    Sup,
    Symbol,
    Word,
    call,
    row,
)
from mixedeffects.formula import Call, Chain, strip, unparse

ONE, TWO = Number("1"), Number("2")
MU, PHI, THETA, SIGMA = Symbol("mu"), Symbol("phi"), Symbol("theta"), Symbol("sigma")


def _plus(a, b):
    return row(a, Operator("+"), b)


def _less(a, b):
    return row(a, Operator("-"), b)


def _variance(formula):
    """A distribution that is named by its mean and its variance."""
    return lambda mu, d: (mu, formula(mu, d))


# base family -> name of the distribution and its arguments, from mean and dispersion
BASES = {
    "poisson": ("Poisson", lambda mu, d: (mu,)),
    "nbinom1": ("NegBinomial", _variance(
        lambda mu, d: row(mu, Fence("(", _plus(ONE, d), ")")))),
    "nbinom2": ("NegBinomial", _variance(
        lambda mu, d: _plus(mu, row(Sup(mu, TWO), Operator("/"), d)))),
    "gamma": ("Gamma", _variance(lambda mu, d: row(d, Operator("times"), Sup(mu, TWO)))),
    "inverse_gaussian": ("InverseGaussian", _variance(
        lambda mu, d: row(d, Operator("times"), Sup(mu, Number("3"))))),
    "gaussian": ("N", _variance(lambda mu, d: Sup(d, TWO))),
    "beta": ("Beta", lambda mu, d: (
        row(mu, Operator("times"), d), row(Fence("(", _less(ONE, mu), ")"), d))),
    "t": ("t", lambda mu, d, df: (mu, d, df)),
    "compois": ("CMPoisson", lambda mu, d: (mu, d)),
    "lognormal": ("LogNormal", lambda mu, d: (mu, d)),
    "tweedie": ("Tweedie", lambda mu, d, p: (mu, row(d, Operator("times"), Sup(mu, p)))),
    "one_inflated_beta": ("OneInflatedBeta", lambda mu, d, ones: (mu, d, ones)),
    "ordered_beta": ("OrderedBeta", lambda mu, d, low, high: (mu, d, low, high)),
}  # fmt: skip
NOTES = {
    "nbinom1": "NegBinomial is given by its mean and variance.",
    "nbinom2": "NegBinomial is given by its mean and variance.",
    "gamma": "Gamma is given by its mean and variance.",
    "inverse_gaussian": "InverseGaussian is given by its mean and variance.",
    "t": "t is given by its centre, scale and degrees of freedom.",
    "compois": "CMPoisson (Conway–Maxwell) is given by its mean and φ = 1/ν: P(y) is in proportion "
    "to λ^y/(y!)^ν.",
    "lognormal": "LogNormal is given by its median μ and the standard deviation of the logarithm.",
    "tweedie": "Tweedie is given by its mean and variance.",
    "one_inflated_beta": "OneInflatedBeta is one with the probability that is its last argument, "
    "else Beta with mean μ and precision φ.",
    "ordered_beta": "OrderedBeta is 0 with probability expit(first cutpoint - η), 1 with "
    "probability expit(η - second cutpoint), η = logit(μ), else Beta with mean μ and precision φ.",
}
DISPERSION = {"nbinom2": "theta", "gaussian": "sigma", "t": "sigma", "lognormal": "sigma"}
# the letters of a family's other parameters, in the order of the arguments
SHAPES = {
    "t": (Symbol("nu"),),
    "tweedie": (Symbol("p"),),
    "one_inflated_beta": (Symbol("omega"),),
    "ordered_beta": (Sub(Symbol("c"), Number("0")), Sub(Symbol("c"), ONE)),
}


def base_of(family):
    """Name of the family within a hurdle, zero-inflated or truncated one."""
    while hasattr(family, "base"):
        family = family.base
    return family.name


def dispersion_symbol(family):
    """The letter of a family's dispersion."""
    return Symbol(DISPERSION.get(base_of(family), "phi"))


def shape_symbols(family):
    """The letters of a family's parameters after its dispersion."""
    return SHAPES.get(base_of(family), ())


def shape_values(family, extras):
    """What these letters stand for: the numbers themselves."""
    values = {name: float(family.natural(name, extras[name][0])) for name in family.extra_names}
    if "gap" in values:  # the distance is shown as the cutpoint at its end
        values["gap"] += values["cut"]
    return list(values.values())


def response_line(fit, response, index, dispersion, shapes):
    """The distribution of the response.

    Returns lines (list of Line), notes (list of str).

    Parameters
    ----------
    index : Node
        Of the row.
    dispersion : Node
        A letter, or its value.
    shapes : list of Node
        The same of further parameters: degrees of freedom of t, the power of Tweedie.
    """
    name = fit.family.name
    mu = Sub(MU, index)
    base = base_of(fit.family)
    trials, notes = Sub(Symbol("n"), index), []
    if fit.response.size is not None:
        counts = successes_and_trials(fit.design.spec)
        if counts is None:
            notes = ["n is the number of trials of a row; the response is successes among them."]
        else:
            response, trials = (Sub(Word(text), index) for text in counts)
    if name == "binomial":
        if fit.response.size is None:
            return [Line(response, "~", call("Bernoulli", mu))], []
        return [Line(response, "~", call("Binomial", trials, mu))], notes
    if name == "betabinomial":
        return [Line(response, "~", call("BetaBinomial", trials, mu, dispersion))], [
            *notes, "BetaBinomial is given by its trials, mean and precision.",
        ]  # fmt: skip
    if base not in BASES:
        return [Line(response, "~", call(name, mu))], []
    word, arguments = BASES[base]
    if fit.family.discrete and name.startswith(("truncated_", "hurdle_")):
        word = f"Truncated{word}"
    density = call(word, *arguments(mu, dispersion, *shapes))
    notes = [NOTES[base]] if NOTES.get(base) else []
    if word.startswith("Truncated"):
        notes = [*notes, "Truncated: given that it is not zero; μ is its mean before that."]
    if fit.family.zeros is None:
        return [Line(response, "~", density)], notes
    pi = Sub(Symbol("pi"), index)
    zero = "zero" if fit.family.zeros == "all" else "an extra zero, {0},"
    parts = row(
        Fence("(", _less(ONE, pi), ")"), Operator("dot"), density, Operator("+"), pi,
        Operator("dot"), Word("{0}"),
    )  # fmt: skip
    return [Line(response, "~", parts)], [
        *notes, f"A mixture: {zero} with probability π, else the distribution.",
    ]  # fmt: skip


def successes_and_trials(spec):
    """The texts of both, where the response is written ``successes / trials`` or as ``cbind``."""
    node = strip(spec.formula.response)
    if isinstance(node, Chain) and node.ops == ("/",):
        return tuple(unparse(strip(operand)) for operand in node.operands)
    if isinstance(node, Call) and node.function == "cbind" and len(node.args) == 2:
        first, second = (unparse(arg) for arg in node.args)
        return first, f"({first} + {second})"
    return None


def linked(link, mu):
    """The link of a mean, written out."""
    written = {
        "identity": mu,
        "logit": call("logit", mu),
        "log": call("log", mu),
        "probit": row(Sup(Symbol("Phi"), row(Operator("minus"), ONE)), Fence("(", mu, ")")),
        "inverse": row(ONE, Operator("/"), mu),
        "sqrt": call("sqrt", mu),
    }
    return written.get(link, call(link, mu))
