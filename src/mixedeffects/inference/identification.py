"""What the data say of the variances and covariances of a fit, where they do not say all of it.

Along the flat directions of `fit.certificate` the likelihood is constant: every number that moves
along one is arbitrary, every number that does not is in the data. Variances, shares of variance,
predicted effects and standard errors are functions of the covariance matrices, and are asked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce, wraps

import numpy as np

from mixedeffects.estimation import two_alike
from mixedeffects.formula import column_names, parse
from mixedeffects.inference.component_names import places_of
from mixedeffects.inference.table import Table

# a sum, relative to its terms, that is zero but for rounding
CONSTANT = 1e-6
# relative difference between two points alike that is more than rounding
MOVED = 1e-5
# the same of standard errors, which may come from differences
ERROR_MOVED = 1e-4
# different rows of a term's columns up to which the variance at each is worth a line
MOST_CELLS = 8
# coefficients of a combination this close to a whole number are one
WHOLE = 1e-6

NOT_IN_DATA = "not in the data: the likelihood is the same whatever its value"


@dataclass(frozen=True, slots=True)
class Entry:
    """One variance or covariance of a random term.

    Attributes
    ----------
    block, term : int
        Positions of the block, and of the term among its terms.
    group : str
        As in the table of variances: ``"zi: site"`` in the part of the zeros.
    a, b : int
        Columns of the block; equal for a variance.
    first, second : str
        Their names.
    value : float
        Where the optimiser stopped.
    known : bool
        Whether it is in the data.
    """

    block: int
    term: int
    group: str
    a: int
    b: int
    first: str
    second: str
    value: float
    known: bool

    @property
    def is_variance(self) -> bool:
        return self.a == self.b


@dataclass(frozen=True, slots=True)
class Combination:
    """A combination of variances and covariances that is in the data.

    Attributes
    ----------
    words : str
        What it is: ``"professor where style = Some"``, ``"sid + name"``.
    value : float
        In units of the response squared (of a generalised model, of the linear predictor).
    is_variance : bool
        Whether it is a variance, so that its root is a standard deviation.
    """

    words: str
    value: float
    is_variance: bool

    @property
    def sd(self) -> float:
        """Its root, for a variance."""
        return float(np.sqrt(max(self.value, 0.0))) if self.is_variance else float("nan")


class Identification:
    """What can be said of the covariance parameters of a fit with flat directions.

    Parameters
    ----------
    fit : FitRecord

    Attributes
    ----------
    flat : tuple of FlatDirection
    entries : tuple of Entry
        All variances and covariances, in the order of `varcorr`.
    residual_known : bool
        Whether the residual variance is in the data.
    """

    def __init__(self, fit):
        self.fit, self.flat = fit, fit.certificate.flat
        self.entries = tuple(self._entries())
        residual = [f.residual for f in self.flat]
        size = max(float(np.abs(b).max()) for f in self.flat for b in f.blocks)
        self.residual_known = all(abs(r) <= CONSTANT * size for r in residual)

    def _entries(self):
        fit, main = self.fit, len(self.fit.design.blocks)
        for f, (block, Lam) in enumerate(zip(fit.all_blocks, fit.lambdas, strict=True)):
            G = fit.sigma**2 * (Lam @ Lam.T)
            group = "zi: " * (f >= main) + block.factor.name
            for _, t, a, b in places_of([block]):
                weights = np.zeros_like(G)
                weights[a, b] = 1.0
                yield Entry(
                    f, t, group, a, b, block.names[a], block.names[b], float(G[a, b]),
                    self.knows({f: weights}),
                )  # fmt: skip

    def knows(self, weights, residual=0.0):
        """Whether a weighted sum of variances and covariances is in the data.

        Parameters
        ----------
        weights : dict of int to (k, k) array
            Per block, W of the sum <W, G>.
        residual : float
            Weight of the residual variance.
        """
        return all(
            self._constant(
                [(W, flat.blocks[f]) for f, W in weights.items()], residual * flat.residual
            )
            for flat in self.flat
        )

    def _constant(self, pairs, residual):
        terms = [(W * change).ravel() for W, change in pairs]
        terms = np.concatenate([*terms, [residual]])
        # entries that rounding alone moved are measured against all that the direction moves
        largest = max(
            [abs(residual), *(float(np.abs(W).max() * np.abs(c).max()) for W, c in pairs)]
        )
        return bool(abs(terms.sum()) <= CONSTANT * max(np.abs(terms).sum(), CONSTANT * largest))

    def known_entries(self, f):
        """(k, k) whether each variance and covariance of a block is in the data."""
        k = self.fit.all_blocks[f].k
        out = np.ones((k, k), dtype=bool)
        for e in self.entries:
            if e.block == f:
                out[e.a, e.b] = out[e.b, e.a] = e.known
        return out

    def moves_errors(self, L):
        """(m,) whether the standard error of L beta is not in the data.

        Of a linear model fitted by REML: the criterion knows the fixed effects' covariance, F = RX
        Cov(beta) RX' / sigma^2, up to what it projects out. Along a flat direction it changes by
        sum_j F_j'(dG)F_j + (I - sum_j F_j'G F_j) d sigma^2, F_j = Z_j'V^-1X RX^-1.
        """
        fit = self.fit
        moved = np.zeros(L.shape[0], dtype=bool)
        if not fit.linear or not fit.reml:
            return moved
        fact = fit.evaluation.factorisation
        reference = fit.evaluation.objective.stats.reference
        p = fit.beta.size
        inner = np.linalg.solve(fact.RX.T, reference.T[:p, :p].T @ L.T)
        size = np.einsum("pm,pm->m", inner, inner)
        scores = [s @ inner for s in fact.fixed_scores()]  # (q, k, m)
        for flat in self.flat:
            changes = [
                np.linalg.solve(T, np.linalg.solve(T, change).T)
                for T, change in zip(reference.T_blocks, flat.blocks, strict=True)
            ]
            change = flat.residual * size
            # a change this small next to the variance itself is rounding, too
            total = size * max([abs(flat.residual), *(np.abs(c).max() for c in changes)])
            for s, dG, Lam in zip(scores, changes, fit.evaluation.lambdas, strict=True):
                change = change + np.einsum("qam,ab,qbm->m", s, dG, s)
                change = change - flat.residual * np.einsum("qam,ab,qbm->m", s, Lam @ Lam.T, s)
                total = total + np.einsum("qam,ab,qbm->m", np.abs(s), np.abs(dG), np.abs(s))
            moved |= np.abs(change) > CONSTANT * total
        return moved

    def combinations(self):
        """A basis of what the data do say where single numbers are not in them.

        Variances at each of the few rows that a term's columns have; for the rest sums of
        variances and covariances.

        Returns
        -------
        tuple of Combination
        """
        return tuple(self._combinations())

    def reasons(self):
        """Why, where it is one of the usual reasons: sentences without a full stop.

        Returns
        -------
        list of str
        """
        blocks, out = self.fit.all_blocks, []
        if not self.residual_known:
            single = [b.factor.name for b in blocks if b.factor.n_levels == self.fit.design.n]
            out += [f"every level of {name} is one row" for name in single]
        for flat in self.flat:
            moved = [f for f, change in enumerate(flat.blocks) if change.any()]
            if len(moved) == 1 and not flat.residual:
                out += self._of_one_factor(moved[0])
            for i, f in enumerate(moved):
                for g in moved[:i]:
                    if same_groups(blocks[f].factor.codes, blocks[g].factor.codes):
                        names = blocks[g].factor.name, blocks[f].factor.name
                        out.append(f"{names[0]} and {names[1]} group the rows alike")
        return list(dict.fromkeys(out))

    def _of_one_factor(self, f):
        block = self.fit.all_blocks[f]
        name, codes = block.factor.name, block.factor.codes
        if not self.fit.linear and block.factor.n_levels == codes.size:
            return [f"every level of {name} is a single answer, which shows only its mean"]
        if block.Z is None:
            return [f"the fixed effects have a value for every level of {name}"]
        doubted = [e.a for e in self.entries
                   if e.block == f and e.is_variance and not e.known]  # fmt: skip
        constant = [
            block.names[c] for c in doubted
            if block.names[c] != "(Intercept)" and constant_within(block.Z[:, c], codes)
        ]  # fmt: skip
        if constant:
            return [f"{', '.join(constant)} {'is' if len(constant) == 1 else 'are'} constant "
                    f"within every level of {name}"]  # fmt: skip
        return []

    def _combinations(self):
        listed = [self._unit(e) for e in self.entries if e.known]
        if self.fit.linear and self.residual_known:
            listed.append(self._unit(None))
        touched = list(dict.fromkeys((e.block, e.term) for e in self.entries if not e.known))
        for f, term in touched:
            for cell in self._cells(f, term):
                yield cell[0]
                listed.append(cell[1])
        for row in self._row_space():
            if _adds(listed, row):
                listed.append(row)
                yield self._combination(row)

    def _unit(self, entry):
        out = np.zeros(len(self.entries) + 1)
        out[-1 if entry is None else self.entries.index(entry)] = 1.0
        return out

    def _cells(self, f, t):
        """The variances of a term at the few rows of columns it has, if each is in the data.

        Where it has many, those of the columns in question, with the others at zero.
        """
        block = self.fit.all_blocks[f]
        columns = list(block.terms[t].columns)
        if block.Z is None or len(columns) < 2:
            return []
        doubted = {c for e in self.entries if (e.block, e.term) == (f, t) and not e.known
                   for c in (e.a, e.b) if e.is_variance}  # fmt: skip
        plain = [c for c in columns if c in doubted or block.names[c] == "(Intercept)"]
        others = {e.block for e in self.entries if not e.known and e.block != f}
        others = tuple(g for g in sorted(others) if self.fit.all_blocks[g].Z is None)
        for beside in ((), others):
            for chosen in (columns, plain):
                found = self._cells_of(f, t, chosen, chosen is columns, beside)
                if found:
                    return found
        return []

    def _cells_of(self, f, t, chosen, whole, beside=()):
        """The same for some columns, with the variances of other terms added."""
        block = self.fit.all_blocks[f]
        rows, first = np.unique(np.asarray(block.Z)[:, chosen], axis=0, return_index=True)
        if rows.shape[0] > MOST_CELLS:
            return []
        out = []
        for r in np.lexsort(rows.T):  # an intercept alone, then the columns in their order
            if not rows[r].any():
                continue
            W = np.zeros((block.k, block.k))
            W[np.ix_(chosen, chosen)] = np.outer(rows[r], rows[r])
            wanted = {f: W} | {g: np.ones((1, 1)) for g in beside}
            if not self.knows(wanted):
                return []
            weights = np.zeros(len(self.entries) + 1)
            for i, e in enumerate(self.entries):
                if e.block in wanted:
                    weights[i] = wanted[e.block][e.a, e.b] * (1.0 if e.is_variance else 2.0)
            value = float(weights[:-1] @ [e.value for e in self.entries])
            place = self._place(f, t, int(first[r])) if whole else None
            if place is None:
                at = {block.names[c]: z for c, z in zip(chosen, rows[r], strict=True)}
                at |= {block.names[c]: 0.0 for c in block.terms[t].columns if c not in chosen}
                place = ", ".join(f"{n} = {z:g}" for n, z in at.items() if n != "(Intercept)")
            words = f"{' + '.join(self._group(g) for g in (f, *beside))} where {place}"
            out.append((Combination(words, max(value, 0.0), True), weights))
        return out

    def _group(self, f):
        main = len(self.fit.design.blocks)
        return "zi: " * (f >= main) + self.fit.all_blocks[f].factor.name

    def _place(self, f, t, row):
        """A row in the table's own words, ``"style = Some"``; None where they were not kept."""
        if f >= len(self.fit.design.blocks) or self.fit.design.predictors is None:
            return None
        predictors = self.fit.design.predictors
        names = columns_read(self.fit.all_blocks[f].terms[t].text)
        if not names or any(name not in predictors.columns for name in names):
            return None
        said = []
        for name in names:
            codes, labels = predictors.levels(name)
            said.append(f"{name} = {_plain(labels[codes[row]])}")
        return ", ".join(said)

    def _null(self):
        """(parameters, d): the flat directions by entry, the residual last."""
        rows = [[flat.blocks[e.block][e.a, e.b] for e in self.entries] for flat in self.flat]
        return np.array(
            [[*row, flat.residual] for row, flat in zip(rows, self.flat, strict=True)]
        ).T

    def _row_space(self):
        """Combinations that span all that is in the data, each with few entries."""
        null = self._null()
        linear = self.fit.linear
        if not linear:
            null = null[:-1]
        scale = np.abs(null).max(axis=1)
        unmoved = scale <= CONSTANT * scale.max()
        scale = np.where(unmoved, 1.0, scale)
        basis = np.where(unmoved[:, None], 0.0, null / scale[:, None])
        U, s, _ = np.linalg.svd(basis)
        rank = int((s > 1e-9 * s[0]).sum())
        rows = reduced(U[:, rank:].T)
        for row in rows:
            row = row / scale  # weights of the entries themselves
            row = row / row[np.argmax(np.abs(row) > 0)]
            whole = np.abs(row - np.round(row)) < WHOLE
            row = np.where(whole, np.round(row), row)
            yield row if linear else np.append(row, 0.0)

    def _combination(self, weights):
        parts, value = [], 0.0
        several = len({e.block for e in self.entries}) > 1
        for w, e in zip(weights[:-1], self.entries, strict=True):
            if w == 0:
                continue
            value += w * e.value
            column = "" if e.first == "(Intercept)" and e.is_variance and several else e.first
            what = f"{e.group} {column}".strip() if e.is_variance else (
                f"cov({e.first}, {e.second}) of {e.group}"
            )  # fmt: skip
            parts.append((w, what))
        if weights[-1]:
            value += weights[-1] * self.fit.sigma**2
            parts.append((weights[-1], "Residual"))
        words = reduce(_joined, parts, "")
        positive = all(w > 0 for w, _ in parts) and not any(w.startswith("cov(") for _, w in parts)
        return Combination(words, float(value), positive)


