"""What was fitted to what, and which rows were left out."""

from __future__ import annotations

from mixedeffects.display.words.clauses import random_name
from mixedeffects.display.words.phrases import listed, percent, plural, upper_first
from mixedeffects.inference.interpretation.effects import unquoted

# in what a summary says of an approximation that quadrature moves
INACCURATE = "is not accurate here"
DISTRIBUTIONS = {
    "binomial": "binomial", "betabinomial": "beta-binomial", "poisson": "Poisson",
    "nbinom1": "negative binomial with variance linear in the mean",
    "nbinom2": "negative binomial with variance quadratic in the mean", "gamma": "gamma",
    "inverse_gaussian": "inverse Gaussian", "beta": "beta", "gaussian": "normal",
    "t": "Student's t", "ordinal": "cumulative model of ordered categories",
    "truncated_poisson": "zero-truncated Poisson",
    "truncated_nbinom1": "zero-truncated negative binomial",
    "truncated_nbinom2": "zero-truncated negative binomial",
    "hurdle_poisson": "hurdle Poisson", "hurdle_nbinom1": "hurdle negative binomial",
    "hurdle_nbinom2": "hurdle negative binomial",
    "zero_inflated_poisson": "zero-inflated Poisson",
    "zero_inflated_nbinom1": "zero-inflated negative binomial",
    "zero_inflated_nbinom2": "zero-inflated negative binomial",
    "compois": "Conway–Maxwell–Poisson",
    "truncated_compois": "zero-truncated Conway–Maxwell–Poisson",
    "hurdle_compois": "hurdle Conway–Maxwell–Poisson",
    "zero_inflated_compois": "zero-inflated Conway–Maxwell–Poisson",
    "lognormal": "log-normal", "hurdle_lognormal": "hurdle log-normal",
    "hurdle_gamma": "hurdle gamma", "tweedie": "Tweedie",
    "zero_inflated_tweedie": "zero-inflated Tweedie",
    "zero_inflated_beta": "zero-inflated beta", "one_inflated_beta": "one-inflated beta",
    "zero_one_inflated_beta": "zero-one-inflated beta", "ordered_beta": "ordered beta",
}  # fmt: skip


def model_sentences(facts):
    """The model, how it was fitted, its random terms and the sizes of the groups.

    Returns list of str.
    """
    s = facts.summary
    if s.family is None:
        how = "restricted maximum likelihood (REML)" if s.reml else "maximum likelihood (ML)"
        what = "A linear mixed model"
    else:
        name = DISTRIBUTIONS.get(facts.distribution, str(facts.distribution))
        if facts.distribution != "ordinal":
            head, _, tail = name.partition(" with ")
            name = f"{head} distribution" + (f" with {tail}" if tail else "")
        what = f"A generalised linear mixed model ({name}, {facts.link} link)"
        how = f"maximum likelihood ({s.approximation})"
    out = [
        f"{what} of {facts.response} was fitted to {plural(s.nobs, 'row')} by {how} with "
        f"mixedeffects {facts.version}."
    ]
    if not s.certificate.converged and not s.certificate.limit:
        out.append(
            "Its estimates are not certified and are no basis for conclusions: read what is said "
            "of the convergence, at the end, first."
        )
    elif INACCURATE in s.accuracy:
        out.append(
            "The approximation of its likelihood is not accurate for these data: read what is said "
            "of the convergence, at the end, first."
        )
    terms = list(dict.fromkeys(unquoted(e.term) for e in facts.effects if e.pieces != ()))
    fixed = (
        f"Its fixed effects are {listed(terms)}" if len(terms) > 1
        else f"Its fixed effect is {terms[0]}" if terms
        else "It has no predictors"
    )  # fmt: skip
    random = listed(random_words(*term, cells=facts.cells) for term in facts.random)
    several = sum(len(names) for _, names, _ in facts.random) > 1
    out.append(f"{fixed}; its random {'effects are' if several else 'effect is'} {random}.")
    out += [group_words(g) for g in s.groups]
    if facts.rate:
        out.append("An exposure makes it a model of rates: of the response per unit of exposure.")
    elif facts.exposure is not None:
        out.append(
            f"An offset, the logarithm of {facts.exposure}, is part of the linear predictor with a "
            f"coefficient of one: it makes it a model of rates, of {facts.response} per unit of "
            f"{facts.exposure}."
        )
    elif facts.offset:
        out.append("An offset, whose coefficient is one, is part of the linear predictor.")
    if facts.weighted:
        by = f" by {unquoted(facts.weights)}" if facts.weights else ""
        out.append(f"Rows were weighted{by}.")
    return out + [upper_first(n if n.endswith(".") else f"{n}.") for n in s.notes]


def random_words(group, names, how, cells=frozenset()):
    """As in "an intercept and a slope of Days for each level of Subject".

    Examples
    --------
    >>> random_words("Subject", ("(Intercept)", "Days"), "correlated")
    'an intercept and a slope of Days (correlated) for each level of Subject'
    """
    said = [random_name(name, (group.removeprefix("zi: "), name) in cells) for name in names]
    words = [f"{'an' if name[0] in 'ie' else 'a'} {name}" for name in said]
    how = "" if len(names) < 2 else f" ({how})"
    where = unquoted(group.removeprefix("zi: "))
    part = " among the zeros" if group.startswith("zi: ") else ""
    return f"{listed(words)}{how} for each level of {where}{part}"


def group_words(g):
    """How many levels a factor has, and how many rows they have."""
    name = unquoted(g.name)
    if g.smallest == g.largest:
        return f"{name} has {plural(g.n_levels, 'level')} of {plural(g.smallest, 'row')} each."
    return (
        f"{name} has {plural(g.n_levels, 'level')} with {g.smallest:,} to {g.largest:,} rows, "
        f"{g.mean:,.1f} on average."
    )


def missing_sentences(facts):
    """Rows that were left out, and when that does no harm. Returns list of str."""
    missing = facts.summary.missing
    left_out = missing.n_rows - missing.n_used
    if not left_out:
        uneven = [g for g in facts.summary.groups if g.smallest != g.largest]
        if not uneven:
            return ["No row was left out for a missing value."]
        return [
            "No row was left out for a missing value. Levels have different numbers of rows, and "
            "all of them count; where rows were planned and are absent, the estimates hold if "
            "their absence depends on nothing but what was observed (missing at random)."
        ]
    counts = {**facts.missing_response, **facts.missing_predictors}
    where = listed(f"{name}: {count:,}" for name, count in counts.items())
    verb = "was" if left_out == 1 else "were"
    out = [
        f"{left_out:,} of {missing.n_rows:,} rows ({percent(left_out / missing.n_rows)}) {verb} "
        f"left out because a value is missing ({where}); the other rows of the same level stay."
    ]
    if facts.missing_response:
        out.append(
            f"For missing values of {listed(facts.missing_response)} the estimates hold if "
            "whether a value is missing depends on nothing but what was observed (missing at "
            "random), which these data cannot prove."
        )
    if facts.missing_predictors:
        out.append(
            f"For missing values of {listed(facts.missing_predictors)} "
            f"{'they' if facts.missing_response else 'the estimates'} hold if, among rows with the "
            "same predictors, being left out does not depend on the response."
        )
    return out
