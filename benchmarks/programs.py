"""Who races: each program's label, and how its worker process is started."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks import data
from benchmarks.tasks import Task

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Program:
    """One contestant.

    Parameters
    ----------
    name : str
        What ``--programs`` calls it.
    label : str
        For the tables.
    adapter : str
        Module in ``benchmarks.adapters``, or "" for the R worker.
    package : str
        What must be importable for it to be installed.
    reml : bool
        Whether it can fit by REML; one that cannot fits such a task by ML, and the table says so.
    primed : bool
        Run once before the clock starts, in a process that is thrown away, because it keeps a
        compiled cache on disk.
    """

    name: str
    label: str
    adapter: str
    package: str
    reml: bool = True
    primed: bool = False

    @property
    def is_python(self) -> bool:
        return bool(self.adapter)

    def command(self, task: Task, python: str) -> list[str]:
        """The command line of a worker for `task` in interpreter `python` (or in R)."""
        if self.is_python:
            table = str(data.table(task.name))
            return [python, "-m", "benchmarks.worker", self.adapter, task.name, table]
        table = str(data.table(task.name, ".csv"))
        script = str(HERE / "worker.R")
        return ["Rscript", "--vanilla", script, task.formula, str(task.reml).upper(), table]

    def is_installed(self, python: str) -> bool:
        """Whether interpreter `python` (or R) has the package."""
        return _has_module(python, self.package) if self.is_python else _has_r(self.package)


PROGRAMS: dict[str, Program] = {
    program.name: program
    for program in (
        Program("mixedeffects", "mixedeffects", "ours", "mixedeffects", primed=True),
        Program(
            "mixedeffects-satterthwaite",
            "mixedeffects, with Satterthwaite",
            "ours_satterthwaite",
            "mixedeffects",
            primed=True,
        ),
        Program("glmm", "glmm", "glmm_plain", "glmm"),
        Program("glmm-satterthwaite", "glmm, with Satterthwaite", "glmm_satterthwaite", "glmm"),
        Program("mixedlm", "mixedlm", "mixedlm_lmer", "mixedlm"),
        Program("gpboost", "GPBoost", "gpboost_model", "gpboost", reml=False),
        Program("lme4", "lme4 (R)", "", "lme4"),
        Program("statsmodels", "statsmodels", "statsmodels_mixedlm", "statsmodels"),
    )
}


def interpreter_of(program: Program, peer_python: str) -> str:
    """Our own programs run in this interpreter, the peers in `peer_python`."""
    return sys.executable if program.package == "mixedeffects" else peer_python


@functools.cache
def _has_module(python: str, package: str) -> bool:
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


@functools.cache
def _has_r(package: str) -> bool:
    if shutil.which("Rscript") is None:
        return False
    code = f'quit(status = if (requireNamespace("{package}", quietly = TRUE)) 0 else 1)'
    return subprocess.run(["Rscript", "-e", code], capture_output=True).returncode == 0
