"""A first guess of the objective's curvature, and its exact Hessian by differences.

The guess treats the model as the linear one its working weights describe: with V^-1 = W - WZ Lambda
M^-1 Lambda'Z'W, coefficients have 2 X'V^-1X and theta the average information s'(dG)Z'V^-1Z(dG)s,
s = Z'l' (Gilmour, Thompson & Cullis 1995, doi:10.2307/2533274). What the guess cannot know (the
dispersion, thresholds) comes from differences of the exact gradient.
"""

from __future__ import annotations

import numpy as np

# steps of differences, in standard errors
GUESS_STEP, HESSIAN_STEP = 1e-2, 1e-3


def guess(evaluation):
    """(P, P) positive-definite guess of d2d/dx2, and the parameters it does not know.

    Returns
    -------
    H : (P, P) array
        Rows of unknown parameters are zero.
    unknown : list of int
    """
    problem, mode = evaluation.objective.problem, evaluation.mode
    system, stacking = problem.system, problem.stacking
    variables = stacking.variables
    system.scale(evaluation.lambdas)
    P = problem.n_parameters
    H = np.zeros((P, P))
    n = problem.response.y.shape[0]
    columns: list[np.ndarray] = []
    where: list[int] = []
    for predictor in problem.predictors:
        if predictor.variable not in variables:
            continue
        for j in range(predictor.X.shape[1]):
            parts = [
                predictor.X[:, j] if v == predictor.variable else np.zeros(n) for v in variables
            ]
            columns.append(stacking.directions(parts))
            where.append(predictor.part.start + j)
    s = problem.gathered(mode.terms, raw=True)
    rows = system.rows
    dG = problem.covariance_parameters.dG(evaluation.theta, evaluation.lambdas)
    at = {}
    for f, _, part in rows.parts:
        sf = s[part].reshape(rows.q[f], rows.k[f])
        for i, G in enumerate(dG[f]):
            t = np.zeros(system.width)
            t[part] = (sf @ G).ravel()
            at[f, i] = len(columns)
            columns.append(system.eta(t, raw=True))
    C = np.array(columns).T if columns else np.zeros((mode.weights.size, 0))
    WC = mode.weights[:, None] * C
    Y = system.gather(WC)
    full = C.T @ WC - Y.T @ mode.factor.solve(Y)
    p = len(where)
    fixed = _together(where)
    H[fixed] = 2.0 * full[:p, :p]
    theta = _together([at[f, i] for f in range(len(dG)) for i in range(len(dG[f]))])
    tail = slice(problem.n_fixed, P)
    T = _raised(full[theta], evaluation)
    problem.covariance_parameters.add_curvature(evaluation.theta, bending(evaluation), T)
    H[tail, tail] = T
    known = set(where)
    return H, [j for j in range(problem.n_fixed) if j not in known]


def _together(places):
    """The index of the rows and columns in some places: of a part of the matrix where it can be."""
    if places and places == list(range(places[0], places[0] + len(places))):
        part = slice(places[0], places[-1] + 1)
        return part, part
    return np.ix_(places, places)


def bending(evaluation):
    """Per block, the positive part of D = dd/dG, from dd/dLambda = 2 D Lambda.

    What curvature there is at a standard deviation of zero comes from it.
    """
    evaluation.gradient  # noqa: B018 (finds the slopes)
    out = []
    for slope, Lam in zip(evaluation.slopes, evaluation.lambdas, strict=True):
        if Lam.shape[0] == 1:
            out.append(np.maximum(0.5 * slope / Lam, 0.0) if Lam[0, 0] else np.zeros((1, 1)))
            continue
        D = 0.5 * slope @ np.linalg.pinv(Lam, rcond=1e-9)
        values, vectors = np.linalg.eigh(0.5 * (D + D.T))
        out.append((vectors * np.maximum(values, 0.0)) @ vectors.T)
    return out


def _raised(H, evaluation):
    """The average information of theta, no smaller than what is expected of it."""
    problem = evaluation.objective.problem
    blocks = evaluation.mode.factor.blocks()
    expected = np.zeros(H.shape[0])
    for t in problem.covariance_parameters.terms:
        m = blocks[t.block]
        for i, (r, c) in enumerate(moved_entries(t.structure)):
            lost = 1.0 - m[:, t.columns[r], t.columns[r]]
            size = max(abs(evaluation.lambdas[t.block][t.columns[r], t.columns[c]]), 0.1)
            factor = 4.0 if r == c else 1.0
            expected[t.part.start + i] = factor * float(lost @ lost) / size**2
    diagonal = np.maximum(H.diagonal(), 1e-12)
    scale = np.sqrt(np.maximum(expected, diagonal) / diagonal)
    scale = np.where(diagonal > 1e-10, scale, 1.0)
    out = H * scale[:, None] * scale
    at = slice(None, None, out.shape[0] + 1)
    out.flat[at] = np.maximum(out.flat[at], np.maximum(expected, 1e-3))
    return out


def moved_entries(structure):
    """(row, column) of the entry of Lambda that each theta moves, or moves most."""
    if structure.positions is not None:
        return structure.positions
    moves = np.abs(structure.derivatives(np.ones(structure.n_theta)))
    largest = moves.reshape(structure.n_theta, -1).argmax(axis=1)
    return zip(*np.unravel_index(largest, moves.shape[1:]), strict=True)


def by_differences(evaluation, H, which, step=GUESS_STEP, central=False):
    """Replace some rows and columns of H by differences of the exact gradient.

    Returns (P, P) array.

    Parameters
    ----------
    H : (P, P) array
        Its diagonal scales the steps.
    """
    H = H.copy()
    objective, g = evaluation.objective, evaluation.gradient
    columns = {}
    for j in which:
        size = step / np.sqrt(H[j, j]) if H[j, j] > 0 else step
        column = None
        for _ in range(3):
            x = evaluation.x.copy()
            x[j] += size
            above = objective.evaluate(x, near=evaluation)
            below = evaluation
            if central:
                x[j] = evaluation.x[j] - size
                below = objective.evaluate(x, near=evaluation)
            if np.isfinite(above.value) and np.isfinite(below.value):
                gb = below.gradient if central else g
                column = (above.gradient - gb) / (size * (2.0 if central else 1.0))
                break
            size *= 0.1
        if column is not None and np.isfinite(column).all():
            columns[j] = column
    for j, column in columns.items():
        H[j] = H[:, j] = column
    for i in columns:
        for j in columns:
            H[i, j] = 0.5 * (columns[i][j] + columns[j][i])
    return H


def hessian(evaluation, H, step=HESSIAN_STEP):
    """The exact Hessian d2d/dx2, by central differences of the exact gradient.

    Parameters
    ----------
    evaluation : LaplaceEvaluation
        At or near the optimum.
    H : (P, P) array
        An approximation, to choose the steps.
    """
    with evaluation.objective.exactly():
        return by_differences(evaluation, H, range(H.shape[0]), step, central=True)


def quick_hessian(evaluation, H, step=HESSIAN_STEP):
    """The same for the quick form, where coefficients are not parameters of the objective.

    Theirs is the curvature at known theta, 2 X'V^-1X; covariances with theta are left out.
    """
    main = evaluation.objective.problem.predictors[0].part
    others = [j for j in range(H.shape[0]) if not main.start <= j < main.stop]
    with evaluation.objective.exactly():
        exact = by_differences(evaluation, H, others, step, central=True)
    exact[main], exact[:, main] = 0.0, 0.0
    exact[main, main] = guess(evaluation)[0][main, main]
    return exact
