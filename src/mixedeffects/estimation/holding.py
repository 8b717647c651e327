"""Holding one parameter at a value while all others are free: charts and a Newton search.

A chart writes the vector of a gauge (entries of L, log sigma) as a function of the held
parameter's coordinate w and free coordinates x. With the held standard deviation's column
first in its term, L_11 = w; for a correlation sin(w) of the first two columns the second row of L
is s (sin w, cos w) with s free. Otherwise x is the vector itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, exp, isfinite, sin
from typing import Any

import numpy as np
from scipy.linalg.lapack import dposv  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.estimation.newton import ARMIJO, SMALLEST_STEP, shortened

# standard deviation, of sigma, below which its correlation means nothing
GONE = 1e-4
# longest step of log sigma
LONGEST = 1.5


class FreeChart:
    """Nothing among the variance parameters is held.

    Parameters
    ----------
    gauge : Gauge

    Attributes
    ----------
    positive : tuple of int
        Entries of x that must be positive: standard deviations whose correlation is held.
    columns_free : list of sequences of int
        Per term, the columns of L that the constraint leaves alone.
    correction : (K, K) array or None
        What the average information lacks, learnt from gradients (`hold` keeps it here from
        point to point).
    """

    positive: tuple[int, ...] = ()
    vanishing: tuple[float, ...] = ()

    def __init__(self, gauge):
        self.gauge = gauge
        self.columns_free = [range(t.k) for t in gauge.terms]
        self.correction = None

    def split(self, y):
        """w (nan where nothing is held) and x of a vector."""
        return float("nan"), y.copy()

    def expand(self, x, w):
        return x

    def pull_back(self, g, H, x, w):
        """Gradient and curvature by x, the derivative by w and the mixed derivatives (or None)."""
        return g, H, None, None


class EntryChart(FreeChart):
    """One entry of the vector is held: a standard deviation (L_11 of a term) or log sigma.

    Parameters
    ----------
    gauge : Gauge
    entry : int
    term : int, optional
        The term whose first column's standard deviation it is.
    """

    def __init__(self, gauge, entry, term=None):
        super().__init__(gauge)
        self.entry = entry
        self.others = np.delete(np.arange(gauge.size), entry)
        if term is not None:
            self.columns_free[term] = range(1, gauge.terms[term].k)
        self._place = np.ix_(self.others, self.others)

    def split(self, y):
        return float(y[self.entry]), y[self.others]

    def expand(self, x, w):
        y = np.empty(x.size + 1)
        y[self.others] = x
        y[self.entry] = w
        return y

    def pull_back(self, g, H, x, w):
        return g[self.others], H[self._place], g[self.entry], H[self.others, self.entry]


class CorrelationChart(FreeChart):
    """The correlation sin(w) of a term's first two columns is held.

    Free instead of L_21 and L_22 is the second standard deviation s of the first two columns of
    row 2, in L_21's place. L_11 and s must be positive: the correlation would change its sign.

    Parameters
    ----------
    gauge : Gauge
    term : int
    """

    def __init__(self, gauge, term):
        super().__init__(gauge)
        t = gauge.terms[term]
        position = {
            rc: i for i, rc in enumerate(zip(t.rows.tolist(), t.cols.tolist(), strict=True))
        }
        first = t.part.start + position[0, 0]
        self.a, self.b = t.part.start + position[1, 0], t.part.start + position[1, 1]
        self.others = np.delete(np.arange(gauge.size), self.b)
        self.at = int(np.flatnonzero(self.others == self.a)[0])
        self.positive = (int(np.flatnonzero(self.others == first)[0]), self.at)
        self.vanishing = (GONE / t.scale[0], GONE / t.scale[1])
        self.columns_free[term] = range(2, t.k)
        self.mixed = np.zeros((gauge.size, gauge.size - 1))
        self.mixed[self.others, np.arange(gauge.size - 1)] = 1.0

    def split(self, y):
        x = y[self.others]
        x[self.at] = np.hypot(y[self.a], y[self.b])
        return float(np.arctan2(y[self.a], y[self.b])), x

    def expand(self, x, w):
        y = np.empty(x.size + 1)
        y[self.others] = x
        s = x[self.at]
        y[self.a], y[self.b] = s * sin(w), s * cos(w)
        return y

    def pull_back(self, g, H, x, w):
        J = self.mixed
        J[self.a, self.at], J[self.b, self.at] = sin(w), cos(w)
        s = x[self.at]
        along = s * cos(w), -s * sin(w)
        H_w = H[:, self.a] * along[0] + H[:, self.b] * along[1]
        mixed = J.T @ H_w
        mixed[self.at] += g[self.a] * cos(w) - g[self.b] * sin(w)
        return J.T @ g, J.T @ H @ J, g[self.a] * along[0] + g[self.b] * along[1], mixed


@dataclass(frozen=True, slots=True)
class Held:
    """The optimum over x at one w.

    Attributes
    ----------
    x : (K,) array
    value : float
        The objective there.
    converged : bool
    evaluation : AbsoluteEvaluation
        At a point within the tolerance of x.
    tangent : (K,) array or None
        dx/dw.
    curvature : float
        Second derivative by w of the profiled objective, by the average information.
    """

    x: np.ndarray
    value: float
    converged: bool
    evaluation: Any
    tangent: np.ndarray | None
    curvature: float


def hold(objective, chart, w, x, *, tolerance=1e-5, max_iterations=100):
    """Minimise the objective over x at a held w.

    A last Newton step that promises less than `tolerance` is taken without evaluating the
    objective again; its predicted fall is subtracted.

    Parameters
    ----------
    objective : AbsoluteObjective
    chart : FreeChart
    w : float
    x : (K,) array
        Start.
    tolerance : float
        Newton decrement, twice the remaining fall, at which to stop.

    Returns
    -------
    Held
        Not converged, among other reasons, where a standard deviation whose correlation is held
        vanishes.
    """
    gauge = chart.gauge
    if chart.positive:
        x = x.copy()
        for i, least in zip(chart.positive, chart.vanishing, strict=True):
            x[i] = max(x[i], 10.0 * least * exp(x[-1]))
    current = objective.evaluate(gauge, chart.expand(x, w))
    if not isfinite(current.value):
        return Held(x, current.value, False, current, None, np.nan)
    before = None
    for _ in range(max_iterations):
        g_full, H_full = current.derivatives()
        g, H, _, mixed = chart.pull_back(g_full, H_full, x, w)
        if before is not None:
            _learn(chart, H, x - before[0], g - before[1])
        before = x, g
        step, decrement, definite = descent(H, g, chart.correction)
        if decrement < tolerance:
            trials = [chart.split(y)[1] for y in current.escape(chart.columns_free)]
            lower = _first_lower(objective, chart, w, trials, current.value)
            if lower is not None:
                x, current = lower
                continue
            if definite:
                moved, value = x + step, current.value - 0.5 * decrement
            else:
                moved, value = x, current.value
            tangent, bend = _tangent(H, H_full, chart, mixed, x, w, definite)
            return Held(moved, value, True, current, tangent, bend)
        found = _line_search(objective, chart, w, x, current, step, g)
        if found is None:
            done = decrement < max(1e-5, 1e-11 * abs(current.value))
            return Held(x, current.value, done, current, None, np.nan)
        x, current = found
        if any(x[i] < v * exp(x[-1]) for i, v in zip(chart.positive, chart.vanishing, strict=True)):
            break
    return Held(x, current.value, False, current, None, np.nan)


def _learn(chart, H, step, change):
    """Correct the curvature by a symmetric rank-one update (SR1).

    The average information converges linearly, slowly in the tails of a profile. What it lacks
    changes little along a path, so it is learnt once.
    """
    if chart.correction is None:
        chart.correction = np.zeros_like(H)
    lacking = change - (H + chart.correction) @ step
    along = float(lacking @ step)
    if abs(along) > 1e-6 * abs(float(change @ step)):
        chart.correction = chart.correction + lacking[:, None] * (lacking / along)


def descent(H, g, correction=None):
    """-|H|^-1 g, the decrement g'|H|^-1 g, and whether H is positive definite.

    Parameters
    ----------
    H : (K, K) array
    g : (K,) array
    correction : (K, K) array, optional
        Added to H if the sum is positive definite.
    """
    if g.size == 0:
        return g, 0.0, True
    if correction is not None:
        _, solution, info = dposv(H + correction, g)
        if info == 0:
            return -solution, float(g @ solution), True
    scale = np.sqrt(np.abs(H.diagonal()))
    scale[scale == 0] = 1.0
    scaled, rhs = H / (scale[:, None] * scale), g / scale
    _, solution, info = dposv(scaled, rhs)
    if info == 0:
        return -solution / scale, float(rhs @ solution), True
    eigenvalues, vectors = np.linalg.eigh(scaled)
    modulus = np.abs(eigenvalues)
    kept = modulus > 1e-9 * modulus.max(initial=0.0)
    projected = vectors.T @ rhs
    solution = np.where(kept, projected / np.where(kept, modulus, 1.0), 0.0)
    return -(vectors @ solution) / scale, float(projected @ solution), False


def _tangent(H, H_full, chart, mixed, x, w, definite):
    """dx/dw, and the second derivative by w of the profiled objective."""
    if mixed is None or not definite:
        return None, np.nan
    tangent, _, _ = descent(H, mixed)
    if isinstance(chart, EntryChart):
        bend = float(H_full[chart.entry, chart.entry] + mixed @ tangent)
    else:
        bend = np.nan
        if isinstance(chart, CorrelationChart):
            a, b, s = chart.a, chart.b, x[chart.at]
            u, v = s * cos(w), -s * sin(w)
            bend = float(
                H_full[a, a] * u * u + 2 * H_full[a, b] * u * v + H_full[b, b] * v * v
                + mixed @ tangent
            )  # fmt: skip
    return tangent, bend


def _first_lower(objective, chart, w, trials, value):
    for x in trials:
        trial = objective.evaluate(chart.gauge, chart.expand(x, w))
        if trial.value < value:
            return x, trial
    return None


def _line_search(objective, chart, w, x, current, step, g):
    slope = float(g @ step)
    length = min(1.0, LONGEST / max(abs(step[-1]), 1e-300))
    for i in chart.positive:
        if x[i] + length * step[i] < 0.1 * x[i]:
            length = -0.9 * x[i] / step[i]
    while length > SMALLEST_STEP:
        new = x + length * step
        trial = objective.evaluate(chart.gauge, chart.expand(new, w))
        change = trial.value - current.value
        if change <= ARMIJO * length * slope:
            return new, trial
        if abs(length * slope) < 1e-13 * abs(current.value):
            return None
        length = shortened(length, slope, change)
    return None
