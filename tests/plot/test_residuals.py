"""Residuals against fitted values, and the scale–location plot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, RED
from mixedeffects.views.smooth import smooth
from tests import tolerances as tol
from tests.plot.pictures import drawn
from tests.tolerances import BAND_OF_NOISE_RTOL, STANDARDISED_RTOL


@pytest.fixture(scope="module")
def fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


@pytest.fixture(scope="module")
def owls():
    return me.glmm(
        "SiblingNegotiation ~ FoodTreatment * SexParent + (1 | Nest)", me.datasets.owls(),
        family="nbinom1", zi="~ 1",
    )  # fmt: skip


def fanned(n=1500, groups=30, slope=0.4, seed=3):
    """Data whose residual standard deviation grows with the fitted value."""
    rng = np.random.default_rng(seed)
    g = np.arange(n) % groups
    x = rng.uniform(0, 10, n)
    y = 2.0 * x + rng.normal(size=groups)[g] + (0.3 + slope * x) * rng.normal(size=n)
    return {"y": y, "x": x, "g": g}


def test_data_are_the_fits_own_residuals(fit):
    data = fit.plot.residuals().data
    np.testing.assert_array_equal(data["residual"], fit.residuals("pearson"))
    np.testing.assert_array_equal(data["fitted"], fit.fitted)
    assert data["row"].tolist() == list(range(180))
    population = fit.plot.residuals("population").data
    np.testing.assert_array_equal(population["fitted"], fit.predict(groups="population"))


def test_standardised_residuals_have_the_sd_that_the_model_gives_them():
    """e = RPy by dense matrices, weights included: Var(e_i) = sigma^2 P_ii / w_i^2."""
    table = me.datasets.sleepstudy()
    weights = np.random.default_rng(4).uniform(0.5, 2.0, 180)
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", table, weights=weights)
    X = np.column_stack([np.ones(180), table["Days"]])
    codes = np.unique(table["Subject"], return_inverse=True)[1]
    L = np.zeros((2, 2))
    L[[0, 1, 1], [0, 0, 1]] = fit.theta
    V = np.diag(1.0 / weights)
    for i in range(180):
        same = np.flatnonzero(codes == codes[i])
        V[i, same] += X[i] @ L @ L.T @ X[same].T
    inverse = np.linalg.inv(V)
    P = inverse - inverse @ X @ np.linalg.solve(X.T @ inverse @ X, X.T @ inverse)
    e = (P @ table["Reaction"]) / weights
    wanted = e / (fit.sigma * np.sqrt(P.diagonal()) / weights)
    found = fit.plot.residuals("standardised").data["residual"]
    np.testing.assert_allclose(found, wanted, rtol=STANDARDISED_RTOL)


def test_smooth_is_local_regression_by_weighted_least_squares():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 5, 200), rng.normal(size=200)
    line = smooth(x, y)
    for at, mean in zip(line["x"][::7], line["mean"][::7], strict=True):
        distance = np.abs(x - at)
        width = 1.0001 * np.sort(distance)[int(np.ceil(200 * 2 / 3)) - 1]
        w = np.clip(1 - (distance / width) ** 3, 0, None) ** 3
        slope, level = np.polyfit(x, y, 1, w=np.sqrt(w))
        assert mean == pytest.approx(level + slope * at)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_band_is_that_of_a_weighted_sum_of_rows(level):
    """line = S y: its variance at a point is the sum of S_ij^2 times the rows' own variances."""
    rng = np.random.default_rng(4)
    x = np.sort(rng.uniform(0, 5, 50))
    y = np.sin(x) + rng.normal(size=50) * (0.2 + 0.3 * x)
    S = np.empty((50, 50))
    for i, at in enumerate(x):
        distance = np.abs(x - at)
        width = 1.0001 * np.sort(distance)[int(np.ceil(50 * 2 / 3)) - 1]
        w = np.clip(1 - (distance / width) ** 3, 0, None) ** 3
        X = np.column_stack([np.ones(50), x - at])
        S[i] = np.linalg.solve(X.T @ (w[:, None] * X), X.T * w)[0]
    line = smooth(x, y, level)
    np.testing.assert_allclose(line["mean"], S @ y)
    half = norm.ppf(0.5 + level / 2) * np.sqrt(S**2 @ (y - S @ y) ** 2)
    np.testing.assert_allclose(line["upper"] - line["mean"], half)
    np.testing.assert_allclose(line["mean"] - line["lower"], half)


