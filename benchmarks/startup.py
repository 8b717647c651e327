"""What a user waits for before the first result: ``python -m benchmarks.startup``.

Measured in fresh processes: the import (median of several, the bare interpreter's own start
subtracted by timing inside the process), what the import loads, the first fit with compiled
kernels in the cache, and the very first fit, with an empty cache.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks import data
from benchmarks.tasks import TASKS

# The import must not load these: each costs more than all the rest of it.
FORBIDDEN = ("numba", "pandas", "polars", "pyarrow", "scipy", "formulaic", "altair")

_IMPORT = """
import json, sys, time
start = time.perf_counter()
import mixedeffects
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "modules": sorted(sys.modules)}))
"""

_FIT = """
import json, sys, time
import pandas as pd
frame = pd.read_parquet(sys.argv[1])
start = time.perf_counter()
import mixedeffects as me
imported = time.perf_counter()
me.lmm(sys.argv[2], frame, reml=sys.argv[3] == "True")
first = time.perf_counter()
me.lmm(sys.argv[2], frame, reml=sys.argv[3] == "True")
second = time.perf_counter()
print(json.dumps({"import": imported - start, "first": first - imported, "second": second - first}))
"""


def measure_import(repeats: int = 7) -> tuple[float, list[str]]:
    """Seconds of the import (median) and the forbidden modules it loaded."""
    runs = [_run(_IMPORT) for _ in range(repeats)]
    loaded = sorted(set(FORBIDDEN) & set(runs[0]["modules"]))
    return statistics.median(run["seconds"] for run in runs), loaded


def measure_first_fit(task_name: str, cache: str) -> dict[str, float]:
    """Seconds of import, first and second fit in a process whose Numba cache is `cache`."""
    task = TASKS[task_name]
    arguments = [str(data.table(task.name)), task.formula, str(task.reml)]
    return _run(_FIT, *arguments, NUMBA_CACHE_DIR=cache)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--tasks", default="sleepstudy,insteval", help="comma-separated")
    options = parser.parse_args()

    seconds, loaded = measure_import()
    print(f"import mixedeffects     {seconds:8.3f} s")
    print(f"loads of {len(FORBIDDEN)} heavy ones  {', '.join(loaded) or 'none'}")
    for name in options.tasks.split(","):
        with tempfile.TemporaryDirectory() as cache:
            ever = measure_first_fit(name, cache)
            warm = measure_first_fit(name, cache)
        print(f"{name}")
        print(f"  first fit ever        {ever['first']:8.3f} s   (compiles, empty cache)")
        print(f"  first in a process    {warm['first']:8.3f} s   (kernels from the cache)")
        print(f"  second                {warm['second']:8.3f} s")
    if loaded:
        sys.exit(f"the import loads {', '.join(loaded)}")


def _run(code: str, *arguments: str, **environment: str) -> dict:
    finished = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    if finished.returncode:
        sys.exit(finished.stderr.strip().splitlines()[-1])
    return json.loads(finished.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
