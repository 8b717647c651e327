"""Marginal likelihoods of generalised mixed models by brute force; no code shared with src.

One grouping factor. Every group's integral over u ~ N(0, I) is a product rule on a dense, even
grid (the trapezoid rule converges exponentially for functions that die out at the ends), so no
mode is looked for and nothing is approximated by a normal distribution. Laplace's approximation is
made from the same integrand by search on grids and difference quotients.
"""

from itertools import product

import numpy as np
from scipy.special import expit, logsumexp, ndtr
from scipy.stats import beta as beta_distribution
from scipy.stats import betabinom, binom, gamma, invgauss, nbinom, norm, poisson
from scipy.stats import t as student

LINKS = {
    "logit": expit,
    "probit": ndtr,
    "cloglog": lambda eta: -np.expm1(-np.exp(eta)),
    "loglog": lambda eta: np.exp(-np.exp(-eta)),
    "cauchit": lambda eta: 0.5 + np.arctan(eta) / np.pi,
    "log": np.exp,
    "identity": lambda eta: eta,
    "inverse": lambda eta: 1.0 / eta,
    "sqrt": lambda eta: eta**2,
    "1/mu^2": lambda eta: np.where(eta > 0, np.abs(eta) ** -0.5, np.nan),
}


def _nbinom2(y, mu, theta):
    return nbinom.logpmf(y, theta, theta / (theta + mu))


def _nbinom1(y, mu, phi):
    return nbinom.logpmf(y, mu / phi, 1.0 / (1.0 + phi))


def _inverse_gaussian(y, mu, phi):
    # variance phi mu^3: scipy's shape is mu over the scale 1 / phi
    return invgauss.logpdf(y, mu * phi, scale=1.0 / phi)


# (y, mu, trials, extras as they are named in the fit, on the natural scale) -> log density
DENSITIES = {
    "binomial": lambda y, mu, n: binom.logpmf(y, n, mu),
    "betabinomial": lambda y, mu, n, phi: betabinom.logpmf(y, n, mu * phi, (1 - mu) * phi),
    "poisson": lambda y, mu, n: poisson.logpmf(y, mu),
    "nbinom1": lambda y, mu, n, phi: _nbinom1(y, mu, phi),
    "nbinom2": lambda y, mu, n, theta: _nbinom2(y, mu, theta),
    "gaussian": lambda y, mu, n, sigma: norm.logpdf(y, mu, sigma),
    "gamma": lambda y, mu, n, phi: gamma.logpdf(y, 1 / phi, scale=mu * phi),
    "inverse_gaussian": lambda y, mu, n, phi: _inverse_gaussian(y, mu, phi),
    "beta": lambda y, mu, n, phi: beta_distribution.logpdf(y, mu * phi, (1 - mu) * phi),
    "t": lambda y, mu, n, scale, df: student.logpdf(y, df, mu, scale),
}


def row_density(family, link, y, trials=None, extras=(), weights=1.0, zi=None):
    """A function of (rows, eta) that gives the log density of these rows at eta (grid, rows).

    `extras` are arrays by rows (or scalars) on the natural scale; `zi` the probability of an
    extra zero, of any zero for "hurdle_…"; for "ordinal" `extras` is the vector of thresholds and
    y the category. `weights` multiply log densities.
    """
    if family == "ordinal":
        edges = np.concatenate([[-np.inf], extras, [np.inf]])
        upper, lower = edges[y.astype(int) + 1], edges[y.astype(int)]
        cdf = LINKS[link]

        def log_probability(rows, eta):
            with np.errstate(divide="ignore"):  # far out on a grid
                return np.log(cdf(upper[rows] - eta) - cdf(lower[rows] - eta))

        return log_probability
    kind, _, base = family.partition("_")
    truncated = kind in ("hurdle", "truncated")
    density = DENSITIES[base if truncated else family]
    by_row = [np.broadcast_to(np.asarray(e, dtype=float), y.shape) for e in extras]
    weight = np.broadcast_to(np.asarray(weights, dtype=float), y.shape)

    def log_density(rows, eta):
        n = None if trials is None else trials[rows]
        if family == "binomial" and n is None:
            n = 1
        mu = LINKS[link](eta)
        arguments = [e[rows] for e in by_row]
        value = density(y[rows], mu, n, *arguments)
        if truncated:
            value -= np.log(-np.expm1(density(np.zeros_like(y[rows]), mu, n, *arguments)))
            value = np.where(y[rows] == 0, -np.inf, value)
        if zi is not None:
            p = np.broadcast_to(zi, y.shape)[rows]
            zero = np.where(y[rows] == 0, np.log(p), -np.inf)
            value = np.logaddexp(zero, np.log1p(-p) + value)
        return weight[rows] * value

    return log_density


