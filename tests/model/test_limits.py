"""Likelihoods without a maximum: which limit they rise to is said, wherever a fit speaks.

Data are built that drive each family to its limits. What the log-likelihood tends to is known from
elsewhere: the entropy of the levels' outcomes, the limit's own density in the brute-force oracle,
or the simpler family's fit, whose optima other programs confirm (test_golden_glmm.py).
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.special import expit, xlogy
from scipy.stats import logser

import mixedeffects as me
from mixedeffects.estimation.laplace.supremum import supremum
from tests import tolerances as tol
from tests.oracles.quadrature import laplace_loglik, marginal_loglik, row_density

LEVELS, EACH = 20, 6
G = np.repeat(np.arange(LEVELS), EACH)
ROWS = G.size


def glmm(formula, data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.glmm(formula, data, **options)


def base():
    """A predictor, level effects and a seed's generator."""
    rng = np.random.default_rng(3)
    return rng, rng.normal(size=LEVELS)[G] * 0.5, rng.normal(size=ROWS)


def even_counts():
    """Counts that vary less than Poisson counts of their mean."""
    _, b, x = base()
    return {"y": np.maximum(np.round(np.exp(0.5 + b + 0.3 * x) + 1), 1).astype(int), "x": x, "g": G}


def even_successes():
    _, b, x = base()
    return {"y": np.round(10 * expit(b + 0.3 * x)).astype(int), "n": np.full(ROWS, 10),
            "x": x, "g": G}  # fmt: skip


def few_zeros():
    rng, b, x = base()
    y = rng.poisson(np.exp(0.5 + b + 0.3 * x))
    y[(y == 0) & (np.arange(ROWS) % 4 > 0)] = 1
    return {"y": y, "x": x, "g": G}


def light_tails():
    rng, b, x = base()
    return {"y": b + rng.uniform(-1, 1, ROWS), "x": x, "g": G}


SERIES = {"y": [1] * 40 + [2] * 8 + [3] * 4 + [9, 14, 37, 60], "g": [i % 7 for i in range(56)]}
FORMULA = "y ~ x + (1 | g)"
NO_MORE = "no more dispersed than"

