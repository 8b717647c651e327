"""Memory a fit takes beyond its table: ``python -m benchmarks.memory``.

A fresh process loads only the columns the model uses, fits a slice (so that libraries and compiled
code are in memory), forgets its peak, and fits the whole. The growth of resident memory in that
fit, divided by the bytes of the columns, is the figure: 1.0 is one copy of the data. The growth in
the very first fit of another process, libraries and compiled code included, stands beside it.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks.programs import PROGRAMS, interpreter_of
from benchmarks.race import Worker, WorkerError
from benchmarks.tasks import TASKS

# enough rows for the code that the whole table goes through: a small model takes another way
SLICE_ROWS = 50_000
# Arrays from this size on are given back when freed (glibc): what the slice left behind would
# otherwise count as room that was there before the fit.
RETURNED_BYTES = 2**17


def measure(program: str, task: str, python: str) -> tuple[float, float, float]:
    """Growth in a fit, in the first fit, and size of the used columns, all MiB.

    Parameters
    ----------
    program, task : str
        Names in ``PROGRAMS`` and ``TASKS``.
    python : str
        The interpreter that has the program.

    Returns
    -------
    tuple of float
        Peak resident memory in the fit less that before it, in a process that has fitted a slice
        and in one that has not; bytes of the used columns in MiB.
    """
    grown = []
    for warm in (True, False):
        worker = Worker(PROGRAMS[program].command(TASKS[task], python), time_limit=300.0)
        try:
            if warm:
                worker.ask(f"slice {SLICE_ROWS}")
            grown.append(worker.ask("fit 1 0")["above_mb"])
        finally:
            worker.close()
    return grown[0], grown[1], worker.announcement["column_mb"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--tasks", default="calls,slopes", help="comma-separated")
    parser.add_argument("--programs", default="mixedeffects", help="comma-separated, Python only")
    parser.add_argument(
        "--peer-python", default=sys.executable, help="interpreter that has the peers"
    )
    options = parser.parse_args()
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(RETURNED_BYTES))
    heads = f"{'columns MB':>12}{'growth MB':>12}{'times':>8}{'first MB':>12}"
    print(f"{'task':12}{'program':28}{heads}")
    for task in options.tasks.split(","):
        for name in options.programs.split(","):
            python = interpreter_of(PROGRAMS[name], options.peer_python)
            try:
                grown, first, columns = measure(name, task, python)
            except WorkerError as error:
                print(f"{task:12}{name:28}{error}")
                continue
            figures = f"{columns:12.1f}{grown:12.1f}{grown / columns:8.2f}{first:12.1f}"
            print(f"{task:12}{name:28}{figures}")


if __name__ == "__main__":
    main()
