"""Whether the summary and the doctor know where Laplace's approximation is far from the integral.

References are integrals on dense grids (tests/oracles/quadrature.py), maximised by SciPy.
"""

import warnings
from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from scipy.stats import binom, norm
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.cli import app
from mixedeffects.inference.approximation import approximation
from mixedeffects.inference.doubtful import doubtful
from tests import tolerances as tol
from tests.model.test_golden_glmm import fit_golden
from tests.oracles.quadrature import marginal_loglik, row_density

# golden models of one grouping factor at whose estimates quadrature disagrees materially
OFF = ("ohio", "respiratory", "soup_slopes", "toenail")
# and some at which it does not, though groups are small or different
NEAR = (
    "bacteria", "cbpp", "cbpp_probit", "cbpp_row_effect_alone", "culcita", "epil", "gopher",
    "owls_zip", "sleep_gamma", "wine",
)  # fmt: skip


def few_and_different(n=1850, sd=9.0, seed=9, mean=0.0):
    """Three binary answers each of people whose logits differ with a large SD."""
    rng = np.random.default_rng(seed)
    logit = mean + sd * rng.normal(size=n)
    y = rng.binomial(1, expit(np.repeat(logit, 3)))
    return {"y": y, "id": np.repeat(np.arange(n), 3)}


def grid_optimum(data):
    """Intercept and SD that maximise the integral, and their log-likelihood, by a dense grid."""
    successes = np.bincount(data["id"], data["y"]).astype(int)
    counts = np.bincount(successes, minlength=4)
    u = np.linspace(-9, 9, 20_001)
    prior = norm.logpdf(u) + np.log(u[1] - u[0])

    def loss(x):
        p = expit(x[0] + np.exp(x[1]) * u)
        terms = [
            logsumexp(prior + binom.logpmf(k, 3, p)) - np.log(binom.pmf(k, 3, 0.5) * 8)
            for k in range(4)
        ]
        return -float(counts @ terms)

    found = minimize(loss, [0.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})
    return found.x[0], np.exp(found.x[1]), -found.fun


@cache
def fitted():
    return me.glmm("y ~ 1 + (1 | id)", few_and_different())


def test_a_large_sd_from_three_answers_each_is_said_with_the_right_value():
    data = few_and_different()
    intercept, sd, loglik = grid_optimum(data)
    fit = fitted()
    laplace = fit.tidy().set_index("term").loc["sd__(Intercept)", "estimate"]
    assert laplace < 0.75 * sd  # what is silent without a check
    found = approximation(fit)
    assert found.status == "off" and "(Intercept)" in found.name
    assert found.moved == pytest.approx(sd, rel=tol.QUADRATURE_SAID_RTOL)
    # the points that are advised suffice
    with_points = me.glmm("y ~ 1 + (1 | id)", data, nagq=found.points)
    own = with_points.tidy().set_index("term")["estimate"]
    assert own["sd__(Intercept)"] == pytest.approx(sd, rel=tol.QUADRATURE_SUFFICES_RTOL)
    assert own["(Intercept)"] == pytest.approx(intercept, abs=tol.QUADRATURE_SUFFICES_RTOL * sd)
    assert with_points.loglik == pytest.approx(loglik, abs=tol.QUADRATURE_MANY_LOGLIK)
    assert approximation(with_points).status == "fine"


def test_too_few_points_are_said_to_be_too_few():
    data = few_and_different()
    fit = me.glmm("y ~ 1 + (1 | id)", data, nagq=3)
    found = approximation(fit)
    assert found.status == "off"
    enough = me.glmm("y ~ 1 + (1 | id)", data, nagq=found.points)
    sd = enough.tidy().set_index("term").loc["sd__(Intercept)", "estimate"]
    assert sd == pytest.approx(grid_optimum(data)[1], rel=tol.QUADRATURE_SUFFICES_RTOL)
    assert "Quadrature with nagq=3 is not accurate" in str(fit)


def test_it_reaches_every_place(tmp_path):
    fit = fitted()
    points = f"nagq={approximation(fit).points}"
    for text in (str(fit), fit._repr_html_(), str(fit.interpret())):
        words = " ".join(text.replace("&#x27;", "'").split())
        assert "Laplace's approximation is not accurate here" in words and points in words
    fit.report(tmp_path / "report.md", charts="none")
    assert points in (tmp_path / "report.md").read_text()
    fit.save(tmp_path / "fit")
    assert points in str(me.load(tmp_path / "fit"))
    diagnosis = fit.diagnose()
    assert not diagnosis.healthy and diagnosis.changed
    assert diagnosis.options["nagq"] == approximation(fit).points
    checks = diagnosis.checks().set_index("check")
    assert checks.loc["approximation", "verdict"] == "problem"
    sd = diagnosis.fit.tidy().set_index("term").loc["sd__(Intercept)", "estimate"]
    assert sd == pytest.approx(grid_optimum(few_and_different())[1], rel=tol.QUADRATURE_SAID_RTOL)
    assert points in str(diagnosis) and "nan" not in str(diagnosis)


def test_the_command_line_says_it(tmp_path):
    data = few_and_different(n=400)
    path = tmp_path / "answers.csv"
    rows = zip(data["y"], data["id"], strict=True)
    path.write_text("y,id\n" + "".join(f"{y},p{i}\n" for y, i in rows))
    found = CliRunner().invoke(app, ["fit", str(path), "y ~ 1 + (1 | id)", "--family", "binomial"])
    assert "is not accurate here" in found.output and "--nagq " in found.output


