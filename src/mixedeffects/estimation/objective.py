"""-2 log-likelihood (ML) or REML criterion of a linear mixed model, and its derivatives.

With theta's G = Lambda Lambda', V = W^-1 + Z G Z', P the projection of V^-1 off X,
r^2 = y'Py, s^2 = r^2 / nu and nu = n (ML) or n - p (REML),

    d(theta) = log|V| (+ log|X'V^-1X|) + nu (1 + log(2 pi s^2)),

profiled over beta and sigma (Bates et al. 2015, eq. 34 and 41, doi:10.18637/jss.v067.i01).
Its derivative by G, summed over the levels j of a block, is

    D = sum_j Z_j'V^-1Z_j - [REML] sum_j Z_j'V^-1X (X'V^-1X)^-1 X'V^-1Z_j - sum_j h_j h_j'/s^2,

h = Z'Py, and dd/dLambda = 2 D Lambda. The curvature is the average of the observed and
the expected information (Gilmour, Thompson & Cullis 1995, doi:10.2307/2533274), profiled
over sigma: see `docs/theory/objective.md`.
"""

from __future__ import annotations

import numpy as np


class LMMObjective:
    """The profiled objective as a function of theta~.

    Parameters
    ----------
    stats : CrossProducts
    engine : Engine
    parameters : Parameters
    reml : bool

    Attributes
    ----------
    evaluations, gradients : int
        How often each was computed.
    """

    def __init__(self, stats, engine, parameters, reml):
        self.stats, self.engine, self.parameters, self.reml = stats, engine, parameters, reml
        self.p = stats.p
        self.nu = stats.n - self.p if reml else stats.n
        log_T = np.log(np.abs(np.diagonal(stats.reference.T)[: self.p])).sum()
        self._constant = -stats.log_weights - (2.0 * log_T if reml else 0.0)
        self.evaluations = self.gradients = 0

    def evaluate(self, theta):
        """The objective at theta~, with its derivatives on request.

        Returns
        -------
        Evaluation
        """
        self.evaluations += 1
        return Evaluation(self, np.asarray(theta, dtype=float))

    def value(self, theta):
        return self.evaluate(theta).value


class Evaluation:
    """One point theta~: value at once; gradient and curvature when first asked for.

    Attributes
    ----------
    value : float
        d(theta); inf where the factorisation fails.
    s2 : float
        The profiled residual variance.
    beta : (p,) array
        Coefficients of X~.
    """

    __slots__ = (
        "RX",
        "_D",
        "_curvature",
        "_gradient",
        "_h",
        "_traces",
        "beta",
        "factorisation",
        "lambdas",
        "objective",
        "pwrss",
        "s2",
        "theta",
        "value",
    )

    def __init__(self, objective, theta):
        self.objective, self.theta = objective, theta
        self._D = self._h = self._gradient = self._curvature = self._traces = None
        self.lambdas = objective.parameters.lambdas(theta)
        fact = self.factorisation = objective.engine.factorise(self.lambdas)
        self.value = np.inf
        if not np.isfinite(fact.logdet):
            return
        p, nu = objective.p, objective.nu
        C = fact.C
        try:
            L = np.linalg.cholesky(C[:p, :p])
        except np.linalg.LinAlgError:
            return
        self.RX = L.T
        c = np.linalg.solve(L, C[:p, p]) if p else C[:0, p]
        self.beta = np.linalg.solve(L.T, c) if p else c
        self.pwrss = float(C[p, p] - c @ c)
        if not self.pwrss > 0:
            return
        self.s2 = self.pwrss / nu
        value = fact.logdet + nu * (1.0 + np.log(2.0 * np.pi * self.s2)) + objective._constant
        if objective.reml:
            value += 2.0 * float(np.log(np.diagonal(L)).sum())
        self.value = float(value)

    @property
    def h(self):
        """Per block, the (q, k) array Z'Py."""
        if self._h is None:
            p = self.objective.p
            N = self.factorisation.projections()
            self._h = [N[f][:, :, p] - N[f][:, :, :p] @ self.beta for f in range(len(N))]
        return self._h

    @property
    def D(self):
        """Per block, the (k, k) derivative of d by G."""
        if self._D is None:
            self.objective.gradients += 1
            p = self.objective.p
            W = self.traces
            N = self.factorisation.projections()
            out = []
            for f, h in enumerate(self.h):
                Df = W[f] - h.T @ h / self.s2
                if self.objective.reml and p:
                    q, k, _ = N[f].shape
                    B = np.linalg.solve(self.RX.T, N[f][:, :, :p].reshape(q * k, p).T)
                    B = B.reshape(p, q, k)
                    if k == 1:
                        Df = Df - np.vdot(B, B)
                    else:
                        B = np.ascontiguousarray(B.transpose(2, 0, 1)).reshape(k, p * q)
                        Df = Df - B @ B.T
                out.append(Df)
            self._D = out
        return self._D

    @property
    def traces(self):
        """Per block, the (k, k) sum of Z_j'V^-1Z_j: the scale on which D is judged."""
        if self._traces is None:
            self._traces = self.factorisation.traces()
        return self._traces

    @property
    def gradient(self):
        """dd/dtheta~, one entry per parameter."""
        if self._gradient is None:
            parts = []
            derivatives = self.objective.parameters.derivatives(self.theta)
            for D, Lam, dLam in zip(self.D, self.lambdas, derivatives, strict=True):
                parts.append(np.einsum("kab,ab->k", dLam, 2.0 * D @ Lam))
            self._gradient = np.concatenate(parts)
        return self._gradient

    @property
    def curvature(self):
        """Average-information matrix of d in theta~, (n_theta, n_theta).

        H_kl = f_k'P f_l / s^2 - q_k q_l / nu + <D, d2G/dtheta_k dtheta_l>, with
        f_k = Z (dG/dtheta_k) h and q_k = h'(dG/dtheta_k) h / s^2.
        """
        if self._curvature is None:
            objective = self.objective
            p = objective.p
            dLams = objective.parameters.derivatives(self.theta)
            dG, q = [], []
            for dLam, Lam, h in zip(dLams, self.lambdas, self.h, strict=True):
                half = dLam @ Lam.T
                G = half + half.transpose(0, 2, 1)
                dG.append(np.ascontiguousarray(G))
                q.append(np.einsum("kab,ab->k", G, h.T @ h) / self.s2)
            S, X = self.factorisation.quadratics(self.h, dG)
            B = np.linalg.solve(self.RX.T, X[:p]) if p else X[:0]
            q = np.concatenate(q)
            H = (S - B.T @ B) / self.s2 - np.outer(q, q) / objective.nu
            for part, D, dLam in zip(
                objective.parameters.block_parts(), self.D, dLams, strict=True
            ):
                n = dLam.shape[0]
                DdL = (D @ dLam).reshape(n, -1)
                H[part, part] += 2.0 * (DdL @ dLam.reshape(n, -1).T)
            self._curvature = 0.5 * (H + H.T)
        return self._curvature
