"""Estimated marginal means with their intervals."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import text_array
from mixedeffects.errors import OptionError
from mixedeffects.inference.table import Table
from mixedeffects.means import emmeans
from mixedeffects.means.grid import all_of
from mixedeffects.views.mean_notes import mean_line, mean_warnings
from mixedeffects.views.mean_scale import chosen_scale, mean_axis, mean_options, mean_title
from mixedeffects.views.record import View

# means, and families told apart by colours
MOST_MEANS, MOST_COLOURS = 200, 8


def means_view(
    fit, specs=None, *, by=None, at=None, ddf=None, level=0.95, weights="equal", scale=None
):  # fmt: skip
    """Means of `emmeans`, one row each.

    Parameters
    ----------
    specs, by, at, ddf, level, weights
        As in `emmeans`.
    scale : {"response", "link"}, optional
        The response's by default.

    Returns
    -------
    View
        "data": level, by (texts), position, estimate, std_error, df, lower, upper. Facts: specs,
        by (names), title, axis (of the means), said (what they are held at and averaged over),
        label, coverage, levels, by_levels.

    Raises
    ------
    OptionError
        Too many means to draw, or what `emmeans` refuses.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> means_view(fit, "style").tables["data"].columns["level"].tolist()
    ['No', 'Some', 'Fully']
    """
    scale = chosen_scale(fit, scale)
    means = emmeans(
        fit, specs, by=by, at=at, ddf=ddf, level=level, weights=weights, **mean_options(fit, scale)
    )
    n = means.missing.size
    if n > MOST_MEANS:
        raise OptionError(
            f"{n:,} means are too many for a chart (at most {MOST_MEANS})\nchoose some with at="
        )
    within = [name for name in means.labels if name not in means.by]
    level_texts = all_of(means.labels, within, ", ") if within else ["overall"] * n
    by_texts = all_of(means.labels, list(means.by), ", ") if means.by else [""] * n
    by_levels = list(dict.fromkeys(by_texts))
    if len(by_levels) > MOST_COLOURS:
        raise OptionError(
            f"by={', '.join(means.by)} has {len(by_levels)} levels; a chart tells {MOST_COLOURS} "
            "apart\nname it in specs, or choose some of its levels with at="
        )
    table = means.table().columns
    columns = {
        "level": text_array(level_texts),
        "by": text_array(by_texts),
        "position": np.arange(n),
    }
    columns |= {k: table[k] for k in ("estimate", "std_error", "df", "lower", "upper")}
    facts = {
        "specs": within, "by": list(means.by), "title": mean_title(fit, scale),
        "axis": mean_axis(fit, scale), "said": mean_line(fit, means, at), "label": means.label,
        "coverage": level, "scale": scale, "levels": list(dict.fromkeys(level_texts)),
        "by_levels": by_levels,
    }  # fmt: skip
    return View({"data": Table(columns)}, mean_warnings(means), facts)
