"""A generalised fit written to a file and read again."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.family import Poisson
from tests import tolerances as tol
from tests.golden.glmm.frames import golden_frame, golden_models

MODELS = golden_models()
OPTIONS = ("family", "link", "nagq", "weights", "exposure", "zi", "dispersion")
NAMES = [
    "cbpp", "cbpp_agq9", "cbpp_nagq0", "cbpp_proportion_weights", "bacteria", "wine_slopes",
    "sleep_t", "gasoline_beta_dispersion", "owls_zip", "owls_hurdle_nbinom2", "epil_nbinom2",
    "salamanders_zip_random_zi", "gopher", "cbpp_betabinomial",
]  # fmt: skip


def fit_of(name):
    model = MODELS[name]
    options = {key: model[key] for key in OPTIONS if model[key] is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.glmm(model["formula"], golden_frame(model), **options)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_the_fit_comes_back(name, rows, tmp_path):
    fit = fit_of(name)
    fit.save(tmp_path / "fit.npz", rows=rows)
    again = me.load(tmp_path / "fit.npz")
    assert isinstance(again, me.GLMM)
    assert again.loglik == pytest.approx(fit.loglik, abs=tol.RELOADED_ATOL)
    np.testing.assert_allclose(again.beta, fit.beta, atol=tol.RELOADED_ATOL)
    np.testing.assert_allclose(
        again.vcov(component="all"),
        fit.vcov(component="all"),
        rtol=tol.OPTIMUM_E6,
        atol=tol.ROUNDING_E9,
    )
    assert str(again) == str(fit)
    np.testing.assert_allclose(
        again.tidy(effects="ran_vals")["estimate"], fit.tidy(effects="ran_vals")["estimate"],
        atol=tol.OPTIMUM_E7,
    )  # fmt: skip
    data = golden_frame(MODELS[name])
    np.testing.assert_allclose(
        again.predict(data.head(9)), fit.predict(data.head(9)), atol=tol.OPTIMUM_E7
    )
    np.testing.assert_allclose(
        again.anova(type=2)["chisq"], fit.anova(type=2)["chisq"], rtol=tol.OPTIMUM_E5
    )


def test_categories_come_back(tmp_path):
    model = MODELS["bacteria"]
    fit = me.glmm(model["formula"], golden_frame(model), family="binomial")
    fit.save(tmp_path / "fit.npz")
    assert list(me.load(tmp_path / "fit.npz").design.categories) == ["n", "y"]


class Mine(Poisson):
    """A family of a user's own."""


def test_a_family_without_a_name_is_not_saved(tmp_path):
    model = MODELS["epil"]
    fit = me.glmm(model["formula"], golden_frame(model), family=Mine())
    with pytest.raises(me.NotAvailableError, match="family or link of your own"):
        fit.save(tmp_path / "fit.npz")
    assert not (tmp_path / "fit.npz").exists()


@pytest.mark.parametrize("harm", ["x", "curvature", "size", "codes"])
def test_a_damaged_file_is_refused(harm, tmp_path):
    path = tmp_path / "fit.npz"
    fit_of("cbpp").save(path, rows=True)
    with np.load(path) as archive:
        arrays = dict(archive)
    if harm == "codes":
        arrays["codes_0"] = arrays["codes_0"][:-1]
    else:
        arrays[harm] = arrays[harm][:-1]
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(me.DataError, match="damaged"):
        me.load(path)


def test_an_unknown_family_in_a_file_is_refused(tmp_path):
    path = tmp_path / "fit.npz"
    fit_of("cbpp").save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())
    header["request"]["family"]["family"] = "nothing"
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(me.MixedEffectsError, match="not known"):
        me.load(path)
