"""The doors of the rooms: what they promise is there, and late names stay functions."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ROOMS = (
    "design",
    "display",
    "engine",
    "estimation",
    "family",
    "inference",
    "model",
    "plot",
    "report",
    "exploration",
    "testing",
)
# methods that no fit and no summary needs
LATE = (
    "mixedeffects.design.collapsing",
    "mixedeffects.design.other_formulas",
    "mixedeffects.design.response_binomial",
    "mixedeffects.design.response_ordinal",
    "mixedeffects.engine.rows",
    "mixedeffects.estimation.laplace",
    "mixedeffects.estimation.refits",
    "mixedeffects.estimation.profile",
    "mixedeffects.family",
    "mixedeffects.inference.anova_types",
    "mixedeffects.inference.deletion",
    "mixedeffects.inference.prediction",
    "mixedeffects.inference.residual",
    "mixedeffects.inference.distribution_variance",
    "mixedeffects.means",
    "mixedeffects.inference.profiling",
    "mixedeffects.inference.resampling",
    "mixedeffects.model.comparing",
    "mixedeffects.model.generalised",
    "mixedeffects.model.repeated_measures",
)


def _run(code):
    return json.loads(
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout
    )


# what the summary of a generalised model may load of these
OF_GLMM = (
    "mixedeffects.design",
    "mixedeffects.engine.rows",
    "mixedeffects.estimation.laplace",
    "mixedeffects.family",
    "mixedeffects.inference.prediction",
    "mixedeffects.inference.residual",
    "mixedeffects.inference.distribution_variance",
    "mixedeffects.model.generalised",
)


def test_a_fit_and_its_summary_import_no_other_method():
    loaded = _run(
        "import json, sys, mixedeffects as me\n"
        "fit = me.lmm('Reaction ~ Days + (Days | Subject)', me.datasets.sleepstudy())\n"
        "str(fit)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert not [name for name in LATE if name in loaded]


def test_a_generalised_fit_and_its_summary_import_no_other_method():
    loaded = _run(
        "import json, sys, mixedeffects as me\n"
        # with many rows a level: of few, the summary compares the approximation with quadrature
        "fit = me.glmm('SiblingNegotiation ~ FoodTreatment + (1 | Nest)', me.datasets.owls(),"
        "              family='poisson')\n"
        "str(fit)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert not [n for n in LATE if n in loaded and not n.startswith(OF_GLMM)]
    assert "mixedeffects.estimation.laplace.refits" not in loaded
    assert "numba" not in loaded


@pytest.mark.parametrize("room", ROOMS)
def test_everything_at_a_door_is_there_whatever_was_imported_before(room):
    """A module that had the name of a function would take its place."""
    kinds = _run(
        "import importlib, json, pkgutil\n"
        f"room = importlib.import_module('mixedeffects.{room}')\n"
        "for module in pkgutil.iter_modules(room.__path__, room.__name__ + '.'):\n"
        "    if not module.name.endswith('marginaleffects_adapter'):\n"
        "        importlib.import_module(module.name)\n"
        "print(json.dumps({n: type(getattr(room, n)).__name__ for n in room.__all__}))"
    )
    assert kinds
    assert "module" not in kinds.values()
