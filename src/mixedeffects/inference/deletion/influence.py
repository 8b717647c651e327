"""Deletion diagnostics: leave out one row, or one group, at a time."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace

import numpy as np

from mixedeffects.design import is_nested, label_text, row_labels
from mixedeffects.errors import (
    ConvergenceWarning,
    DataWarning,
    NotAvailableError,
    OptionError,
    depth_of_package,
)
from mixedeffects.estimation.refits import Change
from mixedeffects.inference.clusters import (
    Clusters,
    GLSRows,
    chosen_clusters,
    cluster_products,
)
from mixedeffects.inference.deletion.measures import (
    measured,
    measured_rows,
    user_columns,
    variances_without,
)
from mixedeffects.inference.deletion.record import InfluenceFacts
from mixedeffects.inference.deletion.rows import inverse_diagonal, row_products

# of the information from all rows, the share that must remain in every direction
REMAINS = 1e-9
# of a row's own weight, the part of P_ii that rounding alone leaves
DETERMINED = 1e-10
LONGEST_SECONDS = 1800.0
# and seconds after which a word is due before it starts in earnest
LONG_SECONDS = 20.0


def influence(fit, groups=None, *, refit=None):
    """How the fit changes without each row, or without each level of a grouping factor.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    groups : str or (n,) array, optional
        A grouping factor whose levels are left out one at a time, or a label for each row that
        was used (of a pandas Series the labels say whose); single rows if not given, or "rows".
    refit : bool, optional
        Estimate the variance parameters anew for every unit (the default for groups), or hold
        theta and estimate beta and sigma only (the default for rows). Held, single rows and
        groups of independent rows are exact closed forms. Generalised models are always fitted
        anew.

    Returns
    -------
    InfluenceFacts

    Raises
    ------
    OptionError, DataError
        For groups that cannot be used.
    NotAvailableError
        When it would take too long, or no unit can be left out because one
        level of a grouping factor would remain.

    Warns
    -----
    DataWarning
        When leaving out a unit leaves coefficients undetermined.
    ConvergenceWarning
        When refits did not converge.

    References
    ----------
    Cook (1977), doi:10.2307/1268249; Belsley, Kuh & Welsch (1980); Christensen, Pearson &
    Johnson (1992), doi:10.2307/1269550; Demidenko & Stukel (2005), doi:10.1002/sim.1974, for the
    two parts of the leverage; Loy & Hofmann (2014), doi:10.18637/jss.v056.i05.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> facts = influence(fit, "Subject")
    >>> facts.unit[int(facts.cooks_distance.argmax())], facts.size[0].item()
    ('309', 10)
    """
    names = [block.factor.name for block in fit.design.blocks]
    by_row = groups is None or (
        isinstance(groups, str) and groups == "rows" and "rows" not in names
    )
    if refit is None:
        refit = not (by_row and fit.cross_products is not None)
    if not isinstance(refit, bool | np.bool_):
        raise OptionError(f"refit={refit!r} must be True or False")
    units = _rows(fit) if by_row else _groups(fit, groups)
    if refit:
        _require_levels(fit, units)
    closed = fit.cross_products is not None
    if not (refit or closed):
        raise NotAvailableError(
            "refit=False uses closed forms that only linear models have\nuse refit=True"
        )
    fixed = random = np.full(units.n, np.nan)
    if closed:
        gls = GLSRows(fit)
        (X, solved, h), diagonal = row_products(gls), inverse_diagonal(fit, gls)
        fixed, random = _leverage(fit, units, X, solved, diagonal)
        independent = all(is_nested(b.factor.codes, units.codes) for b in fit.design.blocks)
        if by_row and not refit:
            found = _single_rows(fit, gls, solved, h, diagonal)
            return _facts(fit, units, False, found, fixed, random)
        if independent and not refit:
            found = measured(_independent_groups(fit, gls, units), fit.noise.variance)
            return _facts(fit, units, False, found, fixed, random)
    found = measured(_refitted(fit, units, hold=not refit), fit.sigma**2)
    return _facts(fit, units, bool(refit), found, fixed, random)


def _rows(fit):
    n = fit.design.n
    every = np.arange(n)
    return Clusters("row", row_labels(fit.design), every, every, np.arange(n + 1))


def _groups(fit, groups):
    units = chosen_clusters(fit.design, groups, "groups")
    return units if isinstance(groups, str) else replace(units, name="group")


def _require_levels(fit, units):
    """Refuse when without any unit some factor has one level: no variance between levels.

    Raises NotAvailableError.
    """
    if units.n == 1:
        return
    alone = np.zeros(units.n, dtype=bool)
    for factor in {id(b.factor): b.factor for b in fit.design.blocks}.values():
        pairs = np.unique(factor.codes.astype(np.int64) * units.n + units.codes)
        level, unit = np.divmod(pairs, units.n)
        own = np.bincount(level, minlength=factor.n_levels)[level] == 1  # in no other unit
        left = factor.n_levels - np.bincount(unit[own], minlength=units.n)
        alone |= left < 2
        if alone.all():
            held = (
                "\nrefit=False leaves them out with the variances held"
                if fit.cross_products is not None
                else ""
            )
            raise NotAvailableError(
                f"without {units.name} {units.labels[0]} one level of {factor.name} is left: no "
                f"variance between levels can be estimated (of any {units.name}){held}"
            )


def _leverage(fit, units, X, solved, diagonal):
    """Traces of the units' parts of H_1 and H_2."""
    weights = 1.0 if fit.design.weights is None else fit.design.weights
    fixed = np.einsum("rp,rp->r", X, solved)
    P = diagonal - np.einsum("rp,rp->r", solved, solved)
    random = 1.0 - fixed - P / weights
    return tuple(np.bincount(units.codes, part, minlength=units.n) for part in (fixed, random))


