"""Whose row is whose: labels of pandas tables, in and out, against pandas' own alignment."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedeffects as me
from mixedeffects.errors import DataError
from tests.tolerances import ESTIMATE_RTOL, SAME_OPTIMUM, SIGMA_RTOL

LINEAR = "Reaction ~ Days + (Days | Subject)"


def dates(data):
    return pd.date_range("2024-01-01", periods=len(data), freq="h")[::-1]


# kinds of labels that a table of 180 rows comes with
INDEXES = {
    "range": lambda data: data,
    "shuffled": lambda data: data.sample(frac=1.0, random_state=3),
    "filtered": lambda data: data[data["Days"] % 2 == 0],
    "sorted": lambda data: data.sort_values("Reaction"),
    "text": lambda data: data.set_axis([f"r{i}" for i in range(len(data))][::-1]),
    "dates": lambda data: data.set_axis(dates(data)),
    "zone": lambda data: data.set_axis(dates(data).tz_localize("Europe/Paris")),
    "levels": lambda data: data.set_index(["Subject", "Days"], drop=False)
    .rename_axis(["who", "when"]),
    "duplicates": lambda data: data.set_axis(np.arange(len(data)) // 2),
    "floats": lambda data: data.set_axis(np.arange(len(data)) / 4.0),
}  # fmt: skip


@pytest.fixture(params=INDEXES)
def table(request, sleepstudy):
    """A table with labels of some kind, and two gaps."""
    rng = np.random.default_rng(1)
    data = sleepstudy.assign(
        w=rng.uniform(0.5, 2.0, len(sleepstudy)), count=rng.poisson(4.0, len(sleepstudy))
    )
    data.loc[[4, 60], "Reaction"] = np.nan
    return INDEXES[request.param](data)


def by_hand(fit, data):
    """Conditional predictions of a linear fit, row by row in the table's order."""
    beta = fit.fixef
    modes = fit.ranef().pivot(index="level", columns="term", values="estimate")
    own = modes.loc[data["Subject"]].to_numpy()
    names = list(modes.columns)
    intercept = beta["(Intercept)"] + own[:, names.index("(Intercept)")]
    slope = beta["Days"] + own[:, names.index("Days")]
    return pd.Series(intercept + slope * data["Days"].to_numpy(), index=data.index)


@pytest.mark.parametrize("interval", ["confidence", "prediction"])
@pytest.mark.parametrize("groups", ["conditional", "population"])
def test_predictions_carry_the_index_that_came_in(table, interval, groups):
    fit = me.lmm(LINEAR, table)
    found = fit.predict(table, interval=interval, groups=groups)
    assert found.index.equals(table.index) and found.index.names == table.index.names
    beside = table.assign(**found) if table.index.is_unique else table
    values = fit.predict(table, groups=groups)
    assert np.allclose(found["prediction"], values, rtol=ESTIMATE_RTOL)
    if table.index.is_unique:
        assert np.allclose(beside["prediction"], values, rtol=ESTIMATE_RTOL)
    if groups == "conditional":
        assert np.allclose(found["prediction"], by_hand(fit, table), rtol=ESTIMATE_RTOL)


def test_predictions_of_the_fits_own_rows(table):
    used = table.index[table["Reaction"].notna()]
    fit = me.lmm(LINEAR, table)
    assert fit.predict(interval="confidence").index.equals(used)
    plain = fit.augment()
    assert plain.index.equals(used)
    assert np.array_equal(plain["Reaction"], table["Reaction"].dropna())
    assert fit.quantile_residuals(n=20, rng=1).table().index.equals(used)
    beside = fit.augment(table)
    assert beside.index.equals(table.index)
    kept = table["Reaction"].notna().to_numpy()
    expected = by_hand(fit, table)[kept]
    assert np.allclose(beside[".fitted"][kept], expected, rtol=ESTIMATE_RTOL)
    assert beside[".fitted"][~kept].isna().all()


def test_predictions_of_a_generalised_model(table):
    fit = me.glmm("count ~ Days + (1 | Subject)", table, family="poisson")
    for options in (
        {"interval": "confidence"}, {"interval": "prediction"},
        {"interval": "confidence", "scale": "link"},
        {"interval": "confidence", "groups": "population", "new_levels": "marginal"},
    ):  # fmt: skip
        found = fit.predict(table, **options)
        assert found.index.equals(table.index)
        short = {k: v for k, v in options.items() if k != "interval"}
        assert np.allclose(found["prediction"], fit.predict(table, **short), rtol=ESTIMATE_RTOL)
        assert fit.predict(**options).index.equals(table.index)
    assert fit.augment(table).index.equals(table.index)
    assert fit.augment().index.equals(table.index)


