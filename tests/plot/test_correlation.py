"""Correlations against pandas', and a picture with a number in each cell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import mixedeffects as me
from tests import tolerances as tol
from tests.plot.pictures import drawn, seconds
from tests.tolerances import RAW_CHART_SECONDS, RAW_SUM_RTOL


@pytest.fixture
def cars(rdata):
    """Eleven columns of numbers, some values missing."""
    out = rdata("datasets", "mtcars").astype(float)
    out.loc[3:7, "hp"] = np.nan
    out.loc[10, "wt"] = np.nan
    return out


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_are_pandas_own_pairwise_complete(cars, method):
    data = me.plot.correlation(cars, method=method).data
    found = data.pivot(index="row", columns="column", values="r")
    expected = cars.corr(method=method)
    np.testing.assert_allclose(
        found.loc[expected.index, expected.columns],
        expected,
        rtol=RAW_SUM_RTOL,
        atol=tol.ROUNDING_E12,
    )
    n = data.set_index(["row", "column"])["n"]
    assert (n["hp", "mpg"], n["hp", "wt"], n["mpg", "cyl"]) == (27, 26, 32)


def test_no_interval_is_claimed_that_takes_rows_as_independent(cars):
    """Rows of one group are alike: Fisher's interval would be too narrow."""
    chart = me.plot.correlation(cars)
    assert list(chart.data) == ["row", "column", "r", "n"]
    for layer in chart.to_dict()["layer"]:
        assert {t["field"] for t in layer["encoding"]["tooltip"]} == {"row", "column", "r", "n"}


def test_many_columns_stand_by_similarity_and_given_ones_as_given(cars):
    order = me.plot.correlation(cars).view.facts["order"]
    r = cars.corr().abs()
    near = [r.loc[a, b] for a, b in zip(order[1:], order[:-1], strict=True)]
    given = [r.loc[a, b] for a, b in zip(cars.columns[1:], cars.columns[:-1], strict=True)]
    assert np.mean(near) > np.mean(given)
    chosen = ["wt", "mpg", "cyl", "disp", "hp", "drat", "qsec"]
    assert me.plot.correlation(cars, chosen).view.facts["order"] == chosen


def test_picture_has_a_number_in_each_cell(cars):
    picture = drawn(me.plot.correlation(cars))
    assert picture.marks('rect mark"') == picture.marks('text mark"') == 121
    assert picture.says("−0.85")
    assert picture.says("Pearson correlations, 26 to 32 rows per pair")


def test_row_ids_and_constants_are_left_out():
    data = me.datasets.flipped_classrooms().assign(one=1, half=lambda d: d["score"] / 2)
    assert me.plot.correlation(data).view.facts["order"] == ["score", "half"]


def test_hundreds_of_thousands_of_rows():
    calls = me.datasets.call_centres()
    _, took = seconds(lambda: me.plot.correlation(calls, method="spearman").png())
    assert took < RAW_CHART_SECONDS


def test_what_cannot_be_correlated(cars):
    with pytest.raises(me.OptionError, match="method='kendall'"):
        me.plot.correlation(cars, method="kendall")
    with pytest.raises(me.DataError, match="holds no numbers"):
        me.plot.correlation(me.datasets.owls(), ["Nest", "BroodSize"])
    with pytest.raises(me.DataError, match="did you mean 'mpg'"):
        me.plot.correlation(cars, ["mpgs", "wt"])
    with pytest.raises(me.DataError, match="two columns of numbers"):
        me.plot.correlation({"a": [1.5, 2.5], "g": ["x", "y"]})
    with pytest.raises(me.OptionError, match="list of column names"):
        me.plot.correlation(cars, "mpg")


def test_spearmans_are_those_of_scipy_and_in_the_cells(cars):
    chart = me.plot.correlation(cars, ["mpg", "wt", "hp"], method="spearman")
    found = chart.data.set_index(["row", "column"])["r"]
    for a, b in (("mpg", "wt"), ("mpg", "hp"), ("wt", "hp")):
        expected = stats.spearmanr(cars[a], cars[b], nan_policy="omit").statistic
        assert found[a, b] == found[b, a] == pytest.approx(expected)
        assert abs(found[a, b] - cars[a].corr(cars[b])) > 1e-3
    picture = drawn(chart)
    assert picture.says(f"{found['mpg', 'wt']:.2f}".replace("-", "−"))
    assert picture.says("Spearman rank correlations, 26 to 32 rows per pair")
