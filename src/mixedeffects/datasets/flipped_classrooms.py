"""Three teaching styles, given to whole classes."""

from __future__ import annotations

from typing import Any

from mixedeffects.datasets.record import Parameter, Truth
from mixedeffects.datasets.table import LabelledFactor, build_table

STYLES = ("No", "Some", "Fully")
CLASSES_PER_STYLE, CLASS_SIZE = 5, 25
INTERCEPT, STYLE_EFFECT = 70.0, (0.0, 4.0, 8.0)
PROFESSOR_SD, STUDENT_SD = 4.0, 9.0
SEED = 124


def truth(seed: int | None = None) -> Truth:
    """What the data are made from; the same for every seed."""
    professor, student = PROFESSOR_SD**2, STUDENT_SD**2
    return Truth(
        name="flipped_classrooms",
        summary="exam scores of 15 classes taught in one of three styles",
        formula="score ~ style + (1 | professor)",
        rows=len(STYLES) * CLASSES_PER_STYLE * CLASS_SIZE,
        columns=(
            ("student", "student"),
            ("professor", "professor, one class of 25 each"),
            ("style", "how much of the teaching is flipped: No, Some, Fully"),
            ("score", "exam score, points"),
        ),
        parameters=(
            Parameter("(Intercept)", INTERCEPT, "points", "mean score without flipping"),
            Parameter("style[Some]", STYLE_EFFECT[1], "points", "treatment: Some against No"),
            Parameter("style[Fully]", STYLE_EFFECT[2], "points", "treatment: Fully against No"),
            Parameter("professor variance", professor, "points squared", "between classes"),
            Parameter(
                "residual variance", student, "points squared", "between students of a class"
            ),
            Parameter(
                "ICC",
                professor / (professor + student),
                "share",
                "variance that is between classes",
            ),
        ),
        notes=(
            "style belongs to the professor, so it is judged on 15 classes, not on 375 students",
            "a dummy for every class is aliased with style: 14 parameters and no style effect",
        ),
    )


def flipped_classrooms(*, seed: int = SEED, flavour: str | None = None) -> Any:
    """Exam scores of 375 students in the classes of 15 professors.

    Each professor teaches 25 students in one style. Three effects are to be told apart: the
    treatment (style, fixed), the group (professor, random) and the individual (noise).

    Parameters
    ----------
    seed : int, optional
        Seed of the NumPy generator.
    flavour : {"pandas", "polars", "pyarrow", "dict"}, optional
        Kind of table; default the first of these that is installed.

    Returns
    -------
    table of 375 rows
        ``student``, ``professor``, ``style`` (categorical, reference No), ``score`` (points).

    Examples
    --------
    >>> table = flipped_classrooms(flavour="dict")
    >>> len(table["score"]), len(set(table["professor"]))
    (375, 15)
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    n_classes = len(STYLES) * CLASSES_PER_STYLE
    style_of_class = rng.permutation(np.repeat(np.arange(len(STYLES)), CLASSES_PER_STYLE))
    professor_effect = rng.normal(0.0, PROFESSOR_SD, n_classes)
    professor = np.repeat(np.arange(n_classes), CLASS_SIZE)
    style = style_of_class[professor]
    noise = rng.normal(0.0, STUDENT_SD, professor.size)
    score = INTERCEPT + np.asarray(STYLE_EFFECT)[style] + professor_effect[professor] + noise
    columns = {
        "student": np.arange(1, professor.size + 1),
        "professor": LabelledFactor(professor, tuple(f"P{j + 1:02d}" for j in range(n_classes))),
        "style": LabelledFactor(style, STYLES),
        "score": np.round(score, 1),
    }
    return build_table(columns, truth(seed), flavour)
