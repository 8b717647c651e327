"""Refits of models some of whose coefficients are infinite, to responses whose are not."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden" / "glmm" / "refit_from_limit.json").read_text()
)
DATA = pd.DataFrame(GOLDEN["data"])
# family: formula, a response with an infinite estimate, one without
MODELS = {
    "nbinom2": ("{} ~ x + (1 | g)", "even", "wide"),
    "zero_inflated_poisson": ("{} ~ x + (1 | g)", "full", "zeros"),
    "binomial": ("{} ~ arm + (1 | g)", "told", "mixed"),
    "betabinomial": ("{} / size ~ x + (1 | g)", "same", "apart"),
}


@pytest.fixture(scope="module", params=MODELS)
def case(request):
    """A family, the fit at a limit, and the response that has finite estimates."""
    formula, first, second = MODELS[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = me.glmm(formula.format(first), DATA.assign(size=10), family=request.param)
    assert fit.certificate.recession is not None
    return request.param, fit, DATA[second].to_numpy(float)


def test_one_response(case):
    family, fit, y = case
    found, golden = fit.refit(y), GOLDEN["fits"][family]
    assert found.certificate.recession is None
    np.testing.assert_allclose(found.loglik, golden["loglik"], rtol=tol.REFIT_LOGLIK_RTOL)
    np.testing.assert_allclose(
        list(found.fixef.values()), golden["fixef"], rtol=tol.FROM_LIMIT_RTOL
    )


def test_many_responses(case):
    """Whose last step is not looked at again."""
    family, fit, y = case
    many, golden = fit.refit(np.column_stack([fit.response.y, y])), GOLDEN["fits"][family]
    assert many.status[1] == "converged"
    np.testing.assert_allclose(many.loglik[1], golden["loglik"], rtol=tol.REFIT_LOGLIK_RTOL)
    p = len(golden["fixef"])
    np.testing.assert_allclose(many.estimates[1, :p], golden["fixef"], rtol=tol.FROM_LIMIT_RTOL)


def test_responses_drawn_from_the_limit():
    """Which a bootstrap refits: half of Poisson counts are overdispersed in the sample."""
    formula, first, _ = MODELS["nbinom2"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = me.glmm(formula.format(first), DATA, family="nbinom2")
        Y = fit.simulate(4, rng=2)
        many = fit.refit(Y)
        for y, loglik in zip(Y.T, many.loglik, strict=True):
            other = me.glmm(formula.format("y"), DATA.assign(y=y), family="nbinom2")
            np.testing.assert_allclose(loglik, other.loglik, rtol=tol.REFIT_LOGLIK_RTOL)
