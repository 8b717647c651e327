"""Memory a fit takes beyond its table: ``python -m benchmarks.memory``.

A fresh process loads only the columns the model uses, fits a small slice (so that libraries and
compiled code are in memory), forgets its peak, and fits the whole. The growth of resident memory
in that fit, divided by the bytes of the columns, is the figure: 1.0 is one copy of the data.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.programs import PROGRAMS, interpreter_of
from benchmarks.race import Worker, WorkerError
from benchmarks.tasks import TASKS

SLICE_ROWS = 2_000


def measure(program: str, task: str, python: str) -> tuple[float, float]:
    """Growth in the fit and size of the used columns, both MiB.

    Parameters
    ----------
    program, task : str
        Names in ``PROGRAMS`` and ``TASKS``.
    python : str
        The interpreter that has the program.

    Returns
    -------
    tuple of float
        Peak resident memory in the fit less that before it; bytes of the used columns in MiB.
    """
    worker = Worker(PROGRAMS[program].command(TASKS[task], python), time_limit=300.0)
    try:
        worker.ask(f"slice {SLICE_ROWS}")
        grown = worker.ask("fit 1 0")["above_mb"]
    finally:
        worker.close()
    return grown, worker.announcement["column_mb"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--tasks", default="calls,slopes", help="comma-separated")
    parser.add_argument("--programs", default="mixedeffects", help="comma-separated, Python only")
    parser.add_argument(
        "--peer-python", default=sys.executable, help="interpreter that has the peers"
    )
    options = parser.parse_args()
    print(f"{'task':12}{'program':28}{'columns MB':>12}{'growth MB':>12}{'times':>8}")
    for task in options.tasks.split(","):
        for name in options.programs.split(","):
            python = interpreter_of(PROGRAMS[name], options.peer_python)
            try:
                grown, columns = measure(name, task, python)
            except WorkerError as error:
                print(f"{task:12}{name:28}{error}")
                continue
            print(f"{task:12}{name:28}{columns:12.1f}{grown:12.1f}{grown / columns:8.2f}")


if __name__ == "__main__":
    main()
