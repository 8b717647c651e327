"""statsmodels: groups with a `re_formula`, nested factors as variance components."""

from __future__ import annotations

from importlib import metadata

import statsmodels.formula.api as smf

from benchmarks.tasks import Task


def version() -> str:
    """Version of the program."""
    return metadata.version("statsmodels")


def fit(task: Task, frame) -> float:
    """Fit `task` and return its log-likelihood; raises for crossed factors."""
    outer, *inner = task.random
    if any(term.path[0] != outer.path[0] for term in inner):
        raise NotImplementedError("crossed factors")
    # As categories, each group's design would get a column for every other group's levels too.
    frame = frame.astype({term.path[-1]: str for term in inner})
    model = smf.mixedlm(
        f"{task.response} ~ {' + '.join(('1', *task.fixed))}",
        frame,
        groups=outer.path[0],
        re_formula=f"1 + {outer.slope}" if outer.slope else "1",
        vc_formula={term.path[-1]: f"0 + C({term.path[-1]})" for term in inner} or None,
    )
    return float(model.fit(reml=task.reml).llf)