def same_groups(a, b):
    """Whether two codings group the rows alike.

    Examples
    --------
    >>> same_groups(np.array([0, 0, 1]), np.array([5, 5, 2]))
    True
    """
    pairs = np.unique(np.stack([a, b]), axis=1).shape[1]
    return pairs == np.unique(a).size == np.unique(b).size


def constant_within(values, codes):
    """Whether values do not vary within levels."""
    first = np.zeros(int(codes.max()) + 1)
    first[codes] = values
    return bool((first[codes] == values).all())


def columns_read(text):
    """Names of the table's columns that a random term reads, its grouping factor left out.

    Examples
    --------
    >>> columns_read("(1 + style | professor)")
    ['style']
    """
    effects = parse(f"y ~ {text}").random[0].effects
    return list(dict.fromkeys(n.name for v in effects.variables for n in column_names(v.node)))


def _joined(text, part):
    weight, what = part
    size = "" if abs(abs(weight) - 1.0) < WHOLE else f"{abs(weight):.4g}·"
    sign = (" + " if weight > 0 else " − ") if text else ("" if weight > 0 else "−")
    return f"{text}{sign}{size}{what}"


def _plain(label):
    return f"{label:g}" if isinstance(label, float | np.floating) else str(label)


def _adds(rows, row):
    """Whether a row is no combination of others."""
    if not rows:
        return True
    scale = np.abs([*rows, row]).max(axis=0)
    scale[scale == 0] = 1.0
    A = np.array(rows) / scale
    target = row / scale
    rest = target - A.T @ np.linalg.lstsq(A.T, target, rcond=1e-9)[0]
    return bool(np.linalg.norm(rest) > 1e-6 * np.linalg.norm(target))


