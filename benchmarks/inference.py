"""Race what follows a fit: ``python -m benchmarks.inference --peer-python PATH``.

Each program runs in a process of its own, in turns, and its median of the warm turns counts.
Ratios are to ours; a timing is only ever quoted as such a ratio.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent

_OURS = """
import json, sys, time
import numpy as np, pandas as pd
import mixedeffects as me
frame = pd.read_csv(sys.argv[2])
def sleep(): return me.lmm("Reaction ~ Days + (Days | Subject)", frame)
def bootstrap():
    fit = sleep()
    return lambda: fit.bootstrap(1000, rng=1)
def refit():
    fit = me.lmm("y ~ x + (1 | g)", frame)
    return lambda: fit.bootstrap(1000, rng=1)
def profile():
    fit = sleep()
    def run():
        fit.cache.clear()
        fit.confint(method="profile")
    return run
def kenward_roger():
    fit = me.lmm("y ~ t * arm + (1 + t | subject)", frame)
    def run():
        fit.cache.clear()
        fit.test(ddf="kenward-roger")
    return run
def satterthwaite():
    return lambda: sleep().test()
def fit_alone():
    return lambda: sleep()
run = locals()[sys.argv[1]]()
for _ in range(int(sys.argv[3])):
    start = time.perf_counter()
    run()
    print(time.perf_counter() - start, flush=True)
"""

_GLMM = """
import sys, time
import numpy as np, pandas as pd, glmm
frame = pd.read_csv(sys.argv[2])
formula = "Reaction ~ Days + (Days | Subject)"
def bootstrap():
    rng = np.random.default_rng(1)
    subject = frame.Subject.astype("category").cat.codes.to_numpy()
    days = frame.Days.to_numpy(float)
    L = np.linalg.cholesky(np.array([[612.1, 9.6], [9.6, 35.07]]))
    def run():
        table = frame.copy()
        for _ in range(1000):
            b = rng.standard_normal((18, 2)) @ L.T
            table["Reaction"] = (251.4 + 10.467 * days + b[subject, 0] + b[subject, 1] * days
                                 + 25.59 * rng.standard_normal(days.size))
            glmm.fit(table, formula, satterthwaite=False)
    return run
def satterthwaite():
    return lambda: glmm.fit(frame, formula)
run = locals()[sys.argv[1]]()
for _ in range(int(sys.argv[3])):
    start = time.perf_counter()
    run()
    print(time.perf_counter() - start, flush=True)
"""


def tables(folder: Path) -> dict[str, Path]:
    """Write the tables of the tasks to a folder."""
    import numpy as np
    import pandas as pd

    import mixedeffects as me

    rng = np.random.default_rng(5)
    sleep = folder / "sleep.csv"
    pd.DataFrame(me.datasets.sleepstudy()).to_csv(sleep, index=False)

    subject, t = np.repeat(np.arange(200), 10), np.tile(np.arange(10), 200)
    arm = subject % 2
    b = rng.normal(size=(200, 2)) * [1.0, 0.2]
    y = 10 + 0.5 * t + 0.3 * arm + b[subject, 0] + b[subject, 1] * t + rng.normal(size=2000)
    trial = folder / "trial.csv"
    kept = rng.random(2000) > 0.05
    pd.DataFrame({"y": y, "t": t, "arm": arm, "subject": subject})[kept].to_csv(trial, index=False)

    g = rng.integers(0, 2000, 32_000)
    x = rng.normal(size=32_000)
    y = 1 + 0.3 * x + rng.normal(size=2000)[g] * 0.7 + rng.normal(size=32_000)
    groups = folder / "groups.csv"
    pd.DataFrame({"y": y, "x": x, "g": g}).to_csv(groups, index=False)
    return {
        "bootstrap": sleep, "refit": groups, "profile": sleep, "kenward_roger": trial,
        "satterthwaite": sleep, "fit_alone": sleep,
    }  # fmt: skip


def seconds(command: list[str]) -> list[float]:
    """Seconds of each turn that a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent)
    if done.returncode:
        print(done.stderr.strip()[-400:], file=sys.stderr)
        return []
    return [float(line) for line in done.stdout.split()]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference", description=__doc__)
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter that has glmm")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    r = shutil.which("Rscript")
    found: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        for task, table in tables(Path(name)).items():
            # the slow programs take one warm turn a round, the fast ones several
            programs = {"ours": [sys.executable, "-c", _OURS, task, str(table), "6"]}
            if task in ("bootstrap", "satterthwaite"):
                programs["glmm"] = [options.peer_python, "-c", _GLMM, task, str(table), "4"]
            if r and task not in ("refit", "fit_alone"):
                turns = "1" if task == "bootstrap" else "3"
                programs["R"] = [r, str(HERE / "inference.R"), task, str(table), turns]
            times: dict[str, list[float]] = {program: [] for program in programs}
            for _ in range(options.rounds):
                for program, command in programs.items():
                    turns = seconds(command)
                    times[program] += turns[1:] or turns
            found[task] = times
            middle = {p: statistics.median(t) for p, t in times.items() if t}
            ours = middle.get("ours", float("nan"))
            others = ", ".join(
                f"{p} {m / ours:.1f}× ({m:.4g} s)" for p, m in middle.items() if p != "ours"
            )
            print(f"{task:15s} ours {ours * 1e3:9.3f} ms   {others}", flush=True)
    if options.output:
        options.output.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
