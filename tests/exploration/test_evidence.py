"""What speaks for an outcome and for a grouping: each piece on a table made for it."""

from __future__ import annotations

import ast
import inspect
import itertools

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.exploration import outcome_evidence
from mixedeffects.exploration.likely_outcome import SURE
from mixedeffects.exploration.outcome_evidence import WEIGHTS, WORDS


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def groups(found) -> set[str]:
    return set(found.groups()["group"])


def pieces(node) -> set[str]:
    """The names of evidence that an expression in a `yield` can give."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.IfExp):
        return pieces(node.body) | pieces(node.orelse)
    if isinstance(node, ast.Tuple):
        return pieces(node.elts[0])
    if isinstance(node, ast.JoinedStr):
        said = [
            [part.value] if isinstance(part, ast.Constant) else sorted(possible(part.value))
            for part in node.values
        ]
        return {"".join(parts) for parts in itertools.product(*said)}
    return set()


def possible(node) -> set[str]:
    """What a variable within a name can be."""
    if isinstance(node, ast.Name):
        return {kind for kind, _ in WORDS} | {"grouped", "flat"}
    return pieces(node)


def test_every_piece_of_evidence_has_a_weight_and_every_weight_a_piece():
    tree = ast.parse(inspect.getsource(outcome_evidence))
    told = [n.value for n in ast.walk(tree) if isinstance(n, ast.Yield) and n.value is not None]
    found = set().union(*map(pieces, told))
    assert found >= WEIGHTS.keys()
    # a name within another has words that it cannot be with: 'grouped whole'
    kinds = ("grouped ", "flat ", ", named", ", perhaps named")
    assert {f for f in found if not any(k in f for k in kinds)} == {*WEIGHTS}


def test_doubt_is_said_where_nothing_tells_two_columns_apart(rng):
    table = {"id": np.repeat(range(20), 5), "dose": np.tile([1, 2, 3, 4, 5], 20)}
    table |= {"mole": rng.normal(size=100), "newt": rng.normal(size=100)}
    found = me.explore(pd.DataFrame(table))
    assert set(found.candidates["outcome"]) == {"mole", "newt"}
    told = me.explore(pd.DataFrame(table).rename(columns={"newt": "score"}))
    assert told.outcome == "score" and told.candidates == {} and 0.5 < SURE < 1.0


def test_cells_of_a_table_of_counts_group_nothing(rng):
    cells = pd.DataFrame(
        itertools.product("abcdef", ["low", "high"], ["no", "yes"]), columns=["town", "dose", "ill"]
    )
    cells["Freq"] = rng.integers(0, 40, len(cells))
    assert groups(me.explore(cells)) == set()
    # persons in towns, whatever is called a frequency
    many = pd.concat([cells, cells.assign(Freq=cells["Freq"] + 1)], ignore_index=True)
    assert groups(me.explore(many)) == {"town"}


def test_texts_with_a_row_at_each_time_are_the_units_of_a_panel(rng):
    panel = pd.DataFrame(
        itertools.product(["oil", "gas", "coal", "sun", "wind"], range(2001, 2011))
    )
    panel.columns = ["source", "year"]
    panel["use"] = rng.normal(size=len(panel))
    found = me.explore(panel)
    assert found.time == "year" and found.formula == "use ~ year + (1 + year | source)"
    # months of years are seasons
    months = panel.replace(
        dict(
            zip(
                ["oil", "gas", "coal", "sun", "wind"],
                ["jan", "feb", "mar", "apr", "may"],
                strict=True,
            )
        )
    )
    assert groups(me.explore(months.rename(columns={"source": "month"}))) == set()


def test_people_numbered_anew_in_each_survey_are_no_group(rng):
    survey = pd.DataFrame(
        {"id": np.tile(np.arange(100), 4), "year": np.repeat([1990, 94, 98, 99], 100)}
    )
    survey["sex"] = rng.choice(["f", "m"], 400)
    survey["trust"] = rng.normal(size=400)
    assert "id" not in groups(me.explore(survey))
    panel = survey.assign(sex=np.tile(rng.choice(["f", "m"], 100), 4))
    assert "id" in groups(me.explore(panel))


def test_all_combinations_of_two_factors_are_treatments(rng):
    trial = pd.DataFrame(itertools.product(["a", "b", "c"], ["x", "y"], range(6)))
    trial.columns = ["soil", "light", "repeat"]
    trial["group"] = trial["soil"] + trial["light"]
    trial["growth"] = rng.normal(size=len(trial))
    assert "group" not in groups(me.explore(trial[["group", "soil", "light", "growth"]]))


@pytest.mark.parametrize(
    ("name", "grouped"),
    [("plot", True), ("plot_type", False), ("plotID", True), ("number of plots", False)],
)
def test_a_name_is_about_its_last_word(rng, name, grouped):
    table = pd.DataFrame({name: rng.permutation(np.repeat([*"abcdefgh"], 6))})
    table["yield"] = rng.normal(size=48)
    assert groups(me.explore(table)) == ({name} if grouped else set())


def test_lags_and_exclusive_dummies_are_no_waves(rng):
    price = rng.normal(size=60)
    lags = pd.DataFrame({"price": price, "week": np.arange(60)})
    for k in (1, 2, 3):
        lags[f"price_{k}"] = lags["price"].shift(k)
    assert me.explore(lags).shape != "wide"
    arm = rng.integers(0, 4, 60)
    dummies = pd.DataFrame({"who": np.arange(60), **{f"arm{k}": (arm == k) * 1 for k in (1, 2, 3)}})
    assert me.explore(dummies).shape != "wide"
    heights = pd.DataFrame(
        {"who": np.arange(60), **{f"h_{k}": rng.normal(size=60) for k in (1, 2, 3)}}
    )
    assert me.explore(heights).shape == "wide"


def test_rows_of_people_in_some_order_are_no_whole_plots(rng):
    tasted = pd.DataFrame(itertools.product([*"abcdefg"], ["cold", "warm"], ["red", "white"]))
    tasted.columns = ["judge", "temperature", "wine"]
    tasted["rating"] = rng.normal(size=len(tasted))
    assert "(1 | judge)" in me.explore(tasted).formula
    blocks = tasted.rename(columns={"judge": "block", "wine": "dose", "temperature": "variety"})
    assert "(1 | block / variety)" in me.explore(blocks).formula


def test_a_column_that_denies_another_is_not_the_outcome(rng):
    cases = rng.integers(0, 9, 40)
    table = pd.DataFrame(
        {"ward": np.repeat([*"abcdefgh"], 5), "noncases": 9 - cases, "cases": cases}
    )
    found = me.explore(table)
    assert found.outcome == "cases" and found.formula.startswith("cbind(cases, noncases)")
