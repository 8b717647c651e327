"""Parameters without each cluster in turn, for BCa intervals."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.clusters import outermost
from mixedeffects.inference.resampling.clusters import cluster_codes
from mixedeffects.inference.resampling.parameters import parameter_values
from mixedeffects.inference.resampling.record import KINDS

# clusters above which leaving out each in turn would take too long, where each is a refit
MOST_LEFT_OUT = 2_000


def jackknife(fit, method, codes):
    """(clusters, P) parameters with each cluster left out; nan where that leaves no fit.

    Parameters
    ----------
    method : str
        Of the bootstrap.
    codes : (n,) int array or None
        Cluster of every row that was resampled; None where none were.

    Raises
    ------
    NotAvailableError
        Where there are no independent clusters, or too many of them.
    """
    codes = left_out_clusters(fit, method, codes)
    q, refits = int(codes.max()) + 1, fit.refits
    if refits.compiled and np.array_equal(codes, fit.design.blocks[0].factor.codes):
        found = refits.without_each(codes, q)
        lost = ~np.asarray(found.converged, dtype=bool)
        out = parameter_values(fit, found.beta, found.theta, np.sqrt(found.s2))
    else:
        found = refits.weighted(_LeaveOneOut(q), clusters=codes)
        lost = ~found.ok
        out = parameter_values(fit, found.coefficients, found.theta, found.sigma)
    out[lost] = np.nan
    return out


def left_out_clusters(fit, method, codes):
    """The independent cluster of every row, which a jackknife leaves out one at a time."""
    if method == "observation":
        raise NotAvailableError(
            "BCa intervals of a bootstrap of rows would need a refit without each row\n"
            'use kind="percentile"'
        )
    if codes is None:
        if outermost(fit.design) is None:
            raise NotAvailableError(
                "BCa intervals need refits without each independent cluster, and crossed grouping "
                'factors leave none\nuse kind="percentile"'
            )
        codes, _ = cluster_codes(fit.design)
    q = int(codes.max()) + 1
    if q > MOST_LEFT_OUT and not fit.refits.compiled:
        raise NotAvailableError(
            f'BCa intervals need a refit without each of {q:,} clusters\nuse kind="percentile"'
        )
    return codes


def check_intervals(fit, kind, method, groups=None):
    """Refuse intervals that cannot be had, before anything is refitted.

    Raises OptionError, NotAvailableError.

    Parameters
    ----------
    kind : str
        Of the intervals.
    method, groups
        Of the bootstrap.
    """
    if kind not in KINDS:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    if kind == "bca":
        chosen = cluster_codes(fit.design, groups)[0] if method == "cluster" else None
        left_out_clusters(fit, method, chosen)


class _LeaveOneOut:
    """Every cluster once, but for one."""

    def __init__(self, q):
        self.n = q

    def __call__(self, rows):
        out = np.ones((rows.stop - rows.start, self.n), dtype=np.int64)
        out[np.arange(out.shape[0]), np.arange(rows.start, rows.stop)] = 0
        return out
