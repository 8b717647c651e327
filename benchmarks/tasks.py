"""The models that are raced.

Each task is written twice: as an lme4 formula, for programs that read one, and as its parts, for
programs that take groups and slopes as arguments. This module imports nothing heavy, because it
is loaded by every worker, also in interpreters that lack this package's dependencies.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One ``(1 + slope | a:b)``.

    Parameters
    ----------
    path : tuple of str
        Grouping columns, outermost first; two of them mean their interaction.
    slope : str, optional
        A numeric column whose coefficient varies between groups, correlated with the intercept.
    """

    path: tuple[str, ...]
    slope: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A model, its data and who sits it out.

    Parameters
    ----------
    name : str
        What ``--tasks`` calls it; also the name of the function in :mod:`benchmarks.data`.
    title : str
        For the tables.
    formula : str
        In lme4's grammar.
    reml : bool
        REML criterion, or maximum likelihood.
    response : str
        Column of the response.
    fixed : tuple of str
        Columns of the fixed effects, the intercept aside.
    random : tuple of RandomTerm
        The bars of `formula`.
    family : str
        "gaussian" for a linear mixed model; else "binomial" or "poisson".
    failures : str
        Column of the failures, where `response` counts successes.
    left_out : dict
        Program name → why it does not start; ``--all`` starts it nevertheless.
    """

    name: str
    title: str
    formula: str
    reml: bool
    response: str
    fixed: tuple[str, ...]
    random: tuple[RandomTerm, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    family: str = "gaussian"
    failures: str = ""

    @property
    def suite(self) -> str:
        """Which table of the report the task belongs to: "linear" or "generalised"."""
        return "linear" if self.family == "gaussian" else "generalised"

    @property
    def columns(self) -> list[str]:
        """The columns of the table the model uses, each once, in order of appearance."""
        names = [self.response, *([self.failures] if self.failures else []), *self.fixed]
        for term in self.random:
            names += [*term.path, *([term.slope] if term.slope else [])]
        return list(dict.fromkeys(names))


_NO_CROSSING = "no crossed effects but as one dense group: out of time or memory"
_NO_CORRELATION = "no correlation of slope and intercept"

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            "sleepstudy",
            "sleepstudy: 180 rows, 18 × (1 + Days), REML",
            "Reaction ~ 1 + Days + (1 + Days | Subject)",
            True,
            "Reaction",
            ("Days",),
            (RandomTerm(("Subject",), "Days"),),
        ),
        Task(
            "insteval",
            "InstEval: 73,421 rows, 2,972 × 1,128 × 14 crossed, ML",
            "y ~ 1 + service + (1 | s) + (1 | d) + (1 | dept)",
            False,
            "y",
            ("service",),
            (RandomTerm(("s",)), RandomTerm(("d",)), RandomTerm(("dept",))),
            {"statsmodels": _NO_CROSSING},
        ),
        Task(
            "calls",
            "calls: 695,205 rows, 193 representatives in 10 centres, REML",
            "call_CSAT ~ reason + age + (1 | center_ID/rep_ID)",
            True,
            "call_CSAT",
            ("reason", "age"),
            (RandomTerm(("center_ID",)), RandomTerm(("center_ID", "rep_ID"))),
        ),
        Task(
            "slopes",
            "slopes: 200,000 rows, 10,000 × (1 + t), REML",
            "y ~ t + (1 + t | g)",
            True,
            "y",
            ("t",),
            (RandomTerm(("g",), "t"),),
        ),
        Task(
            "few_groups",
            "few groups: 50,000 rows, 50 × 1, REML",
            "y ~ x + (1 | g)",
            True,
            "y",
            ("x",),
            (RandomTerm(("g",)),),
        ),
        Task(
            "pupils",
            "pupils: 200,000 rows, 50,000 in 5,000 classes in 500 schools, REML",
            "score ~ occasion + (1 | school) + (1 | class_ID) + (1 | pupil)",
            True,
            "score",
            ("occasion",),
            (
                RandomTerm(("school",)),
                RandomTerm(("school", "class_ID")),
                RandomTerm(("school", "class_ID", "pupil")),
            ),
            {"statsmodels": "takes longer than five minutes"},
        ),
        Task(
            "ratings",
            "ratings: 1,000,000 rows, 20,000 users × 4,000 items, REML",
            "rating ~ 1 + (1 | user) + (1 | item)",
            True,
            "rating",
            (),
            (RandomTerm(("user",)), RandomTerm(("item",))),
            {"statsmodels": _NO_CROSSING, "lme4": "takes longer than five minutes"},
        ),
        Task(
            "cbpp",
            "cbpp: 56 rows, 15 × 1, binomial",
            "cbind(incidence, healthy) ~ period + (1 | herd)",
            False,
            "incidence",
            ("period",),
            (RandomTerm(("herd",)),),
            family="binomial",
            failures="healthy",
        ),
        Task(
            "verbagg",
            "VerbAgg: 7,584 rows, 316 × 24 crossed, Bernoulli",
            "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
            False,
            "r2",
            ("Anger", "Gender", "btype", "situ"),
            (RandomTerm(("id",)), RandomTerm(("item",))),
            family="binomial",
        ),
        Task(
            "grouseticks",
            "grouseticks: 403 rows, broods, rows and places, Poisson",
            "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
            False,
            "TICKS",
            ("YEAR", "cHEIGHT"),
            (RandomTerm(("BROOD",)), RandomTerm(("INDEX",)), RandomTerm(("LOCATION",))),
            family="poisson",
        ),
        Task(
            "contraception",
            "Contraception: 1,934 rows, 60 × (1 + urban), Bernoulli",
            "use ~ age + age2 + urban + livch + (1 + urban | district)",
            False,
            "use",
            ("age", "age2", "urban", "livch"),
            (RandomTerm(("district",), "urban"),),
            {"gpboost": _NO_CORRELATION, "gpboost-cholesky": _NO_CORRELATION},
            family="binomial",
        ),
        Task(
            "insteval_binary",
            "InstEval, good or not: 73,421 rows, 2,972 × 1,128 crossed, Bernoulli",
            "good ~ service + (1 | s) + (1 | d)",
            False,
            "good",
            ("service",),
            (RandomTerm(("s",)), RandomTerm(("d",))),
            family="binomial",
        ),
    )
}
