"""Length of stay in hospitals of very different sizes."""

from __future__ import annotations

from typing import Any

from mixedeffects.datasets.record import Parameter, Truth
from mixedeffects.datasets.table import LabelledFactor, build_table

N_HOSPITALS, MEDIAN_SIZE, LOG_SIZE_SD = 200, 20.0, 1.3
MEAN_AGE, INTERCEPT, AGE, EMERGENCY = 65.0, -6.0, 0.3, 1.0
SEVERITY, TURN = 0.8, 6.0
HOSPITAL_SD, RESIDUAL_SD = 2.0, 2.5
SHORTEST = 0.5
SEED = 3


def truth(seed: int | None = None) -> Truth:
    """What the data are made from; the same for every seed."""
    return Truth(
        name="hospital_stays",
        summary="length of stay in 200 hospitals with 2 to 1,000 patients",
        formula="stay ~ age + emergency + severity + (1 | hospital)",
        rows=10_245,
        columns=(
            ("hospital", "hospital"),
            ("age", "age, years"),
            ("emergency", "no or yes"),
            ("severity", "severity on admission, 0 to 10"),
            ("stay", "length of stay, days"),
        ),
        parameters=(
            Parameter("(Intercept)", INTERCEPT, "days", "stay at age 0, planned, severity 0"),
            Parameter("age", AGE, "days per year", "longer stay per year of age"),
            Parameter("emergency[yes]", EMERGENCY, "days", "emergency against planned"),
            Parameter(
                "severity hinge",
                SEVERITY,
                "days per point",
                f"per point of severity above {TURN:g}; below it severity makes no difference",
            ),
            Parameter("hospital variance", HOSPITAL_SD**2, "days squared", "between hospitals"),
            Parameter("residual variance", RESIDUAL_SD**2, "days squared", "between patients"),
        ),
        notes=(
            "a hospital with three patients says little: its mean is shrunk towards the others",
            "severity acts only above a threshold, which a line misses and a booster finds",
            f"stays are at least {SHORTEST:g} days; about two in a thousand are cut off there",
        ),
    )


def hospital_stays(*, seed: int = SEED, flavour: str | None = None) -> Any:
    """Length of stay in 200 hospitals, made for shrinkage and for boosting with groups.

    Parameters
    ----------
    seed : int, optional
        Seed of the NumPy generator; it also draws the hospitals' sizes, so the number of rows
        changes with it.
    flavour : {"pandas", "polars", "pyarrow", "dict"}, optional
        Kind of table; default the first of these that is installed.

    Returns
    -------
    table
        ``hospital``, ``age`` (years), ``emergency`` (categorical, reference no), ``severity``
        (0 to 10), ``stay`` (days).

    Examples
    --------
    >>> table = hospital_stays(flavour="dict")
    >>> len(table["stay"]) == truth().rows, len(set(table["hospital"]))
    (True, 200)
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.normal(np.log(MEDIAN_SIZE), LOG_SIZE_SD, N_HOSPITALS))
    sizes = np.clip(np.round(sizes), 2, 1_000).astype(int)
    effect = rng.normal(0.0, HOSPITAL_SD, N_HOSPITALS)
    hospital = np.repeat(np.arange(N_HOSPITALS), sizes)
    n = hospital.size
    age = np.clip(np.round(rng.normal(MEAN_AGE, 12.0, n)), 40, 95).astype(int)
    emergency = (rng.random(n) < 0.4).astype(int)
    severity = np.round(10 * rng.beta(2.0, 2.5, n), 1)
    stay = INTERCEPT + AGE * age + EMERGENCY * emergency + effect[hospital]
    stay += SEVERITY * np.maximum(severity - TURN, 0.0) + rng.normal(0.0, RESIDUAL_SD, n)
    columns = {
        "hospital": LabelledFactor(hospital, tuple(f"H{j + 1:03d}" for j in range(N_HOSPITALS))),
        "age": age,
        "emergency": LabelledFactor(emergency, ("no", "yes")),
        "severity": severity,
        "stay": np.maximum(np.round(stay, 1), SHORTEST),
    }
    return build_table(columns, truth(seed), flavour)