def reduced(A):
    """Reduced row echelon form of a matrix of full row rank, with pivoting among the rows.

    Examples
    --------
    >>> reduced(np.array([[1.0, 1.0, 2.0], [1.0, 1.0, 1.0]]))
    array([[1., 1., 0.],
           [0., 0., 1.]])
    """
    A = np.array(A, dtype=float)
    r = 0
    for c in range(A.shape[1]):
        if r == A.shape[0]:
            break
        pivot = r + int(np.argmax(np.abs(A[r:, c])))
        if abs(A[pivot, c]) < 1e-7:
            A[r:, c] = 0.0
            continue
        A[[r, pivot]] = A[[pivot, r]]
        A[r] /= A[r, c]
        others = [i for i in range(A.shape[0]) if i != r]
        A[others] -= np.outer(A[others, c], A[r])
        r += 1
    A[np.abs(A) < 1e-9] = 0.0
    return A


def unknown_components(fit, *, correlations=True):
    """(m,) whether each variance component, in the order of `component_places`, is not in the data.

    Of a linear model with the residual last.

    Parameters
    ----------
    fit : FitRecord
    correlations : bool
        Whether a component of two columns is their correlation, which takes both variances, or
        their covariance.
    """
    found = identification(fit)
    if found is None:
        return np.zeros(len(places_of(fit.all_blocks)) + fit.linear, dtype=bool)
    variances = {(e.block, e.a): e.known for e in found.entries if e.is_variance}
    known = [
        e.known and (not correlations or (variances[e.block, e.a] and variances[e.block, e.b]))
        for e in found.entries
    ]
    return ~np.array([*known, *([found.residual_known] if fit.linear else [])], dtype=bool)


