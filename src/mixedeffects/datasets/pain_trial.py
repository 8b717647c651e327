"""A two-arm trial of chronic pain with visits that go missing."""

from __future__ import annotations

from typing import Any

from mixedeffects.datasets.record import Parameter, Truth
from mixedeffects.datasets.table import LabelledFactor, build_table

ARM_SIZE, VISITS = 40, (0, 1, 3, 6)
INTERCEPT, TREATMENT, TIME = 58.0, -12.3, -2.1
PATIENT_VARIANCE, ICC = 48.2, 0.63
RESIDUAL_VARIANCE = PATIENT_VARIANCE * (1 - ICC) / ICC
PERSISTENTLY_HIGH = 10.0
SEED = 57


def truth(seed: int | None = None) -> Truth:
    """What the data are made from; the same for every seed."""
    return Truth(
        name="pain_trial",
        summary="pain scores of 80 patients at months 0, 1, 3 and 6, some visits missing",
        formula="pain_score ~ treatment + time + (1 | patient)",
        rows=273,
        columns=(
            ("patient", "patient"),
            ("treatment", "control or treated, 40 patients each"),
            ("time", "visit, months: 0, 1, 3, 6"),
            ("pain_score", "pain, 0 (none) to 100"),
        ),
        parameters=(
            Parameter("(Intercept)", INTERCEPT, "points", "mean pain at month 0, control"),
            Parameter(
                "treatment[treated]", TREATMENT, "points", "treated against control, every visit"
            ),
            Parameter("time", TIME, "points per month", "change per month, both arms"),
            Parameter("patient variance", PATIENT_VARIANCE, "points squared", "between patients"),
            Parameter(
                "residual variance",
                RESIDUAL_VARIANCE,
                "points squared",
                "within patients; it follows from the patient variance and the ICC",
            ),
            Parameter("ICC", ICC, "share", "variance that is between patients"),
            Parameter(
                "persistently high",
                6.0,
                "patients",
                f"patients more than {PERSISTENTLY_HIGH:g} points above their arm's mean",
            ),
        ),
        notes=(
            "patients drop out more often after a visit with much pain (missing at random): "
            "means of what is left are too low, the mixed model is not fooled",
            "patient effects are the same 40 normal scores in both arms, in random order, so "
            "their variance is exact in every sample",
        ),
    )


def pain_trial(*, complete: bool = False, seed: int = SEED, flavour: str | None = None) -> Any:
    """Pain scores of 80 patients in two arms at months 0, 1, 3 and 6.

    Parameters
    ----------
    complete : bool, optional
        True returns all 320 visits, those that were missed included, to see what the missing
        ones would have said.
    seed : int, optional
        Seed of the NumPy generator.
    flavour : {"pandas", "polars", "pyarrow", "dict"}, optional
        Kind of table; default the first of these that is installed.

    Returns
    -------
    table
        ``patient``, ``treatment`` (categorical, reference control), ``time`` (months),
        ``pain_score`` (0 to 100). A missed visit has no row.

    Notes
    -----
    After each visit but the last a patient leaves with probability
    1 / (1 + exp(2.2 − 0.08 · (pain − 50))), pain being the score just recorded.

    Examples
    --------
    >>> len(pain_trial(complete=True, flavour="dict")["pain_score"])
    320
    >>> len(pain_trial(flavour="dict")["pain_score"]) == truth().rows
    True
    """
    from statistics import NormalDist

    import numpy as np

    rng = np.random.default_rng(seed)
    n_patients, n_visits = 2 * ARM_SIZE, len(VISITS)
    treated = rng.permutation(np.repeat([0, 1], ARM_SIZE))
    ranks = (np.arange(ARM_SIZE) + 0.5) / ARM_SIZE
    scores = np.array([NormalDist().inv_cdf(float(rank)) for rank in ranks])
    # Two arm means are estimated, hence 2 · ARM_SIZE − 2 in the variance.
    scores *= np.sqrt(PATIENT_VARIANCE * (n_patients - 2) / (2 * np.sum(scores**2)))
    effect = np.empty(n_patients)
    for arm in (0, 1):
        effect[treated == arm] = rng.permutation(scores)
    month = np.asarray(VISITS)
    level = INTERCEPT + TREATMENT * treated + effect
    noise = rng.normal(0.0, np.sqrt(RESIDUAL_VARIANCE), (n_patients, n_visits))
    pain = np.clip(np.round(level[:, None] + TIME * month + noise, 1), 0.0, 100.0)
    leaves = rng.random((n_patients, n_visits)) < 1 / (1 + np.exp(2.2 - 0.08 * (pain - 50.0)))
    left_before = np.zeros((n_patients, n_visits), dtype=bool)
    left_before[:, 1:] = np.logical_or.accumulate(leaves[:, :-1], axis=1)
    seen = np.ones_like(left_before) if complete else ~left_before
    patient, visit = np.nonzero(seen)
    columns = {
        "patient": LabelledFactor(patient, tuple(f"{i + 1:02d}" for i in range(n_patients))),
        "treatment": LabelledFactor(treated[patient], ("control", "treated")),
        "time": month[visit],
        "pain_score": pain[patient, visit],
    }
    return build_table(columns, truth(seed), flavour)
