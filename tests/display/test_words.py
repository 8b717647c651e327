"""The numbers in the sentences are those of the tables, and the sentences say what they mean.

Numbers are read out of the text again and compared with what other methods of the fit return; a
number that shows d decimals may be off by half a unit of the last one, no more.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests.display.word_models import MODELS, model
from tests.display.word_models import _table as word_table

NUMBER = r"[−-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
CLAUSE = re.compile(
    rf"(?P<value>{NUMBER})(?P<between>[^()\d]*?) \((?:difference (?P<signed>{NUMBER}), )?"
    rf"(?P<level>[\d.]+)% CI (?P<lower>{NUMBER}) to (?P<upper>{NUMBER})"
    rf"(?:; (?P<kind>[tz]) = (?P<statistic>{NUMBER}), (?:df = (?P<df>{NUMBER}), )?"
    rf"p (?P<sign>[<=]) (?P<p>{NUMBER}))?\)"
)


def read(text):
    """A number as written: its value, and half a unit of its last digit."""
    plain = text.replace("−", "-").replace(",", "")
    mantissa, _, exponent = plain.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(plain), 0.5 * 10.0 ** (int(exponent or 0) - decimals) * (1 + 1e-9)


def shows(text, value):
    """Whether a written number is a value, rounded."""
    written, half = read(text)
    return abs(written - value) <= half


def topic(words, name):
    return " ".join(sentence for t, sentence in words.sentences if t == name)


def fixed(fit, **options):
    """Coefficients as the table has them, as ratios where the words say ratios."""
    ratio = fit.interpret().facts.kind in ("odds", "mean", "category", "log value")
    table = pd.DataFrame(fit.tidy(effects="fixed", exponentiate=ratio, **options))
    if "component" in table:
        table = table[table["component"] == "conditional"]
    return table


@pytest.mark.parametrize("name", MODELS)
def test_every_coefficient_is_said_with_the_numbers_of_the_table(name):
    fit = model(name)
    words = fit.interpret()
    clauses = list(CLAUSE.finditer(topic(words, "Fixed effects")))
    alone = {e.name: e for e in words.facts.effects if e.alone or not e.pieces}
    for row in fixed(fit).itertuples():
        term = row.term.removeprefix("conditional: ")
        if term not in alone:
            continue
        found = [
            c for c in clauses if shows(c["lower"], row.lower) and shows(c["upper"], row.upper)
        ]
        assert found, f"{term}: no clause with {row.lower}, {row.upper}"
        clause = found[0]
        intercept = not alone[term].pieces
        ratio = words.facts.kind != "value" and words.facts.kind != "predictor"
        signed = clause["signed"] or clause["value"]
        level_itself = intercept or alone[term].pieces[0].kind == "level"
        if clause["signed"] is None and not ratio and not level_itself:
            assert row.estimate >= 0
        assert shows(signed, row.estimate)
        if clause["signed"]:
            assert shows(clause["value"], -row.estimate)
        if intercept:
            continue
        assert shows(clause["statistic"], row.statistic)
        assert clause["kind"] == ("z" if np.isinf(row.df) else "t")
        if clause["df"]:
            assert shows(clause["df"], row.df)
        if clause["sign"] == "=":
            assert shows(clause["p"], row.p_value)
        else:
            assert clause["p"] == "0.001" and row.p_value < 0.0005


def mentioned(term, text, fit):
    """Whether a text is about a coefficient: its variables by name, of factors this level last."""
    for part in term.removeprefix("conditional: ").split(":"):
        factor = re.fullmatch(r"(?:C\()?(\w+)(?:, \w+\))?\[(.+)\]", part)
        if factor is None:
            if not re.search(rf"(?:per unit of|slope of) {re.escape(part)}\b", text, re.I):
                return False
            continue
        variable, level = factor.groups()
        if part.startswith("C("):  # columns of sums are numbered
            level = str(fit.design.sources.levels(variable)[1][int(level) - 1])
        levels = re.findall(rf"(?:with|for|between) {variable} ([\w.]+)", text, re.I)
        if not levels or levels[-1].rstrip(".") != level:
            return False
    return True


@pytest.mark.parametrize("name", [n for n in MODELS if n not in ("independent", "nested", "empty")])
def test_numbers_stand_with_the_name_of_their_coefficient(name):
    """What is said since the numbers before names the variables and levels of these, no others."""
    fit = model(name)
    words = fit.interpret()
    text = topic(words, "Fixed effects")
    said = {e.name: e for e in words.facts.effects if e.alone and e.pieces}
    before, checked = 0, set()
    for clause in CLAUSE.finditer(text):
        about = text[before : clause.start("level")]
        before = clause.end()
        own = [
            row.term.removeprefix("conditional: ")
            for row in fixed(fit).itertuples()
            if shows(clause["lower"], row.lower) and shows(clause["upper"], row.upper)
        ]
        assert own
        if own[0] in said:
            assert any(mentioned(term, about, fit) for term in own), (own, about)
            checked |= set(own)
    assert checked == set(said)


def with_many_levels(seed, n_levels=15):
    rng = np.random.default_rng(seed)
    f = np.array([f"L{k:02d}" for k in rng.integers(0, n_levels, 600)])
    g = rng.integers(0, 20, 600)
    y = rng.normal(size=600) + rng.normal(size=20)[g]
    return me.lmm("y ~ f + (1 | g)", {"y": y, "f": f, "g": g})


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_the_extremes_of_many_levels_are_the_least_and_the_greatest(seed):
    fit = with_many_levels(seed)
    table = pd.DataFrame(fit.test()).iloc[1:]
    table["level"] = table["term"].str.extract(r"\[(.*)\]", expand=False)
    text = topic(fit.interpret(), "Fixed effects")
    sentence = re.search(r"Compared with f L00, (.*?): the extremes of", text)[1]
    clauses = list(CLAUSE.finditer(sentence))
    ordered = table.sort_values("estimate")
    assert re.findall(r"with f (\w+)", sentence) == [
        ordered["level"].iloc[0], ordered["level"].iloc[-1]
    ]  # fmt: skip
    for clause, row in zip(clauses, (ordered.iloc[0], ordered.iloc[-1]), strict=True):
        assert shows(clause["signed"] or clause["value"], row["estimate"])
        assert shows(clause["lower"], row["lower"]) and shows(clause["upper"], row["upper"])
    clear = int(((table["lower"] > 0) | (table["upper"] < 0)).sum())
    assert re.search(rf"the extremes of {len(table)} levels, {clear} of which", text)


def test_the_extremes_of_many_interactions_are_the_least_and_the_greatest():
    rng = np.random.default_rng(6)
    f, h = (np.array([*letters])[rng.integers(0, 5, 900)] for letters in ("abcde", "pqrst"))
    g = rng.integers(0, 20, 900)
    y = rng.normal(size=900) + rng.normal(size=20)[g]
    fit = me.lmm("y ~ f * h + (1 | g)", {"y": y, "f": f, "h": h, "g": g})
    table = pd.DataFrame(fit.test())
    table = table[table["term"].str.contains(":")].sort_values("estimate")
    text = topic(fit.interpret(), "Fixed effects")
    sentence = re.search(r"interaction coefficients of f:h go from (.*?) have an interval", text)[1]
    for clause, row in zip(CLAUSE.finditer(sentence), (table.iloc[0], table.iloc[-1]), strict=True):
        assert shows(clause["value"], row["estimate"]) and shows(clause["upper"], row["upper"])
        assert sentence[clause.end() :].startswith(f" of {row['term']}")
    clear = int(((table["lower"] > 0) | (table["upper"] < 0)).sum())
    assert sentence.endswith(f"; {clear} of them")


@pytest.mark.parametrize("name", MODELS)
def test_spreads_stand_with_the_name_of_their_term_and_factor(name):
    fit = model(name)
    text = topic(fit.interpret(), "Random effects")
    table = pd.DataFrame(fit.varcorr.tidy())
    for row in table[table["term1"].notna() & table["term2"].isna()].itertuples():
        what = "intercept" if row.term1 == "(Intercept)" else f"slope of {re.escape(row.term1)}"
        said = re.findall(
            rf"[Bb]etween levels of {re.escape(row.group)}[, ][^.]*?\b{what}[^.]*?"
            rf"standard deviation ({NUMBER})",
            text,
        )
        same = rf"{what}[^.]*same for all levels of {re.escape(row.group)}"
        assert any(shows(number, row.sdcor) for number in said) or (
            row.sdcor == 0 and re.search(same, text)
        ), (row, text)


@pytest.mark.parametrize("name", MODELS)
def test_no_number_is_said_that_the_table_of_coefficients_does_not_have(name):
    fit = model(name)
    table = fixed(fit)
    for clause in CLAUSE.finditer(topic(fit.interpret(), "Fixed effects")):
        assert any(
            shows(clause["lower"], row.lower) and shows(clause["upper"], row.upper)
            for row in table.itertuples()
        ), clause[0]


@pytest.mark.parametrize("name", MODELS)
def test_shares_of_the_variance_are_those_of_icc_and_r2(name):
    fit = model(name)
    words = fit.interpret()
    said = re.findall(
        rf"ICC = ({NUMBER}), (?:95% CI ({NUMBER}) to ({NUMBER})|no interval)",
        topic(words, "Variance between groups"),
    )
    table = pd.DataFrame(fit.icc())
    if len(table) == 2:
        table = table[:1]
    assert len(said) == len(table)
    for (share, lower, upper), row in zip(said, table.itertuples(), strict=True):
        assert shows(share, row.icc)
        if lower:
            assert shows(lower, row.lower) and shows(upper, row.upper)
        else:
            assert np.isnan(row.lower)
    explained = topic(words, "Explained variance")
    r2 = pd.DataFrame(fit.r2()).set_index("measure")["r2"]
    for measure in ("marginal", "conditional"):
        assert shows(re.search(rf"{measure} R² = ({NUMBER})", explained)[1], r2[measure])


@pytest.mark.parametrize("name", MODELS)
def test_standard_deviations_and_correlations_are_those_of_varcorr(name):
    fit = model(name)
    text = topic(fit.interpret(), "Random effects")
    table = pd.DataFrame(fit.varcorr.tidy())
    spreads = table[table["term1"].notna() & table["term2"].isna()]
    said = re.findall(
        rf"varies[^.]*?standard deviation ({NUMBER})(?: \(95% CI ({NUMBER}) to ({NUMBER})\))?"
        rf"|same for all levels [^.]*?\(standard deviation (0)\)",
        text,
    )
    assert len(said) == len(spreads)
    for (sd, lower, upper, zero), row in zip(said, spreads.itertuples(), strict=True):
        assert shows(sd or zero, row.sdcor)
        if lower:
            assert shows(lower, row.lower) and shows(upper, row.upper)
        else:
            assert np.isnan(row.lower)
    pairs = table[table["term2"].notna()]
    said = re.findall(rf"correlate ({NUMBER})(?: \(95% CI ({NUMBER}) to ({NUMBER})\))?", text)
    assert len(said) == len(pairs)
    for (value, lower, upper), row in zip(said, pairs.itertuples(), strict=True):
        assert shows(value, row.sdcor)
        if lower:
            assert shows(lower, row.lower) and shows(upper, row.upper)
            assert ("not clearly different from zero" in text) == (row.lower < 0 < row.upper)
    if fit.varcorr.sigma is not None:
        residual = re.search(rf"standard deviation ({NUMBER}) \(residual[),]", text)[1]
        assert shows(residual, fit.sigma)
    else:
        assert "(residual" not in text


@pytest.mark.parametrize("name", MODELS)
def test_levels_that_stand_out_are_those_whose_interval_leaves_out_zero(name):
    fit = model(name)
    text = topic(fit.interpret(), "Levels that stand out")
    table = pd.DataFrame(fit.ranef())
    for (group, term), own in table.groupby(["group", "term"], sort=False):
        up = own[own["lower"] > 0].sort_values("estimate", ascending=False)["level"].tolist()
        down = own[own["upper"] < 0].sort_values("estimate")["level"].tolist()
        what = {"(Intercept)": "intercept"}.get(term, f"slope of {term}")
        if not up and not down:
            assert not re.search(rf"levels of {re.escape(group)}, .* an? {re.escape(what)}", text)
            continue
        head = rf"Of {len(own)} levels of {re.escape(group)}, "
        sentence = re.search(rf"{head}[^.]* an? {re.escape(what)} .*?\.", text)[0]
        for side, names in (("above", up), ("below", down)):
            if names:
                assert re.search(rf"{len(names)} ha(?:s|ve) [^;]*?reliably {side}", sentence)
                assert names[0] in sentence
            assert all(name in sentence for name in names[:6])
        assert "not adjusted for their number" in text


@pytest.mark.parametrize("name", ["factor", "interaction", "slopes", "crossed", "missing"])
def test_the_cost_of_ignoring_groups_is_that_of_baselines(name):
    fit = model(name)
    from mixedeffects.inference import baselines

    facts = baselines(fit)
    text = topic(fit.interpret(), "Cost of ignoring the groups")
    for factor, term in re.findall(rf"({NUMBER}) for ([^\s,.]+)", text):
        ratio = np.sqrt(facts.design_effect[facts.terms.index(term)])
        assert shows(factor, ratio) or shows(factor, 1 / ratio)
    single = len(fit.design.blocks) == 1 and fit.design.blocks[0].Z is None
    found = re.search(rf"is ({NUMBER}) times that of as many independent rows", text)
    assert bool(found) == single
    if single:
        assert any(f"{read(found[1])[0]:.3g} times" in note for note in facts.notes)


def test_ranges_hold_95_percent_of_the_levels():
    fit = model("slopes")
    low, high = re.search(
        rf"slope of Days varies .*?it lies between ({NUMBER}) and ({NUMBER})",
        topic(fit.interpret(), "Random effects"),
    ).groups()
    sd = fit.varcorr.sd["Subject"][1]
    assert shows(low, fit.fixef["Days"] - 1.959964 * sd)
    assert shows(high, fit.fixef["Days"] + 1.959964 * sd)


def test_ranges_of_probabilities_are_the_inverse_link():
    fit = model("binomial")
    low, high = re.search(
        rf"expected probability from ({NUMBER}) to ({NUMBER})",
        topic(fit.interpret(), "Random effects"),
    ).groups()
    centre, sd = fit.fixef["(Intercept)"], fit.varcorr.sd["herd"][0]
    for text, end in ((low, centre - 1.959964 * sd), (high, centre + 1.959964 * sd)):
        assert shows(text, 1 / (1 + np.exp(-end)))


def test_rows_and_groups_are_counted():
    fit = model("missing")
    words = fit.interpret()
    assert "fitted to 235 rows" in topic(words, "Model")
    assert "5 of 240 rows (2%) were left out" in topic(words, "Missing values")
    assert "y: 3 and x: 2" in topic(words, "Missing values")
    assert "missing at random" in topic(words, "Missing values")
    sizes = pd.Series(fit.design.blocks[0].factor.codes).value_counts()
    assert f"with {sizes.min()} to {sizes.max()} rows" in topic(words, "Model")


def test_levels_are_compared_with_the_reference_that_is_named():
    text = topic(model("factor").interpret(), "Fixed effects")
    assert "Where style is No, the expected score is 70.85" in text
    assert re.search(r"Compared with style No, with style Some .* with style Fully", text)


def test_main_effects_of_an_interaction_are_conditional():
    text = topic(model("interaction").interpret(), "Fixed effects")
    assert "Where time is 0, compared with treatment control, with treatment treated" in text
    assert "Where treatment is control, per unit of time" in text
    assert "slope of time is 0.352 greater for treatment treated than for control" in text
    text = topic(model("crossed").interpret(), "Fixed effects")
    assert "Where z is 0, per unit of x" in text and "Where x is 0, per unit of z" in text


def test_ratios_are_said_as_ratios_and_odds_as_odds():
    assert "the odds of incidence / size are" in topic(
        model("binomial").interpret(), "Fixed effects"
    )
    assert "the rate of count is" in topic(model("rate").interpret(), "Fixed effects")
    assert "odds of a higher category" in topic(model("ordinal").interpret(), "Fixed effects")
    assert "the odds of the answer 'yes' in yes" in topic(
        model("yes or no").interpret(), "Fixed effects"
    )
    assert "geometric mean" in topic(model("log").interpret(), "Fixed effects")
    probit = topic(model("probit").interpret(), "Fixed effects")
    assert "the probit of the probability of the answer 'yes' in yes is" in probit


def test_other_parts_have_the_numbers_of_their_tables():
    fit = model("zeros")
    text = topic(fit.interpret(), "Other parts")
    table = pd.DataFrame(fit.test(component="zi", exponentiate=True))
    for clause, row in zip(CLAUSE.finditer(text), table.itertuples(), strict=True):
        assert shows(clause["value"], row.estimate)
        assert shows(clause["lower"], row.lower) and shows(clause["upper"], row.upper)
    text = topic(model("ordinal").interpret(), "Other parts")
    table = pd.DataFrame(model("ordinal").test(component="thresholds"))
    said = re.findall(rf"\d\|\d: ({NUMBER})", text)
    assert all(shows(a, b) for a, b in zip(said, table["estimate"], strict=True))


def test_curves_are_not_taken_apart():
    for name, curve in (("independent", "poly(Days, 2)"), ("nested", "x and I(x^2)")):
        fit = model(name)
        text = topic(fit.interpret(), "Fixed effects")
        assert f"{curve}" in text and "mean nothing one by one" in text
        assert "per unit" not in text.lower()
    table = pd.DataFrame(model("independent").anova())
    found = re.search(rf"F = ({NUMBER}), df = 2 and ({NUMBER})",
                      topic(model("independent").interpret(), "Fixed effects"))  # fmt: skip
    assert shows(found[1], table["statistic"][0]) and shows(found[2], table["den_df"][0])


def test_singular_fits_say_what_that_means():
    text = topic(model("singular").interpret(), "Convergence")
    assert "The fit is singular: levels of g show no variance at all." in text
    assert "not a proof" in text
    text = topic(model("singular slopes").interpret(), "Convergence")
    assert "levels of g differ in one direction only: their intercepts and slopes of x" in text


@pytest.mark.parametrize("name", MODELS)
def test_words_claim_no_causes_and_no_significance(name):
    text = model(name).interpret().text.lower()
    assert not re.search(r"\bsignifican|\bcauses?\b|\bleads? to\b|\bdue to\b|\bbecause of\b", text)
    assert "nan" not in re.findall(r"[a-z]+", text)


def test_level_and_ddf_are_followed():
    fit = me.lmm("pain_score ~ treatment * time + (1 | patient)", me.datasets.pain_trial())
    words = fit.interpret(level=0.9, ddf="kenward-roger")
    table = pd.DataFrame(fit.test(ddf="kenward-roger", level=0.9))
    clauses = list(CLAUSE.finditer(topic(words, "Fixed effects")))
    assert {c["level"] for c in clauses} == {"90"}
    for clause, row in zip(clauses, table.itertuples(), strict=True):
        assert shows(clause["lower"], row.lower) and shows(clause["upper"], row.upper)
    assert "Kenward" in topic(words, "Fixed effects")
    with pytest.raises(me.OptionError, match="ddf='best' is not one of"):
        fit.interpret(ddf="best")
    with pytest.raises(me.NotAvailableError):
        model("binomial").interpret(ddf="satterthwaite")
    with pytest.raises(me.OptionError):
        fit.interpret(level=1.5)


def slopes_with(correlation, slope=2.0):
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(60), 8)
    x = np.tile(np.arange(8.0), 60)
    b = rng.multivariate_normal([0, 0], [[4, correlation], [correlation, 0.25]], 60)
    y = b[g, 0] + (slope + b[g, 1]) * x + 0.3 * rng.normal(size=g.size)
    return me.lmm("y ~ x + (x | g)", {"y": y, "x": x, "g": g})


@pytest.mark.parametrize(
    ("correlation", "slope", "said"),
    [
        (-0.9, 2.0, "levels with a low intercept tend to have a steeper slope of x"),
        (0.9, 2.0, "levels with a high intercept tend to have a steeper slope of x"),
        (
            0.9,
            -2.0,
            "levels with a low intercept tend to have a steeper (more negative) slope of x",
        ),
        (-0.9, -2.0, "levels with a high intercept tend to have a steeper (more negative) slope"),
        (0.9, 0.0, "levels with a high intercept tend to have a higher slope of x"),
    ],
)
def test_correlations_are_put_in_the_right_direction(correlation, slope, said):
    fit = slopes_with(correlation, slope)
    assert said in topic(fit.interpret(), "Random effects")
    # and it is so among the predictions
    table = pd.DataFrame(fit.ranef()).pivot(index="level", columns="term", values="estimate")
    assert np.sign(np.corrcoef(table["(Intercept)"], table["x"])[0, 1]) == np.sign(correlation)


def test_factors_of_many_levels_are_summed_up():
    rng = np.random.default_rng(2)
    f = np.array([f"L{k:02d}" for k in rng.integers(0, 15, 600)])
    g = rng.integers(0, 20, 600)
    y = rng.normal(size=600) + rng.normal(size=20)[g] + (f == "L07") * 2.0
    fit = me.lmm("y ~ f + (1 | g)", {"y": y, "f": f, "g": g})
    text = topic(fit.interpret(), "Fixed effects")
    assert "the extremes of 14 levels" in text and "with f L07" in text
    table = pd.DataFrame(fit.test())[1:]
    clear = int(((table["lower"] > 0) | (table["upper"] < 0)).sum())
    assert f"{clear} of which have an interval without zero" in text


def test_an_intercept_outside_of_the_data_is_called_an_extrapolation():
    fit = me.lmm("stay ~ age + (1 | hospital)", me.datasets.hospital_stays())
    age = me.datasets.hospital_stays()["age"]
    found = re.search(rf"0 is not among the values of age \(({NUMBER}) to ({NUMBER})\)",
                      topic(fit.interpret(), "Fixed effects"))  # fmt: skip
    assert shows(found[1], age.min()) and shows(found[2], age.max())


def test_it_shows_itself_as_text_html_and_markdown():
    table = {"y": [1.0, 2, 4, 3, 5, 7, 6, 9], "f": ["<b>", "a|*"] * 4, "g": list("aabbccdd")}
    words = me.lmm("y ~ f + (1 | g)", table).interpret()
    assert str(words).startswith("Model\n  A linear mixed model of y was fitted to 8 rows")
    assert "&lt;b&gt;" in words._repr_html_() and "<b>" not in words._repr_html_()
    assert "\\<b\\>" in words.markdown() and "a\\|\\*" in words.markdown()
    assert words.markdown(heading=2).startswith("## Model\n")
    assert words.text == "\n\n".join(words.paragraphs.values())
    assert {t for t, _ in words.sentences} == set(words.paragraphs)


def test_facts_are_unrounded():
    fit = model("slopes")
    effect = fit.interpret().facts.effects[1]
    assert effect.estimate == fit.fixef["Days"]


def crossed_factors():
    rng = np.random.default_rng(6)
    table = {
        "f": np.array(["p", "q", "r"])[rng.integers(0, 3, 400)],
        "h": np.array(["a", "b", "c", "d"])[rng.integers(0, 4, 400)],
        "x": rng.normal(size=400),
        "g": rng.integers(0, 20, 400),
    }
    table["y"] = rng.normal(size=400) + rng.normal(size=20)[table["g"]]
    return me.lmm("y ~ f * h + f:x + (1 | g)", table)


@pytest.mark.parametrize("name", [*MODELS, "crossed factors"])
def test_levels_in_the_words_are_those_of_the_columns(name):
    fit = crossed_factors() if name == "crossed factors" else model(name)
    for effect in fit.interpret().facts.effects:
        if not effect.pieces or any(p.kind in ("basis", "deviation") for p in effect.pieces):
            continue
        parts = [p.variable + (f"[{p.label}]" if p.label else "") for p in effect.pieces]
        assert ":".join(parts) == effect.name


def test_cells_of_two_factors_are_told_apart():
    text = topic(crossed_factors().interpret(), "Fixed effects")
    table = pd.DataFrame(crossed_factors().test()).set_index("term")
    row = table.loc["f[r]:h[c]"]
    found = re.search(
        rf"difference between f r and p is ({NUMBER}) (greater|less) for h c than for a "
        rf"\((?:difference {NUMBER}, )?95% CI ({NUMBER}) to",
        text,
    )
    assert shows(found[1], abs(row["estimate"])) and shows(found[3], row["lower"])
    assert (found[2] == "greater") == (row["estimate"] >= 0)


def without_intercept(rest, shift):
    table = word_table()
    table = {**table, "far": shift + table["z"], "twin": shift + table["z"] + 1.0}
    return me.lmm(f"y ~ 0 + {rest} + (1 | g)", table)


@pytest.mark.parametrize(
    ("rest", "known", "shift"),
    [("f", True, 0.0), ("f + x", True, 0.0), ("x", False, 0.0), ("x + z", False, 0.0),
     ("far", False, 1e3), ("far + twin", True, 1e2), ("far + twin", True, 1e3)],
)  # fmt: skip
def test_levels_deviate_from_zero_where_no_fixed_effect_can_be_their_average(rest, known, shift):
    """A constant is a combination of all indicators, and of two columns that differ by one."""
    text = topic(without_intercept(rest, shift).interpret(), "Random effects")
    assert ("of the average" in text) == known
    assert ("of zero, for the model has no average of it" in text) != known


def test_thresholds_are_an_average_too():
    text = topic(model("ordinal").interpret(), "Random effects")
    assert "of the average on the logit scale" in text


def test_levels_together_have_walds_chi_squared():
    """b'V^-1 b of the coefficients of period."""
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    b, V = fit.beta[1:], np.asarray(fit.vcov_beta)[1:, 1:]
    said = re.search(
        rf"levels of period together: χ² = ({NUMBER}), df = 3",
        " ".join(str(fit.interpret()).split()),
    )[1]
    assert shows(said, b @ np.linalg.solve(V, b))