def unknown_names(fit):
    """Names, as those of a profile, of the parameters that are not in the data.

    Examples
    --------
    >>> import mixedeffects as me
    >>> unknown_names(me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy()))
    []
    """
    found = identification(fit)
    if found is None:
        return []
    out = []
    for e, unknown in zip(found.entries, unknown_components(fit), strict=False):
        if unknown:
            out.append(
                f"sd_{e.first}|{e.group}" if e.is_variance
                else f"cor_{e.second}.{e.first}|{e.group}"
            )  # fmt: skip
    return out if found.residual_known or not fit.linear else [*out, "sigma"]


def in_the_data(*deciding):
    """A table of a fit without the numbers that its data do not say.

    The fit is taken at two other points of its parameter space that have the same V: a row of which
    a deciding column differs between them says nothing about the data, whatever they are.

    Parameters
    ----------
    *deciding : str
        Columns of the table. Where the first differs all numbers of the row are nan, where another
        does all but that of the first.

    Returns
    -------
    callable
        A decorator of functions of a fit that return a `Table`; of those that return an array,
        with nothing deciding, every number decides for itself.
    """

    def decorate(function):
        @wraps(function)
        def asked(fit, *args, **options):
            found = function(fit, *args, **options)
            if not fit.certificate.flat:
                return found
            here, there = (function(twin, *args, **options) for twin in twins(fit))
            if not isinstance(found, Table):
                return np.where(differ(here, there), np.nan, found)
            for i, name in enumerate(deciding):
                moved = differ(
                    here.columns[name], there.columns[name], MOVED if i == 0 else ERROR_MOVED
                )
                found = without_numbers(found, moved, () if i == 0 else deciding[:1])
            return found

        return asked

    return decorate


