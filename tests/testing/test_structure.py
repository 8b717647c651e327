"""Structures that a user adds keep the contract, and the contract test finds those that do not."""

import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.covariance import (
    CompoundSymmetry,
    Covariance,
    Diagonal,
    Invariance,
    register,
    registry,
)
from mixedeffects.errors import FormulaError
from mixedeffects.formula import COVARIANCES
from mixedeffects.testing import check_structure
from tests import tolerances as tol
from tests.covariance_structures import FirstApart, HomogeneousDiagonal

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "covariance" / "structures.json").read_text()
)
OWN = (CompoundSymmetry, HomogeneousDiagonal)
PACKAGE = tuple(type(registry.structure(name, 2)) for name in COVARIANCES)


@contextmanager
def known(form):
    """A structure that formulas can name, for a while."""
    if form in PACKAGE:
        yield form
        return
    register(form)
    try:
        yield form
    finally:
        del registry.STRUCTURES[form.name]
        COVARIANCES.remove(form.name)
        registry.structure.cache_clear()


@pytest.mark.parametrize("form", PACKAGE)
def test_the_packages_own_structures_pass(form):
    check_structure(form)


@pytest.mark.parametrize("form", [HomogeneousDiagonal, FirstApart])
def test_a_users_structure_passes(form):
    with known(form):
        check_structure(form)


def test_a_structure_is_unknown_until_it_is_registered(sleepstudy):
    formula = "Reaction ~ Days + homdiag(1 + Days | Subject)"
    with pytest.raises(FormulaError, match="unknown covariance structure 'homdiag'"):
        me.lmm(formula, sleepstudy)
    with known(HomogeneousDiagonal):
        assert me.lmm(formula, sleepstudy).theta.size == 1


class NotRegistered(Diagonal):
    pass


BROKEN = [
    (
        "derivatives",
        {"derivatives": lambda self, theta: 1.01 * self.basis},
    ),
    ("curvature", {"curvature": lambda self, theta, D: np.eye(self.n_theta)}),
    ("gradient", {"gradient": lambda self, theta, S: np.zeros(self.n_theta)}),
    ("invariance 'any'", {"invariance": Invariance.ANY}),
    ("invariance 'scaling'", {"invariance": Invariance.SCALING}),
    ("from_natural", {"from_natural": lambda self, values: np.full(self.n_theta, values[0])}),
    ("likeliest", {"theta_of": lambda self, Lambda: _first_entries(Lambda)}),
    ("basis", {"basis": property(lambda self: self._basis[:1], lambda self, b: _keep(self, b))}),
    ("shared", {"shared": lambda self, i, j: (0, 0)}),
    ("pairs", {"pairs": property(lambda self: [], lambda self, pairs: None)}),
]


def _first_entries(Lambda):
    """theta of a compound symmetry by two entries of it, which ignores the others."""
    G = Lambda @ Lambda.T
    if len(G) == 1:
        return np.sqrt(G[0])
    return np.sqrt([G[0, 0] + (len(G) - 1) * G[0, 1], G[0, 0] - G[0, 1]])


def _keep(self, basis):
    self._basis = basis


@pytest.mark.parametrize(("words", "members"), BROKEN)
def test_a_structure_that_breaks_a_promise_fails(words, members):
    if words == "basis":
        members = {
            **members,
            "factor": lambda self, theta: np.tensordot(theta, self._basis, 1),
            "derivatives": lambda self, theta: self._basis,
            "curvature": Covariance.curvature,
        }
    broken = type("Broken", (CompoundSymmetry,), {"name": "broken", **members})
    with known(broken), pytest.raises(AssertionError, match=words):
        check_structure(broken)


def test_one_that_is_not_registered_fails():
    with pytest.raises(AssertionError, match="register this one"):
        check_structure(NotRegistered)