def test_predictions_of_ordered_categories(table):
    grade = pd.cut(table["count"], [-1, 2, 4, 99], labels=["low", "mid", "high"])
    table = table.assign(grade=grade)
    fit = me.glmm("grade ~ Days + (1 | Subject)", table, family="ordinal")
    found = fit.predict(table)
    assert found.index.equals(table.index)
    assert fit.predict().index.equals(table.index)
    long = fit.predict(table, interval="confidence")
    assert list(long["row"][::3]) == table.index.tolist()
    assert np.allclose(long["prediction"], found.to_numpy().ravel(), rtol=ESTIMATE_RTOL)


def test_weights_belong_to_the_rows_of_their_labels(table):
    """A Series in another order is the same Series; other or ambiguous labels are refused."""
    right = me.lmm(LINEAR, table, weights="w")
    assert me.lmm(LINEAR, table, weights=table["w"]).loglik == right.loglik
    other = table["w"].sample(frac=1.0, random_state=9)
    if table.index.is_unique:
        found = me.lmm(LINEAR, table, weights=other)
        assert found.loglik == pytest.approx(right.loglik, abs=SAME_OPTIMUM)
        strange = table["w"].set_axis([f"other {i}" for i in range(len(table))])
        with pytest.raises(DataError, match=r"no value for row .*\n.*to_numpy\(\)"):
            me.lmm(LINEAR, table, weights=strange)
    else:
        with pytest.raises(DataError, match=r"labels that occur more than once.*\n.*to_numpy\(\)"):
            me.lmm(LINEAR, table, weights=other)
    by_position = me.lmm(LINEAR, table, weights=other.to_numpy())
    assert abs(by_position.loglik - right.loglik) > SAME_OPTIMUM


def test_exposure_and_weights_of_counts(table):
    formula = "count ~ Days + (1 | Subject)"
    right = me.glmm(formula, table, family="poisson", exposure="w", weights="w")
    other = table["w"].sample(frac=1.0, random_state=9)
    for name in ("exposure", "weights"):
        options = {"exposure": "w", "weights": "w", name: other}
        if table.index.is_unique:
            found = me.glmm(formula, table, family="poisson", **options)
            assert found.loglik == pytest.approx(right.loglik, abs=SAME_OPTIMUM)
        else:
            with pytest.raises(DataError, match="to_numpy"):
                me.glmm(formula, table, family="poisson", **options)


def test_weights_of_new_rows(table):
    fit = me.lmm(LINEAR, table, weights="w")
    right = fit.predict(table, interval="prediction", weights="w")
    other = table["w"].sample(frac=1.0, random_state=9)
    if table.index.is_unique:
        found = fit.predict(table, interval="prediction", weights=other)
        pd.testing.assert_frame_equal(found, right)
        with pytest.raises(DataError, match="to_numpy"):
            fit.predict(table.iloc[:5], interval="prediction", weights=other.iloc[5:10])
    else:
        with pytest.raises(DataError, match="to_numpy"):
            fit.predict(table, interval="prediction", weights=other)


def test_trials_of_new_rows(table):
    data = table.assign(n=20, hits=np.minimum(table["count"], 20))
    fit = me.glmm("hits / n ~ Days + (1 | Subject)", data)
    size = pd.Series(np.arange(1, len(data) + 1), index=data.index)
    right = fit.predict(data) * size.to_numpy()
    assert np.allclose(fit.predict(data, size=size), right, rtol=ESTIMATE_RTOL)
    if data.index.is_unique:
        other = size.sample(frac=1.0, random_state=9)
        assert np.allclose(fit.predict(data, size=other), right, rtol=ESTIMATE_RTOL)
        assert np.allclose(fit.predict(size=other), right, rtol=ESTIMATE_RTOL)


