"""What a chart of means says below its title: one line, and warnings where there are any."""

from __future__ import annotations

from mixedeffects.means.grid import axes, label_text

# values named before the rest is counted; significant digits of each, and the least decimals of
# one with a fraction, which a year needs
MOST_HELD, DIGITS = 3, 4
# notes that the first line has in its own words, or that the name of the axis says
SAID = ("held at ", "averaged over ", "on the scale of ", "probabilities of the categories ")
BEHIND = "; tests are on that scale"


def mean_line(fit, means, at=None):
    """What means are held at and averaged over, as the rest of a line; "" if nothing.

    Parameters
    ----------
    means : MarginalMeans
        Of the chart.
    at : dict, optional
        Values of columns that the user gave.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from mixedeffects.means import emmeans
    >>> fit = me.lmm("pain_score ~ treatment * time + (1 | patient)", me.datasets.pain_trial())
    >>> mean_line(fit, emmeans(fit, "treatment"))
    'at time = 2.187'
    """
    held = [
        f"{name} = {short(axis.values[0])}"
        for name, axis in axes(fit, at=at).items()
        if name not in means.labels and name not in means.averaged and len(axis.values) == 1
    ]
    said = [f"at {few(held)}"] if held else []
    if means.averaged:
        said.append(f"averaged over {few(means.averaged)}")
    return "; ".join(said)


def mean_warnings(means):
    """The notes of means that neither the first line nor the axis says."""
    return tuple(n for n in means.notes if not n.startswith(SAID) and not n.endswith(BEHIND))


def few(texts):
    """The first of some texts, and how many more there are.

    Examples
    --------
    >>> few(["a = 1", "b = 2"]), few(list("abcdef"))
    ('a = 1, b = 2', 'a, b, c and 3 more')
    """
    shown = ", ".join(texts[:MOST_HELD])
    more = len(texts) - MOST_HELD
    return f"{shown} and {more} more" if more > 0 else shown


def short(value):
    """A level, or a number in four significant digits.

    Examples
    --------
    >>> short(24.75764), short(2012.0), short(2012.25), short(123456.0), short("low")
    ('24.76', '2012', '2012.2', '123456', 'low')
    """
    if not isinstance(value, float) or value.is_integer() or not 1e-4 <= abs(value) < 1e6:
        return label_text(value)
    return f"{value:.1f}" if abs(value) >= 10 ** (DIGITS - 1) else f"{value:.{DIGITS}g}"


def short_labels(values):
    """Levels or numbers as short texts, longer ones where two would be the same.

    Examples
    --------
    >>> short_labels([0.123456, 0.5]), short_labels([0.123411, 0.123412])
    (['0.1235', '0.5'], ['0.123411', '0.123412'])
    """
    texts = [short(value) for value in values]
    return texts if len(set(texts)) == len(set(values)) else [label_text(v) for v in values]
