"""What checks say of models of real tables, against values that are computed here."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.display.printed import rounds
from tests.display.test_words_of_tables import N, checked, number, table


def diagnosis(fit):
    return fit.diagnose(remedies=False)


def test_slopes_of_a_shifted_year_are_missed():
    """lme4: AIC 1072.885 lower with (1 + I(year - 1952) | country), SE of the slope 0.001936."""
    data = table("gapminder", "gapminder")
    fit = me.lmm("log(gdpPercap) ~ I(year - 1952) * continent + (1 | country)", data)
    row = checked(fit, "random terms")
    assert row["verdict"] == "problem" and row["value"] == pytest.approx(
        1072.885, abs=tol.PROGRAM_E2
    )
    assert "AIC falls by 1,073 " in row["words"]
    said = re.search(
        rf"standard error of I\(year - 1952\) is ({N}) in place of ({N})\.", row["words"]
    )
    assert rounds(said[1], 1.936438e-3) and rounds(said[2], 7.147e-4)
    # with them nothing of the kind is missing, nor where the slopes are of the year itself
    for slopes in ("I(year - 1952)", "year"):
        own = me.lmm(f"log(gdpPercap) ~ I(year - 1952) * continent + ({slopes} | country)", data)
        checks = pd.DataFrame(diagnosis(own).checks())
        found = checks[checks["check"] == "random terms"]
        assert not found["words"].str.contains(r"slopes of I\(year").any()


def test_slopes_of_a_logarithm_are_no_alarm_where_levels_are_alike():
    rng = np.random.default_rng(5)
    g, x = np.repeat(np.arange(40), 8), rng.lognormal(0, 1, 320)
    y = 2 + 0.7 * np.log(x) + rng.normal(0, 1, 40)[g] + rng.normal(0, 1, 320)
    fit = me.lmm("y ~ log(x) + (1 | g)", {"y": y, "x": x, "g": g})
    assert checked(fit, "random terms")["verdict"] == "fine"


def test_a_logarithm_has_another_effect_between_countries():
    data = table("gapminder", "gapminder")
    fit = me.lmm("lifeExp ~ log(gdpPercap) + year + (1 | country)", data)
    row = checked(fit, "levels of predictors")
    within, between = re.search(rf"about ({N}) within, ({N}) between", row["words"]).groups()
    data["m"] = np.log(data["gdpPercap"]).groupby(data["country"]).transform("mean")
    split = me.lmm("lifeExp ~ log(gdpPercap) + m + year + (1 | country)", data).fixef
    assert float(within) == pytest.approx(split["log(gdpPercap)"], rel=tol.PRINTED_5E2)
    assert float(between) == pytest.approx(split["log(gdpPercap)"] + split["m"],
                                           rel=tol.PRINTED_5E2)  # fmt: skip


def test_a_correlation_near_one_is_at_the_boundary_only_where_the_fit_is_singular():
    data = table("gapminder", "gapminder")
    fit = me.lmm("lifeExp ~ year + (year | country)", data)
    words = checked(fit, "correlations")["words"]
    assert not fit.certificate.is_singular and "not at the boundary" in words
    assert "center(year)" in words
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        singular = me.lmm("cog ~ age * trt + (age | id)", table("mlmRev", "Early"))
    assert checked(singular, "correlations")["words"].startswith("at the boundary: id")


def standardised(fit, X, Z, G):
    """Conditional residuals over their standard deviations, by dense matrices."""
    n = X.shape[0]
    V = Z @ G @ Z.T + fit.sigma**2 * np.eye(n)
    W = np.linalg.inv(V)
    P = W - W @ X @ np.linalg.solve(X.T @ W @ X, X.T @ W)
    residual = fit.sigma**2 * P @ fit.design.y
    z = residual / np.sqrt(fit.sigma**4 * np.diagonal(P))
    return z / np.sqrt((z**2).mean())


def test_rows_far_out_are_counted_by_side_and_make_no_skewed_distribution():
    data = table("nlme", "RatPupWeight")
    fit = me.lmm("weight ~ Treatment * sex + Lsize + (1 | Litter)", data)
    Z = pd.get_dummies(data["Litter"]).to_numpy(float)
    z = standardised(fit, np.asarray(fit.design.X), Z, fit.varcorr.sd["Litter"][0] ** 2
                     * np.eye(Z.shape[1]))  # fmt: skip
    above, below = (z > 4).sum(), (z < -4).sum()
    words = checked(fit, "tails")["words"]
    assert f"({above} above, {below} below)" in words and above + below > 1
    assert f"row {np.abs(z).argmax()} " in words and "transformation" not in words


def test_spread_along_fitted_values_is_that_of_a_straight_line():
    data = table("reshape2", "french_fries").dropna(subset=["rancid"]).reset_index(drop=True)
    fit = me.lmm("rancid ~ treatment * time + (1 | subject)", data)
    Z = pd.get_dummies(data["subject"]).to_numpy(float)
    z = standardised(fit, np.asarray(fit.design.X), Z, fit.varcorr.sd["subject"][0] ** 2
                     * np.eye(Z.shape[1]))  # fmt: skip
    size = np.minimum(np.abs(z), 6 * np.median(np.abs(z)))
    fitted = np.asarray(fit.fitted)
    line = np.polyfit(fitted, size, 1)
    low, high = np.polyval(line, np.quantile(fitted, (0.1, 0.9)))
    words = checked(fit, "spread")["words"]
    assert "at the high end of fitted values as at the low end" in words
    assert "from their 10th to their 90th percentile" in words
    assert float(re.search(rf"spread ({N}) times", words)[1]) == pytest.approx(
        high / low, abs=tol.PRINTED_5E2
    )


def test_no_logarithm_of_a_logarithm_is_advised():
    data = table("AER", "Guns")
    fit = me.lmm("log(violent) ~ law + prisoners + year + (1 | state)", data, weights="population")
    assert fit.design.y.min() > 0
    words = str(diagnosis(fit))
    assert "log(log(" not in words
    assert "Try log(violent)" in str(diagnosis(me.lmm(
        "violent ~ law + prisoners + year + (1 | state)", data)))  # fmt: skip


def test_something_to_look_at_is_not_nothing_to_mend():
    few = me.lmm("yield ~ shade + (1 | block / plot)", table("DAAG", "kiwishade"))
    first = str(diagnosis(few)).splitlines()[0]
    assert first.endswith("no check of the model found a problem; see what follows.")


def test_the_standard_error_of_a_product_stays_where_columns_are_centred():
    data = table("nlme", "Dialyzer")
    far = me.lmm("rate ~ QB * pressure + (1 | Subject)", data)
    near = me.lmm("rate ~ center(QB) * center(pressure) + (1 | Subject)", data)
    row = checked(far, "collinearity")
    assert "what the highest powers and interactions say, stay as they are" in row["words"]
    last = [pd.DataFrame(fit.test()).iloc[-1] for fit in (far, near)]
    assert last[0]["std_error"] == pytest.approx(last[1]["std_error"], rel=tol.OPTIMUM_E5)
    assert number(re.search(rf"is ({N}) times", row["words"])[1])


def test_rows_left_out_for_a_predictor_have_a_subject():
    fit = me.lmm("like ~ sex + PrivPub + (1 | school)", table("DAAG", "science"))
    assert "For missing values of sex the estimates hold if" in dict(fit.interpret().paragraphs)[
        "Missing values"]  # fmt: skip


def test_rows_per_level_of_uneven_levels_are_those_of_a_row():
    data = table("nlme", "RatPupWeight")
    fit = me.lmm("weight ~ Lsize + (1 | Litter)", data)
    n = data.groupby("Litter").size()
    words = dict(fit.interpret().paragraphs)["Cost of ignoring the groups"]
    found = re.search(rf"With ({N}) rows per level, averaged over the rows,", words)[1]
    assert rounds(found, (n**2).sum() / n.sum())
