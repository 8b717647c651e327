"""What the likelihood of a discrete response cannot exceed, whatever the parameters.

Rows that share no random effect, directly or through others, are independent given the parameters.
A cluster of rows that do has a probability for every response it could have had, and these sum
to one. Three consequences, each true of any model of the family:

- a probability is at most one, so a log-likelihood at most zero;
- responses that differ only by an exchange of rows with the same predictors and random effects are
  equally probable: with N such rearrangements the probability is at most 1 / N;
- clusters with the same predictors have the same distribution over rearrangements; of n of them,
  n_v with the response v, the product of the probabilities is at most that of the observed
  shares, prod (n_v / n)^n_v (Gibbs' inequality).

An approximation of the likelihood that lies above that is not one of a likelihood.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np


def supremum(problem):
    """An upper bound of the log-likelihood.

    Returns
    -------
    float
        Infinite where the family is not discrete.
    """
    from scipy.special import gammaln

    family, response = problem.family, problem.response
    if not family.discrete:
        return np.inf
    kind, weights, keep = _kinds(problem)
    cells = np.stack([codes[: response.y.size] for codes in problem.system.rows.codes])
    one = _one_partition(cells)
    y, kind, weights = response.y[keep], kind[keep], weights[keep]
    unit = _labels(cells[:, keep].T)
    places = _labels(np.column_stack([unit, kind]))
    outcomes = _labels(np.column_stack([places, y]))
    rows = np.bincount(places, weights)
    alike = np.bincount(outcomes, weights)
    bound = -float(gammaln(rows + 1.0).sum() - gammaln(alike + 1.0).sum())
    return bound + _shares(unit, kind, y, weights) if one else bound


def _kinds(problem):
    """Rows with the same predictors and entries of Z; their number of copies; rows that count.

    Weights that are whole numbers are that many equal rows. Others multiply the log density: of
    one or more, sums of powers of probabilities are still at most one, and the weight is a
    predictor like others; below one the row is left out, as its factor is at most one.
    """
    family, response = problem.family, problem.response
    n = response.y.size
    columns = [problem.system.rows.Z[-n:]]
    for e, predictor in enumerate(problem.predictors):
        if e and family.ordinal:  # thresholds follow from the response
            continue
        columns.append(predictor.X)
        if predictor.offset is not None:
            columns.append(predictor.offset[:, None])
    if response.size is not None:
        columns.append(response.size[:, None])
    copies, keep = np.ones(n), np.ones(n, dtype=bool)
    if response.weights is not None:
        whole = (response.weights == np.floor(response.weights)).all()
        keep = response.weights >= 1.0
        if whole:
            copies = response.weights
        else:
            columns.append(response.weights[:, None])
    return _labels(np.hstack(columns)), copies, keep


def _one_partition(cells):
    """Whether all grouping factors are one, so that a cluster is a level."""
    first = _labels(cells[0][:, None])
    pairs = (_labels(np.column_stack([first, other])) for other in cells[1:])
    count = first.max(initial=-1)
    return all(np.unique(other).size == count + 1 == both.max(initial=-1) + 1
               for other, both in zip(cells[1:], pairs, strict=True))  # fmt: skip


def _shares(unit, kind, y, weights):
    """log prod (n_v / n)^n_v over the patterns v of clusters with the same predictors."""
    total = _counted(unit, (kind, y), weights)
    designs, patterns = defaultdict(int), defaultdict(int)
    design_of = {}
    for cluster, pattern in total.items():
        rows = defaultdict(float)
        for (k, _), count in pattern:
            rows[k] += count
        design_of[cluster] = tuple(sorted(rows.items()))
        designs[design_of[cluster]] += 1
        patterns[design_of[cluster], pattern] += 1
    return float(sum(n * np.log(n / designs[design]) for (design, _), n in patterns.items()))


def _counted(unit, columns, weights):
    """Per cluster, how many rows there are of each combination of the columns: sorted pairs."""
    table = np.column_stack([unit, *columns])
    unique, inverse = np.unique(table, axis=0, return_inverse=True)
    counts = np.bincount(inverse.ravel(), weights)
    out = defaultdict(list)
    for (cluster, *values), count in zip(unique.tolist(), counts.tolist(), strict=True):
        out[cluster].append((tuple(values), count))
    return {cluster: tuple(found) for cluster, found in out.items()}


def _labels(table):
    """(n,) whole numbers that are equal where rows of the table are."""
    return np.unique(table, axis=0, return_inverse=True)[1].ravel()