def test_another_response_belongs_to_the_rows_of_its_labels(table):
    fit = me.lmm(LINEAR, table)
    used = table["Reaction"].dropna()
    y = used + 3.0 * np.arange(len(used))
    right = fit.refit(y.to_numpy())
    assert fit.refit(y).loglik == right.loglik
    full = pd.Series(np.nan, index=table.index)
    full[table["Reaction"].notna().to_numpy()] = y.to_numpy()
    assert fit.refit(full).loglik == right.loglik  # of all rows, those used
    for given in (y, full):
        other = given.sample(frac=1.0, random_state=9)
        if table.index.is_unique:
            assert fit.refit(other).loglik == pytest.approx(right.loglik, abs=SAME_OPTIMUM)
        else:
            with pytest.raises(DataError, match="to_numpy"):
                fit.refit(other)


def test_another_count_belongs_to_the_rows_of_its_labels(table):
    fit = me.glmm("count ~ Days + (1 | Subject)", table, family="poisson")
    y = pd.Series(np.arange(len(table)) % 7, index=table.index)
    right = fit.refit(y.to_numpy())
    assert fit.refit(y).loglik == right.loglik
    if table.index.is_unique:
        other = y.sample(frac=1.0, random_state=9)
        assert fit.refit(other).loglik == pytest.approx(right.loglik, abs=SAME_OPTIMUM)
        with pytest.raises(DataError, match="to_numpy"):
            fit.refit(y.set_axis([f"other {i}" for i in range(len(y))]))


def test_clusters_belong_to_the_rows_of_their_labels(table):
    fit = me.lmm(LINEAR, table)
    right = fit.vcov(method="CR2", groups="Subject")
    for given in (table["Subject"], table["Subject"][table["Reaction"].notna()]):
        assert np.allclose(fit.vcov(method="CR2", groups=given), right, rtol=ESTIMATE_RTOL)
        if table.index.is_unique:
            other = given.sample(frac=1.0, random_state=9)
            assert np.allclose(fit.vcov(method="CR2", groups=other), right, rtol=ESTIMATE_RTOL)
    used = table["Subject"][table["Reaction"].notna()]
    residuals = fit.quantile_residuals(n=20, rng=1)
    rightly = residuals.by(used.to_numpy(), rng=2).table()
    if table.index.is_unique:
        found = residuals.by(used.sample(frac=1.0, random_state=9), rng=2).table()
        pd.testing.assert_frame_equal(found, rightly)
        facts = fit.influence(table["Subject"].sample(frac=1.0, random_state=9), refit=False).tidy()
        right = fit.influence(used.to_numpy(), refit=False).tidy()
        pd.testing.assert_frame_equal(facts, right)


def test_rows_that_matter_are_named_by_their_labels(table):
    """Without the row that matters most, found by its label, the fit changes as the table says."""
    fit = me.lmm(LINEAR, table)
    found = fit.influence()
    used = table.index[table["Reaction"].notna()]
    tidy = found.tidy()
    assert tidy["unit"].tolist() == used.tolist()
    most = int(tidy["cooks_distance"].argmax())
    shown = used[most]
    text = ", ".join(map(str, shown)) if isinstance(shown, tuple) else str(shown)
    assert str(found).splitlines()[2].startswith(f"{text} ")
    rows = fit.plot.influence("rows").data
    assert rows["unit"].iloc[0] == text
    assert rows["number"].iloc[0] == np.flatnonzero(table["Reaction"].notna())[most]
    largest = np.abs(fit.residuals("scaled")).argmax()
    residuals = fit.plot.residuals("scaled").data
    row = residuals["row"].iloc[int(np.abs(residuals["residual"]).argmax())]
    label = used[largest]
    assert str(row) == (", ".join(map(str, label)) if isinstance(label, tuple) else str(label))
    assert "<svg" in fit.plot.residuals("scaled").svg()
    assert "<svg" in fit.plot.influence("rows").svg()
    if table.index.is_unique:
        anew = fit.influence("rows", refit=True).tidy()
        without = me.lmm(LINEAR, table.drop(index=[shown]))
        assert anew["sigma"].iloc[most] == pytest.approx(without.sigma, rel=SIGMA_RTOL)


def test_a_table_in_another_order_is_the_same_table(table):
    fit = me.lmm(LINEAR, table)
    other = table.sample(frac=1.0, random_state=5)
    if not table.index.is_unique:
        with pytest.raises(DataError, match="must be the table"):
            fit.augment(other)
        return
    found = fit.augment(other)
    kept = other["Reaction"].notna().to_numpy()
    assert found.index.equals(other.index)
    assert np.allclose(found[".fitted"][kept], by_hand(fit, other)[kept], rtol=ESTIMATE_RTOL)
    assert np.allclose(found[".resid"], other["Reaction"] - found[".fitted"], equal_nan=True)


