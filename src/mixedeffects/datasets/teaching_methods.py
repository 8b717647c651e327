"""Five teaching methods whose effects multiply, on a scale that is capped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mixedeffects.datasets.record import Parameter, Truth
from mixedeffects.datasets.table import LabelledFactor, build_table

if TYPE_CHECKING:
    import numpy as np

METHODS = ("A", "B", "C", "D", "E")
INSTRUCTORS_PER_METHOD, CLASS_SIZE = 10, 1_000
GPA_MEAN, GPA_SD = 3.0, 0.25
INTERCEPT, SLOPE, NOISE_SD, CAP = 15.0, 19.0, 10.0, 100.0
MULTIPLIER_SD = 0.1
SEED = 50_000


def _multipliers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers of the (5,) methods and the (50,) instructors."""
    method = rng.normal(1.0, MULTIPLIER_SD, len(METHODS))
    instructor = rng.normal(1.0, MULTIPLIER_SD, len(METHODS) * INSTRUCTORS_PER_METHOD)
    return method, instructor


def _capped_mean(mean: float, sd: float, cap: float) -> float:
    """E[min(cap, Y)] for Y ~ N(mean, sd²), in closed form.

    Examples
    --------
    >>> round(_capped_mean(0.0, 1.0, 0.0), 4), _capped_mean(0.0, 1.0, 50.0)
    (-0.3989, 0.0)
    """
    z = (mean - cap) / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return mean - (mean - cap) * 0.5 * math.erfc(-z / math.sqrt(2)) - sd * density


def truth(seed: int | None = None) -> Truth:
    """What the data are made from; the multipliers depend on the seed."""
    import numpy as np

    method, instructor = _multipliers(np.random.default_rng(SEED if seed is None else seed))
    typical = INTERCEPT + SLOPE * GPA_MEAN
    factor = np.repeat(method, INSTRUCTORS_PER_METHOD) * instructor
    spread = np.hypot(SLOPE * GPA_SD * factor, NOISE_SD)
    capped = [_capped_mean(typical * f, s, CAP) for f, s in zip(factor, spread, strict=True)]
    capped_method = np.reshape(capped, (len(METHODS), -1)).mean(axis=1)
    parameters = [
        Parameter("(Intercept)", INTERCEPT, "points", "score at hs_gpa 0, multipliers 1, no cap"),
        Parameter("hs_gpa", SLOPE, "points per grade", "slope at multipliers 1, no cap"),
        Parameter("residual variance", NOISE_SD**2, "points squared", "noise before the cap"),
    ]
    for k, label in enumerate(METHODS):
        per_cent = 100.0 * (method[k] - 1.0)
        parameters.append(
            Parameter(f"method {label}", float(per_cent), "per cent", "multiplier minus one")
        )
    for k, label in enumerate(METHODS[1:], start=1):
        name = f"method[{label}]"
        points = typical * (method[k] - method[0])
        after = capped_method[k] - capped_method[0]
        parameters += [
            Parameter(
                name, float(points), "points", f"{label} against A at mean hs_gpa, before the cap"
            ),
            Parameter(
                f"{name} with these instructors, capped",
                float(after),
                "points",
                f"expected difference of class means, {label} against A, as recorded",
            ),
        ]
    return Truth(
        name="teaching_methods",
        summary="50,000 scores under five methods and 50 instructors, effects multiply, capped",
        formula="score ~ hs_gpa + method + (1 | instructor)",
        rows=len(METHODS) * INSTRUCTORS_PER_METHOD * CLASS_SIZE,
        columns=(
            ("hs_gpa", "grade point average at high school"),
            ("method", "teaching method, ten instructors each"),
            ("instructor", "instructor, 1,000 students each"),
            ("score", "score, points, at most 100"),
        ),
        parameters=tuple(parameters),
        notes=(
            "effects multiply (per cent), coefficients add (points): compare on one scale",
            "the cap at 100 pulls down the better methods most",
            "dummies for methods and instructors together are aliased",
        ),
    )


def teaching_methods(*, seed: int = SEED, flavour: str | None = None) -> Any:
    """Scores of 50,000 students of 50 instructors under five teaching methods.

    A score is (15 + 19 · hs_gpa) · method · instructor + noise, cut off at 100 points. The
    multipliers are drawn from N(1, 0.1); `truth` gives the method effects in per cent, in points
    before the cap, and in points as recorded.

    Parameters
    ----------
    seed : int, optional
        Seed of the NumPy generator.
    flavour : {"pandas", "polars", "pyarrow", "dict"}, optional
        Kind of table; default the first of these that is installed.

    Returns
    -------
    table of 50,000 rows
        ``hs_gpa``, ``method`` (categorical, reference A), ``instructor``, ``score`` (points).

    Examples
    --------
    >>> table = teaching_methods(flavour="dict")
    >>> len(table["score"]), float(table["score"].max())
    (50000, 100.0)
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    method_multiplier, instructor_multiplier = _multipliers(rng)
    n_instructors = instructor_multiplier.size
    instructor = np.repeat(np.arange(n_instructors), CLASS_SIZE)
    method = instructor // INSTRUCTORS_PER_METHOD
    hs_gpa = rng.normal(GPA_MEAN, GPA_SD, instructor.size)
    ability = (INTERCEPT + SLOPE * hs_gpa) * method_multiplier[method]
    score = ability * instructor_multiplier[instructor] + rng.normal(0.0, NOISE_SD, hs_gpa.size)
    columns = {
        "hs_gpa": hs_gpa,
        "method": LabelledFactor(method, METHODS),
        "instructor": LabelledFactor(
            instructor, tuple(f"I{j + 1:02d}" for j in range(n_instructors))
        ),
        "score": np.minimum(score, CAP),
    }
    return build_table(columns, truth(seed), flavour)
