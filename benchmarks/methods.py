"""What every method of a fit costs on four large fits: ``python -m benchmarks.methods``.

Each call runs in a process of its own, forked from one that has made the fit, under a limit of time
and of memory. The same call on a small fit of the same model comes before it, so that code is
loaded and compiled. The figures are seconds and the growth of peak resident memory; they go into
``benchmarks/methods.md``, with what takes more than a second listed below. Linux only, as the
peak of a process can be reset there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import data, resident
from benchmarks.race import machine_is_busy
from benchmarks.tasks import TASKS

OUTPUT = Path(__file__).with_name("methods.md")
# what is listed below the table, and a difference in memory that is worth a word
SLOW_SECONDS, WORTH_MIB = 1.0, 5.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A large fit, and the words that its methods need.

    Parameters
    ----------
    title : str
        For the table.
    make : callable
        Its table.
    formula, family : str
        The model; a linear one has no family.
    small : callable
        From the table to some rows of it, for the fit that comes first.
    factor, number : str or None
        Predictors that marginal means and slopes are of.
    group : str
        A grouping factor.
    reduced : str
        A formula with one predictor less.
    """

    title: str
    make: Callable[[], Any]
    formula: str
    small: Callable[[Any], Any]
    factor: str | None
    number: str | None
    group: str
    reduced: str
    family: str | None = None

    def fit(self, table):
        import mixedeffects as me

        if self.family is None:
            return me.lmm(self.formula, table)
        return me.glmm(self.formula, table, family=self.family)


