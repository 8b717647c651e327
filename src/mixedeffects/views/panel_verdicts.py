"""What each panel of the page of checks says, in one line: fine, or what to look at."""

from __future__ import annotations

from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM
from mixedeffects.views.labels import short_name

# of tests that have no limit of their own: each has one true model in a hundred looked at
ALPHA = 0.01
# and of one whose answer is left open
DOUBT = 0.05
# units that are named
MOST_NAMED = 3
BY_EYE = "by eye"
WORST = (BY_EYE, FINE, LOOK, PROBLEM)


def curve_verdict(checks):
    """Of residuals along fitted values: whether an effect is curved.

    Parameters
    ----------
    checks : dict of str to Check
        What `assumptions` found, by name.

    Returns
    -------
    state : {"fine", "look", "problem", "by eye"}
    words : str

    Examples
    --------
    >>> curve_verdict({})
    ('by eye', 'the line should stay near zero')
    """
    check = checks.get("curvature")
    if check is None:
        return BY_EYE, "the line should stay near zero"
    if check.verdict == FINE:
        return FINE, "no numeric predictor has a curved effect"
    return check.verdict, f"a predictor has a curved effect ({check.value:.2g} sd)"


def spread_verdict(checks):
    """Of the sizes of residuals along fitted values; of counts, of their dispersion.

    Returns (str, str) as `curve_verdict`.
    """
    check, counts = checks.get("spread"), checks.get("dispersion")
    if check is None and counts is not None:
        return counts.verdict, f"variance {counts.value:.2g} times what the family says"
    if check is None:
        return BY_EYE, "the line should stay near the dashed one"
    if check.verdict == FINE:
        return FINE, "spread alike along fitted values and predictors"
    return check.verdict, f"the spread differs, up to {check.value:.2g} times"


def normal_verdict(checks, view):
    """Of residuals against normal quantiles: skewness, tails, and the band.

    Returns (str, str) as `curve_verdict`.
    """
    n, outside = len(view.tables["data"].columns["sample"]), view.facts["n_outside"]
    state, words = band_verdict(n, outside, "point", view.facts["coverage"])
    names = {"skewness": "skewed", "tails": "heavy tails"}
    found = [checks[name] for name in names if name in checks and checks[name].verdict != FINE]
    if not found:
        return state, words
    said = " and ".join(names[check.name] for check in found)
    return worst(
        state, *(check.verdict for check in found)
    ), f"{said}; {outside:,} of {n:,} outside"


def band_verdict(n, outside, noun, coverage):
    """Of points and a simultaneous band.

    Returns (str, str) as `curve_verdict`.

    Examples
    --------
    >>> band_verdict(18, 0, "level", 0.95)
    ('fine', 'all 18 levels within the 95% band')
    """
    band = f"the {100 * coverage:g}% band"
    if not outside:
        return FINE, f"all {n:,} {noun}s within {band}"
    return LOOK, f"{outside:,} of {n:,} {noun}s outside of {band}"


def levels_verdict(view):
    """Of residuals level by level: whether they spread alike.

    Returns (str, str) as `curve_verdict`.
    """
    if not view.facts["smallest"]:
        return BY_EYE, "boxes of so few rows say little of the spread"
    p, least, most = (view.facts[k] for k in ("spread_p", "smallest", "largest"))
    span = f"(p = {p:.3f}), sd from {least[1]:.3g} to {most[1]:.3g}"
    if p < ALPHA:
        return LOOK, f"spread differs {span}"
    return (BY_EYE, f"spread may differ {span}") if p < DOUBT else (FINE, f"spread alike {span}")


def uniform_verdict(view):
    """Of simulated quantile residuals: uniformity.

    Returns (str, str) as `curve_verdict`.
    """
    p = _p_values(view)["uniformity"]
    if p < ALPHA:
        return LOOK, f"not uniform (p = {p:.3f})"
    if p < DOUBT:
        return BY_EYE, f"perhaps not uniform (p = {p:.3f})"
    return FINE, f"uniform (p = {p:.3f})"


def simulated_verdict(view):
    """Of simulated quantile residuals: dispersion, outliers, zeros.

    Returns (str, str) as `curve_verdict`.
    """
    found = {name: p for name, p in _p_values(view).items() if name != "uniformity"}
    if not found:
        return BY_EYE, "the lines should stay at the quartiles"
    low = [name for name, p in found.items() if p < ALPHA]
    if low:
        return LOOK, f"not as simulated (p < {ALPHA:g}): {', '.join(low)}"
    names = list(found)
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return FINE, f"{listed} as simulated"


def _p_values(view):
    c = view.tables["tests"].columns
    return dict(zip(c["test"], map(float, c["p_value"]), strict=True))


def influence_verdict(view):
    """Of Cook's distances: units beyond the conventional cutoff, which true models have too.

    Returns (str, str) as `curve_verdict`.
    """
    c, cutoff = view.tables["data"].columns, view.facts["cutoff"]
    far = [
        short_name(str(unit))
        for unit, size in zip(c["unit"], c["size"], strict=True)
        if size > cutoff
    ]
    if not far:
        return FINE, f"no {view.facts['group']} beyond 4 / n"
    more = f" and {len(far) - MOST_NAMED} more" if len(far) > MOST_NAMED else ""
    return BY_EYE, f"beyond 4 / n, a convention: {', '.join(far[:MOST_NAMED])}{more}"


def worst(*states):
    """The most serious of several states.

    Examples
    --------
    >>> worst("fine", "problem", "look")
    'problem'
    """
    return max(states, key=WORST.index)
