"""How uncertain linear predictors are: of fixed coefficients, variances and random effects.

With psi all parameters and u^(psi) the mode, the error of a linear function of predictors,
t = a'psi-columns + c'u, has the variance

    c'M^-1 c + (dt^/dpsi)' V (dt^/dpsi)

M the curvature at the mode and V the covariance of psi^ (Kass & Steffey 1989,
doi:10.1080/01621459.1989.10478825; it is also what TMB's sdreport computes, Kristensen et al. 2016,
doi:10.18637/jss.v070.i05). dt^/dpsi has the way through the mode: M du^ = d(scores), by implicit
differentiation.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.prediction_error import chunks_of, rows_of

# columns of M^-1 that are solved for at a time (doubles), and most of them in all
DOUBLES, MOST_DOUBLES = 4_000_000, 20_000_000_000


class Uncertainty:
    """Variances of linear functions of the predictors of a fit.

    Parameters
    ----------
    fit : GLMMFit

    Raises
    ------
    NotAvailableError
        Where the observed information is not positive definite.
    """

    def __init__(self, fit):
        self.fit = fit
        self.problem = fit.evaluation.objective.problem
        self.groups = {group.name: group for group in fit.coefficients}
        self.half = fit.parameter_half
        if self.half is None:
            raise NotAvailableError(
                "the observed information is not positive definite, so that errors of predictions "
                "are not known\nsimplify the model, or predict without interval="
            )
        self._slopes = None

    @property
    def slopes(self):
        """Per block, the (q, k, P) derivatives of the random effects by the parameters."""
        if self._slopes is None:
            with threads_for(self.fit.plan.columns):
                self._slopes = mode_slopes(self.fit)
        return self._slopes

    def variance(self, rows, weights, *, conditional, spread=None, also=()):
        """Variance of the error of sum_v weights_v predictor_v, row by row.

        Parameters
        ----------
        rows : PredictorRows
        weights : dict of str to (n,) array
            By the predictors' names.
        conditional : bool
            With the random effects of known groups.
        spread : dict of str to (n,) array, optional
            Weights of the variances that new groups add to predictors, which depend on theta.
        also : sequence of (int, (n,) array)
            Places of further parameters, and what they are multiplied with.

        Returns
        -------
        (n,) array
        """
        fit, P = self.fit, self.problem.n_parameters
        names = fit.family.predictor_names
        scales = [weights.get(names[owner]) for _, owner, _, _ in fit.random_effects]
        conditional = conditional and any(s is not None for s in scales)
        width = P + sum(b.k for b in fit.all_blocks) * (P if conditional else 1)
        out = np.empty(rows.n)
        by_theta = None if not spread else self.spread_slopes(rows, spread)
        for part in chunks_of(rows.n, width):
            size = part.stop - part.start
            g = np.zeros((size, P))
            for name, weight in weights.items():
                group = self.groups[name]
                X = np.asarray(rows.parts[name][0][part])
                g[:, group.part] += weight[part, None] * (X @ group.T)
            for place, weight in also:
                g[:, place] += weight[part]
            if by_theta is not None:
                g += by_theta(part)
            if conditional:
                for f, scale in enumerate(scales):
                    if scale is None:
                        continue
                    codes, Z = rows.blocks[f]
                    c = np.asarray(codes[part])
                    z = rows_of(Z, part, size) * scale[part, None]
                    z[c < 0] = 0.0
                    g += np.einsum("nk,nkp->np", z, self.slopes[f][c])
            half = g @ self.half
            out[part] = np.einsum("nr,nr->n", half, half)
        if conditional:
            out += self._of_modes(rows, scales)
        return np.maximum(out, 0.0)

    def spread_slopes(self, rows, spread):
        """By rows, the derivatives by the parameters of the weighted variances of new groups."""
        fit, problem = self.fit, self.problem
        names = fit.family.predictor_names
        x = fit.evaluation.estimates
        lambdas = fit.evaluation.lambdas
        dG = problem.covariance.dG(problem.theta(x), lambdas)
        places = block_places(problem)

        def of(part):
            size = part.stop - part.start
            g = np.zeros((size, problem.n_parameters))
            for f, (_, owner, _, _) in enumerate(fit.random_effects):
                weight = spread.get(names[owner])
                if weight is None:
                    continue
                codes, Z = rows.blocks[f]
                z = rows_of(Z, part, size) @ problem.covariance.T_blocks[f]
                new = (np.asarray(codes[part]) < 0) * weight[part]
                g[:, places[f]] += new[:, None] * np.einsum("na,lab,nb->nl", z, dG[f], z)
            return g

        return of

    def _of_modes(self, rows, scales):
        """c'M^-1 c of every row."""
        fit = self.fit
        with threads_for(fit.plan.columns):
            if rows.own:
                return own_mode_variance(fit, scales)
            return new_mode_variance(fit, rows, scales)


def uncertainty(fit):
    """The `Uncertainty` of a fit, made once."""
    if "uncertainty" not in fit.cache:
        fit.cache["uncertainty"] = Uncertainty(fit)
    return fit.cache["uncertainty"]


def block_places(problem):
    """Per block, where its theta stand among all parameters."""
    parts = [[] for _ in problem.covariance.k]
    for term in problem.covariance.terms:
        first = problem.n_fixed
        parts[term.block].append(np.arange(first + term.part.start, first + term.part.stop))
    return [np.concatenate(p) for p in parts]


