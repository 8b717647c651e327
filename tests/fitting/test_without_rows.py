"""A fit without the rows it was fitted to answers as the fit itself, from memory or a file."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol

N = 600
# a few kB: what the file of a model of 20 groups may weigh, whatever the number of its rows
MOST_BYTES = 16_000


def table(n=N):
    rng = np.random.default_rng(1)
    g, k, x = rng.integers(0, 20, n), rng.integers(0, 7, n), rng.normal(size=n)
    eta = 0.3 * x + 0.6 * rng.normal(size=20)[g] + 0.3 * rng.normal(size=7)[k]
    zeros = rng.uniform(size=n) < 0.3
    return pd.DataFrame({
        "x": x, "g": g, "k": k, "w": rng.uniform(0.5, 2, n), "o": rng.uniform(1, 3, n),
        "f": rng.choice(list("abc"), n), "h": rng.choice(list("uv"), n), "b": x > 0.4,
        "y": eta + 0.5 * rng.normal(size=n), "count": rng.poisson(np.exp(eta)),
        "yes": (rng.uniform(size=n) < 1 / (1 + np.exp(-eta))).astype(int),
        "many": np.where(zeros, 0, rng.poisson(np.exp(eta))),
        "time": np.exp(eta + 0.4 * rng.normal(size=n)),
        "share": 1 / (1 + np.exp(-eta - 0.4 * rng.normal(size=n))),
        "grade": np.digitize(eta + rng.logistic(size=n), [-0.5, 0.5, 1.5]),
        "never": (x > 0.4) & (rng.uniform(size=n) < 0.4),
        "above": np.where(g % 2 == 0, "even", "odd"),
    })  # fmt: skip


DATA = table()
LINEAR = {
    "crossed slopes": ("y ~ f * h + x + (1 + x | g) + (1 | k)", {}),
    "weights": ("y ~ x * f + (x || g)", {"weights": "w"}),
    "log, nested, offset": ("log(y + 9) ~ x + b + offset(o) + (1 | g / k)", {"reml": False}),
    "no intercept": ("y ~ 0 + f + poly(x, 2) + (0 + f | g)", {}),
    "centred": ("y ~ scale(x) + f:h + (1 | g)", {}),
    "constant": ("y ~ 1 + (1 | g)", {}),
    "not identified": ("y ~ above + (above | g)", {}),
    "aliased": ("y ~ x + I(2 * x) + f + (1 | g)", {}),
}
GENERALISED = {
    "poisson": ("count ~ x * f + (1 | g)", {"family": "poisson"}),
    "slopes": ("yes ~ x + f + (1 + x | g)", {"family": "binomial"}),
    "crossed": ("yes ~ x + f + (1 | g) + (1 | k)", {"family": "binomial"}),
    "zeros": ("many ~ x + f + (1 | g)", {"family": "poisson", "zi": "~ h"}),
    "gamma": ("time ~ x + f + (1 | g)", {"family": "gamma", "link": "log", "weights": "w"}),
    "dispersion": ("share ~ x + (1 | g)", {"family": "beta", "dispersion": "~ h"}),
    "ordinal": ("grade ~ x + f + (1 | g)", {"family": "ordinal"}),
    "exposure": ("count ~ x + f + (1 | g)", {"family": "nbinom2", "exposure": "o"}),
    "quadrature": ("yes ~ x + (1 | g)", {"family": "binomial", "nagq": 5}),
    "separated": ("never ~ b + x + (1 | g)", {"family": "binomial"}),
}
FITS = {}


def fit_of(name):
    if name not in FITS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if name in LINEAR:
                formula, options = LINEAR[name]
                FITS[name] = me.lmm(formula, DATA, **options)
            else:
                formula, options = GENERALISED[name]
                FITS[name] = me.glmm(formula, DATA, **options)
    return FITS[name]


def one_of(fit, place):
    """A column that the fixed effects read, or a name that is none."""
    found = list(fit.design.sources.columns)
    return found[place] if found else "?"


def numeric(fit):
    sources = fit.design.sources
    return next((n for n in sources.columns if n not in sources.categorical), "?")


NEW = (
    DATA.iloc[:4]
    .drop(columns=["y", "count", "yes", "many", "time", "share", "grade", "never"])
    .assign(g=[0, 1, 2, 99])
)
ASKED = {
    "print": str,
    "summary": lambda fit: str(fit.summary()),
    "test": lambda fit: str(fit.test(fit.design.x_names[0])),
    "kenward": lambda fit: str(fit.test(fit.design.x_names[0], ddf="kenward-roger")),
    "anova 1": lambda fit: fit.anova(type=1),
    "anova 2": lambda fit: fit.anova(type=2),
    "anova 3": lambda fit: fit.anova(type=3),
    "confint": lambda fit: fit.confint(),
    "vcov": lambda fit: fit.vcov(),
    "means": lambda fit: str(fit.emmeans(one_of(fit, -1), weights="proportional")),
    "means of the response": lambda fit: str(fit.emmeans(one_of(fit, 0), scale="response")),
    "slopes": lambda fit: str(fit.emtrends(numeric(fit))),
    "prediction": lambda fit: np.asarray(fit.predict(NEW, groups="population")),
    "intervals": lambda fit: fit.predict(NEW, groups="population", interval="confidence"),
    "known groups": lambda fit: fit.predict(NEW[:3], interval="confidence"),
    "interpret": lambda fit: str(fit.interpret()),
    "icc": lambda fit: fit.icc(),
    "r2": lambda fit: fit.r2(),
    "varcorr": lambda fit: str(fit.varcorr),
    "ranef": lambda fit: fit.ranef(),
    "tidy": lambda fit: fit.tidy(),
    "glance": lambda fit: fit.glance(),
    "equation": lambda fit: str(fit.equation()),
}  # fmt: skip
# what a fit without its rows does not know: the joint covariance of crossed random effects
UNKNOWN = {("crossed", "known groups")}


def said(question, fit):
    """What a fit says, or the error that it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return question(fit)
        except me.MixedEffectsError as error:
            return type(error).__name__, str(error)


