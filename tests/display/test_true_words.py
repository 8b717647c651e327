"""Sentences that are true of some models and would not be of others: both kinds are fitted."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.display.test_words import NUMBER, read, shows, topic

# 95% of a normal distribution
Z = 1.959963984540054


def fixed(fit):
    return topic(fit.interpret(), "Fixed effects")


# ---------------------------------------------------------------- curves


def wages(rdata):
    data = rdata("plm", "Wages")
    return data.assign(id=np.arange(len(data)) // 7, exper=data["exp"], expersq=data["exp"] ** 2)


def test_two_ratios_to_one_column_are_two_effects(rdata):
    """Elasticities: each of two logarithms of three columns can change while the other stays."""
    fit = me.lmm("log(sales) ~ log(price / cpi) + log(ndi / cpi) + (1 | state)",
                 rdata("plm", "Cigar"))  # fmt: skip
    text = fixed(fit)
    assert "curve" not in text and "nothing one by one" not in text
    for name in ("log(price / cpi)", "log(ndi / cpi)"):
        assert f"er unit of {name}" in text


def test_a_square_is_a_curve_whatever_it_is_called(rdata):
    text = fixed(me.lmm("lwage ~ exper + expersq + wks + (1 | id)", wages(rdata)))
    assert "exper and expersq together describe a curve" in text
    assert "unit of exper" not in text and "of wks" in text
    loaded = me.lmm("lwage ~ exper + expersq + wks + (1 | id)", wages(rdata)).without_rows()
    assert "exper and expersq together describe a curve" in fixed(loaded)
    # the square of something else is an effect like others
    data = wages(rdata).assign(expersq=wages(rdata)["wks"] ** 2)
    text = fixed(me.lmm("lwage ~ exper + expersq + (1 | id)", data))
    assert "curve" not in text and "of expersq" in text


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("x + I(x^2) + z + log(z)", ["x and I(x^2) together describe a curve",
                                     "z and log(z) together describe a curve"]),
        ("x + z + I(x * z)", ["x, z and I(x * z) together describe a surface"]),
        ("poly(x, 2) + bs(z, df=4)", ["poly(x, 2) (2 columns", "bs(z, df=4) (4 columns"]),
    ],
)  # fmt: skip
def test_curves_are_told_apart(rest, said):
    rng = np.random.default_rng(2)
    table = {"x": rng.uniform(1, 3, 200), "z": rng.uniform(1, 3, 200), "g": np.arange(200) % 20,
             "y": rng.normal(size=200)}  # fmt: skip
    text = fixed(me.lmm(f"y ~ {rest} + (1 | g)", table))
    for words in said:
        assert words in text
    assert "er unit" not in text


def test_a_product_without_its_factors_is_one_column():
    rng = np.random.default_rng(2)
    table = {"x": rng.normal(size=200), "z": rng.normal(size=200), "g": np.arange(200) % 20,
             "y": rng.normal(size=200)}  # fmt: skip
    text = fixed(me.lmm("y ~ x + I(x * z) + (1 | g)", table))
    assert "er unit of x * z" in text and "nothing one by one" not in text


# ---------------------------------------------------------------- ranges of nested factors


def test_the_range_of_a_nested_factor_has_its_parents_variance(rdata):
    """mlmRev::Mmmec, as lme4's VarCorr has it: 0.610 to 1.44 without the nations', 0.40 to 2.18."""
    fit = me.glmm("deaths ~ uvb + offset(log(expected)) + (1 | nation / region)",
                  rdata("mlmRev", "Mmmec"), family="poisson")  # fmt: skip
    for answer in (fit, fit.without_rows()):
        text = topic(answer.interpret(), "Random effects")
        low, high = re.search(
            rf"levels of region:nation within nation .*? variation between levels of nation "
            rf"included, it lies between .*? expected deaths from ({NUMBER}) to ({NUMBER})",
            text,
        ).groups()
        spread = np.hypot(fit.varcorr.sd["region:nation"][0], fit.varcorr.sd["nation"][0])
        for shown, sign in ((low, -1), (high, 1)):
            assert shows(shown, np.exp(fit.fixef["(Intercept)"] + sign * Z * spread))
        assert (read(low)[0], read(high)[0]) == (0.403, 2.18)
    assert "above the average of their own nation" in topic(
        fit.interpret(), "Levels that stand out"
    )


def test_a_factor_is_within_the_innermost_one(rdata):
    """Chicks in broods in places: a brood says the place too."""
    data = rdata("lme4", "grouseticks")
    data["YEAR"] = data["YEAR"].astype(str)
    terms = "(1 | LOCATION / BROOD) + (1 | INDEX)"
    fit = me.glmm(f"TICKS ~ YEAR + cHEIGHT + {terms}", data, family="poisson")
    text = topic(fit.interpret(), "Random effects")
    assert "levels of INDEX within BROOD:LOCATION the intercept" in text
    assert "variation between levels of BROOD:LOCATION and LOCATION included" in text
    assert "average of their own BROOD:LOCATION (" not in topic(fit.interpret(), "Random effects")


def test_crossed_factors_are_nested_in_nothing(rdata):
    fit = me.lmm("diameter ~ 1 + (1 | plate) + (1 | sample)", rdata("lme4", "Penicillin"))
    assert "included" not in topic(fit.interpret(), "Random effects")
    assert "own" not in topic(fit.interpret(), "Levels that stand out").split("Reliably")[0]


def test_ids_that_are_nested_without_a_colon_are_nested(rdata):
    fit = me.lmm("strength ~ 1 + (1 | sample) + (1 | batch)", rdata("lme4", "Pastes"))
    text = topic(fit.interpret(), "Random effects")
    low = re.search(rf"sample within batch .*? included, it lies between ({NUMBER})", text)[1]
    spread = np.hypot(fit.varcorr.sd["sample"][0], fit.varcorr.sd["batch"][0])
    assert shows(low, fit.fixef["(Intercept)"] - Z * spread)


def test_an_intercept_is_where_its_own_slopes_are_zero(rdata):
    """A random slope of Time beside fixed effects of log(Time), which are zero elsewhere."""
    fit = me.lmm("size ~ log(Time) * treat + (Time | tree)", rdata("MASS", "Sitka"))
    text = topic(fit.interpret(), "Random effects")
    sd = fit.varcorr.sd["tree"][0]
    half = re.search(rf"within ({NUMBER}) of the average, where Time is 0\.", text)[1]
    assert shows(half, Z * sd) and "log(Time)" not in text


def test_a_curve_has_no_slope_to_be_about(rdata):
    fit = me.lmm("pixel ~ day + I(day^2) + (day | Dog)", rdata("nlme", "Pixel"))
    text = topic(fit.interpret(), "Random effects")
    half = re.search(rf"slope of day varies .*? it is within ({NUMBER}) of the average", text)[1]
    assert shows(half, Z * fit.varcorr.sd["Dog"][1])
    assert "steeper" not in text


# ---------------------------------------------------------------- extrapolation


def btheb(rdata):
    wide = rdata("HSAUR", "BtheB").reset_index(drop=True)
    wide["subject"] = np.arange(len(wide))
    months = [c for c in wide.columns if re.fullmatch(r"bdi\.\dm", c)]
    long = wide.melt(["subject", "treatment", "drug", "bdi.pre"], months, "month", "bdi")
    return long.assign(time=long["month"].str.extract(r"(\d)").astype(float), pre=long["bdi.pre"])


def test_simple_effects_where_nothing_was_observed_are_said_to_be(rdata):
    data = btheb(rdata)
    text = fixed(me.lmm("bdi ~ pre + treatment * time + drug + (1 | subject)", data))
    assert "The effect said where time is 0 is an extrapolation: time goes from 2 to 8" in text
    assert "center(time) in the formula gives it at the mean of time" in text
    for inside in ("treatment * center(time)", "treatment * I(time - 4)"):
        text = fixed(me.lmm(f"bdi ~ pre + {inside} + drug + (1 | subject)", data))
        assert "is an extrapolation" not in text
    text = fixed(me.lmm("bdi ~ pre + treatment * I(time - 9) + drug + (1 | subject)", data))
    assert "The effect said where time - 9 is 0 is an extrapolation" in text


def test_logarithms_at_zero_are_where_the_number_is_one(rdata):
    data = btheb(rdata)
    text = fixed(me.lmm("bdi ~ pre + treatment * log(time) + (1 | subject)", data))
    assert "log(time) is 0 (time is 1)" in text
    assert "said where log(time) is 0 is an extrapolation: log(time) goes from 0.693" in text
    text = fixed(
        me.lmm("bdi ~ pre + treatment * log(time) + (1 | subject)", data.assign(time=data.time - 1))
    )
    assert "is an extrapolation" not in text


# ---------------------------------------------------------------- numbers


def test_units_are_chosen_where_one_unit_says_little():
    fit = me.lmm("call_CSAT ~ reason + age + (1 | center_ID)", me.datasets.call_centres())
    text = fixed(fit)
    found = re.search(rf"Per 10 units of age, .*? is ({NUMBER}) higher \(95% CI ({NUMBER}) to "
                      rf"({NUMBER})", text)  # fmt: skip
    row = pd.DataFrame(fit.test()).set_index("term").loc["age"]
    for shown, value in zip(found.groups(), row[["estimate", "lower", "upper"]], strict=True):
        assert shows(shown, 10 * value)
        assert len(shown.replace(".", "").lstrip("0")) <= 4
    assert len(set(found.groups())) == 3


def test_ratios_of_many_units_are_powers():
    rng = np.random.default_rng(3)
    day, g = rng.integers(0, 3000, 900).astype(float), np.arange(900) % 30
    arm = np.where(g < 15, "a", "b")
    y = rng.poisson(np.exp(1.0 + 1e-4 * day + rng.normal(size=30)[g]))
    fit = me.glmm("y ~ day * arm + (1 | g)", {"y": y, "day": day, "arm": arm, "g": g},
                  family="poisson")  # fmt: skip
    text = fixed(fit)
    row = pd.DataFrame(fit.test()).set_index("term").loc["day"]
    head = rf"per 1,000 units of day, .*? is ({NUMBER}) times as high"
    found = re.search(rf"{head} \(95% CI ({NUMBER}) to ({NUMBER})", text)
    for shown, value in zip(found.groups(), row[["estimate", "lower", "upper"]], strict=True):
        assert shows(shown, np.exp(1000 * value))
    ratio = pd.DataFrame(fit.test(exponentiate=True)).set_index("term").loc["day:arm[b]"]
    near = 1 / 1.1 < ratio["lower"] ** 1000 < ratio["upper"] ** 1000 < 1.1
    said = "The ratio per 1,000 units of day is nearly the same:"
    assert near and said in text


def test_a_small_ratio_for_each_of_many_units_is_not_called_none():
    rng = np.random.default_rng(3)
    x, g = rng.uniform(0, 15, 900), np.arange(900) % 30
    arm = np.where(g < 15, "a", "b")
    y = rng.poisson(np.exp(1.0 + 0.02 * x + 0.01 * x * (arm == "b") + 0.3 * rng.normal(size=30)[g]))
    fit = me.glmm("y ~ x * arm + (1 | g)", {"y": y, "x": x, "arm": arm, "g": g}, family="poisson")
    assert "nearly the same" not in fixed(fit)


def test_shares_below_one_per_cent_keep_a_digit(rdata):
    fit = me.lmm("I(fatal / pop * 10000) ~ beertax + (1 | state)", rdata("AER", "Fatalities"))
    said = topic(fit.interpret(), "Explained variance")
    r2 = float(pd.DataFrame(fit.r2())["r2"][0])
    share = re.search(r"fixed effects explain ([\d.]+)%", said)[1]
    assert shows(share, 100 * r2) and float(share) == 0.5


# ---------------------------------------------------------------- within and between, codes


def mundlak(fit):
    return "(Mundlak)" in fixed(fit)


def test_a_predictor_at_both_levels_is_named_and_the_split_is_not(rdata):
    data = rdata("AER", "Fatalities").assign(rate=lambda d: d["fatal"] / d["pop"] * 1e4)
    fit = me.lmm("rate ~ beertax + (1 | state)", data)
    text = fixed(fit)
    found = re.search(
        rf"beertax varies within levels of state and between them \(({NUMBER})%", text
    )
    means = data.groupby("state")["beertax"].transform("mean")
    assert shows(found[1], 100 * means.var(ddof=0) / data["beertax"].var(ddof=0))
    assert mundlak(fit) and mundlak(fit.without_rows())
    split = data.assign(m=means, w=data["beertax"] - means)
    assert not mundlak(me.lmm("rate ~ w + m + (1 | state)", split))
    assert not mundlak(me.lmm("rate ~ beertax + m + (1 | state)", split))


def test_predictors_of_one_level_blend_nothing(rdata):
    assert not mundlak(me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy()))
    assert not mundlak(me.lmm("weight ~ Time + (1 | Rat)", rdata("nlme", "BodyWeight")))
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(60), 4)
    by_group = rng.normal(size=60)[g]
    table = {"y": rng.normal(size=240), "x": rng.normal(size=240), "z": by_group, "g": g}
    assert not mundlak(me.lmm("y ~ x + z + (1 | g)", table))  # chance alone puts 1/4 between


def test_whole_numbers_that_may_be_codes_are_named(rdata):
    data = rdata("nlme", "BodyWeight").rename(columns={"Diet": "food"})
    said = "food takes the whole numbers 1 to 3 and is read as a quantity"
    assert said in fixed(me.lmm("weight ~ Time + food + (1 | Rat)", data))
    assert said not in fixed(me.lmm("weight ~ Time + factor(food) + (1 | Rat)", data))
    assert "Time takes" not in fixed(me.lmm("weight ~ Time + food + (1 | Rat)", data))


# ---------------------------------------------------------------- zero variances


def flat(rng, slopes):
    """No variance between levels at all, or lines that all go through one point."""
    g, x = np.repeat(np.arange(40), 6), np.tile(np.arange(6.0), 40)
    noise = rng.normal(size=240)
    if not slopes:
        basis = np.column_stack([np.ones(6), np.arange(6.0)])
        hat = basis @ np.linalg.solve(basis.T @ basis, basis.T)
        noise = (noise.reshape(40, 6) - noise.reshape(40, 6) @ hat).ravel()
        return {"y": noise, "x": x, "g": g}
    return {"y": (2.0 + x) * rng.normal(size=40)[g] + 0.1 * noise, "x": x, "g": g}


@pytest.mark.parametrize(
    ("slopes", "said"),
    [(False, "levels of g show no variance at all"),
     (True, "levels of g differ in one direction only: their intercepts and slopes of x cannot be "
            "told apart")],
)  # fmt: skip
def test_zero_variances_are_said_in_plain_words(slopes, said):
    fit = me.lmm("y ~ x + (x | g)", flat(np.random.default_rng(5), slopes))
    assert fit.certificate.is_singular
    assert said in topic(fit.interpret(), "Convergence")
    for text in (str(fit.summary()), str(fit.diagnose(remedies=False))):
        text = " ".join(text.split())
        assert said in text and "·" not in text


def test_shares_of_dimensions_have_no_powers_of_ten():
    fit = me.lmm("y ~ x + (x | g)", flat(np.random.default_rng(5), True))
    words = dict(zip(*pd.DataFrame(fit.diagnose(remedies=False).checks())[["check", "words"]]
                     .to_numpy().T, strict=True))  # fmt: skip
    shares = re.findall(rf"({NUMBER})%", words["dimensions of g"])
    assert len(shares) == 2 and not any("e" in share for share in shares)
    assert sum(map(float, shares)) == pytest.approx(100.0, abs=100 * tol.PRINTED_E2)