def _single_rows(fit, gls, solved, h, diagonal):
    """All measures row by row, theta held."""
    nu = fit.residual_df
    P = diagonal - np.einsum("rp,rp->r", solved, solved)
    P = np.where(DETERMINED * diagonal < P, P, np.nan)
    left = nu - 1.0  # without degrees of freedom there is no residual variance
    s2 = np.maximum(nu * fit.noise.variance - h**2 / P, 0.0) / (left if left > 0 else np.nan)
    theta = np.broadcast_to(fit.theta, (P.size, fit.theta.size))
    return measured_rows(
        solved, h, diagonal, P, s2, theta, T=gls.T_hat, beta=fit.beta, whole=fit.noise.variance
    )


def _independent_groups(fit, gls, units):
    """The change by leaving out each of the groups, which are independent of all other rows."""
    p = gls.p
    own, scores = cluster_products(gls, units)
    quadratic = np.zeros(units.n)
    for lo, hi in units.chunks():
        rows = units.order[units.start[lo] : units.start[hi]]
        columns = gls.columns(rows)
        value = columns[:, p] * gls.solved(rows, columns)[:, p]
        quadratic[lo:hi] = np.add.reduceat(value, units.start[lo:hi] - units.start[lo])
    information = np.eye(p) - own
    if p:
        lost = np.linalg.eigvalsh(information)[:, 0] < REMAINS
        information[lost] = np.nan
        safe = np.where(lost[:, None, None], np.eye(p), information)
        delta = np.linalg.solve(safe, scores[:, :, None])[:, :, 0]
        delta[lost] = np.nan
    else:
        delta = scores
    rss, nu = fit.residual_df * fit.noise.variance, fit.residual_df - units.sizes.astype(float)
    s2 = (rss - quadratic - np.einsum("jp,jp->j", scores, delta)) / np.where(nu > 0, nu, np.nan)
    return Change(
        delta, information, s2, np.tile(fit.theta, (units.n, 1)), np.ones(units.n, dtype=bool),
        *user_columns(delta, information, s2, fit.beta, gls.T_hat),
    )  # fmt: skip


def _refitted(fit, units, *, hold):
    """The change by leaving out each unit, minimised anew unless theta is held."""
    J, begin = units.n, time.perf_counter()
    closed = fit.cross_products is not None

    def watch(done):
        """Refuse, or warn, once the time of some refits says what all would take."""
        nonlocal begin
        if done == 1:  # which may have compiled code
            begin = time.perf_counter()
        elif done <= 8:
            left = (time.perf_counter() - begin) / (done - 1) * J
            if left > LONGEST_SECONDS:
                raise NotAvailableError(
                    f"leaving out {J:,} units one at a time would take about {left / 60:,.0f} "
                    f"minutes\nuse {'refit=False, or ' if closed else ''}a factor with fewer levels"
                )
            if done == 8 and left > LONG_SECONDS and closed:
                warnings.warn(
                    f"leaving out {J:,} units one at a time will take about {left / 60:,.1f} "
                    "minutes\nrefit=False, with the variances held, takes a fraction of that",
                    DataWarning,
                    stacklevel=depth_of_package(),
                )

    return fit.refits.without_each(units.codes, J, hold=hold, watch=watch)


def _notes(fit, units, found):
    """What is missing from a study, and warnings of what a linear model lacks."""
    J, known, notes = units.n, found.known, []
    failed = int((~found.converged).sum())
    if fit.cross_products is None:
        return (f"{failed} of {J} refits failed: their measures are missing",) if failed else ()
    if fit.beta.size and not known.all():
        which = [label_text(units.labels[j]) for j in np.flatnonzero(~known)]
        shown = ", ".join(which[:5]) + (" …" if len(which) > 5 else "")
        notes.append(
            f"without {units.name} {shown} the rows do not determine all coefficients "
            f"({len(which)} of {J}): their measures are missing"
        )
        warnings.warn(notes[-1], DataWarning, stacklevel=depth_of_package())
    failed = int((known & ~found.converged).sum())
    if failed:
        notes.append(f"{failed} of {J} refits did not converge to a certified optimum")
        warnings.warn(notes[-1], ConvergenceWarning, stacklevel=depth_of_package())
    return tuple(notes)


def _facts(fit, units, refit, found, fixed, random):
    names, now, without = variances_without(fit, found.theta, found.s2)
    return InfluenceFacts(
        groups=units.name,
        refit=refit,
        unit=units.labels.tolist() if isinstance(units.labels, np.ndarray) else units.labels,
        size=units.sizes,
        terms=fit.design.x_names,
        beta=fit.beta,
        beta_without=found.beta,
        se_without=found.std_error,
        sigma=fit.sigma,
        theta=fit.theta,
        sigma_without=np.sqrt(found.s2) if fit.kind.residual else None,
        theta_without=found.theta,
        variance_names=names,
        variance=now,
        variance_without=without,
        cooks_distance=found.cooks_distance,
        mdffits=found.mdffits,
        covratio=found.covratio,
        covtrace=found.covtrace,
        leverage_fixed=fixed,
        leverage_random=random,
        converged=found.converged,
        notes=_notes(fit, units, found),
    )