def test_two_terms_written_as_one_are_the_same_model(sleepstudy):
    """Singular: a correlation is one, across which profiles go."""
    table = sleepstudy.assign(f=np.array(list("abc"))[sleepstudy["Days"] % 3])
    table = table.assign(**{f"is_{level}": 1.0 * (table["f"] == level) for level in "abc"})
    two = me.lmm("Reaction ~ Days + (0 + is_a | Subject) + (0 + is_b + is_c | Subject)", table)
    with known(FirstApart):
        one = me.lmm("Reaction ~ Days + apart(0 + f | Subject)", table)
        limits = one.confint(method="profile", parameters="random")
    assert one.loglik == pytest.approx(two.loglik, abs=tol.OPTIMUM_E6)
    expected = two.confint(method="profile", parameters="random")
    for column in ("lower", "upper"):
        assert sorted(limits[column]) == pytest.approx(sorted(expected[column]), rel=tol.OPTIMUM_E4)


@pytest.mark.parametrize("form", OWN)
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_linear_models_agree_with_nlme(rdata, form, method):
    expected = next(f for f in GOLDEN["lmm"][form.name] if f["method"] == method)
    formula = f"score ~ Machine + {form.name}(0 + Machine | Worker)"
    with known(form):
        fit = me.lmm(formula, rdata("nlme", "Machines"), reml=method == "REML")
        varcorr = fit.varcorr
    assert fit.loglik == pytest.approx(expected["loglik"], abs=tol.LOGLIK_SHORTFALL)
    assert list(fit.fixef.values()) == pytest.approx(expected["beta"], rel=tol.PROGRAM_E6)
    assert fit.sigma == pytest.approx(expected["sigma"], rel=tol.PROGRAM_E4)
    assert varcorr.sd["Worker"] == pytest.approx(np.full(3, expected["sd"]), rel=tol.PROGRAM_E4)
    if form is CompoundSymmetry:
        corr = varcorr.corr["Worker"]
        assert corr[1, 0] == pytest.approx(expected["correlation"], abs=tol.PROGRAM_E4)
        assert corr == pytest.approx(np.where(np.eye(3), 1.0, corr[1, 0]), abs=tol.ROUNDING_E12)


@pytest.mark.parametrize("form", OWN)
def test_generalised_models_agree_with_glmmtmb(rdata, form):
    expected = GOLDEN["glmm"][form.name]
    formula = f"y ~ lbase + trt + V4 + {form.name}(0 + factor(V4) | subject)"
    with known(form):
        fit = me.glmm(formula, rdata("MASS", "epil"), family="poisson")
        sd = fit.varcorr.sd["subject"]
    assert fit.loglik == pytest.approx(expected["loglik"], abs=tol.LOGLIK_SHORTFALL)
    assert list(fit.fixef.values()) == pytest.approx(expected["beta"], rel=tol.PROGRAM_E3)
    assert sd == pytest.approx(np.full(2, expected["sd"]), rel=tol.PROGRAM_E3)


class ByRatio(CompoundSymmetry):
    """Compound symmetry with a factor that is not linear in theta: a size and a log ratio."""

    curvature = Covariance.curvature

    def _sizes(self, theta):
        return theta[0] * np.exp(np.array([theta[1], -theta[1]]))

    def factor(self, theta):
        return np.tensordot(self._sizes(theta), self.basis, 1)

    def derivatives(self, theta):
        sizes = self._sizes(theta)
        by_theta = np.array([sizes / theta[0], sizes * [1.0, -1.0]])
        return np.tensordot(by_theta, self.basis, 1)


def test_curvature_of_a_nonlinear_factor_need_not_be_written():
    form, theta, rng = ByRatio(3), np.array([1.3, 0.2]), np.random.default_rng(2)
    D = rng.normal(size=(3, 3))
    D = D + D.T

    def slope(at):
        return 2.0 * form.gradient(at, D @ form.factor(at))

    step = 1e-5
    expected = [
        (slope(theta + step * unit) - slope(theta - step * unit)) / (2.0 * step)
        for unit in np.eye(2)
    ]
    assert form.curvature(theta, D) == pytest.approx(np.array(expected), rel=tol.TRUNCATION_E6)