@pytest.mark.parametrize("name", OFF)
def test_golden_models_that_are_off_by_the_integral_too(name):
    """At what quadrature moves to, the integral on a grid is larger than at the estimates."""
    fit = fit_golden(name)
    found = approximation(fit)
    assert found.status == "off"
    assert ("accurate" in str(fit)) == doubtful(fit)
    moved, link = fit_golden(name, nagq=found.points), fit.family.link.name
    (block,) = fit.all_blocks
    Z = np.ones((fit.nobs, 1)) if block.Z is None else np.asarray(block.Z)

    def integral(f):
        extras = f.extras.get("thresholds", ())
        density = row_density(f.family.name, link, f.response.y, f.response.size, extras)
        size = {"half_width": 7.0, "points": 101} if block.k == 2 else {}
        eta = f.fixed_predictors[0]
        return marginal_loglik(density, eta, block.factor.codes, Z, f.lambdas[0], **size)

    grid = [integral(f) for f in (fit, moved)]
    assert grid[1] == pytest.approx(moved.loglik, abs=tol.QUADRATURE_SUFFICES_LOGLIK)
    assert grid[1] > grid[0] + 0.01


@pytest.mark.parametrize("name", NEAR)
def test_golden_models_that_are_not_accused(name):
    fit = fit_golden(name)
    found = approximation(fit)
    if found.status != "crossed":
        assert found.status in ("fine", "exact")
        again = fit_golden(name, nagq=25)
        error = np.sqrt(np.diag(fit.vcov()))
        assert (np.abs(again.beta - fit.beta) / error).max() < tol.APPROXIMATION_2E1
    assert "accurate" not in str(fit)
    assert fit.diagnose(remedies=False).checks().set_index("check").loc["approximation"][
        "verdict"
    ] in ("fine",)


def test_a_constant_difference_of_the_log_likelihoods_accuses_nobody():
    """Poisson counts: Laplace is off by a constant nearly, and the estimates are right."""
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(400), 2)
    y = rng.poisson(np.exp(1.0 + rng.normal(0, 0.7, 400)[g]))
    fit = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}, family="poisson")
    better = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}, family="poisson", nagq=25)
    assert abs(fit.loglik - better.loglik) > 0.5
    assert approximation(fit).status == "fine"
    assert "accurate" not in str(fit)


def test_what_cannot_be_checked_is_said_where_it_matters_only():
    data = few_and_different(n=150, sd=5.0)
    item = np.tile(np.arange(3), 150)
    fit = me.glmm("y ~ 1 + (1 | id) + (1 | item)", {**data, "item": item})
    assert "cannot be checked by quadrature" in str(fit)
    assert "pulled towards zero" in str(fit)
    checks = fit.diagnose(remedies=False).checks().set_index("check")
    assert checks.loc["approximation", "verdict"] == "look"
    rng = np.random.default_rng(1)
    a, b = np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20)
    effect = rng.normal(0, 0.8, 20)[a] + rng.normal(0, 0.5, 20)[b]
    y = rng.binomial(1, expit(effect))
    fit = me.glmm("y ~ 1 + (1 | a) + (1 | b)", {"y": y, "a": a, "b": b})
    assert "quadrature" not in str(fit)
    checks = fit.diagnose(remedies=False).checks().set_index("check")
    assert checks.loc["approximation", "verdict"] == "fine"


def test_linear_models_are_not_asked():
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    assert "approximation" not in fit.diagnose().checks()["check"].tolist()


@pytest.mark.parametrize("link, sd", [("probit", 5.0), ("cloglog", 6.0)])
def test_other_links(link, sd):
    rng = np.random.default_rng(3)
    eta = np.repeat(sd * rng.normal(size=500), 3)
    p = norm.cdf(eta) if link == "probit" else -np.expm1(-np.exp(eta))
    data = {"y": rng.binomial(1, p), "g": np.repeat(np.arange(500), 3)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        fit = me.glmm("y ~ 1 + (1 | g)", data, link=link)
    found = approximation(fit)
    assert found.status == "off"
    better = me.glmm("y ~ 1 + (1 | g)", data, link=link, nagq=found.points)
    offset = np.full(1500, better.beta[0])
    grid = marginal_loglik(
        row_density("binomial", link, data["y"]), offset, data["g"], np.ones((1500, 1)),
        better.lambdas[0], half_width=10.0, points=2001,
    )  # fmt: skip
    assert better.loglik == pytest.approx(grid, abs=tol.QUADRATURE_SUFFICES_LOGLIK)


def test_an_optimum_by_quadrature_that_is_not_found_is_not_said_to_be_where_the_estimate_is():
    """Laplace's log-likelihood is -8.8 there, that of the integral -18.5, at the same estimates."""
    y = np.zeros(28)
    y[[8, 15, 24]] = 1.0, 4.0, 18.0
    data = {"y": y, "a": list("vvvwwvuvvvwuwvuuuuwvvuvwvvuv"), "g": np.repeat(np.arange(14), 2)}
    with pytest.warns(me.ConvergenceWarning):
        fit = me.glmm("y ~ 0 + a + (1 | g)", data, family="zero_inflated_poisson", zi="~ 1")
    # where the search ends, between steps of the likelihood, differs between processors: at some of
    # the ends nothing can be said of the approximation
    found, text = approximation(fit), str(fit.summary())
    assert found.status in ("lost", "unknown")
    assert "in place of" not in text
    assert ("believe only what" in text) == (found.status == "lost")