def test_the_band_of_means_is_as_wide_as_that_of_rows():
    """Of noise of variance 4, n rows: 2 z sqrt(sum of S_ij^2), which falls with the root of n."""
    rng = np.random.default_rng(6)
    middle = []
    for n in (900, 14_400):
        line = smooth(np.linspace(0, 1, n), 2.0 * rng.normal(size=n))
        middle.append(np.mean(line["upper"][20:40] - line["mean"][20:40]))
    assert middle[0] / middle[1] == pytest.approx(4.0, rel=BAND_OF_NOISE_RTOL)


def test_means_of_many_rows_make_the_same_smooth():
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 5, 20_000)
    y = np.sin(x) + 0.1 * rng.normal(size=x.size)
    whole = smooth(x, y, span=0.1)
    # by hand, all rows at one point of the line
    at = whole["x"][30]
    distance = np.abs(x - at)
    w = np.clip(1 - (distance / np.sort(distance)[2000]) ** 3, 0, None) ** 3
    slope, level = np.polyfit(x, y, 1, w=np.sqrt(w))
    assert whole["mean"][30] == pytest.approx(level + slope * at, abs=tol.SAMPLED_E2)
    assert whole["lower"][30] < level + slope * at < whole["upper"][30]


def test_picture_has_every_row_the_smooth_and_the_names_of_the_largest(fit):
    picture = drawn(fit.plot.residuals())
    assert picture.marks("point") == 180
    assert picture.has_colour(RED)
    order = np.argsort(-np.abs(fit.residuals()))[:3]
    assert all(picture.says(str(row)) for row in order)


def test_variance_that_grows_makes_the_scale_location_line_rise():
    table = fanned()
    chart = me.lmm("y ~ x + (1 | g)", table).plot.scale_location()
    line = chart.tables["smooth"]
    assert line["lower"].iloc[-5] > chart.view.facts["expected"] > line["upper"].iloc[5]
    calm = me.lmm("y ~ x + (1 | g)", fanned(slope=0.0)).plot.scale_location().tables["smooth"]
    assert np.ptp(calm["mean"]) < 0.3 * np.ptp(line["mean"])
    assert drawn(chart).marks("point") == 1500


def test_expected_root_is_that_of_the_normal_distribution(fit):
    z = np.random.default_rng(0).normal(size=1_000_000)
    expected = fit.plot.scale_location().view.facts["expected"]
    assert expected == pytest.approx(np.sqrt(np.abs(z)).mean(), abs=tol.TRUNCATION_E3)


def test_many_rows_are_counted_in_cells_and_it_says_so():
    table = fanned(20_000)
    fit = me.lmm("y ~ x + (1 | g)", table)
    chart = fit.plot.residuals()
    assert chart.data["count"].sum() == 20_000
    assert "20,000 rows counted in cells" in chart.subtitle
    one = chart.data.iloc[100]
    inside = (
        (fit.fitted >= one["x0"]) & (fit.fitted < one["x1"])
        & (fit.residuals() >= one["y0"]) & (fit.residuals() < one["y1"])
    )  # fmt: skip
    assert inside.sum() == one["count"]
    assert drawn(chart).marks("rect") >= len(chart.data)


def test_rows_are_those_of_the_users_table_where_some_are_missing():
    table = me.datasets.sleepstudy().copy()
    table.loc[[0, 3, 50], "Reaction"] = np.nan
    data = me.lmm("Reaction ~ Days + (Days | Subject)", table).plot.residuals().data
    wanted = [row for row in range(180) if row not in (0, 3, 50)]
    assert data["row"].tolist() == wanted


def test_generalised_models_show_quantile_residuals_against_the_predictor(owls):
    chart = owls.plot.residuals(rng=5)
    np.testing.assert_array_equal(chart.data["residual"], owls.residuals("quantile", rng=5))
    np.testing.assert_array_equal(chart.data["fitted"], owls.predictors[0])
    assert chart.data.equals(owls.plot.residuals(rng=5).data)
    assert chart.view.facts["fitted_name"] == "linear predictor (log)"
    assert drawn(chart).has_colour(BLUE, share=1e-6)
    pearson = owls.plot.residuals("pearson").data["residual"]
    np.testing.assert_array_equal(pearson, owls.residuals("pearson"))


