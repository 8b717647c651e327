"""Other responses: one is a fit, several are a table of fits, each what a fit of its own finds."""

from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me
from mixedeffects.errors import ConvergenceWarning, DataError
from tests import tolerances

# coefficients are in larger units than log-likelihoods
SLACK = 10


@cache
def sleep(**options):
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(), **options)


@cache
def cbpp():
    return me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp(), family="binomial")


@pytest.mark.parametrize("make", [sleep, lambda: sleep(reml=False), cbpp])
def test_each_response_is_what_its_own_fit_finds(make):
    fit = make()
    Y = fit.simulate(4, rng=1)
    many = fit.refit(Y)
    frame, lines = many.tidy(), many.glance()
    assert many.names == (0, 1, 2, 3) and len(many) == 4
    atol = tolerances.REFIT_ATOL if fit.linear else tolerances.OPTIMUM_E4
    for i in range(4):
        one = fit.refit(Y[:, i])
        p = one.beta.size
        np.testing.assert_allclose(many.estimates[i, :p], one.beta, atol=SLACK * atol)
        np.testing.assert_allclose(many.theta[i], one.theta, atol=SLACK * atol)
        np.testing.assert_allclose(many.loglik[i], one.loglik, atol=atol)
        for name in ("aic", "bic"):
            np.testing.assert_allclose(lines[name][i], getattr(one, name), atol=SLACK * atol)
        tidy = one.tidy()
        mine = frame[frame["response"] == i]
        assert mine["term"].tolist() == tidy["term"].tolist()
        assert mine["effect"].tolist() == tidy["effect"].tolist()
        np.testing.assert_allclose(
            mine["estimate"].to_numpy(float), tidy["estimate"].to_numpy(float), atol=SLACK * atol
        )
        if fit.linear:
            np.testing.assert_allclose(many.sigma[i], one.sigma, atol=atol)
            np.testing.assert_allclose(
                mine["std_error"][:p], tidy["std_error"][:p], atol=tolerances.OPTIMUM_E4
            )
        np.testing.assert_allclose(many.fit(i).loglik, one.loglik, atol=atol)
    assert ("sigma" in lines.columns) == (many.sigma is not None) == fit.linear
    assert set(many.status) == set(lines["status"]) == {"converged"}


@pytest.mark.parametrize("make", [sleep, cbpp])
def test_what_simulate_gives_can_be_fitted(make):
    fit = make()
    y = fit.simulate(1, rng=1)
    right = fit.refit(y[:, 0])
    for given in (y, pd.DataFrame(y), pl.DataFrame({"a": y[:, 0]}), {"a": y[:, 0]}, y.tolist()):
        other = fit.refit(given)
        assert type(other) is type(fit)
        assert other.loglik == right.loglik


def test_names_and_labels_of_tables_are_kept():
    fit = sleep()
    Y = fit.simulate(3, rng=2)
    right = fit.refit(Y)
    named = {name: Y[:, i] for i, name in enumerate("abc")}
    shuffled = pd.DataFrame(named).sample(frac=1.0, random_state=1)
    for given in (named, pl.DataFrame(named), pa.table(named), pd.DataFrame(named), shuffled):
        many = fit.refit(given)
        assert many.names == ("a", "b", "c")
        np.testing.assert_array_equal(many.estimates, right.estimates)
    assert many.fit("b").loglik == pytest.approx(right.loglik[1], abs=tolerances.OPTIMUM_E6)
    with pytest.raises(DataError, match=r"no response 'd'.*a, b, c"):
        many.fit("d")
    of_polars = me.lmm(
        "Reaction ~ Days + (1 | Subject)", pl.DataFrame(dict(me.datasets.sleepstudy()))
    )
    assert isinstance(of_polars.refit(named).tidy(), pl.DataFrame)


def test_what_is_printed_is_whole_and_counts():
    fit = sleep()
    Y = fit.simulate(14, rng=3)
    Y[:, 3] = 250.0
    with pytest.warns(ConvergenceWarning, match="1 of 14 responses could not be fitted: 3"):
        many = fit.refit(Y)
    assert many.status[3] == "failed" and np.isnan(many.estimates[3]).all()
    assert np.isnan(many.loglik[3]) and np.isnan(many.theta[3]).all()
    lines = str(many).splitlines()
    counted = {word: many.status.tolist().count(word) for word in ("converged", "singular")}
    said = ", ".join(f"{n} {word}" for word, n in counted.items())
    assert lines[0] == f"14 responses, linear mixed model by REML: {said}, 1 failed"
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == ["response", "(Intercept)", "Days", "sigma", "loglik", "status"]
    assert lines[5].split() == ["3", "–", "–", "–", "–", "failed"]
    assert lines[7].split()[0] == "…" and lines[12].split()[0] == "13"
    assert many._repr_html_().count("<tr>") == 12


