"""Densities, links and parametrisations against R: glmmTMB, MASS, ordinal, statmod, stats."""

import json
from pathlib import Path

import numpy as np
import pytest

from mixedeffects.family import Response, family_of
from tests import tolerances as tol
from tests.tolerances import DENSITY_RTOL, FITTED_DENSITY_RTOL

PATH = Path(__file__).parents[1] / "golden" / "family" / "families.json"
GOLDEN = json.loads(PATH.read_text())


def _case(case):
    predictors = [np.array(p, dtype=float) for p in case["predictors"]]
    predictors = [np.where(np.abs(p) > 1e299, np.copysign(np.inf, p), p) for p in predictors]
    response = Response(case["y"], case.get("size"), case.get("weights"))
    return family_of(case["family"], case.get("link")), response, predictors


def _ids(case):
    return case["id"]


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=_ids)
def test_log_density(case):
    family, response, predictors = _case(case)
    rtol = FITTED_DENSITY_RTOL if case["id"].startswith(("glmmTMB", "clm")) else DENSITY_RTOL
    with np.errstate(all="ignore"):
        found = family.log_density(response, *predictors)
    np.testing.assert_allclose(found, case["log_density"], rtol=rtol, atol=rtol)
    if family.name == "gaussian" or not family.weights_scale_dispersion:
        value = family.derivatives(response, predictors, 0)[()]
        np.testing.assert_allclose(value, case["log_density"], rtol=rtol, atol=rtol)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=_ids)
def test_mean_and_variance(case):
    family, response, predictors = _case(case)
    if case.get("mean"):
        np.testing.assert_allclose(family.mean(*predictors), case["mean"], rtol=tol.PROGRAM_E6)
    if case.get("variance"):
        found = family.variance(*predictors, size=response.size)
        np.testing.assert_allclose(found, case["variance"], rtol=tol.PROGRAM_E6)
    family.check(response, "y")


def test_log_probabilities_in_the_tails():
    from mixedeffects.family import LINKS

    links = {"log_ndtr": "probit", "log_expit": "logit", "log_cauchy": "cauchit"}
    for name, link in links.items():
        x, y = (np.array(GOLDEN["tails"][name][k], dtype=float) for k in "xy")
        np.testing.assert_allclose(LINKS[link].log_inverse(x), y, rtol=tol.ROUNDING_E12)
        np.testing.assert_allclose(LINKS[link].log_complement(-x), y, rtol=tol.ROUNDING_E12)