def test_other_rows_of_the_same_response_are_refused():
    """0 / 1 in an order that the response does not give away."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"y": [0, 1] * 60, "x": rng.normal(size=120), "g": np.arange(120) // 10})
    fit = me.glmm("y ~ x + (1 | g)", data)
    other = pd.concat([data.iloc[60:], data.iloc[:60]], ignore_index=True)
    assert (other["y"] == data["y"]).all()
    with pytest.raises(DataError, match="must be the table"):
        fit.augment(other)
    with pytest.raises(DataError, match="must be the table"):
        me.glmm("y ~ x + (1 | g)", pl.from_pandas(data)).augment(pl.from_pandas(other))


def test_polynomials_find_their_rows_again(sleepstudy):
    fit = me.lmm("Reaction ~ poly(Days, 3) + scale(Days) + (1 | Subject)", sleepstudy)
    found = fit.augment(sleepstudy)
    assert np.allclose(found[".fitted"], fit.fitted, rtol=ESTIMATE_RTOL)


def test_a_dict_of_series_is_brought_into_one_order(sleepstudy):
    right = me.lmm(LINEAR, sleepstudy)
    other = sleepstudy["Days"].sample(frac=1.0, random_state=2)
    columns = {"Reaction": sleepstudy["Reaction"], "Days": other, "Subject": sleepstudy["Subject"]}
    found = me.lmm(LINEAR, columns)
    assert found.loglik == pytest.approx(right.loglik, abs=SAME_OPTIMUM)
    columns["Days"] = other.set_axis(range(1, 181))
    with pytest.raises(DataError, match=r"values of 'Days' have no value for row .*\n.*to_numpy"):
        me.lmm(LINEAR, columns)
    columns["Days"] = sleepstudy["Days"].to_numpy()  # arrays go by position
    assert me.lmm(LINEAR, columns).loglik == pytest.approx(right.loglik, abs=SAME_OPTIMUM)


def test_libraries_without_labels_go_by_position(sleepstudy):
    rng = np.random.default_rng(6)
    w = pd.Series(rng.uniform(0.5, 2.0, 180))
    frame = pl.from_pandas(sleepstudy)
    right = me.lmm(LINEAR, sleepstudy, weights=w)
    assert me.lmm(LINEAR, frame, weights=w).loglik == right.loglik
    assert me.lmm(LINEAR, frame, weights=pl.Series(w)).loglik == right.loglik
    assert me.lmm(LINEAR, sleepstudy, weights=pl.Series(w)).loglik == right.loglik
    with pytest.raises(DataError, match=r"index of their own, and the table has none\n.*to_numpy"):
        me.lmm(LINEAR, frame, weights=w.sample(frac=1.0, random_state=1))


def test_predictions_are_of_the_kind_of_table_they_are_of(sleepstudy):
    fits = {
        "pandas": me.lmm(LINEAR, sleepstudy),
        "polars": me.lmm(LINEAR, pl.from_pandas(sleepstudy)),
        "pyarrow": me.lmm(LINEAR, pl.from_pandas(sleepstudy).to_arrow()),
    }
    rows = sleepstudy.iloc[[5, 3, 100]]
    new = {
        "pandas": rows,
        "polars": pl.from_pandas(rows),
        "pyarrow": pl.from_pandas(rows).to_arrow(),
    }
    for of, fit in fits.items():
        for kind, data in new.items():
            found = fit.predict(data, interval="confidence")
            assert type(found).__module__.startswith(kind), (of, kind)
            if kind == "pandas":
                assert found.index.tolist() == [5, 3, 100]
        plain = fit.predict({"Days": [1.0], "Subject": ["308"]}, interval="confidence")
        assert type(plain).__module__.startswith(of)


def test_a_saved_fit_keeps_its_labels(table, tmp_path):
    fit = me.lmm(LINEAR, table)
    fit.save(tmp_path / "fit.npz", rows=True)
    again = me.load(tmp_path / "fit.npz")
    assert again.predict(interval="confidence").index.equals(
        fit.predict(interval="confidence").index
    )
    assert again.augment(table).index.equals(table.index)
    counts = me.glmm("count ~ Days + (1 | Subject)", table, family="poisson")
    counts.save(tmp_path / "counts.npz", rows=True)
    again = me.load(tmp_path / "counts.npz")
    assert again.augment().index.equals(table.index)