def test_coefficients_that_do_not_fit_the_page_are_counted():
    rng = np.random.default_rng(1)
    table = {f"a_long_name_of_column_{i}": rng.normal(size=90) for i in range(6)}
    formula = " + ".join(table) + " + (1 | g)"
    table |= {"y": rng.normal(size=90), "g": np.arange(90) % 9}
    fit = me.lmm(f"y ~ {formula}", table)
    text = str(fit.refit(rng.normal(size=(90, 2))))
    assert max(map(len, text.splitlines())) <= 80
    assert "6 more coefficients are in .tidy()" in text or "5 more coefficients" in text


def test_singular_responses_say_so():
    rng = np.random.default_rng(2)
    table = {"y": rng.normal(size=120) + np.repeat(rng.normal(size=12), 10)}
    table |= {"g": np.repeat(np.arange(12), 10)}
    many = me.lmm("y ~ 1 + (1 | g)", table).refit(rng.normal(size=(120, 12)))
    assert {"converged", "singular"} == set(many.status)
    zero = many.estimates[:, many.terms.index("sd__(Intercept)")] == 0.0
    np.testing.assert_array_equal(zero, many.status == "singular")


def test_separated_and_hopeless_responses_of_a_generalised_model():
    fit = cbpp()
    Y = fit.simulate(3, rng=1)
    Y[fit.design.X[:, 3] == 1, 1] = 0.0  # nobody in the last period
    Y[:, 2] = 0.0
    with pytest.warns(ConvergenceWarning, match="1 of 3 responses could not be fitted: 2"):
        many = fit.refit(Y)
    assert many.status.tolist() == ["converged", "separated", "failed"]
    assert many.estimates[1, 3] == -np.inf


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda Y: Y[:-1], r"y has shape \(179, 3\); the fit used 180 rows"),
        (lambda Y: Y[:, :0], r"y has shape \(180, 0\); it needs"),
        (lambda Y: Y[:, :, None], r"y has shape \(180, 3, 1\); it needs"),
        (lambda Y: np.where(Y[7, 1] == Y, np.nan, Y), "response 1 has values that are missing"),
        (lambda Y: np.where(Y.max(axis=0) == Y, np.inf, Y), r"3 responses \(0, 1, 2\) have"),
        (lambda Y: {"a": ["x"] * 180, "b": Y[:, 0]}, "response 'a' must be numbers"),
        (lambda Y: {"a": Y[:5, 0], "b": Y[:5, 1]}, r"response 'a' has shape \(5,\)"),
        (lambda Y: {"a": [None, *Y[1:, 0]], "b": Y[:, 1]}, "response 'a' has values that are"),
        (lambda Y: pd.DataFrame(Y, columns=["a", "b", "a"]), "2 columns named 'a'"),
        (lambda Y: pd.DataFrame(Y).set_axis(np.arange(180) + 5), "their index is another one"),
        (lambda Y: {}, "no columns"),
    ],
)
def test_what_are_no_responses_is_said(change, said):
    fit = sleep()
    with pytest.raises(DataError, match=said):
        fit.refit(change(fit.simulate(3, rng=1)))


def test_counts_that_are_impossible_are_said_with_their_name():
    fit = cbpp()
    Y = fit.simulate(2, rng=1)
    Y[4, 1] = 1000.0
    with pytest.raises(DataError, match=r"response 'two': row 4 has 1000 of"):
        fit.refit({"one": Y[:, 0], "two": Y[:, 1]})


def test_categories_by_their_names():
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(15), 8)
    latent = rng.normal(size=120) + rng.normal(size=15)[g]
    named = np.array(["low", "middle", "top"])[np.digitize(latent, [-0.5, 0.7])]
    table = {"y": pd.Categorical(named, ["low", "middle", "top"], ordered=True), "g": g}
    fit = me.glmm("y ~ 1 + (1 | g)", pd.DataFrame(table), family="ordinal")
    Y = fit.simulate(2, rng=1)
    words = {k: np.array(["low", "middle", "top"])[Y[:, k].astype(int)] for k in range(2)}
    np.testing.assert_array_equal(fit.refit(words).loglik, fit.refit(Y).loglik)
    Y[:, 1] = np.minimum(Y[:, 1], 1)  # nothing in the last category
    with pytest.warns(ConvergenceWarning, match="1 of 2"):
        assert fit.refit(Y).status.tolist() == ["converged", "failed"]


def test_rows_that_the_fit_left_out_are_left_out_of_the_responses():
    data = pd.DataFrame(dict(me.datasets.sleepstudy()))
    data.loc[[3, 90], "Days"] = np.nan
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", data)
    Y = pd.DataFrame(fit.simulate(2, rng=1), columns=["a", "b"], index=data.index.drop([3, 90]))
    whole = Y.reindex(data.index)
    np.testing.assert_array_equal(fit.refit(whole).loglik, fit.refit(Y).loglik)
