"""Whatever the formula: a sound design that can be rebuilt, or one of our errors."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mixedeffects.design import ModelSpec, build_design
from mixedeffects.errors import MixedEffectsError
from tests import tolerances as tol

RNG = np.random.default_rng(7)
TABLE = {
    "y": RNG.normal(size=24),
    "x": RNG.normal(size=24),
    "w": RNG.uniform(0.5, 2, size=24),
    "id": np.repeat([30, 4, 100, 7], 6),
    "g": np.repeat(list("dbac"), 6).tolist(),
    "f": ["c", "a", "b"] * 8,
    "flag": np.arange(24) % 5 < 2,
}
ATOMS = st.sampled_from([*TABLE, "1", "0", "2", "'a'", "True", "."])
FUNCTIONS = st.sampled_from(
    ["I", "log", "scale", "poly", "bs", "ns", "C", "factor", "center", "pmin", "round", "offset"]
)
OPERATORS = st.sampled_from([" + ", " - ", " * ", ":", " / ", "^", " > ", " == ", " %in% "])


def grow(inner):
    binary = st.tuples(inner, OPERATORS, inner).map("".join)
    call = st.tuples(FUNCTIONS, inner).map(lambda p: f"{p[0]}({p[1]})")
    call2 = st.tuples(FUNCTIONS, inner, st.sampled_from(["2", "df=4", "Sum", "raw=True"])).map(
        lambda p: f"{p[0]}({p[1]}, {p[2]})"
    )
    return binary | call | call2 | inner.map(lambda text: f"({text})")


EXPRESSIONS = st.recursive(ATOMS, grow, max_leaves=5)
RANDOM = st.sampled_from(["", " + (1 | g)", " + (x || g/f)", " + (f | id) + (1 | factor(id))"])


@given(EXPRESSIONS, RANDOM)
@settings(max_examples=400, deadline=None)
def test_design_or_error(text, random):
    try:
        design = build_design(f"y ~ {text}{random}", TABLE, saturated=True)
    except MixedEffectsError:
        return
    assert np.isfinite(design.X).all()
    assert np.linalg.matrix_rank(design.X / np.linalg.norm(design.X, axis=0)) == design.X.shape[1]
    assert len(set(design.x_names)) == len(design.x_names) == design.X.shape[1]
    spec = ModelSpec.from_dict(json.loads(json.dumps(design.spec.to_dict())))
    np.testing.assert_allclose(
        spec.rebuild(TABLE).X, design.X, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9
    )