def binary():
    """100,000 answers, yes or no, of 2,000 groups."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(data.SEED)
    g, x = rng.integers(2_000, size=100_000), rng.normal(size=100_000)
    arm = rng.choice(["a", "b", "c"], size=100_000)
    eta = -0.5 + 0.4 * x + 0.3 * (arm == "b") + rng.normal(0, 0.8, 2_000)[g]
    y = (rng.random(100_000) < 1 / (1 + np.exp(-eta))).astype(int)
    return pd.DataFrame({"g": g, "x": x, "arm": arm, "y": y})


SUBJECTS = {
    "calls": Subject(
        "calls, 695,205 rows nested", data.calls, TASKS["calls"].formula,
        lambda t: t.sample(4_000, random_state=1), "reason", "age", "center_ID",
        "call_CSAT ~ reason + (1 | center_ID/rep_ID)",
    ),
    "slopes": Subject(
        "slopes, 200,000 rows of 10,000", data.slopes, TASKS["slopes"].formula,
        lambda t: t[t.g < 60], None, "t", "g", "y ~ 1 + (1 + t | g)",
    ),
    "insteval": Subject(
        "InstEval, 73,421 rows crossed", data.insteval, TASKS["insteval"].formula,
        lambda t: t[t.d.isin(t.d.unique()[:60])], None, "service", "s",
        "y ~ 1 + (1 | s) + (1 | d) + (1 | dept)",
    ),
    "binary": Subject(
        "binary, 100,000 rows of 2,000", binary, "y ~ x + arm + (1 | g)",
        lambda t: t[t.g < 60], "arm", "x", "g", "y ~ x + (1 | g)", "binomial",
    ),
}  # fmt: skip


def _shown(value):
    return str(value)


def _report(ending, **options):
    def write(fit, table, subject):
        with tempfile.TemporaryDirectory() as folder:
            fit.report(Path(folder) / f"report.{ending}", **options)

    return write


def _save(fit, table, subject):
    with tempfile.TemporaryDirectory() as folder:
        fit.save(Path(folder) / "fit.mixed")


def _refit(fit, table, subject):
    return fit.refit(fit.simulate(1, rng=1)[:, 0])


def _means(fit, table, subject):
    return _shown(fit.emmeans(subject.factor))


def _drawn(chart):
    """The whole specification, as a notebook or a page has it."""
    return chart.to_dict()


# label → call with fit, table and subject; the part before the bracket is the method's name
CALLS: dict[str, Callable[[Any, Any, Subject], Any]] = {
    "aic": lambda f, t, s: f.aic,
    "aicc": lambda f, t, s: f.aicc,
    "anova()": lambda f, t, s: _shown(f.anova()),
    'anova(ddf="kenward-roger")': lambda f, t, s: _shown(f.anova(ddf="kenward-roger")),
    "augment()": lambda f, t, s: f.augment(),
    "augment(data)": lambda f, t, s: f.augment(t),
    "bic": lambda f, t, s: f.bic,
    "bootstrap(100)": lambda f, t, s: f.bootstrap(100, rng=1),
    'bootstrap(100, method="cluster")': lambda f, t, s: f.bootstrap(100, method="cluster", rng=1),
    'bootstrap(100, method="observation")': lambda f, t, s: f.bootstrap(
        100, method="observation", rng=1
    ),
    'bootstrap(100, method="residual")': lambda f, t, s: f.bootstrap(100, method="residual", rng=1),
    "check_dispersion()": lambda f, t, s: f.check_dispersion(rng=1),
    "confint()": lambda f, t, s: _shown(f.confint()),
    'confint(method="profile")': lambda f, t, s: _shown(f.confint(method="profile")),
    "contrasts(factor)": lambda f, t, s: _shown(f.contrasts(s.factor)),
    "converged": lambda f, t, s: f.converged,
    "df": lambda f, t, s: f.df,
    "dispersion": lambda f, t, s: f.dispersion,
    "diagnose()": lambda f, t, s: _shown(f.diagnose()),
    "emmeans(factor)": _means,
    "emtrends(number)": lambda f, t, s: _shown(f.emtrends(s.number)),
    "equation()": lambda f, t, s: _shown(f.equation()),
    "fitted": lambda f, t, s: f.fitted,
    "fixef": lambda f, t, s: f.fixef,
    "formula": lambda f, t, s: f.formula,
    "glance()": lambda f, t, s: f.glance(),
    "icc()": lambda f, t, s: f.icc(),
    "influence(group)": lambda f, t, s: f.influence(s.group),
    "interpret()": lambda f, t, s: _shown(f.interpret()),
    "loglik": lambda f, t, s: f.loglik,
    "lrt(reduced)": lambda f, t, s: _shown(f.lrt(_reduced(s, t))),
    "nobs": lambda f, t, s: f.nobs,
    "plot": lambda f, t, s: repr(f.plot),
    "predict()": lambda f, t, s: f.predict(),
    "predict(data)": lambda f, t, s: f.predict(t),
    'predict(data, interval="confidence")': lambda f, t, s: f.predict(t, interval="confidence"),
    'predict(data, interval="prediction")': lambda f, t, s: f.predict(t, interval="prediction"),
    "profile()": lambda f, t, s: f.profile(),
    "quantile_residuals()": lambda f, t, s: _shown(f.quantile_residuals(rng=1)),
    "quantile_residuals().by(group)": lambda f, t, s: _shown(
        f.quantile_residuals(rng=1).by(s.group, rng=1)
    ),
    "r2()": lambda f, t, s: f.r2(),
    "random_pca()": lambda f, t, s: f.random_pca(),
    "ranef()": lambda f, t, s: f.ranef(),
    "ranova()": lambda f, t, s: _shown(f.ranova()),
    "refit(y)": _refit,
    "remedies": lambda f, t, s: f.remedies,
    "report(html)": _report("html"),
    "report(html, interactive=False)": _report("html", interactive=False),
    "report(docx)": _report("docx"),
    "residuals()": lambda f, t, s: f.residuals(),
    'residuals("scaled")': lambda f, t, s: f.residuals("scaled"),
    "save()": _save,
    "simulate(10)": lambda f, t, s: f.simulate(10, rng=1),
    "summary()": lambda f, t, s: _shown(f.summary()),
    "test()": lambda f, t, s: _shown(f.test()),
    'test(ddf="kenward-roger")': lambda f, t, s: _shown(f.test(ddf="kenward-roger")),
    "tidy()": lambda f, t, s: f.tidy(),
    "to_maketables()": lambda f, t, s: f.to_maketables(),
    "to_marginaleffects()": lambda f, t, s: f.to_marginaleffects(),
    "trace()": lambda f, t, s: f.trace(),
    "varcorr": lambda f, t, s: _shown(f.varcorr),
    "vcov()": lambda f, t, s: f.vcov(),
    'vcov("CR2")': lambda f, t, s: f.vcov(method="CR2"),
}
# what a call names in its brackets and some models have not
NEEDS = ("factor", "number")
CHARTS = (
    "by_group", "caterpillar", "check", "coefficients", "effects", "influence", "predictive",
    "profile", "qq", "qq_ranef", "quantile_residuals", "residuals", "scale_location", "shrinkage",
    "trace", "trajectories", "variance",
)  # fmt: skip
CALLS |= {
    f"plot.{name}()": (lambda f, t, s, name=name: _drawn(getattr(f.plot, name)()))
    for name in CHARTS
}


CALLS |= {
    "plot.means(factor)": lambda f, t, s: _drawn(f.plot.means(s.factor)),
    "plot.interaction(factor, number)": lambda f, t, s: _drawn(
        f.plot.interaction(s.number, s.factor)
    ),
}


def _reduced(subject, table):
    return Subject.fit(
        Subject(
            subject.title, subject.make, subject.reduced, subject.small, None, None, subject.group,
            subject.reduced, subject.family,
        ),
        table,
    )  # fmt: skip


def unlisted():
    """Public methods and charts that no call of `CALLS` is of."""
    import mixedeffects as me

    named = {label.split("(")[0].split(")")[0] for label in CALLS}
    public = {
        name
        for kind in (me.LMM, me.GLMM)
        for owner in kind.__mro__
        if owner.__module__.startswith("mixedeffects.model")
        for name in vars(owner)
        if not name.startswith("_")
    }
    from mixedeffects.plot.fit_plots import Drawn, FitPlots

    public |= {f"plot.{name}" for name, value in vars(FitPlots).items() if isinstance(value, Drawn)}
    return sorted(public - named)


def in_a_fork(call, limit, memory):
    """What a call answers in a forked process: a dict, with "error" where there is no answer."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
                answer = call()
        except BaseException as error:
            answer = {"error": type(error).__name__}
        with os.fdopen(writing, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    began, most = time.monotonic(), resident.now() + memory
    with os.fdopen(reading) as pipe:
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            late = time.monotonic() - began > limit
            if late or resident.now(child) > most:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return {"error": f"> {limit:.0f} s" if late else f"> {memory:,.0f} MiB"}
            time.sleep(0.02)
        text = pipe.read()
    return json.loads(text) if text else {"error": "killed"}


def measured(call, small, large, subject):
    """Seconds and MiB of one call on a large fit, after the same on a small one."""
    with contextlib.suppress(Exception):
        call(*small, subject)
    before = resident.now()
    resident.reset_peak()
    start, busy = time.perf_counter(), time.process_time()
    call(*large, subject)
    return {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - busy,
        "mib": max(resident.peak() - before, 0.0),
    }


def of_subject(subject, labels, limit, memory):
    """Figures of every call on one fit, which itself is the first of them."""
    table = subject.make()
    small = subject.small(table)
    pair = subject.fit(small), small
    start, busy = time.perf_counter(), time.process_time()
    fit = subject.fit(table)
    found = {
        "the fit": {
            "seconds": time.perf_counter() - start, "processor": time.process_time() - busy,
            "mib": 0.0,
        }
    }  # fmt: skip
    for label in labels:
        if any(not getattr(subject, need) for need in NEEDS if f"({need}" in label):
            continue
        call = CALLS[label]
        found[label] = in_a_fork(
            lambda call=call: measured(call, pair, (fit, table), subject), limit, memory
        )
        print(f"{subject.title:34}{label:42}{cell(found[label])}", flush=True)
    return found


def cell(answer, clock="seconds"):
    """A figure as text."""
    if "error" in answer:
        return answer["error"]
    memory = f", {answer['mib']:,.0f} MiB" if answer["mib"] >= WORTH_MIB else ""
    return f"{answer[clock]:.2g} s{memory}"


def page(found, clock):
    """The table, and what takes more than a second.

    Parameters
    ----------
    found : dict of str to dict
        Figures of every fit, by its name and by the call.
    clock : {"seconds", "processor"}
        Which time is shown.
    """
    titles = [SUBJECTS[name].title for name in found]
    labels = list(dict.fromkeys(label for figures in found.values() for label in figures))
    seconds = (
        "Seconds" if clock == "seconds"
        else "Seconds of processors (other programs ran beside it; limits are by the clock)"
    )  # fmt: skip
    lines = [
        "# What every method costs on four large fits",
        "",
        f"Made by `make methods`. {seconds}, and the growth of peak memory from {WORTH_MIB:.0f} "
        "MiB on, of one call on a new fit, with code loaded by a call on a small one; an error's "
        "name where the model has nothing of the kind. Results are printed, charts made into "
        f"specifications. {os.cpu_count()} processors, {platform.machine()}, Python "
        f"{platform.python_version()}.",
        "",
        f"| | {' | '.join(titles)} |",
        f"|---{'|---:' * len(titles)}|",
    ]
    for label in labels:
        cells = [
            cell(figures[label], clock) if label in figures else "" for figures in found.values()
        ]
        lines.append(f"| `{label}` | {' | '.join(cells)} |")
    lines += ["", f"## More than {SLOW_SECONDS:.0f} second", ""]
    slow = [
        (answer.get(clock, float("inf")), label, SUBJECTS[name].title, answer)
        for name, figures in found.items()
        for label, answer in figures.items()
        if answer.get(clock, 0.0) > SLOW_SECONDS or answer.get("error", "").startswith(">")
    ]
    for _, label, title, answer in sorted(slow, key=lambda row: -row[0]):
        lines.append(f"- `{label}`, {title}: {cell(answer, clock)}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.methods", description=__doc__)
    parser.add_argument("--fits", default=",".join(SUBJECTS), help="comma-separated")
    parser.add_argument("--only", default="", help="calls that begin so, comma-separated")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds a call may take")
    parser.add_argument("--memory", type=float, default=6_000.0, help="MiB a call may take")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    if missing := unlisted():
        sys.exit(f"benchmarks/methods.py has no call of {', '.join(missing)}")
    warnings.simplefilter("ignore")
    # seconds of processors hold where other programs run, but for what they do to each other
    clock = "processor" if machine_is_busy() else "seconds"
    starts = tuple(options.only.split(","))
    labels = [label for label in CALLS if label.startswith(starts)]
    found = {}
    for name in options.fits.split(","):
        found[name] = of_subject(SUBJECTS[name], labels, options.limit, options.memory)
        options.output.write_text(page(found, clock), encoding="utf-8")


if __name__ == "__main__":
    main()
