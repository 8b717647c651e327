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

BOTH, GENERALISED = ("linear", "generalised"), ("generalised",)


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
    suites : tuple of str
        Kinds of tasks it does; see :attr:`benchmarks.tasks.Task.suite`.
    approximate : bool
        Whether its log-likelihood of a generalised model is an estimate by random probes, which
        can come out above the optimum.
    primed : bool
        Run once before the clock starts, in a process that is thrown away, because it keeps a
        compiled cache on disk.
    """

    name: str
    label: str
    adapter: str
    package: str
    reml: bool = True
    suites: tuple[str, ...] = ("linear",)
    approximate: bool = False
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
        reml = str(task.reml).upper()
        return ["Rscript", "--vanilla", script, self.name, task.formula, reml, task.family, table]

    def is_installed(self, python: str) -> bool:
        """Whether interpreter `python` (or R) has the package."""
        return _has_module(python, self.package) if self.is_python else _has_r(self.package)


PROGRAMS: dict[str, Program] = {
    program.name: program
    for program in (
        Program("mixedeffects", "mixedeffects", "ours", "mixedeffects", suites=BOTH, primed=True),
        Program(
            "mixedeffects-satterthwaite",
            "mixedeffects, with Satterthwaite",
            "ours_satterthwaite",
            "mixedeffects",
            primed=True,
        ),
        Program(
            "mixedeffects-errors",
            "mixedeffects, with standard errors",
            "ours_errors",
            "mixedeffects",
            suites=GENERALISED,
            primed=True,
        ),
        Program("glmm", "glmm", "glmm_plain", "glmm", suites=BOTH),
        Program(
            "glmm-errors", "glmm, with standard errors", "glmm_errors", "glmm", suites=GENERALISED
        ),
        Program("glmm-satterthwaite", "glmm, with Satterthwaite", "glmm_satterthwaite", "glmm"),
        Program("mixedlm", "mixedlm", "mixedlm_lmer", "mixedlm", suites=BOTH),
        Program(
            "gpboost",
            "GPBoost",
            "gpboost_model",
            "gpboost",
            reml=False,
            suites=BOTH,
            approximate=True,
        ),
        Program(
            "gpboost-cholesky",
            "GPBoost, Cholesky",
            "gpboost_cholesky",
            "gpboost",
            reml=False,
            suites=GENERALISED,
        ),
        Program("lme4", "lme4 (R)", "", "lme4", suites=BOTH),
        Program("lme4-errors", "lme4, with standard errors", "", "lme4", suites=GENERALISED),
        Program("glmmTMB", "glmmTMB (R)", "", "glmmTMB", suites=GENERALISED),
        Program(
            "glmmTMB-errors", "glmmTMB, with standard errors", "", "glmmTMB", suites=GENERALISED
        ),
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
