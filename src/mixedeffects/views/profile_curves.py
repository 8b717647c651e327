"""Profile likelihoods as curves: zeta, density, intervals."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.profiling import ProfileFacts, profile
from mixedeffects.inference.table import Table
from mixedeffects.views.record import View

KINDS = ("zeta", "density", "interval")
LEVELS, USUAL = (0.5, 0.8, 0.9, 0.95, 0.99), 0.95
# points of a curve
POINTS = 101


def profile_view(fit, parameters="all", *, profile=None, kind="zeta", levels=LEVELS):
    """Profile likelihoods of the parameters of a fit, as one of three kinds of curves.

    Parameters
    ----------
    parameters : str or sequence of str
        "all", or as in `mixedeffects.inference.profile`.
    profile : Profile or ProfileFacts, optional
        What ``fit.profile(...)`` found; computed if not given.
    kind : {"zeta", "density", "interval"}
        zeta; the density phi(zeta) dzeta / dvalue, that of the parameter's estimate as it were;
        or intervals of several levels.
    levels : sequence of float
        Coverages of the reference lines or intervals; those above the profile's are left out.

    Returns
    -------
    View
        "data": parameter, value, zeta, density, inside (the 95% interval); or, of "interval",
        parameter, level, lower, upper, estimate. "points" (of zeta): parameter, value, zeta as
        they were computed. "limits": parameter, level, value, zeta of either limit. "estimates":
        parameter, estimate. Facts: parameters, kind, criterion, levels, bent: per parameter how
        far zeta is from a straight line at its ends, in per cent.

    Notes
    -----
    Between the points computed zeta is a cubic spline of the value, or where that would fall, a
    piecewise monotone one (PCHIP).

    References
    ----------
    Bates & Watts (1988), Nonlinear Regression Analysis, section 6.1.2; Fritsch & Carlson (1980),
    doi:10.1137/0717021.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> view = profile_view(fit, ["Days", "sigma"])
    >>> view.facts["parameters"], len(view.tables["data"].columns["value"])
    (['Days', 'sigma'], 202)
    """
    if kind not in KINDS:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    facts = _facts(fit, parameters, profile)
    levels = [float(level) for level in levels if z_quantile(level) and level <= facts.level]
    if not levels:
        raise OptionError(f"levels= has none up to the profile's own, {facts.level:g}")
    names = [p.name for p in facts.parameters]
    estimate = {n: float(facts.estimates[facts.names.index(n)]) for n in names}
    estimates = Table({"parameter": _texts(names), "estimate": np.array([*estimate.values()])})
    intervals = _intervals(facts, names, estimate, levels)
    if kind == "interval":
        tables, bent = {"data": intervals, "estimates": estimates}, {}
    else:
        data, limits, bent = _curves(facts, names, levels)
        whole = facts.table().columns
        points = Table({c: np.asarray(whole[c]) for c in ("parameter", "value", "zeta")})
        tables = {"data": data, "points": points, "limits": limits, "estimates": estimates}
    return View(
        tables, facts.notes,
        {"parameters": names, "kind": kind, "criterion": facts.criterion, "levels": levels,
         "bent": bent},
    )  # fmt: skip


def _curves(facts, names, levels):
    """Curves, the points of them at the limits of the intervals, and how far they are bent."""
    usual = min(USUAL, facts.level)
    limits = {level: facts.confint(level).columns for level in {*levels, usual}}
    data, marks, bent = {}, {}, {}
    for i, (name, values, zeta) in enumerate(zip(names, facts.values, facts.zeta, strict=True)):
        at, z, density = curve(values, zeta)
        low, high = limits[usual]["lower"][i], limits[usual]["upper"][i]
        inside = (at >= low) & (at <= high)
        _add(data, parameter=_texts([name] * at.size), value=at, zeta=z, density=density,
             inside=inside)  # fmt: skip
        for level in levels:
            ends = np.array([limits[level]["lower"][i], limits[level]["upper"][i]])
            ends = ends[np.isfinite(ends)]
            _add(marks, parameter=_texts([name] * ends.size), level=np.full(ends.size, level),
                 value=ends, zeta=np.interp(ends, at, z))  # fmt: skip
        bent[name] = _bent(values, zeta)
    return _joined(data), _joined(marks), bent


def _add(parts, **columns):
    for name, column in columns.items():
        parts.setdefault(name, []).append(column)


def _joined(parts):
    return Table({name: np.concatenate(columns) for name, columns in parts.items()})


def _texts(values):
    return np.array(values, dtype=object)


def curve(values, zeta, points=POINTS):
    """zeta and the density of a profile between its points.

    Takes values, zeta (m,) arrays. Returns value, zeta, density (points,) arrays.

    Examples
    --------
    >>> import numpy as np
    >>> x, z, density = curve(np.linspace(-3.0, 3.0, 9), np.linspace(-3.0, 3.0, 9))
    >>> float(density[50].round(4))
    0.3989
    """
    from scipy.interpolate import CubicSpline, PchipInterpolator

    at = np.linspace(values[0], values[-1], points)
    # at an end of the parameter's range several steps may come to the same value
    apart = np.append(np.diff(values) > 0, True)
    values, zeta = values[apart], zeta[apart]
    if values.size < 2 or not np.ptp(zeta):
        return at, np.zeros(points), np.zeros(points)
    line: CubicSpline | PchipInterpolator = CubicSpline(values, zeta)
    if (line(at, 1) < 0).any():
        line = PchipInterpolator(values, zeta)
    z = line(at)
    return at, z, np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * np.maximum(line(at, 1), 0.0)


def _facts(fit, parameters, found):
    if found is None:
        every = isinstance(parameters, str) and parameters == "all"
        try:
            return profile(fit, None if every else parameters)
        except np.linalg.LinAlgError:
            raise NotAvailableError(
                "the likelihood could not be followed to where a variance is zero\n"
                f"name single parameters, such as fit.plot.profile([{fit.design.x_names[0]!r}])"
            ) from None
    found = getattr(found, "facts", found)
    if not isinstance(found, ProfileFacts):
        raise OptionError("profile= must be what fit.profile(...) returned")
    return found


def _bent(values, zeta):
    """Largest distance of zeta's ends from the line with its slope at zero, in per cent."""
    middle = int(np.argmin(np.abs(zeta)))
    low, high = max(middle - 1, 0), min(middle + 1, zeta.size - 1)
    if values[high] == values[low] or not np.ptp(zeta):
        return 0.0
    slope = (zeta[high] - zeta[low]) / (values[high] - values[low])
    ends = [i for i in (0, zeta.size - 1) if zeta[i]]
    straight = [slope * (values[i] - values[middle]) + zeta[middle] for i in ends]
    return max((abs(s / zeta[i] - 1.0) * 100.0 for s, i in zip(straight, ends, strict=True)),
               default=0.0)  # fmt: skip


def _intervals(facts, names, estimate, levels):
    columns = {c: [] for c in ("parameter", "level", "lower", "upper", "estimate")}
    for level in sorted(levels, reverse=True):
        limits = facts.confint(level).columns
        for name, low, high in zip(names, limits["lower"], limits["upper"], strict=True):
            found = (name, level, float(low), float(high), estimate[name])
            for column, value in zip(columns, found, strict=True):
                columns[column].append(value)
    return Table({c: np.array(v, dtype=object if c == "parameter" else float)
                  for c, v in columns.items()})  # fmt: skip