# data, formula, options, the limit's words, the simpler model with the same log-likelihood
SIMPLER = {
    "nbinom2": (even_counts, FORMULA, {"family": "nbinom2"}, f"{NO_MORE} Poisson", "poisson"),
    "nbinom1": (even_counts, FORMULA, {"family": "nbinom1"}, f"{NO_MORE} Poisson", "poisson"),
    "betabinomial": (
        even_successes, "y / n ~ x + (1 | g)", {"family": "betabinomial"}, f"{NO_MORE} binomial",
        "binomial",
    ),
    "truncated_nbinom2": (
        even_counts, FORMULA, {"family": "truncated_nbinom2"}, f"{NO_MORE} truncated Poisson",
        "truncated_poisson",
    ),
    "truncated_nbinom1": (
        even_counts, FORMULA, {"family": "truncated_nbinom1"}, f"{NO_MORE} truncated Poisson",
        "truncated_poisson",
    ),
    "t": (light_tails, FORMULA, {"family": "t"}, f"{NO_MORE} normal", "gaussian"),
    "zi": (few_zeros, FORMULA, {"family": "poisson", "zi": "~ 1"}, "no more zeros", "poisson"),
    "zi_x": (few_zeros, FORMULA, {"family": "poisson", "zi": "~ x"}, "no more zeros", "poisson"),
    "zi_nbinom1": (
        few_zeros, FORMULA, {"family": "nbinom1", "zi": "~ 1"}, "no more zeros", "poisson",
    ),
    "zi_nbinom2": (
        few_zeros, FORMULA, {"family": "nbinom2", "zi": "~ 1"}, f"{NO_MORE} Poisson", "poisson",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIMPLER)
def test_a_family_at_its_limit_is_the_simpler_family(name):
    data, formula, options, words, simpler = SIMPLER[name]
    fit = glmm(formula, data(), **options)
    other = glmm(formula, data(), family=simpler)
    assert other.converged
    assert fit.loglik == pytest.approx(other.loglik, abs=tol.LIMIT_LOGLIK_ABS)
    assert not fit.converged and not fit.certificate.separation
    assert words in " ".join(fit.certificate.limits)
    assert all("dispersion" in n or "df" in n or "zi" in n for n in fit.certificate.infinite)
    assert "separation" not in fit.certificate.message


def even_counts_and_zeros():
    """Counts that vary less than Poisson counts, and zeros of another origin."""
    data = even_counts()
    return {**data, "y": np.where(np.arange(ROWS) % 5 == 0, 0, data["y"])}


# data, options, the simpler family's options
SPREAD_AT_ITS_LIMIT = {
    "truncated_nbinom2": (
        even_counts, {"family": "truncated_nbinom2"}, {"family": "truncated_poisson"},
    ),
    "hurdle_nbinom1": (
        even_counts_and_zeros, {"family": "hurdle_nbinom1", "zi": "~ x"},
        {"family": "hurdle_poisson", "zi": "~ x"},
    ),
    "zi_nbinom2": (
        even_counts_and_zeros, {"family": "nbinom2", "zi": "~ x", "dispersion": "~ x"},
        {"family": "poisson", "zi": "~ x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPREAD_AT_ITS_LIMIT)
@pytest.mark.parametrize("interval", [None, "confidence", "prediction"])
def test_predictions_with_a_spread_at_its_limit_are_the_simpler_familys(name, interval):
    """Its mean depends on the dispersion, which has no finite estimate, but no longer moves."""
    data, options, simpler = SPREAD_AT_ITS_LIMIT[name]
    fit, other = (glmm(FORMULA, data(), **o) for o in (options, simpler))
    assert fit.certificate.limits and not other.certificate.limits
    found, wanted = (f.predict(interval=interval) for f in (fit, other))
    if interval is None:
        assert found == pytest.approx(wanted, rel=tol.GLMM_PREDICTION_RTOL)
        return
    for column in ("prediction", "std_error", "lower", "upper"):
        assert np.asarray(found[column]) == pytest.approx(
            np.asarray(wanted[column]), rel=tol.GLMM_PREDICTION_ERROR_RTOL
        )


@pytest.mark.parametrize("name", SPREAD_AT_ITS_LIMIT)
def test_marginal_means_with_a_spread_at_its_limit_are_the_simpler_familys(name):
    data, options, simpler = SPREAD_AT_ITS_LIMIT[name]
    found, wanted = (
        glmm(FORMULA, data(), **o).emmeans([], component="response").tidy()
        for o in (options, simpler)
    )
    for column in ("estimate", "std_error", "lower", "upper"):
        assert np.asarray(found[column]) == pytest.approx(
            np.asarray(wanted[column]), rel=tol.GLMM_PREDICTION_ERROR_RTOL
        )


def series_density(y):
    """Fisher's logarithmic series with the linear predictor as the logit of its parameter."""
    return lambda rows, eta: logser.logpmf(y[rows], expit(eta))


@pytest.mark.parametrize("family", ["truncated_nbinom2", "hurdle_nbinom2"])
def test_the_limit_of_truncated_counts_is_the_logarithmic_series(family):
    """Mean and theta go to zero together; their ratio is the series' odds."""
    data, none = SERIES, 20
    options = {}
    if family.startswith("hurdle"):
        data = {"y": SERIES["y"] + [0] * none, "g": [i % 7 for i in range(56 + none)]}
        options = {"zi": "~ 1"}
    fit = glmm("y ~ 1 + (1 | g)", data, family=family, **options)
    y, g = (np.asarray(data[name]) for name in "yg")
    some = y > 0
    offset = np.full(some.sum(), fit.beta[0] - fit.extras["dispersion"][0])
    limit = laplace_loglik(
        series_density(y[some]), offset, g[some], np.ones((some.sum(), 1)), fit.lambdas[0]
    )
    p = none / y.size
    zeros = xlogy(none, p) + xlogy(56, 1 - p) if family.startswith("hurdle") else 0.0
    assert fit.loglik == pytest.approx(limit + zeros, abs=tol.GLMM_LAPLACE_ATOL)
    assert not fit.converged
    assert "logarithmic series" in fit.certificate.message
    assert set(fit.certificate.infinite) == {"(Intercept)", "dispersion: (Intercept)"}


@pytest.mark.parametrize("family", ["truncated_nbinom2", "truncated_nbinom1"])
def test_predictions_at_the_logarithmic_series_are_its_mean(family):
    """SciPy's mean of the series; the predictors themselves are at minus infinity."""
    fit = glmm("y ~ 1 + (1 | g)", SERIES, family=family)
    (spread,) = fit.extras["dispersion"]
    odds = spread if family.endswith("1") else fit.beta[0] - spread
    typical = fit.predict(groups="population", new_levels="population")
    assert typical == pytest.approx(logser.mean(expit(odds)), rel=tol.GLMM_PREDICTION_RTOL)
    assert fit.predict() == pytest.approx(fit.fitted, rel=tol.GLMM_PREDICTION_RTOL)
    assert np.isneginf(fit.predict(scale="link")).all()


def test_the_limit_of_the_linear_truncated_family_is_the_series_too():
    fit = glmm("y ~ 1 + (1 | g)", SERIES, family="truncated_nbinom1")
    phi = np.exp(fit.extras["dispersion"][0])
    y, g = np.asarray(SERIES["y"]), np.asarray(SERIES["g"])
    offset = np.full(y.size, np.log(phi))  # the series' odds; no effect of a level is left
    limit = laplace_loglik(series_density(y), offset, g, np.ones((56, 1)), np.zeros((1, 1)))
    assert fit.loglik == pytest.approx(limit, abs=tol.LIMIT_LOGLIK_ABS)
    assert "logarithmic series" in fit.certificate.message and not fit.converged


@pytest.mark.parametrize("family", ["truncated_poisson", "truncated_nbinom1"])
def test_counts_of_one_only(family):
    fit = glmm(FORMULA, {**even_counts(), "y": np.ones(ROWS, dtype=int)}, family=family)
    assert fit.loglik == pytest.approx(0.0, abs=tol.LIMIT_LOGLIK_ABS)
    assert not fit.converged and "all counts above zero are 1" in fit.certificate.message


def test_rows_with_one_outcome_each_have_no_precision():
    """All or none of ten trials: a Bernoulli variable in disguise."""
    rng, _, x = base()
    z = (rng.random(ROWS) < 0.4).astype(int)
    data = {"y": 10 * z, "n": np.full(ROWS, 10), "z": z, "x": x, "g": G}
    fit = glmm("y / n ~ x + (1 | g)", data, family="betabinomial")
    assert fit.loglik == pytest.approx(glmm("z ~ x + (1 | g)", data).loglik, abs=tol.SAME_OPTIMUM)
    assert "all trials of a row have the same outcome" in fit.certificate.message
    with pytest.raises(me.ModelError, match="nothing can be said of the precision"):
        glmm("z ~ x + (1 | g)", data, family="betabinomial")


def test_a_tail_without_a_mean():
    rng, _, _ = base()
    y = np.exp(6.0 * rng.normal(size=ROWS))
    fit = glmm("y ~ 1 + (1 | g)", {"y": y, "g": G}, family="inverse_gaussian", link="log")
    assert not fit.converged and "Levy" in fit.certificate.message


# --- standard deviations that are infinite --------------------------------------------------------

LINKS = ("logit", "probit", "cloglog", "loglog", "cauchit")


def alike(zeros=36, ones=24, each=3):
    outcome = np.r_[np.zeros(zeros, dtype=int), np.ones(ones, dtype=int)]
    n = zeros + ones
    return {"y": np.repeat(outcome, each), "g": np.repeat(np.arange(n), each)}


def entropy(*counts):
    n = np.asarray(counts, dtype=float)
    return float(xlogy(n, n / n.sum()).sum())


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("nagq", [1, 0, 15])
def test_levels_of_one_outcome_have_an_infinite_standard_deviation(link, nagq):
    """P(all 0) + P(all 1) <= 1, so that the log-likelihood is at most that of shares 36 : 24."""
    fit = glmm("y ~ 1 + (1 | g)", alike(), link=link, nagq=nagq)
    certificate = fit.certificate
    assert not fit.converged and not certificate.infinite
    assert "standard deviation between levels of 'g' goes to infinity" in certificate.message
    bound = entropy(36, 24)
    assert supremum(fit.evaluation.objective.problem) == pytest.approx(bound, abs=tol.EXACT_SUM)
    assert (certificate.supremum is not None) == (fit.loglik > bound + 1e-3)
    if certificate.supremum is not None:
        assert f"{fit.loglik:.2f} cannot be a log-likelihood" in certificate.message


def more_alike():
    data = alike(each=4)
    n = data["y"].size
    x = np.linspace(-1, 1, n)[np.random.default_rng(1).permutation(n)]
    yield "predictor", "y ~ x + (1 | g)", {**data, "x": x}, {}, "'g'"
    yield "slope", "y ~ 1 + (x | g)", {**data, "x": x}, {}, "'g'"
    yield "crossed", "y ~ 1 + (1 | g) + (1 | i)", {**data, "i": np.arange(n) % 4}, {}, "'g'"
    yield (
        "trials",
        "k / n ~ 1 + (1 | g)",
        {**data, "k": 5 * data["y"], "n": np.full(n, 5)},
        {},
        "'g'",
    )
    three = {**data, "y": data["y"] + (data["g"] % 3 == 0)}
    yield "ordinal", "y ~ 1 + (1 | g)", three, {"family": "ordinal"}, "'g'"
    rng, b, x = base()
    some = np.where(G % 2 == 0, 0, 1 + rng.poisson(np.exp(0.5 + b)))
    for family in ("hurdle_poisson", "poisson"):
        options = {"family": family, "zi": "~ 1 + (1 | g)"}
        yield family, FORMULA, {"y": some, "x": x, "g": G}, options, "'zi: g'"


@pytest.mark.parametrize("case", list(more_alike()), ids=lambda case: case[0])
def test_infinite_standard_deviations_of_other_models(case):
    _, formula, data, options, name = case
    fit = glmm(formula, data, **options)
    assert not fit.converged and fit.certificate.no_maximum
    assert f"standard deviation between levels of {name} goes to infinity" in str(fit.summary())


@pytest.mark.parametrize("nagq", [1, 25])
def test_one_odd_answer_makes_the_standard_deviation_finite_but_not_its_approximation(nagq):
    """With one row of 180 turned no level effect is infinite; Laplace's value is impossible."""
    data = alike()
    data["y"][0] = 1
    fit = glmm("y ~ 1 + (1 | g)", data, nagq=nagq)
    # one level of one in three: three equally probable arrangements
    bound = entropy(35, 24, 1) - np.log(3)
    assert supremum(fit.evaluation.objective.problem) == pytest.approx(bound, abs=tol.EXACT_SUM)
    assert not fit.converged and not fit.certificate.no_maximum
    if nagq == 1:
        assert fit.loglik > bound and "cannot be a log-likelihood" in fit.certificate.message
    else:
        assert "which the likelihood itself does not" in fit.certificate.message


def test_rows_of_unlike_trials_are_no_rearrangement_of_each_other():
    """One success of 1 and none of 4 is another response than none of 1 and one of 4."""
    first = np.r_[np.ones(8, dtype=int), np.zeros(4, dtype=int)]
    data = {
        "y": np.column_stack([first, 1 - first]).ravel(), "n": np.tile([1, 4], 12),
        "g": np.repeat(np.arange(12), 2),
    }  # fmt: skip
    fit = glmm("y / n ~ 1 + (1 | g)", data)
    bound = supremum(fit.evaluation.objective.problem)
    assert bound == pytest.approx(entropy(8, 4), abs=tol.EXACT_SUM)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("family", ["binomial", "poisson", "trials", "ordinal"])
def test_no_parameters_exceed_the_supremum(family, seed):
    """Brute force at random parameters, also after the levels were made as alike as can be."""
    rng = np.random.default_rng(seed)
    levels, each = 8, 3
    g = np.repeat(np.arange(levels), each)
    x = np.tile([0.0, 0.0, 1.0], levels)
    y = rng.binomial(1, 0.5, g.size) if seed % 2 else np.repeat(rng.binomial(1, 0.5, levels), each)
    y[:each], y[-each:] = 0, 1
    data, formula = {"y": y, "x": x, "g": g}, "y ~ x + (1 | g)"
    size, options, extras = None, {"family": family}, ()
    if family == "trials":
        size, formula, options = np.full(g.size, 2), "y / n ~ x + (1 | g)", {}
        data = {**data, "y": 2 * y, "n": size}
    elif family == "ordinal":
        data["y"], extras = y + np.repeat(rng.binomial(1, 0.3, levels), each), np.array([-1.0, 1.0])
    fit = glmm(formula, data, **options)
    bound = supremum(fit.evaluation.objective.problem)
    kind = "binomial" if family == "trials" else family
    density = row_density(
        kind, "log" if kind == "poisson" else "logit", np.asarray(data["y"]), size, extras
    )
    highest = -np.inf
    for sd in (0.3, 1.0, 3.0, 8.0):
        for b0, b1 in rng.normal(size=(4, 2)) * max(1.0, 0.5 * sd):
            value = marginal_loglik(
                density, b0 + b1 * x, g, np.ones((g.size, 1)), np.array([[sd]]), points=2001
            )
            highest = max(highest, value)
    assert highest < bound


# --- exact fits -----------------------------------------------------------------------------------


def exact():
    _, b, x = base()
    for family, y in (
        ("gaussian", b), ("gamma", np.exp(b)), ("beta", expit(b)), ("t", b),
    ):  # fmt: skip
        yield family, "y ~ 1 + (1 | g)", {"y": y, "g": G}, {"family": family}
    options = {"family": "inverse_gaussian", "link": "log"}
    yield "inverse_gaussian", "y ~ 1 + (1 | g)", {"y": np.exp(b), "g": G}, options
    y = np.exp(b + 0.3 * x)
    yield "predictor", FORMULA, {"y": y, "x": x, "g": G}, {"family": "gamma"}
    rng = np.random.default_rng(0)
    half = np.where(G % 2, np.exp(b), np.exp(b) * rng.gamma(5, 0.2, ROWS))
    options = {"family": "gamma", "dispersion": "~ h"}
    yield "half of the rows", "y ~ 1 + (1 | g)", {"y": half, "g": G, "h": G % 2 * 1.0}, options
    ties = np.where(np.arange(ROWS) % 10 < 7, 1.0, 50 * rng.normal(size=ROWS))
    yield "ties", "y ~ 1 + (1 | g)", {"y": ties, "g": G}, {"family": "t"}


@pytest.mark.parametrize("case", list(exact()), ids=lambda case: case[0])
def test_a_response_that_is_fitted_exactly(case):
    _, formula, data, options = case
    fit = glmm(formula, data, **options)
    assert not fit.converged and fit.certificate.no_maximum
    assert "rises without bound: the model fits responses exactly" in fit.certificate.message
    assert all(name.startswith("dispersion:") for name in fit.certificate.infinite)


# --- what has a maximum is not accused ------------------------------------------------------------


def sound():
    rng, b, x = base()
    normal = b + 0.3 * x + rng.normal(size=ROWS)
    yield (
        "tiny residuals",
        FORMULA,
        {"y": b + 1e-5 * normal, "x": x, "g": G},
        {"family": "gaussian"},
    )
    yield "huge units", FORMULA, {"y": 1e9 * normal, "x": x, "g": G}, {"family": "gaussian"}
    cauchy = rng.standard_cauchy(ROWS)
    yield "heavy tails", "y ~ 1 + (1 | g)", {"y": cauchy, "g": G}, {"family": "t"}
    many = rng.poisson(np.exp(9 + b))
    for link in ("log", "sqrt"):
        yield link, FORMULA, {"y": many, "x": x, "g": G}, {"family": "poisson", "link": link}
    yield "nbinom2", FORMULA, {"y": rng.negative_binomial(2, 0.02, ROWS), "x": x, "g": G}, {
        "family": "nbinom2"
    }  # fmt: skip
    wide = rng.binomial(1, expit(6 * b + 0.5 * x))
    yield "wide", FORMULA, {"y": wide, "x": x, "g": G}, {}
    yield "precise", FORMULA, {"y": np.exp(b + 1e-4 * normal), "x": x, "g": G}, {"family": "gamma"}
    one = {"y": [1, 2, 5, 3, 8, 20, 7, 4, 12, 10**8], "g": list(range(10))}
    yield "outlier", "y ~ 1 + (1 | g)", one, {"family": "poisson", "link": "sqrt"}


@pytest.mark.parametrize("case", list(sound()), ids=lambda case: case[0])
def test_no_limit_is_seen_where_there_is_none(case):
    _, formula, data, options = case
    with warnings.catch_warnings():
        warnings.simplefilter("error", me.ConvergenceWarning)
        fit = me.glmm(formula, data, **options)
    assert fit.converged and not fit.certificate.hopeless


# --- wherever a fit speaks ------------------------------------------------------------------------


def said():
    yield "logarithmic series", SERIES, {"family": "truncated_nbinom2"}
    yield "standard deviation between levels of 'g' goes to infinity", alike(), {}
    odd = alike()
    odd["y"][0] = 1
    yield "cannot be a log-likelihood", odd, {}
    yield "fits responses exactly", {"y": np.exp(base()[1]), "g": G}, {"family": "gamma"}


@pytest.mark.parametrize("case", list(said()), ids=lambda case: case[0])
def test_limits_reach_the_user(case, tmp_path):
    words, data, options = case
    with pytest.warns(me.ConvergenceWarning, match=words) as caught:
        fit = me.glmm("y ~ 1 + (1 | g)", data, **options)
    assert len(caught) == 1
    page, file = tmp_path / "page.html", tmp_path / "fit.zip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit.report(page)
    fit.save(file)
    flat = [
        " ".join(str(text).split())
        for text in (fit.summary(), fit.diagnose(), fit.interpret(), me.load(file).summary())
    ]
    assert all(words in text for text in flat)
    assert words in page.read_text(encoding="utf-8").replace("&#x27;", "'").replace("&#39;", "'")
    again = me.load(file).certificate
    for name in ("converged", "infinite", "limits", "separation", "supremum", "advice"):
        assert getattr(again, name) == getattr(fit.certificate, name)
