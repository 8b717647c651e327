"""What the first fit of a process imports: only what a fit needs."""

import subprocess
import sys

import pytest

LATE = ("display", "means", "plot", "remedies", "report", "views")


@pytest.mark.parametrize(
    "call",
    [
        "me.lmm('y ~ 1 + (1 | g)', table)",
        "me.glmm('y ~ 1 + (1 | g)', table, family='poisson')",
    ],
)
def test_a_fit_imports_neither_tables_nor_charts(call):
    code = (
        "import sys, mixedeffects as me\n"
        "table = {'y': [0, 1, 3, 2, 6, 4, 1, 0, 2, 9, 7, 5], 'g': list('aaaabbbbcccc')}\n"
        f"fit = {call}\n"
        f"late = [room for room in {LATE} if any(\n"
        "    name.startswith(f'mixedeffects.{room}.') for name in sys.modules)]\n"
        "assert not late, late\n"
        "assert 'foreign.names' not in ' '.join(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rooms_can_be_imported_before_anything_else():
    code = "from mixedeffects import inference, means\nassert inference.icc and means.emmeans\n"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_fit_imports_no_structure_that_it_does_not_name():
    code = (
        "import sys, mixedeffects as me\n"
        "table = {'y': [0, 1, 3, 2, 6, 4, 1, 0, 2, 9, 7, 5], 'g': list('aaaabbbbcccc')}\n"
        "me.lmm('y ~ 1 + (1 | g)', table)\n"
        "assert 'mixedeffects.covariance.scaled' not in sys.modules\n"
        "assert 'mixedeffects.estimation.marginal' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
