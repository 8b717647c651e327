"""What a newcomer types out of habit is answered with what to write here."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedeffects as me

SLEEP = me.datasets.sleepstudy()
FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def fit():
    return me.lmm(FORMULA, SLEEP)


@pytest.fixture(scope="module")
def binary():
    return me.glmm("slow ~ Days + (1 | Subject)", SLEEP.assign(slow=SLEEP["Reaction"] > 300))


# ---- names -------------------------------------------------------------------------------------

NAMES = {
    "fit.summary().tables": "fit.test()", "fit.summary().as_text": "str(fit.summary())",
    "fit.summary().as_latex": "to_latex()", "fit.summary().coefficients": "fit.test()",
    "fit.plot.residual": "did you mean 'residuals'", "fit.plot.qqplot": "fit.plot.qq()",
    "fit.plot.dotplot": "fit.plot.caterpillar()", "fit.plot()": "fit.plot.check()",
    "fit.plot.check().savefig": "chart.save(path)", "fit.plot.check().fig": "chart.altair",
    "fit.plot.check().properties": "chart.altair.properties",
    'fit.emmeans("Days").pairs': "means.contrasts()",
    'fit.emmeans("Days").cld': "means.letters()",
    "fit.residual": "did you mean 'residuals'", "fit.slopes": "fit.emtrends",
    "fit.mle_retvals": "fit.certificate", "fit.data": "fit.augment(data)", "fit.fit": "fit.again()",
    'me.ols("Reaction ~ Days", SLEEP).params': "fit.fixef",
    'me.ols("Reaction ~ Days", SLEEP).pvalues': 'fit["p_value"]',
    'me.ols("Reaction ~ Days", SLEEP).predict': "me.lmm",
    "me.datasets.sleep": "did you mean 'sleepstudy'", "fit.odds_ratios": "exponentiate=True",
    "me.lmmm": "did you mean 'lmm'", "me.lm": "me.ols", "me.tidy": "fit.tidy()",
    "me.ranova": "fit.ranova()", "me.icc": "fit.icc()", "me.dataset": "did you mean 'datasets'",
}  # fmt: skip


@pytest.mark.parametrize("typed", NAMES)
def test_names_are_answered(fit, typed):
    with pytest.raises((AttributeError, TypeError), match=re.escape(NAMES[typed])):
        eval(typed, {"fit": fit, "me": me, "SLEEP": SLEEP})


@pytest.mark.parametrize("thing", ["fit.summary()", "fit.plot", "fit.plot.qq()", "fit.emmeans()"])
def test_names_of_nothing_are_missing_and_records_can_be_stored(thing):
    fit = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", SLEEP)
    value = eval(thing, {"fit": fit})
    with pytest.raises(AttributeError, match=r"'no_such_name'$"):
        value.no_such_name
    assert not hasattr(value, "__no_such_name__") and not hasattr(value, "_no_such_name")
    assert repr(pickle.loads(pickle.dumps(value))) == repr(value)


@pytest.mark.parametrize("kind", ["fit", "binary"])
def test_records_that_methods_work_with_say_where_the_table_is(kind, request):
    fit = request.getfixturevalue(kind)
    assert "fit.ranef()" in repr(fit.random_effects) and len(repr(fit.random_effects)) < 100
    assert "fit.fixef" in repr(fit.coefficients) and len(repr(fit.coefficients)) < 100
    for key in ("308", 308):
        with pytest.raises(KeyError, match="ranef"):
            fit.random_effects[key]
    assert fit.random_effects[0][0].factor.name == "Subject"


def test_a_row_that_is_asked_for_as_a_column(fit):
    result = fit.test()
    with pytest.raises(KeyError, match=r"no column but a row: .*'Days'"):
        result["Days"]
    with pytest.raises(KeyError, match="'days'"):
        result["days"]
    assert float(result.set_index("term").loc["Days"]["estimate"]) == fit.fixef["Days"]
    assert len(result[result["term"] == "Days"]) == 1


def test_numbers_are_those_of_python(fit, binary):
    for one in (fit, binary):
        for name in ("loglik", "aic", "bic", "aicc"):
            assert type(getattr(one, name)) is float, name


class Poisson:
    """As statsmodels' families are made."""


def test_scales_of_predictions_by_the_name_of_other_packages(binary):
    for kind in ("link", "response"):
        np.testing.assert_array_equal(binary.predict(type=kind), binary.predict(scale=kind))


# ---- options -----------------------------------------------------------------------------------