def mode_slopes(fit):
    """Per block in the user's columns, (q, k, P) db^/dpsi.

    M du = d(Lambda'Z's) at fixed u, and b = T Lambda u.
    """
    evaluation = fit.evaluation
    problem, mode = evaluation.objective.problem, evaluation.mode
    system, stacking, rows = problem.system, problem.stacking, problem.system.rows
    system.scale(evaluation.lambdas)
    terms = mode.terms
    variables, n = stacking.variables, problem.response.y.shape[0]

    def change(v, d):
        """Stacked rows of the change of all random predictors' scores with predictor v."""
        parts = []
        for a in variables:
            second = terms.get(tuple(sorted((a, v))))
            parts.append(np.zeros(n) if second is None else second * d)
        return stacking.scores(parts)

    P = problem.n_parameters
    right = np.zeros((rows.width, P))
    for predictor in problem.predictors:
        for j in range(predictor.X.shape[1]):
            moved = change(predictor.variable, predictor.X[:, j])
            right[:, predictor.part.start + j] += system.gather(moved)
    scores = stacking.scores([terms[v,] for v in variables])
    raw = rows.by_block(system.gather(scores, raw=True))
    u = rows.by_block(mode.u)
    theta = problem.theta(evaluation.estimates)
    direct = [np.zeros((rows.q[f], rows.k[f], P)) for f in range(len(rows.q))]
    for term in problem.covariance.terms:
        f = term.block
        for i, d in enumerate(term.structure.derivatives(theta[term.part])):
            at = problem.n_fixed + term.part.start + i
            dLam = d
            if not term.whole:
                dLam = np.zeros((rows.k[f], rows.k[f]))
                dLam[term.place] = d
            parts = [np.zeros((rows.q[g], rows.k[g])) for g in range(len(rows.q))]
            parts[f] = u[f] @ dLam.T
            direct[f][:, :, at] = parts[f]
            moved = stacking.predictors(system.eta(rows.together(parts), raw=True))
            total = sum(change(v, d_eta) for v, d_eta in zip(variables, moved, strict=True))
            right[:, at] += system.gather(total)
            parts[f] = raw[f] @ dLam
            right[:, at] += rows.together(parts)
    du = mode.factor.solve(right)
    out: list[np.ndarray] = [np.empty(0)] * len(rows.q)
    for f, _, where in rows.parts:
        Lam, T = evaluation.lambdas[f], problem.covariance.T_blocks[f]
        inner = np.einsum("ab,qbp->qap", Lam, du[where].reshape(rows.q[f], rows.k[f], P))
        out[f] = np.einsum("ab,qbp->qap", T, inner + direct[f])
    return out


def own_mode_variance(fit, scales):
    """c'M^-1 c of the rows of the fit; `scales` are one per block, alike within a predictor."""
    evaluation = fit.evaluation
    problem = evaluation.objective.problem
    system, stacking = problem.system, problem.stacking
    system.scale(evaluation.lambdas)
    V = evaluation.mode.factor.row_inverses()
    h = stacking.products(np.einsum("ia,ia->i", system.Z, V))
    weight = {}
    for (_, owner, _, _), scale in zip(fit.random_effects, scales, strict=True):
        weight[owner] = scale
    total = 0.0
    for (a, b), value in h.items():
        if weight[a] is None or weight[b] is None:
            continue
        value = value if fit.row_of is None else value[fit.row_of]
        total = total + (1.0 if a == b else 2.0) * weight[a] * weight[b] * value
    return total


def new_mode_variance(fit, rows, scales):
    """c'M^-1 c of any rows: diagonal blocks, and one solve per level that meets others."""
    evaluation = fit.evaluation
    problem, factor = evaluation.objective.problem, evaluation.mode.factor
    layout = problem.system.rows
    own = factor.blocks()
    out = np.zeros(rows.n)
    z, codes, used = {}, {}, []
    for f, scale in enumerate(scales):
        if scale is None:
            continue
        c, Z = rows.blocks[f]
        c = np.asarray(c)
        half = problem.covariance.T_blocks[f] @ evaluation.lambdas[f]
        z[f] = (rows_of(Z, slice(None), rows.n) * scale[:, None]) @ half
        z[f][c < 0] = 0.0
        codes[f] = c
        used.append(f)
        for part in chunks_of(rows.n, layout.k[f] ** 2):
            zf = z[f][part]
            out[part] += np.einsum("na,nab,nb->n", zf, own[f][c[part]], zf)
    where = {f: place for f, _, place in layout.parts}
    # every pair of blocks is reached from one of them: leave out the one with most levels
    used.sort(key=lambda f: np.unique(codes[f]).size * layout.k[f])
    cost = sum(np.unique(codes[f]).size * layout.k[f] for f in used[:-1]) * layout.width
    if cost > MOST_DOUBLES:
        raise NotAvailableError(
            "intervals for these rows need too many solves: random effects of different factors "
            'are correlated\npredict fewer levels at a time, or use groups="population"'
        )
    for i, f in enumerate(used[:-1]):
        others = used[i + 1 :]
        levels = np.unique(codes[f][codes[f] >= 0])
        k = layout.k[f]
        step = max(1, DOUBLES // (layout.width * k))
        for lo in range(0, levels.size, step):
            some = levels[lo : lo + step]
            B = np.zeros((layout.width, some.size * k))
            first = where[f].start + some[:, None] * k + np.arange(k)
            B[first.ravel(), np.arange(some.size * k)] = 1.0
            solved = factor.solve(B)
            inside = np.flatnonzero(np.isin(codes[f], some))
            at = np.searchsorted(some, codes[f][inside])
            for g in others:
                c = np.maximum(codes[g][inside], 0)
                kg = layout.k[g]
                row = where[g].start + c[:, None] * kg + np.arange(kg)
                cross = solved[row[:, :, None], at[:, None, None] * k + np.arange(k)]
                out[inside] += 2.0 * np.einsum("nb,nba,na->n", z[g][inside], cross, z[f][inside])
    return out
