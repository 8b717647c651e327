"""Race the installed programs: ``python -m benchmarks.run --tasks insteval,calls --rounds 3``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.programs import PROGRAMS, Program, interpreter_of
from benchmarks.race import machine_is_busy, physical_memory_gib, race
from benchmarks.tasks import TASKS


def main() -> None:
    """Parse the command line, race, report."""
    options = _options()
    programs = _contestants(options)
    names = [program.name for program in programs]
    reference = options.reference if options.reference in names else names[0]
    if machine_is_busy():
        print("note: the machine is busy; ratios still hold, seconds do not", file=sys.stderr)

    results = []
    for name in options.tasks:
        heat = list(
            race(
                TASKS[name],
                {
                    program: python
                    for program, python in programs.items()
                    if TASKS[name].suite in program.suites
                },
                rounds=options.rounds,
                time_limit=options.time_limit,
                memory_gib=options.memory,
                everyone=options.all,
            )
        )
        results += heat
        print(report.plain(report.by_task_and_program(heat), reference), end="\n\n", flush=True)
        report.write_json(results, options.output)

    table = report.by_task_and_program(results)
    for part in report.suites(table).values():
        print(report.markdown(part, reference), end="\n\n")
    if options.publish:
        if reference != "mixedeffects":
            sys.exit("not published: the table is in multiples of mixedeffects, which did not run")
        report.publish(table, reference)


def _contestants(options: argparse.Namespace) -> dict[Program, str]:
    chosen = {}
    for name in options.programs:
        program = PROGRAMS[name]
        python = interpreter_of(program, options.peer_python)
        if program.is_installed(python):
            chosen[program] = python
        else:
            print(f"not installed: {program.label}", file=sys.stderr)
    if not chosen:
        sys.exit("none of the programs is installed; make bench installs them")
    return chosen


def _options() -> argparse.Namespace:
    def names(known: dict):
        def parse(text: str) -> list[str]:
            chosen = text.split(",")
            if unknown := set(chosen) - set(known):
                raise argparse.ArgumentTypeError(
                    f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}"
                )
            return chosen

        return parse

    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--tasks", type=names(TASKS), default=list(TASKS), help="comma-separated")
    parser.add_argument(
        "--programs", type=names(PROGRAMS), default=list(PROGRAMS), help="comma-separated"
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns after the first fit")
    parser.add_argument("--time-limit", type=float, default=300.0, help="seconds for one fit")
    parser.add_argument(
        "--memory",
        type=float,
        default=0.8 * physical_memory_gib(),
        help="GiB one process may use; 0 for no limit",
    )
    parser.add_argument(
        "--peer-python", default=sys.executable, help="interpreter that has the peers"
    )
    parser.add_argument("--reference", default="mixedeffects", help="whose time is 1")
    parser.add_argument("--all", action="store_true", help="start also who is known to be too slow")
    parser.add_argument("--publish", action="store_true", help="rewrite README and latest.md")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results.json", help="JSON file"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