CALLS = {
    'me.lmm(F, data, method="ml")': "reml=False", 'me.lmm(F, data, weight="w")': "mean weights=",
    'me.lmm(F, data, dispersion="~ x")': "me.glmm", "me.lmm(F)": "needs data",
    "me.lmm(data=data)": "needs formula", 'me.glmm(F, data, reml=True)': "maximum likelihood",
    'me.lmm(F, data, False)': "by the name of an option", "me.lmm(data, F)": "formula comes first",
    'fit.confint("Days")': "options: method", 'fit.vcov("CR2")': "options: method",
    "fit.predict(data, return_std=True)": 'interval="confidence"',
    'fit.anova(test="F")': "ddf=", "fit.test(foo=1)": "no option foo=",
    'fit.ranef("Subject")': "options: level", 'fit.bootstrap(5, "cluster")': "options: method",
    "me.explore(data, target='Days')": "here it is outcome=",
    "me.explore(data, id='Subject')": "here it is subject=",
    "me.rm_anova(data, dv='Reaction', subject='Subject', within='Days')": "outcome",
    "me.compare(fit, fit, method='LRT')": "test=", "me.ols(F, data, wieghts='w')": "mean weights=",
    "me.explain(F, data, famly='binomial')": "mean family=",
    "fit.predict(data, type='response')": "a linear one has one scale",
    "me.glmm(F, data, family='quasipoisson')": 'family="nbinom1"',
    "me.glmm(F, data, family=me.family.binomial)": "write family='binomial'",
    "me.glmm(F, data, family=Poisson())": "write family='poisson'",
    "me.glmm(F, data)": "such as family='gamma'",
    'fit.emmeans("pairwise ~ Days")': "the differences of means are contrasts",
}  # fmt: skip


@pytest.mark.parametrize("typed", CALLS)
def test_calls_that_are_not_ours_are_answered(fit, typed):
    with pytest.raises(me.MixedEffectsError, match=re.escape(CALLS[typed])) as caught:
        eval(typed, {"fit": fit, "me": me, "data": SLEEP, "F": FORMULA, "Poisson": Poisson})
    if "has no option" in str(caught.value):
        assert isinstance(caught.value, TypeError) and isinstance(caught.value, ValueError)


def test_an_error_inside_a_right_call_is_its_own():
    def broken(rng):
        raise TypeError("inside")

    fit = me.lmm(FORMULA, SLEEP)
    with pytest.raises(TypeError, match="inside") as caught:
        fit.bootstrap(2, statistic=broken)
    assert not isinstance(caught.value, me.UnknownOptionError)


# ---- tables ------------------------------------------------------------------------------------

TABLES = {
    "data.set_index('Subject')": "reset_index",
    "data.set_index(['Subject', 'Days'])": "reset_index",
    "data.to_dict('records')": "pandas.DataFrame(data)", "data.to_numpy()": "columns=[...]",
    "data.iloc[0]": "to_frame().T", "'sleep.csv'": "pandas.read_csv('sleep.csv')",
    "dict(Days=1, Reaction=2, Subject='a')": "of one row it is",
    "data.rename(columns={'Days': 3})": "columns: Reaction, Subject",
}  # fmt: skip


@pytest.mark.parametrize("typed", TABLES)
def test_what_is_nearly_a_table_is_answered(typed):
    data = eval(typed, {"data": SLEEP})
    with pytest.raises(me.MixedEffectsError, match=re.escape(TABLES[typed])):
        me.lmm(FORMULA, data)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1.5", "2.5", ".", "3"], "all but '.' are numbers: mark it as missing"),
        (["1.5", "n/a", ".", "3", "4"], "all but '.', 'n/a' are numbers: mark them as missing"),
        (["1,5", "2,5", "3,5", "3"], "with commas: replace the commas"),
        (["1.5", "2.5", "3.5", "3"], "the numbers are text: convert them"),
    ],
)
@pytest.mark.parametrize("library", ["pandas", "polars", "dict"])
def test_a_response_of_numbers_as_text_says_what_keeps_it_from_being_numbers(values, said, library):
    data = {"y": values * 4, "g": ["a", "b", "c", "d"] * len(values)}
    data = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "dict": dict}[library](data)
    with pytest.raises(me.DataError, match=re.escape(said)):
        me.lmm("y ~ 1 + (1 | g)", data)


def test_a_response_of_words_is_simply_text():
    data = {"y": ["yes", "no"] * 8, "g": ["a", "b", "c", "d"] * 4}
    with pytest.raises(me.DataError, match=r"\('no', 'yes'\); a response must be a number$"):
        me.lmm("y ~ 1 + (1 | g)", data)


def test_no_file_of_that_name(tmp_path):
    with pytest.raises(me.MissingFileError, match=r"no file .*; fit\.save") as caught:
        me.load(tmp_path / "fit.npz")
    assert isinstance(caught.value, FileNotFoundError)


def test_a_small_plan_takes_less_than_a_millisecond_and_not_about_that():
    words = str(me.explain(FORMULA, SLEEP))
    assert " less than a millisecond on one core" in words and "about less" not in words
    rng = np.random.default_rng(1)
    n = 60_000
    large = {"y": rng.normal(size=n), "a": rng.integers(0, 900, n), "b": rng.integers(0, 800, n)}
    assert re.search(
        r"about \d+ ms|about [\d.]+ s", str(me.explain("y ~ (1 | a) + (1 | b)", large))
    )