def without_numbers(table, rows, kept=()):
    """A table with nan for the numbers of some rows, but for those of some columns."""
    columns = dict(table.columns)
    for name, values in columns.items():
        numbers = isinstance(values[0], float) if isinstance(values, list) and values else (
            isinstance(values, np.ndarray) and values.dtype.kind == "f"
        )  # fmt: skip
        if numbers and name not in kept:
            columns[name] = np.where(rows, np.nan, np.asarray(values))
    return Table(columns)


def differ(here, there, relative=MOVED):
    """Where two arrays differ by more than rounding, next to the largest of their numbers.

    Examples
    --------
    >>> differ(np.array([1.0, 2.0]), np.array([1.0 + 1e-9, 2.1]))
    array([False,  True])
    """
    here, there = np.asarray(here, dtype=float), np.asarray(there, dtype=float)
    size = np.maximum(np.abs(here), np.abs(there))
    least = 1e-3 * np.nanmax(size, initial=0.0)
    with np.errstate(invalid="ignore"):
        return np.abs(here - there) > relative * np.maximum(size, least)


def twins(fit):
    """The fit at two points of its parameter space that no response tells apart.

    Returns
    -------
    tuple of two FitRecord
        Their certificates have no flat directions, so that they answer what is asked of them.
    """
    if "twins" not in fit.cache:
        points = two_alike(fit.covariance_parameters, fit.evaluation.lambdas, fit.sigma,
                           fit.certificate.flat)  # fmt: skip
        fit.cache["twins"] = tuple(fit.at(theta) for theta in points)
    return fit.cache["twins"]


def identification(fit):
    """What the data say of the variances of a fit; None where they say all of it.

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    Identification or None

    Examples
    --------
    >>> import warnings
    >>> import mixedeffects as me
    >>> from mixedeffects.errors import ConvergenceWarning
    >>> table = me.datasets.flipped_classrooms()
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", ConvergenceWarning)
    ...     fit = me.lmm("score ~ style + (1 + style | professor)", table)
    >>> for found in identification(fit).combinations():
    ...     print(found.words, round(found.sd, 1))
    professor where style = No 5.8
    professor where style = Some 0.0
    professor where style = Fully 4.9
    """
    if not fit.certificate.flat:
        return None
    if "identification" not in fit.cache:
        fit.cache["identification"] = Identification(fit)
    return fit.cache["identification"]