def assert_same(got, want, **close):
    if isinstance(want, pd.DataFrame):
        pd.testing.assert_frame_equal(got, want, **close)
    elif isinstance(want, np.ndarray):
        np.testing.assert_allclose(got, want, **close)
    else:
        assert got == want


@pytest.mark.parametrize("name", [*LINEAR, *GENERALISED])
def test_every_answer_is_the_same(name):
    fit = fit_of(name)
    less = fit.without_rows()
    for asked, question in ASKED.items():
        if (name, asked) in UNKNOWN:
            with pytest.raises(me.NotAvailableError, match="several grouping factors"):
                question(less)
            continue
        assert_same(said(question, less), said(question, fit), rtol=tol.ROUNDING_E12)
    assert less.without_rows().design is less.design


@pytest.mark.parametrize("name", [*LINEAR, *GENERALISED])
def test_a_file_has_the_fit_without_its_rows(name, tmp_path):
    fit = fit_of(name)
    fit.save(tmp_path / "fit.npz")
    assert (tmp_path / "fit.npz").stat().st_size < MOST_BYTES
    again = me.load(tmp_path / "fit.npz")
    assert type(again) is type(fit)
    for asked, question in ASKED.items():
        if (name, asked) not in UNKNOWN:
            assert_same(said(question, again), said(question, fit), rtol=tol.ROUNDING_E9)
    again.save(tmp_path / "again.npz")
    assert str(me.load(tmp_path / "again.npz")) == str(fit)


def test_the_file_does_not_grow_with_the_rows(tmp_path):
    sizes = []
    for n in (N, 20 * N):
        me.lmm("y ~ x + f + (1 + x | g)", table(n)).save(tmp_path / f"{n}.npz")
        sizes.append((tmp_path / f"{n}.npz").stat().st_size)
    assert sizes[1] < 1.1 * sizes[0]


