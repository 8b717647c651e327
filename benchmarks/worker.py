"""One program's process: loads a table, then fits on request.

It reads commands from standard input and answers each with one line of JSON:

``fit COUNT SECONDS``
    Fit at least once, at most COUNT times, starting no fit after SECONDS.
``slice ROWS``
    Fit about ROWS rows once, fifty runs of neighbours from all over the table, so that code is
    loaded and compiled without the memory of the full table.

Before the first command it announces itself: version, seconds of the import, resident memory.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import time
import warnings
from importlib import import_module

from benchmarks import resident
from benchmarks.tasks import TASKS


def main(adapter_name: str, task_name: str, table: str) -> None:
    """Serve until standard input closes."""
    # Programs print to standard output as they please; the answers go to a copy of it.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")

    def answer(**values) -> None:
        print(json.dumps(values), file=answers, flush=True)

    start = time.perf_counter()
    adapter = import_module(f"benchmarks.adapters.{adapter_name}")
    import_seconds = time.perf_counter() - start

    import pandas as pd

    task = TASKS[task_name]
    frame = pd.read_parquet(table, columns=task.columns)
    answer(
        version=adapter.version(),
        import_seconds=import_seconds,
        resident_mb=resident.now(),
        column_mb=float(frame.memory_usage(index=False, deep=True).sum()) / 2**20,
    )

    for line in sys.stdin:
        verb, *words = line.split()
        rows = frame
        if verb == "slice":
            rows, words = frame[_runs(len(frame), int(words[0]))], ["1", "0"]
        count, limit = int(words[0]), float(words[1])
        gc.collect()
        before = resident.now()
        resident.reset_peak()
        seconds: list[float] = []
        loglik = float("nan")
        began = time.perf_counter()
        while not seconds or (len(seconds) < count and time.perf_counter() - began < limit):
            start = time.perf_counter()
            loglik = adapter.fit(task, rows)
            seconds.append(time.perf_counter() - start)
        peak = resident.peak()
        answer(seconds=seconds, loglik=loglik, peak_mb=peak, above_mb=peak - before)


def _runs(n: int, rows: int, runs: int = 50):
    """Mask of about `rows` of `n` rows, in `runs` evenly spaced runs of neighbours."""
    import numpy as np

    return np.arange(n) % max(n // runs, 1) < max(rows // runs, 1)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(*sys.argv[1:])
