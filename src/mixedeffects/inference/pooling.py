"""The same question asked with complete, no and partial pooling, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.inference.clusters import is_nested
from mixedeffects.inference.icc import icc
from mixedeffects.inference.table import Table

# numbers of a dense matrix of dummies
DENSE = 2e7
CHUNK = 65_536
# a column is aliased when less than this fraction of its length is left by the dummies
ALIASED = 1e-7
# the same for what other columns leave, from products of residuals
DEPENDENT = 1e-10
# precision of the iterative projection on many crossed dummies
PRECISE = 1e-12


@dataclass(frozen=True, slots=True)
class Pooling:
    """One of the three models.

    Attributes
    ----------
    name : str
        "complete pooling", "no pooling" or "partial pooling".
    what : str
        In words.
    estimate, std_error : (p,) arrays
        nan where the model has no such coefficient.
    sigma : float
        Residual standard deviation.
    n_parameters : int
        Coefficients and variances estimated, the residual variance among them.
    """

    name: str
    what: str
    estimate: np.ndarray
    std_error: np.ndarray
    sigma: float
    n_parameters: int


@dataclass(frozen=True, slots=True)
class BaselineFacts:
    """Three models of one formula.

    Attributes
    ----------
    terms : tuple of str, length p
    complete, none, partial : Pooling
    design_effect : (p,) array
        Squared ratio of the standard errors, partial to complete pooling.
    icc : float
        Share of the random variance between groups.
    condition_number : float
        Of the matrix of the fixed columns and all dummies, before any column is dropped; nan when
        not computed. Above about 1e15 the matrix is singular.
    aliased : tuple of (str, str)
        Columns that the dummies determine, and how, in words.
    notes : tuple of str
    """

    terms: tuple[str, ...]
    complete: Pooling
    none: Pooling
    partial: Pooling
    design_effect: np.ndarray
    icc: float
    condition_number: float
    aliased: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def models(self) -> tuple[Pooling, ...]:
        return self.complete, self.none, self.partial

    def table(self) -> Table:
        """One row per model and coefficient: model, term, estimate, std_error."""
        p = len(self.terms)
        return Table(
            {
                "model": [m.name for m in self.models for _ in range(p)],
                "term": list(self.terms) * 3,
                "estimate": np.concatenate([m.estimate for m in self.models]),
                "std_error": np.concatenate([m.std_error for m in self.models]),
            }
        )

    def summary(self) -> Table:
        """One row per model: model, sigma, n_parameters."""
        return Table(
            {
                "model": [m.name for m in self.models],
                "sigma": [m.sigma for m in self.models],
                "n_parameters": [m.n_parameters for m in self.models],
            }
        )


def baselines(fit):
    """Complete pooling (least squares), no pooling (a dummy per group), partial pooling (the fit).

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    BaselineFacts

    References
    ----------
    Gelman & Hill (2007), chapter 12, for the three names.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> facts = baselines(fit)
    >>> facts.aliased[1]
    ('style[Some]', 'style[Some] is a sum of professor columns')
    """
    complete = _complete(fit)
    none, condition, aliased, remarks = _none(fit)
    p = fit.beta.size
    partial = Pooling(
        "partial pooling",
        "mixed model: group effects are draws from a distribution whose variance is estimated",
        fit.beta,
        np.sqrt(np.diagonal(fit.vcov_beta)),
        fit.sigma,
        p + fit.theta.size + 1,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = (partial.std_error / complete.std_error) ** 2
    share = float(icc(fit).columns["icc"][-1])
    return BaselineFacts(
        terms=fit.design.x_names,
        complete=complete,
        none=none,
        partial=partial,
        design_effect=effect,
        icc=share,
        condition_number=condition,
        aliased=aliased,
        notes=(*_clustering(fit, effect, share), *remarks),
    )


def _complete(fit):
    """Least squares without the random terms, from the cross-products."""
    stats = fit.evaluation.objective.stats
    p = stats.p
    T, gram, rhs = stats.reference.T, stats.xx[:p, :p], stats.xx[:p, p]
    inverse = np.linalg.inv(gram) if p else gram
    beta = inverse @ rhs
    sigma2 = (stats.yy - float(beta @ rhs)) / (stats.n - p)
    covariance = T[:p, :p] @ inverse @ T[:p, :p].T
    return Pooling(
        "complete pooling",
        "least squares: all rows as if independent, groups ignored",
        T[:p, :p] @ beta - T[:p, p],
        np.sqrt(sigma2 * np.diagonal(covariance)),
        float(np.sqrt(sigma2)),
        p + 1,
    )


def _clustering(fit, effect, share):
    """What ignoring the groups does to the standard errors, in words."""
    notes = []
    names = fit.design.x_names
    block = fit.design.blocks[0]
    if len(fit.design.blocks) == 1 and block.Z is None:
        sizes = np.bincount(block.factor.codes).astype(float)
        size = float((sizes**2).sum() / sizes.sum())
        notes.append(
            f"{100 * share:.0f}% of the random variance lies between levels of "
            f"{block.factor.name} (ICC {share:.3f}) and a level has {size:,.1f} rows, so the "
            f"variance of a mean is {1.0 + (size - 1.0) * share:.3g} times what complete pooling "
            f"believes (design effect 1 + ({size:,.1f} - 1) x {share:.3f})"
        )
    low = [(names[j], effect[j]) for j in np.argsort(-effect) if effect[j] > 1.1]
    if low:
        shown = ", ".join(f"{name} ({np.sqrt(v):.2g} times)" for name, v in low[:5])
        notes.append(
            "complete pooling ignores that rows of a group are alike: its standard errors are too "
            f"small for {shown}"
        )
    high = [(names[j], effect[j]) for j in np.argsort(effect) if effect[j] < 1 / 1.1]
    if high:
        shown = ", ".join(f"{name} ({1 / np.sqrt(v):.2g} times)" for name, v in high[:5])
        notes.append(
            "complete pooling counts the differences between groups as noise: its standard errors "
            f"are too large for {shown}, which vary within groups"
        )
    return notes


def _none(fit):
    """Least squares with a dummy for every level of every grouping factor."""
    design = fit.design
    factors = _spanning([block.factor for block in design.blocks])
    p, n = design.X.shape[1], design.n
    names = " and ".join(dict.fromkeys(b.factor.name for b in design.blocks))
    what = f"least squares with a dummy for every level of {names}"
    remarks = []
    if any(block.k > 1 or block.Z is not None for block in design.blocks):
        remarks.append(
            "no pooling gives every group its own intercept; random slopes have no counterpart "
            "in it"
        )
    condition = _condition_number(design)
    gram, total, rank, means = _project(design, factors)
    nothing = np.full(p, np.nan)
    if gram is None:
        remarks.append(
            "no pooling was not computed: the rank of the dummies of three or more crossed "
            "factors of this size is not known"
        )
        return Pooling("no pooling", what, nothing, nothing, np.nan, 0), condition, (), remarks
    kept, dependent = _independent_columns(gram[:p, :p], total[:p])
    aliased = tuple(
        (design.x_names[j], _reason(design.x_names[j], j, factors, means, j in dependent))
        for j in range(p)
        if j not in kept
    )
    estimate, error = nothing.copy(), nothing.copy()
    rss, df = float(gram[p, p]), n - rank - len(kept)
    if kept:
        scale = np.sqrt(gram.diagonal()[kept])
        inverse = np.linalg.inv(gram[np.ix_(kept, kept)] / np.outer(scale, scale))
        beta = inverse @ (gram[kept, p] / scale)
        rss -= float(beta @ (gram[kept, p] / scale))
        estimate[kept] = beta / scale
        error[kept] = np.sqrt(np.diagonal(inverse)) / scale
    sigma = float(np.sqrt(max(rss, 0.0) / df)) if df > 0 else np.nan
    remarks.append(
        f"no pooling spends {rank:,} coefficients on the groups themselves, about which nobody "
        "asked, and learns from differences within groups only"
    )
    if df <= 0:
        remarks.append("no pooling leaves no degrees of freedom: as many dummies as rows")
    if np.isnan(condition):
        remarks.append("the condition number of the matrix with all dummies was not computed")
    pooling = Pooling("no pooling", what, estimate, error * sigma, sigma, rank + len(kept) + 1)
    return pooling, condition, aliased, remarks


def _spanning(factors):
    """Factors whose dummies span those of all: without any in which another is nested."""
    out = []
    for i, factor in enumerate(factors):
        inner = (
            j
            for j in range(len(factors))
            if j != i
            and is_nested(factors[j].codes, factor.codes)
            and (j < i or not is_nested(factor.codes, factors[j].codes))
        )
        if next(inner, None) is None:
            out.append(factor)
    return out


def _pieces(design):
    """Rows, square roots of weights and [X y] times them, piece by piece."""
    y = design.y if design.offset is None else design.y - design.offset
    for lo in range(0, design.n, CHUNK):
        rows = slice(lo, min(lo + CHUNK, design.n))
        columns = np.column_stack([np.asarray(design.X[rows]), y[rows]])
        yield rows, None if design.weights is None else design.weights[rows], columns


def _project(design, factors):
    """Cross-products of what the dummies leave of [X y], column lengths, rank of the dummies.

    Returns
    -------
    gram : (p + 1, p + 1) array or None
    total : (p + 1,) array
        Squared lengths before.
    rank : int
    means : (q, p + 1) array or None
        Level means, for one factor.
    """
    t = design.X.shape[1] + 1
    total = np.zeros(t)
    for _, w, columns in _pieces(design):
        total += np.einsum("rt,rt->t", columns, columns if w is None else columns * w[:, None])
    if len(factors) == 1:
        factor = factors[0]
        q = factor.n_levels
        sums, size = np.zeros((q, t)), np.zeros(q)
        for rows, w, columns in _pieces(design):
            codes = factor.codes[rows]
            size += np.bincount(codes, w, minlength=q)
            weighted = columns if w is None else columns * w[:, None]
            for j in range(t):
                sums[:, j] += np.bincount(codes, weighted[:, j], minlength=q)
        means = sums / size[:, None]
        gram = np.zeros((t, t))
        for rows, w, columns in _pieces(design):
            left = columns - means[factor.codes[rows]]
            gram += left.T @ (left if w is None else left * w[:, None])
        return gram, total, q, means
    columns = np.concatenate([c if w is None else c * np.sqrt(w)[:, None] for _, w, c in
                              _pieces(design)])  # fmt: skip
    root = None if design.weights is None else np.sqrt(design.weights)
    if design.n * sum(f.n_levels for f in factors) <= DENSE:
        D = np.concatenate([np.eye(f.n_levels)[f.codes] for f in factors], axis=1)
        D = D if root is None else D * root[:, None]
        U, s, _ = np.linalg.svd(D, full_matrices=False)
        U = U[:, s > 1e-10 * s[0]]
        rank = U.shape[1]
        for _ in range(2):
            columns = columns - U @ (U.T @ columns)
        return columns.T @ columns, total, rank, None
    if len(factors) > 2:
        return None, total, 0, None
    left, rank = _project_crossed(columns, factors, root)
    return left.T @ left, total, rank, None


def _project_crossed(columns, factors, root):
    """What two crossed factors with many levels leave of some columns, and their rank."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import lsmr

    n = columns.shape[0]
    one, two = factors
    q = one.n_levels
    edges = sparse.coo_array(
        (np.ones(n), (one.codes, two.codes + q)), shape=(q + two.n_levels,) * 2
    )
    components = connected_components(edges, directed=False, return_labels=False)
    index = np.column_stack([one.codes, two.codes + q]).astype(np.int64)
    data = np.ones((n, 2)) if root is None else np.column_stack([root, root])
    D = sparse.csr_array(
        (data.ravel(), index.ravel(), np.arange(n + 1) * 2), shape=(n, q + two.n_levels)
    )
    length = np.sqrt(np.asarray(D.multiply(D).sum(axis=0)).ravel())
    D = D @ sparse.diags_array(1.0 / length)
    left = columns.copy()
    for j in range(columns.shape[1]):
        size = float(np.linalg.norm(columns[:, j]))
        if size > 0:
            solved = lsmr(D, columns[:, j] / size, atol=PRECISE, btol=PRECISE, maxiter=20_000)[0]
            left[:, j] -= size * (D @ solved)
    return left, q + two.n_levels - int(components)


