"""Deletion diagnostics of generalised models against fits without the rows."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.inference.test_bootstrap_glmm import fit_to, fitted, table


def test_groups_left_out():
    fit, data = fitted("binomial"), table("binomial")
    facts = me.inference.influence(fit, "g")
    j = int(facts.cooks_distance.argmax())
    kept = data["g"] != facts.unit[j]
    by_hand = fit_to("binomial", {name: column[kept] for name, column in data.items()})
    assert facts.beta_without[j] == pytest.approx(by_hand.beta, abs=tol.OPTIMUM_E4)
    assert facts.variance_without[j, 0] == pytest.approx(by_hand.theta[0] ** 2, abs=tol.OPTIMUM_E4)
    assert facts.se_without[j] == pytest.approx(
        np.sqrt(np.diagonal(by_hand.vcov_beta)), rel=tol.APPROXIMATION_5E2
    )
    d = fit.beta - by_hand.beta
    usual = d @ np.linalg.solve(fit.vcov_beta, d) / 2
    assert facts.cooks_distance[j] == pytest.approx(
        usual, rel=tol.APPROXIMATION_E1
    )  # theta known, or not
    assert facts.converged.all()
    assert "sigma" not in facts.table().columns


def test_closed_forms_are_refused():
    with pytest.raises(me.NotAvailableError, match="refit=True"):
        fitted("binomial").influence("g", refit=False)


def test_what_is_shown():
    shown = str(fitted("binomial").influence("g"))
    assert "COVRATIO" in shown
    assert "sigma" not in shown
