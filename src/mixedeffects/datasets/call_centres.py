"""695,205 calls to representatives in ten call centres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedeffects.datasets.record import Parameter, Truth
from mixedeffects.datasets.table import LabelledFactor, build_table

if TYPE_CHECKING:
    import numpy as np

REPRESENTATIVES = (18, 21, 22, 15, 21, 21, 19, 19, 19, 18)
N_CALLS = 695_205
INTERCEPT, PROPERTY, AGE = 3.9, 0.2, 0.02
RESIDUAL_VARIANCE, REP_VARIANCE, CENTRE_VARIANCE = 0.3904, 0.776, 1.304
CENTRE_ONLY_VARIANCE, CENTRE_ONLY_RESIDUAL = 1.122, 1.1217
TREATMENT = 0.48
SEED = 23


def truth(seed: int | None = None, *, experiment: bool = False) -> Truth:
    """What the data are made from; the same for every seed."""
    parameters = [
        Parameter("(Intercept)", INTERCEPT, "CSAT points", "payment call, caller aged 0"),
        Parameter("reason[property]", PROPERTY, "CSAT points", "property against payment call"),
        Parameter("age", AGE, "CSAT points per year", "per year of the caller's age"),
        Parameter("centre variance", CENTRE_VARIANCE, "points squared", "between centres"),
        Parameter("rep variance", REP_VARIANCE, "points squared", "between reps of a centre"),
        Parameter(
            "residual variance", RESIDUAL_VARIANCE, "points squared", "between calls of a rep"
        ),
        Parameter(
            "centre variance, centre-only model",
            CENTRE_ONLY_VARIANCE,
            "points squared",
            "what (1 | center_ID) alone finds: each call counts, not each rep",
        ),
        Parameter(
            "residual variance, centre-only model",
            CENTRE_ONLY_RESIDUAL,
            "points squared",
            "what (1 | center_ID) alone finds: reps and calls together",
        ),
    ]
    formula = "call_CSAT ~ reason + age + (1 | center_ID / rep_ID)"
    columns = [
        ("center_ID", "call centre, A to J"),
        ("rep_ID", "representative, 15 to 22 in each centre"),
        ("age", "age of the caller, years"),
        ("reason", "payment or property"),
        ("month", "month of the call, 1 to 12"),
        ("call_CSAT", "satisfaction with the call, 0 to 10, not rounded"),
        ("M6Spend", "what the caller spent in the six months after, currency units"),
    ]
    notes = [
        "call_CSAT is not rounded to whole points, as the residual variance of 0.39 demands",
        "rep and centre effects are shifted and scaled so that both models find the variances "
        "above in every sample; satisfaction is cut off at 0 and 10 in about 0.1% of calls",
    ]
    if experiment:
        formula = "call_CSAT ~ group + reason + age + (1 | center_ID / rep_ID)"
        columns.append(("group", "ctrl or treat, five centres each"))
        parameters.append(
            Parameter("group[treat]", TREATMENT, "CSAT points", "treated against control centre")
        )
        notes.append(
            "the centre is the unit of assignment: ten units, so the standard error of the effect "
            "is about 0.75; the assignment is the best balanced of all 252 on centre means"
        )
    return Truth(
        name="call_centres",
        summary="695,205 calls, 193 representatives in 10 call centres",
        formula=formula,
        rows=N_CALLS,
        columns=tuple(columns),
        parameters=tuple(parameters),
        notes=tuple(notes),
    )


def _moments(effect: np.ndarray, centre: np.ndarray, calls: np.ndarray, weight: float) -> float:
    """Within-centre sum of squares of (193,) effects; weight 0 counts reps, 1 counts calls."""
    import numpy as np

    w = calls**weight
    mean = np.bincount(centre, w * effect) / np.bincount(centre, w)
    return float(np.sum(w * (effect - mean[centre]) ** 2))


def _rep_levels(rng: np.random.Generator, centre: np.ndarray, calls: np.ndarray) -> np.ndarray:
    """Levels of the (193,) reps, centre effect included, that give both models' variances.

    Counting reps, centre means have variance `CENTRE_VARIANCE` + `REP_VARIANCE` / reps; counting
    calls they have `CENTRE_ONLY_VARIANCE`. Reps within centres have `REP_VARIANCE` on their
    degrees of freedom, and counting calls what the centre-only residual leaves for them.
    """
    import numpy as np

    n_reps, n_centres = centre.size, len(REPRESENTATIVES)
    per_centre = np.bincount(centre)
    raw = np.clip(rng.standard_normal(n_reps), -2.2, 2.2)
    want_reps = REP_VARIANCE * (n_reps - n_centres)
    want_calls = (CENTRE_ONLY_RESIDUAL - RESIDUAL_VARIANCE) * calls.sum()

    z = rng.standard_normal(n_centres)
    z = (z - z.mean()) / z.std(ddof=1)
    by_reps = z * np.sqrt(CENTRE_VARIANCE + REP_VARIANCE * np.mean(1 / per_centre)) + 0.001
    by_calls = z * np.sqrt(CENTRE_ONLY_VARIANCE) - 0.001
    # In each centre: two straight lines in log(calls) fix both means.
    share = np.log(calls)
    share = share - (np.bincount(centre, share) / per_centre)[centre]
    lift = np.bincount(centre, calls * share) / np.bincount(centre, calls)

    def levels(gamma: float) -> np.ndarray:
        within = raw * np.exp(gamma * share)
        for _ in range(20):
            within -= (np.bincount(centre, within) / per_centre)[centre]
            gap = (
                by_calls
                - by_reps
                - np.bincount(centre, calls * within) / np.bincount(centre, calls)
            )
            within += (gap / lift)[centre] * share
            within *= np.sqrt(want_reps / _moments(within, centre, calls, 0.0))
        return by_reps[centre] + within

    low, high = -8.0, 8.0
    for _ in range(40):
        middle = (low + high) / 2
        too_much = _moments(levels(middle), centre, calls, 1.0) > want_calls
        low, high = (low, middle) if too_much else (middle, high)
    return levels((low + high) / 2)


def _balanced_half(means: np.ndarray) -> np.ndarray:
    """The half of the centres whose (10,) means differ least from the other half's."""
    from itertools import combinations

    import numpy as np

    halves = combinations(range(means.size), means.size // 2)
    best = min(halves, key=lambda half: abs(2 * means[list(half)].sum() - means.sum()))
    treated = np.zeros(means.size, dtype=np.int64)
    treated[list(best)] = 1
    return treated


def call_centres(*, experiment: bool = False, seed: int = SEED, flavour: str | None = None) -> Any:
    """Satisfaction with 695,205 calls, taken by 193 representatives in ten call centres.

    Parameters
    ----------
    experiment : bool, optional
        True adds ``group`` (ctrl or treat), which belongs to the centre, and an effect of 0.48
        points in the treated centres.
    seed : int, optional
        Seed of the NumPy generator.
    flavour : {"pandas", "polars", "pyarrow", "dict"}, optional
        Kind of table; default the first of these that is installed.

    Returns
    -------
    table of 695,205 rows, sorted by centre and representative
        ``center_ID``, ``rep_ID``, ``age`` (years), ``reason`` (categorical, reference payment),
        ``month``, ``call_CSAT`` (0 to 10, not rounded), ``M6Spend``, and ``group`` if asked.

    Examples
    --------
    >>> table = call_centres(flavour="dict")
    >>> len(table["call_CSAT"]), len(set(table["rep_ID"]))
    (695205, 193)
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    n_centres, n_reps = len(REPRESENTATIVES), sum(REPRESENTATIVES)
    centre_of_rep = np.repeat(np.arange(n_centres), REPRESENTATIVES)
    appetite = rng.lognormal(0.0, 0.35, n_reps)
    calls = np.floor(N_CALLS * appetite / appetite.sum()).astype(np.int64)
    calls[: N_CALLS - calls.sum()] += 1
    level = _rep_levels(rng, centre_of_rep, calls.astype(float))

    age = rng.integers(18, 81, N_CALLS)
    reason = (rng.random(N_CALLS) < 0.45).astype(np.int64)
    month = rng.integers(1, 13, N_CALLS)
    treated = _balanced_half(np.bincount(centre_of_rep, level) / np.asarray(REPRESENTATIVES))
    if experiment:
        level = level + TREATMENT * treated[centre_of_rep]
    csat = rng.standard_normal(N_CALLS) * np.sqrt(RESIDUAL_VARIANCE)
    csat += np.repeat(level, calls) + INTERCEPT + PROPERTY * reason + AGE * age
    np.clip(csat, 0.0, 10.0, out=csat)
    spend = np.exp(3.5 + 0.15 * csat + 0.5 * rng.standard_normal(N_CALLS))

    labels = [chr(ord("A") + j) for j in range(n_centres)]
    rep_labels = tuple(
        f"{label}{k + 1:02d}"
        for label, size in zip(labels, REPRESENTATIVES, strict=True)
        for k in range(size)
    )
    centre = np.repeat(centre_of_rep, calls)
    columns: dict[str, Any] = {
        "center_ID": LabelledFactor(centre, tuple(labels)),
        "rep_ID": LabelledFactor(np.repeat(np.arange(n_reps), calls), rep_labels),
        "age": age,
        "reason": LabelledFactor(reason, ("payment", "property")),
        "month": month,
        "call_CSAT": csat,
        "M6Spend": np.round(spend, 2),
    }
    if experiment:
        columns["group"] = LabelledFactor(treated[centre], ("ctrl", "treat"))
    return build_table(columns, truth(seed, experiment=experiment), flavour)