def _independent_columns(gram, total):
    """Columns not determined by the dummies or by earlier columns; those by columns only."""
    kept: list[int] = []
    dependent: set[int] = set()
    for j in range(gram.shape[0]):
        if gram[j, j] <= ALIASED**2 * total[j]:
            continue
        rest = gram[j, j]
        if kept:
            block = gram[np.ix_(kept, kept)]
            scale = np.sqrt(block.diagonal())
            along = gram[kept, j] / scale
            rest -= float(along @ np.linalg.solve(block / np.outer(scale, scale), along))
        if rest <= DEPENDENT * gram[j, j]:
            dependent.add(j)
        else:
            kept.append(j)
    return kept, dependent


def _reason(name, j, factors, means, with_others):
    what = " and ".join(f.name for f in factors)
    if with_others:
        return f"{name} is a combination of {what} columns and earlier ones"
    if means is not None:
        values = means[:, j]
        if np.ptp(values) <= 1e-9 * np.abs(values).max():
            return f"{name} is the sum of all {what} columns"
        if np.isin(values, (0.0, 1.0)).all():
            return f"{name} is a sum of {what} columns"
        return f"{name} is constant within {what}: a combination of its columns"
    return f"{name} is a combination of {what} columns"


def _condition_number(design):
    """Of [X dummies], a reference level left out per factor if X has an intercept."""
    skip = 1 if "(Intercept)" in design.x_names else 0
    width = design.X.shape[1] + sum(b.factor.n_levels - skip for b in design.blocks)
    if design.n * width > DENSE or width > design.n:
        return np.nan
    R = np.empty((0, width))
    for lo in range(0, design.n, CHUNK):
        rows = slice(lo, min(lo + CHUNK, design.n))
        dummies = [np.eye(b.factor.n_levels)[b.factor.codes[rows], skip:] for b in design.blocks]
        piece = np.concatenate([np.asarray(design.X[rows]), *dummies], axis=1)
        R = np.linalg.qr(np.vstack([R, piece]), mode="r")
    s = np.linalg.svd(R, compute_uv=False)
    return float(s[0] / s[-1]) if s[-1] > 0 else np.inf