def _groups(codes):
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        if len(rows):
            yield rows


def marginal_loglik(log_density, offset, codes, Z, Lambda, *, half_width=9.0, points=361):
    """Log-likelihood with the random effects integrated out on a grid of `points` per dimension.

    Parameters
    ----------
    log_density : callable
        From `row_density`.
    offset : (n,) array
        The linear predictor without random effects.
    codes : (n,) int array
    Z : (n, k) array
    Lambda : (k, k) array
        b = Lambda u, u ~ N(0, I).
    half_width : float
        The grid spans -half_width to half_width in every u: wide enough where the posterior of
        every group is well inside.
    """
    k = Z.shape[1]
    axis = np.linspace(-half_width, half_width, points)
    u = np.array(list(product(axis, repeat=k))) if k > 1 else axis[:, None]
    prior = norm.logpdf(u).sum(axis=1) + k * np.log(axis[1] - axis[0])
    total = 0.0
    for rows in _groups(codes):
        joint = prior.copy()
        shift = (u @ Lambda.T) @ Z[rows].T
        for column, row in enumerate(rows):  # by rows: a grid of two dimensions is large
            joint += log_density([row], (offset[row] + shift[:, column])[:, None])[:, 0]
        total += logsumexp(joint)
    return total


def laplace_loglik(log_density, offset, codes, Z, Lambda):
    """Laplace's approximation with the observed curvature, by grids and difference quotients."""
    total = 0.0
    for rows in _groups(codes):

        def minus_joint(u, rows=rows):
            eta = offset[rows] + (u @ Lambda.T) @ Z[rows].T
            return 0.5 * (u * u).sum(axis=1) - log_density(rows, eta).sum(axis=1)

        mode = _lowest(minus_joint, Z.shape[1])
        for _ in range(4):  # Newton
            gradient, H = _derivatives(minus_joint, mode)
            mode = mode - np.linalg.solve(H, gradient)
        sign, logdet = np.linalg.slogdet(_derivatives(minus_joint, mode)[1])
        assert sign > 0
        total += -minus_joint(mode[None, :])[0] - 0.5 * logdet
    return total


def _lowest(f, k):
    """Where f is lowest, within about 0.004, by finer and finer grids."""
    centre, half_width = np.zeros(k), 8.0
    for _ in range(4):
        axis = np.linspace(-half_width, half_width, 41)
        points = centre + np.array(list(product(axis, repeat=k)))
        values = f(points)  # nan where the mean is out of its range
        centre = points[np.argmin(np.where(np.isnan(values), np.inf, values))]
        half_width *= 0.1
    return centre


def _derivatives(f, x, step=2e-2):
    """Gradient and second derivatives by central differences, extrapolated (error ~ step^6)."""
    k = len(x)
    signs = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])
    stencil, pairs = [], list(product(range(k), repeat=2))
    for h in (step, step / 2, step / 4):
        for i, j in pairs:
            stencil += [x + h * (s * np.eye(k)[i] + t * np.eye(k)[j]) for s, t in signs]
    values = f(np.array(stencil)).reshape(3, len(pairs), 4)
    h = step / 2.0 ** np.arange(3)
    second = values @ signs.prod(axis=1) / (4.0 * h[:, None] ** 2)
    own = [pairs.index((i, i)) for i in range(k)]  # f(x + 2h), f(x), f(x), f(x - 2h)
    first = (values[:, own, 0] - values[:, own, 3]) / (4.0 * h[:, None])
    return _extrapolated(first), _extrapolated(second).reshape(k, k)


def _extrapolated(values):
    """Richardson's rule for errors in even powers of a step that is halved twice."""
    once = (4 * values[1:] - values[:-1]) / 3
    return (16 * once[1] - once[0]) / 15