def test_wrong_kinds_are_named(fit, owls):
    with pytest.raises(me.OptionError, match="standardised"):
        fit.plot.residuals("deviance")
    with pytest.raises(me.OptionError, match="standard normal if the model is right"):
        fit.plot.scale_location("response")
    with pytest.raises(me.OptionError, match="quantile"):
        owls.plot.scale_location("pearson")


@pytest.mark.parametrize("flavour", ["polars", "pyarrow", "dict"])
def test_data_come_in_the_users_flavour(flavour):
    table = me.datasets.sleepstudy()
    if flavour == "polars":
        import polars

        given = polars.from_pandas(table)
    elif flavour == "pyarrow":
        import pyarrow

        given = pyarrow.Table.from_pandas(table)
    else:
        given = {name: table[name].to_numpy() for name in table.columns}
    chart = me.lmm("Reaction ~ Days + (Days | Subject)", given).plot.residuals()
    assert len(chart.data["row"]) == 180
    if flavour == "polars":
        assert type(chart.data).__module__.startswith("polars")


def test_row_numbers_do_not_lie_on_each_other(rdata):
    """A rating has few values, so that the largest residuals are neighbours."""
    chart = me.lmm("y ~ service + (1 | s) + (1 | d)", rdata("lme4", "InstEval")).plot.residuals()
    extreme = chart.tables["extreme"]
    assert len(extreme) == 3 and 0 < extreme["named"].sum() < 3
    named, other = extreme[extreme["named"]], extreme[~extreme["named"]].iloc[0]
    x, y = chart.data["x1"].max() - chart.data["x0"].min(), np.ptp(chart.data[["y0", "y1"]])
    near = (named["fitted"] - other["fitted"]).abs() / x < 0.13
    assert (near & ((named["residual"] - other["residual"]).abs() / y < tol.TRUNCATION_5E2)).any()


def test_scale_location_draws_the_roots_of_the_residuals(fit, owls):
    """The standardised residuals themselves are compared with dense matrices above."""
    chart = fit.plot.scale_location()
    size = np.abs(fit.plot.residuals("standardised").data["residual"])
    np.testing.assert_allclose(chart.data["residual"], np.sqrt(size), rtol=STANDARDISED_RTOL)
    np.testing.assert_array_equal(chart.data["fitted"], fit.fitted)
    top = np.argsort(-size)[:3]
    assert chart.tables["extreme"]["row"].tolist() == top.tolist()
    np.testing.assert_allclose(
        chart.tables["extreme"]["residual"], np.sqrt(size)[top], rtol=STANDARDISED_RTOL
    )
    assert drawn(chart).marks("point") == 180
    of_counts = owls.plot.scale_location(rng=5)
    roots = np.sqrt(np.abs(owls.residuals("quantile", rng=5)))
    np.testing.assert_array_equal(of_counts.data["residual"], roots)
    assert drawn(of_counts).marks("point") == 599


def test_points_know_their_levels_where_some_rows_are_missing():
    table = me.datasets.owls().copy()
    table.loc[[0, 5, 300], "SiblingNegotiation"] = np.nan
    fit = me.lmm("SiblingNegotiation ~ FoodTreatment + (1 | Nest) + (1 | BroodSize)", table)
    for chart in (fit.plot.residuals(), fit.plot.scale_location(), fit.plot.qq()):
        shown = chart.data
        assert (shown["level"] == table["Nest"].astype(str).to_numpy()[shown["row"]]).all()
        brood = shown["level_2"].astype(float).to_numpy()
        assert (brood == table["BroodSize"].to_numpy()[shown["row"]]).all()


def test_the_band_of_roots_does_not_go_below_zero():
    rng = np.random.default_rng(2)
    x = np.r_[np.linspace(0.0, 1.0, 30), 3.0, 3.1]  # few rows of small residuals at one end
    y = 10.0 * x + rng.normal(size=32) * np.r_[np.linspace(4.0, 0.2, 30), 0.05, 0.05]
    fit = me.lmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": np.arange(32) % 4})
    tables = fit.plot.scale_location().tables
    data, line = tables["data"], tables["smooth"]
    plain = smooth(data["fitted"].to_numpy(), data["residual"].to_numpy())
    assert plain["lower"].min() < 0.0
    np.testing.assert_allclose(line["lower"], np.maximum(plain["lower"], 0.0))
    assert (line["mean"] >= line["lower"]).all()
