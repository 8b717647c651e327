"""Where the numbers of sentences come from: for each topic the values that may stand in it.

The values are those of the fit's other tables and counts of its rows, or are computed here by hand
(least squares, ranges of levels, design effects). Nothing is formatted here: a number that is read
in a sentence has to be one of them, rounded at its last digit (`tests.display.printed.rounds`); a
few are texts, which have to be met literally. Which number belongs to which name is tested in
tests/display/test_words.py.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

import mixedeffects as me
from tests.display.printed import rounds

NUMBER = re.compile(r"(?<![\w.·])[−-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?%?(?!\w)")
# two-sided 95% of the normal distribution
Z = 1.959963984540054
PLACES = {"0"}  # "where x is 0"
BOUNDS = {"0.001", "0.999"}  # "p < 0.001"
RATIO_LINKS = ("log", "logit")
# link -> the mean of the response from the linear predictor
MEANS = {"log": np.exp, "logit": expit, "probit": ndtr}


def numbers(text):
    """Every number of a text, commas and percent signs as they are, a plain minus sign."""
    return [found.rstrip(",").replace("−", "-") for found in NUMBER.findall(text)]


def known(number, allowed):
    """Whether a number as it is written is an allowed text, or an allowed value, rounded."""
    return number in allowed or any(
        rounds(number, float(value)) for value in allowed if not isinstance(value, str)
    )


def sources(fit, level=0.95, ddf=None):
    """Topic to the set of values, and of texts, that it may have.

    Parameters
    ----------
    fit : LMM or GLMM
    level : float
    ddf : str, optional
        As given to `interpret`.
    """
    percent = f"{100 * level:g}%"
    return {
        "Model": counts(fit),
        "Missing values": missing(fit),
        "Fixed effects": coefficients(fit, level, ddf) | joint(fit, ddf) | places(fit) | {percent},
        "Other parts": others(fit, level) | {percent},
        "Variance between groups": shares(fit, level) | {percent},
        "Random effects": spreads(fit, level) | places(fit) | {percent, "95%"},
        "Levels that stand out": standing_out(fit, level) | places(fit) | {percent},
        "Explained variance": explained(fit),
        "Cost of ignoring the groups": clustering(fit),
        "Convergence": convergence(fit),
    }


def whole(share):
    """A share in per cent as sentences have it."""
    if 1e-12 < share < 0.0005:
        return "0.1%"
    if 0.9995 <= share < 1:
        return "99.9%"
    short = 1e-12 < share < 0.0095 or 0.9905 < share < 1
    return f"{100 * share:.1f}%" if short else f"{100 * share:.0f}%"


def sizes(fit):
    """Factor to the number of rows of each of its levels."""
    return {b.factor.name: np.bincount(b.factor.codes) for b in fit.all_blocks}


def counts(fit):
    out = {fit.design.n}
    for rows in sizes(fit).values():
        out |= {rows.size, rows.min(), rows.max(), rows.mean()}
    return out | ({fit.nagq} if not fit.linear else set())


def missing(fit):
    found = fit.design.missing
    gone = found.n_rows - found.n_used
    return {gone, found.n_rows, whole(gone / found.n_rows), *found.by_column.values()}


def coefficients(fit, level, ddf=None, component=None):
    """Estimates with limits, statistics, df and p; as ratios too, where that has a meaning."""
    out = set(BOUNDS)
    options = {"level": level} | ({"ddf": ddf} if ddf else {})
    if component:
        options["component"] = component
    logs = fit.formula.startswith("log") if fit.linear else fit.family.link.name in RATIO_LINKS
    for exponentiate in (False, True) if logs else (False,):
        for row in pd.DataFrame(fit.test(exponentiate=exponentiate, **options)).itertuples():
            out |= {row.estimate, -row.estimate, row.lower, row.upper}
            out |= {row.statistic, row.df, row.p_value}
    return out


def joint(fit, ddf):
    """Tests of terms, how many coefficients each has, and how many of them are clear."""
    out = set()
    table = pd.DataFrame(fit.anova(**({"ddf": ddf} if ddf else {})))
    for row in table.itertuples():
        out |= {row.num_df, row.p_value}
        if math.isinf(row.den_df):
            out.add(row.statistic * row.num_df if fit.linear else row.chisq)
        else:
            out |= {row.statistic, row.den_df}
    test = pd.DataFrame(fit.test(**({"ddf": ddf} if ddf else {})))
    clear = (test["lower"] > 0) | (test["upper"] < 0)
    owners = pd.Series([term_of(name, fit) for name in test["term"]])
    for term in owners.unique():
        own = owners == term
        if own.sum() > 8:
            out |= {own.sum(), (own & clear).sum()}
    return out


def term_of(name, fit):
    """The term of a coefficient: its name without the levels in brackets."""
    plain = re.sub(r"\[[^\]]*\]", "", name)
    return next((t for t in fit.design.spec.terms if t == plain), plain)


def places(fit):
    """Where other variables stand: zero, and the range that zero is not in."""
    out, kept = set(PLACES), fit.design.sources
    for name in kept.columns if kept is not None else ():
        if name not in kept.categorical:
            values = kept.numbers(name)
            out |= {values.min(), values.max()}
    return out


def others(fit, level):
    out = set(PLACES)
    for component in [] if fit.linear else ("zi", "dispersion", "thresholds"):
        try:
            out |= coefficients(fit, level, component=component)
        except me.MixedEffectsError:
            continue
    return out


def shares(fit, level):
    out = set()
    for row in pd.DataFrame(fit.icc(level=level)).itertuples():
        out |= {whole(row.icc), row.icc, row.lower, row.upper}
    return out


def spreads(fit, level):
    """Standard deviations, correlations, ranges of 95% of the levels, other parameters."""
    out = {"0"}
    table = pd.DataFrame(fit.varcorr.tidy(level=level))
    fixed = dict(zip(fit.design.x_names, fit.beta, strict=True))
    main = table[table["component"] == "conditional"] if "component" in table else table
    own = {
        (row.group, row.term1): row.sdcor**2
        for row in main.itertuples()
        if isinstance(row.term1, str) and not isinstance(row.term2, str)
    }
    codes = {b.factor.name: np.asarray(b.factor.codes) for b in fit.design.blocks}
    for row in table.itertuples():
        out |= {row.sdcor, row.lower, row.upper}
        if isinstance(row.term2, str):
            continue
        around = sum(
            variance for (group, term), variance in own.items()
            if term == row.term1 and group != row.group and row.group in codes
            and pd.Series(codes[group]).groupby(codes[row.group]).nunique().max() == 1
        )  # fmt: skip
        centre, half = fixed.get(row.term1, 0.0), Z * math.sqrt(row.sdcor**2 + around)
        out |= {centre - half, centre + half, half}
        link = "identity" if fit.linear else fit.family.link.name
        if row.term1 == "(Intercept)" and link in MEANS:
            out |= {MEANS[link](v) for v in (centre - half, centre + half)}
    if fit.varcorr.sigma is not None:
        out.add(fit.sigma)
    for _, value, error in fit.interpret().facts.summary.parameters:
        out |= {value, error}
    return out | {rows.size for rows in sizes(fit).values() if rows.size < 5}


def standing_out(fit, level):
    """How many levels there are, are above, are below, and are not named."""
    out = set()
    for _, own in pd.DataFrame(fit.ranef(level=level)).groupby(["group", "term"], sort=False):
        out.add(len(own))
        for side in ((own["lower"] > 0).sum(), (own["upper"] < 0).sum()):
            out |= {side, side - 6}
    return out


def explained(fit):
    out = set()
    for value in pd.DataFrame(fit.r2())["r2"][:2]:
        out |= {value, whole(value)}
    return out


def least_squares(fit):
    """Standard errors that take all rows as independent."""
    X, y = np.asarray(fit.design.X), np.asarray(fit.design.y)
    w = np.ones(y.size) if fit.design.weights is None else np.asarray(fit.design.weights)
    X, y = X * np.sqrt(w)[:, None], y * np.sqrt(w)
    beta, *_ = np.linalg.lstsq(X, y, rcond=None)
    variance = float(((y - X @ beta) ** 2).sum()) / (y.size - X.shape[1])
    return np.sqrt(variance * np.diagonal(np.linalg.inv(X.T @ X)))


def clustering(fit):
    """Design effect, effective rows, factors by which standard errors are off, all by hand."""
    if not fit.linear:
        return set()
    ratio = np.sqrt(np.diagonal(fit.vcov())) / least_squares(fit)
    out = {v for r in ratio for v in (r, 1 / r)} | {"0", "1", fit.design.n}
    (rows, *more) = sizes(fit).values()
    if not more:
        of_a_row = float((rows.astype(float) ** 2).sum() / rows.sum())
        share = float(pd.DataFrame(fit.icc())["icc"].iloc[-1])
        effect = 1 + (of_a_row - 1) * share
        out |= {of_a_row, share, effect, fit.design.n / effect}
    # of more than five factors the rest are counted
    return out | set(range(1, ratio.size - 4))


def convergence(fit):
    c = fit.certificate
    out = {c.evaluations, c.gradient, "0", *numbers(c.message)}
    out |= {c.remaining, *numbers(c.rule or ""), *numbers(" ".join(c.advice))}
    for direction in c.singular:
        out |= {sign * w for w in direction.weights for sign in (1.0, -1.0)}
    return out
