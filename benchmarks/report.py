"""Tables of a race: ratios for people, every number for machines."""

from __future__ import annotations

import json
import math
import os
import platform
from dataclasses import asdict
from pathlib import Path

from benchmarks.programs import PROGRAMS
from benchmarks.race import ROOT, Result, physical_memory_gib, stamp
from benchmarks.tasks import TASKS

README = ROOT / "README.md"
LATEST = Path(__file__).parent / "latest.md"
# where the README has the table of each suite
MARKS = {
    "linear": ("<!-- bench:start -->", "<!-- bench:end -->"),
    "generalised": ("<!-- bench-generalised:start -->", "<!-- bench-generalised:end -->"),
}

# Two programs that stopped this close to each other found the same optimum.
LOGLIK_TOLERANCE = 0.01

Table = dict[tuple[str, str], Result]


def by_task_and_program(results: list[Result]) -> Table:
    """Index the results by (task, program)."""
    return {(result.task, result.program): result for result in results}


def suites(table: Table) -> dict[str, Table]:
    """The part of the table of each suite that has tasks in it."""
    parts: dict[str, Table] = {}
    for (task, program), result in table.items():
        parts.setdefault(TASKS[task].suite, {})[task, program] = result
    return parts


def markdown(table: Table, reference: str) -> str:
    """Ratios to `reference`, one row a task and one column a program.

    Parameters
    ----------
    table : dict
        See :func:`by_task_and_program`.
    reference : str
        The program whose time and memory are 1.

    Returns
    -------
    str
        A Markdown table and the notes it needs. No absolute time occurs in it.
    """
    programs = [name for name in _finishers(table) if name != reference]
    lines = [
        f"Time / peak memory of the process, as multiples of those of {PROGRAMS[reference].label} "
        f"(median of warm fits, {stamp()}, {_machine()}).",
        "",
        "| task | " + " | ".join(PROGRAMS[name].label for name in programs) + " |",
        "|---" * (len(programs) + 1) + "|",
    ]
    for task in _tasks(table):
        ours = table.get((task, reference))
        cells = [_cell(table.get((task, name)), ours, table) for name in programs]
        lines.append(f"| {TASKS[task].title} | " + " | ".join(cells) + " |")
    body = "\n".join(lines)
    notes = [note for mark, note in _NOTES.items() if mark in body]
    return body + "\n\n" + "\n".join(notes) if notes else body


_NOTES = {
    "†": f"† stopped more than {LOGLIK_TOLERANCE} short of the best log-likelihood found.  ",
    "≈": "≈ estimates the log-likelihood by random probes.  ",
    "‡": "‡ has no REML (fitted by ML) and no correlation of slope and intercept.  ",
    "–": "– not installed, failed, or left out because it cannot do the task in five minutes "
    "(`benchmarks/tasks.py` says why).  ",
}


def _cell(theirs: Result | None, ours: Result | None, table: Table) -> str:
    if theirs is None or ours is None or ours.status != "ok":
        return "–"
    if theirs.status == "timeout":
        return f"> {_ratio(theirs.time_limit / ours.seconds)}"
    if theirs.status != "ok":
        return "–"
    marks = "" if theirs.reml == TASKS[theirs.task].reml else "‡"
    if is_estimate(theirs):
        marks += "≈"
    elif shortfall(theirs, table) > LOGLIK_TOLERANCE:
        marks += "†"
    speed = _ratio(theirs.seconds / ours.seconds)
    return f"{speed} / {_ratio(theirs.peak_mb / ours.peak_mb)}{marks}"


def _ratio(value: float) -> str:
    digits = 0 if value >= 20 else 1 if value >= 2 else 2
    return f"{value:,.{digits}f}×"


def is_estimate(result: Result) -> bool:
    """Whether the log-likelihood is itself an estimate and cannot be compared."""
    return PROGRAMS[result.program].approximate and TASKS[result.task].suite == "generalised"


def shortfall(result: Result, table: Table) -> float:
    """How far below the best log-likelihood by the same criterion; 0 for the best."""
    best = max(
        (
            other.loglik
            for (task, _), other in table.items()
            if task == result.task
            and other.reml == result.reml
            and math.isfinite(other.loglik)
            and not is_estimate(other)
        ),
        default=math.nan,
    )
    return best - result.loglik


def plain(table: Table, reference: str) -> str:
    """Every number of the race as text, for the terminal."""
    lines = []
    for task in _tasks(table):
        lines += [
            "",
            TASKS[task].title,
            f"  {'program':28}{'warm s':>10}{'ratio':>9}{'cold s':>10}{'import s':>10}"
            f"{'peak MB':>9}{'above MB':>9}{'loglik':>18}{'short by':>10}",
        ]
        ours = table.get((task, reference))
        for name in _programs(table):
            result = table.get((task, name))
            if result is None:
                continue
            if result.status != "ok":
                lines.append(f"  {name:28}{result.status}")
                continue
            ratio = result.seconds / ours.seconds if ours else math.nan
            lines.append(
                f"  {name:28}{result.seconds:10.4f}{ratio:9.2f}{result.cold:10.3f}"
                f"{result.import_seconds:10.2f}{result.peak_mb:9.0f}{result.above_mb:9.0f}"
                f"{result.loglik:18.6f}{shortfall(result, table):10.2g}"
            )
    return "\n".join(lines).lstrip("\n")


def write_json(results: list[Result], path: Path) -> None:
    """Every number of the race, with the machine and the versions."""
    document = {
        "date": stamp(),
        "machine": _machine(),
        "results": [asdict(result) | {"median": result.seconds} for result in results],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def publish(table: Table, reference: str) -> None:
    """Rewrite the README's tables of the suites that ran, and ``benchmarks/latest.md``."""
    text = README.read_text()
    parts = []
    for suite, part in suites(table).items():
        start, end = MARKS[suite]
        ratios = markdown(part, reference).rstrip()
        before, rest = text.split(start)
        text = f"{before}{start}\n{ratios}\n{end}{rest.split(end)[1]}"
        parts += [ratios, ""]
    README.write_text(text)

    versions = {result.program: result.version for result in table.values() if result.version}
    lines = ["# The latest race", "", *parts, "## Log-likelihoods", ""]
    programs = _finishers(table)
    lines += [
        "| task | " + " | ".join(PROGRAMS[name].label for name in programs) + " |",
        "|---" * (len(programs) + 1) + "|",
    ]
    for task in _tasks(table):
        cells = [_loglik(table.get((task, name))) for name in programs]
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    lines += ["", "## Versions", ""]
    lines += [f"- {PROGRAMS[name].label} {versions[name]}" for name in programs if name in versions]
    LATEST.write_text("\n".join(lines) + "\n")


def _loglik(result: Result | None) -> str:
    return f"{result.loglik:.6f}" if result and math.isfinite(result.loglik) else "–"


def _programs(table: Table) -> list[str]:
    return [name for name in PROGRAMS if any(program == name for _, program in table)]


def _finishers(table: Table) -> list[str]:
    """Programs that did at least one task, or at least ran until the time limit."""
    return [
        name
        for name in _programs(table)
        if any(
            result.program == name and result.status in ("ok", "timeout")
            for result in table.values()
        )
    ]


def _tasks(table: Table) -> list[str]:
    return [name for name in TASKS if any(task == name for task, _ in table)]


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores, {physical_memory_gib():.0f} GB, "
        f"Python {platform.python_version()}, {platform.system()}"
    )
