"""A model that is not identified, as a user meets it: summary, doctor, words, files, shell."""

import json
import re
import warnings

import numpy as np
import pytest
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.cli import app
from mixedeffects.errors import ConvergenceWarning
from tests import tolerances as tol
from tests.tolerances import LOGLIK_SAME


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(1)
    sid = np.repeat(np.arange(40), 6)
    tr = (sid % 2).astype(float)
    y = 1 + tr + rng.normal(size=40)[sid] * (1 + tr) + rng.normal(size=240)
    name = np.array([f"p{(7 * s) % 40}" for s in sid])
    return {"y": y, "tr": tr, "sid": sid, "name": name, "t": np.tile(np.arange(6.0), 40)}


def quietly(formula, data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return me.lmm(formula, data, **options)


UNIDENTIFIED = {
    "y ~ tr + (tr | sid)": "y ~ tr + (0 + factor(tr) || sid)",
    "y ~ tr + (1 | sid) + (1 | name)": "y ~ tr + (1 | name)",
    "y ~ tr + (1 + t | sid) + (0 + t | name)": None,
    "y ~ t + (tr + t | sid)": None,
}


@pytest.mark.parametrize("formula", UNIDENTIFIED)
def test_nothing_says_certified_and_the_doctor_finds_the_formula(people, formula):
    fit = quietly(formula, people)
    text = str(fit)
    assert "certified" not in text and "Not in the data" in text
    assert re.search(r"\bnan\b", text) is None
    doctor = fit.diagnose()
    assert not doctor.healthy and "The optimum is sound" not in str(doctor)
    assert doctor.changed and doctor.fit.certificate.proved
    assert doctor.fit.certificate.identified
    if UNIDENTIFIED[formula]:
        assert doctor.formula == UNIDENTIFIED[formula]
        assert doctor.fit.loglik == pytest.approx(fit.loglik, abs=LOGLIK_SAME)


def test_the_flipped_classrooms_have_a_variance_by_style_and_no_correlations():
    table = me.datasets.flipped_classrooms()
    fit = quietly("score ~ style + (1 + style | professor)", table)
    apart = me.lmm("score ~ style + (0 + style || professor)", table)
    known = {c.words: c.sd for c in fit.varcorr.known}
    for style, sd in zip(("No", "Some", "Fully"), apart.varcorr.sd["professor"], strict=True):
        assert known[f"professor where style = {style}"] == pytest.approx(sd, abs=tol.OPTIMUM_E3)
    rows = [line for line in str(fit).splitlines() if "style[" in line and "–" in line]
    assert len(rows) == 2  # neither their variances nor their correlations have a number


def test_optimisers_do_not_agree_on_what_is_not_in_the_data(people):
    found = me.all_fit("y ~ tr + (tr | sid)", people, optimizers=["newton", "L-BFGS-B", "em"])
    assert "not identified" in found.verdict
    assert "agree:" not in found.verdict
    assert not found.tidy()["certified"].any()


def test_words_have_no_number_for_it(people):
    text = " ".join(str(quietly("y ~ tr + (tr | sid)", people).interpret()).split())
    assert "Not in the data" in text and "nan" not in text.lower().replace("finance", "")
    assert "slope of tr varies" not in text


def test_a_saved_fit_knows_it(people, tmp_path):
    fit = quietly("y ~ tr + (tr | sid)", people)
    fit.save(tmp_path / "fit.npz")
    again = me.load(tmp_path / "fit.npz")
    assert str(again) == str(fit) and not again.certificate.identified


def test_remedy_returns_the_identified_model(people):
    with pytest.warns(ConvergenceWarning, match="Remedied"):
        fit = me.lmm("y ~ tr + (tr | sid)", people, remedy=True)
    assert fit.certificate.proved and fit.formula == "y ~ tr + (0 + factor(tr) || sid)"


def test_a_report_and_the_shell_say_it(people, tmp_path):
    import pandas as pd

    frame = pd.DataFrame(people)
    frame.to_csv(tmp_path / "people.csv", index=False)
    fit = quietly("y ~ tr + (tr | sid)", frame)
    fit.report(tmp_path / "people.html", data=frame)
    page = (tmp_path / "people.html").read_text()
    assert "Not in the data" in page
    runner = CliRunner()
    call = ["fit", str(tmp_path / "people.csv"), "y ~ tr + (tr | sid)"]
    shown = runner.invoke(app, call)
    assert shown.exit_code == 3 and "Not in the data" in shown.output
    shown = runner.invoke(app, [*call, "--out", "json"])
    found = json.loads(shown.stdout[shown.stdout.index("{") :])
    assert found["certificate"]["identified"] is False and found["theta"] is None
    assert [round(c["sd"], 3) for c in found["in_the_data"]] == [0.96, 2.022]


def test_charts_do_not_draw_it(people):
    from mixedeffects.errors import NotAvailableError

    fit = quietly("y ~ tr + (1 | sid) + (1 | name)", people)
    for chart in (fit.plot.shrinkage, fit.plot.qq_ranef):
        with pytest.raises(NotAvailableError, match="not in the data"):
            chart()