def test_the_numbers_of_the_rows_are_not_in_the_file(tmp_path):
    data = DATA.assign(y=DATA["y"] + np.pi, x=DATA["x"] + np.e)
    fit = me.lmm("y ~ x + f + (1 | g)", data)
    fit.save(tmp_path / "fit.npz")
    with np.load(tmp_path / "fit.npz") as archive:
        written = np.concatenate([archive[name].ravel() for name in archive.files])
    assert not np.isin(data[["x", "y"]].to_numpy(), written).any()


REFUSED = {
    "residuals": lambda fit: fit.residuals(),
    "fitted": lambda fit: fit.fitted,
    "own predictions": lambda fit: fit.predict(),
    "refit": lambda fit: fit.refit(DATA[fit.design.spec.response]),
    "influence": lambda fit: fit.influence(),
    "augment": lambda fit: fit.augment(),
    "diagnose": lambda fit: fit.diagnose(),
    "simulate": lambda fit: fit.simulate(),
    "chart": lambda fit: fit.plot.residuals(),
    "own function of the rows": lambda fit: fit.emmeans("f", cov_reduce=np.ptp),
    "with rows": lambda fit: fit.save("never", rows=True),
    "comparison": lambda fit: fit.lrt(fit_of("poisson")),
}  # fmt: skip


@pytest.mark.parametrize("name", ["crossed slopes", "poisson"])
@pytest.mark.parametrize("asked", REFUSED)
def test_what_asks_for_rows_is_refused_in_words(name, asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit = fit_of(name).without_rows()
    if (name, asked) == ("poisson", "own function of the rows"):
        fit = me.glmm("count ~ x + f + (1 | g)", DATA, family="poisson").without_rows()
    with pytest.raises(me.NotAvailableError, match=r"(?s)without the rows .* rows=True"):
        REFUSED[asked](fit)


def test_a_linear_fit_knows_more_from_its_sums():
    """Cross-products are all that profiles, bootstraps of responses and other criteria need."""
    fit = fit_of("crossed slopes")
    less = fit.without_rows()
    assert_same(less.confint(method="profile"), fit.confint(method="profile"), rtol=tol.ROUNDING_E9)
    assert less.again(reml=False).loglik == pytest.approx(fit.again(reml=False).loglik)
    one, two = (f.bootstrap(20, rng=1).tidy() for f in (less, fit))
    assert_same(one, two, rtol=tol.OPTIMUM_E6)


@pytest.mark.parametrize("name", ["crossed slopes", "poisson"])
def test_a_damaged_file_is_refused(name, tmp_path):
    path, bad = tmp_path / "fit.npz", tmp_path / "bad.npz"
    fit_of(name).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    for harmed in arrays:
        if harmed.startswith(("sums/", "predictor")) or arrays[harmed].size < 2:
            continue
        with open(bad, "wb") as file:
            np.savez(file, **(arrays | {harmed: arrays[harmed].ravel()[:-1]}))
        with pytest.raises(me.DataError):
            me.load(bad)


def test_the_rows_are_let_go():
    """Nothing of a fit without rows holds an array as long as the table."""
    for name in ("crossed slopes", "crossed"):
        less, seen, found = fit_of(name).without_rows(), set(), []
        waiting = [less]
        while waiting:
            one = waiting.pop()
            if id(one) in seen or isinstance(one, type | type(sys)):
                continue
            seen.add(id(one))
            if isinstance(one, np.ndarray):
                if N in one.shape:
                    found.append(one.shape)
                continue
            waiting += list(one.values()) if isinstance(one, dict) else []
            waiting += list(one) if isinstance(one, list | tuple) else []
            waiting += list(getattr(one, "__dict__", {}).values())
            names = [n for c in type(one).__mro__ for n in getattr(c, "__slots__", ())]
            waiting += [
                getattr(one, n) for n in names if not n.startswith("__") and hasattr(one, n)
            ]
        assert not found, name
