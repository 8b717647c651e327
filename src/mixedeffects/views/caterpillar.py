"""Predicted random effects in order of size, with the intervals of their prediction errors."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.ranef import named_ranef
from mixedeffects.inference.table import Table
from mixedeffects.thinning import spread
from mixedeffects.views.choice import chosen_terms, varied_group, varies
from mixedeffects.views.record import View

MOST_LEVELS = 150
LIMITS = ("std_error", "lower", "upper")
# levels up to which all have their names; up to which flagged ones have them wherever they stand,
# of more those that are so many places apart
NAMED, CLOSE, PLACES = 45, 100, 2


def caterpillar_view(fit, group=None, *, term=None, level=0.95, most=MOST_LEVELS):
    """The BLUPs of one grouping factor, sorted, each above zero, below it or neither.

    Parameters
    ----------
    group : str, optional
        Grouping factor; the first that has a variance by default.
    term : str, optional
        One of its terms; all by default.
    level : float
        Coverage of the intervals.
    most : int
        Levels shown for each term: of more, those evenly spaced in rank.

    Returns
    -------
    View
        "data": term, level, rank (1 is the lowest), estimate, sd, std_error, lower, upper, verdict
        ("above", "below" or "unclear": whether the interval leaves out zero), named (whether its
        name has room: every level, or of many those that are above or below). Facts: group,
        coverage, n_levels, per term the numbers of levels above and below.

    Raises
    ------
    NotAvailableError
        The random effects have no variance.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> view = caterpillar_view(fit, term="Days")
    >>> view.tables["data"].columns["level"][:2].tolist(), view.facts["above"]
    (['335', '309'], {'Days': 3})
    """
    name = varied_group(fit, group)
    terms = chosen_terms(fit, name, term)
    if not varies(fit, name):
        raise NotAvailableError(
            f"the variance of {name} is zero in this fit: all its predictions are 0, and there is "
            "no order to show\nfit.plot.shrinkage shows what they were shrunken from"
        )
    found = named_ranef(fit, level=level).columns
    ours = found["group"] == name
    parts, notes, above, below = [], [], {}, {}
    n_levels = 0
    for t in terms:
        rows = np.flatnonzero(ours & (found["term"] == t))
        rows = rows[np.argsort(found["estimate"][rows], kind="stable")]
        n_levels = rows.size
        verdict = np.full(rows.size, "unclear", dtype=object)
        verdict[found["lower"][rows] > 0] = "above"
        verdict[found["upper"][rows] < 0] = "below"
        above[t], below[t] = int((verdict == "above").sum()), int((verdict == "below").sum())
        shown = spread(rows.size, most)
        if shown is None:
            shown = np.arange(rows.size)
        part = {c: found[c][rows[shown]] for c in ("term", "level")}
        part["rank"] = shown + 1
        part |= {c: found[c][rows[shown]] for c in ("estimate", "sd", *LIMITS)}
        part["verdict"] = verdict[shown]
        part["named"] = _named(part["verdict"] != "unclear")
        parts.append(part)
    if n_levels > most:
        notes.append(f"{most:,} of {n_levels:,} levels, evenly spaced in rank")
    if parts[0]["named"].size > NAMED:
        said = sum(int(part["named"].sum()) for part in parts)
        flagged = sum(int((part["verdict"] != "unclear").sum()) for part in parts)
        some = "" if said == flagged else f" ({said:,} of {flagged:,}, which have room)"
        notes.append(f"names: levels whose interval leaves out zero{some}" if flagged else "")
    table = Table({c: np.concatenate([part[c] for part in parts]) for c in parts[0]})
    facts = {
        "group": name, "terms": terms, "coverage": level, "n_levels": n_levels, "above": above,
        "below": below,
    }  # fmt: skip
    return View({"data": table}, tuple(filter(None, notes)), facts)


def _named(flagged):
    """Which levels, in order, have their names: outermost first where not all have room."""
    n = flagged.size
    if n <= NAMED:
        return np.ones(n, dtype=bool)
    if n <= CLOSE:
        return flagged
    out = np.zeros(n, dtype=bool)
    at = np.flatnonzero(flagged)
    for i in at[np.argsort(-np.abs(at - (n - 1) / 2.0), kind="stable")]:
        out[i] = not out[max(i - PLACES + 1, 0) : i + PLACES].any()
    return out
