"""What refits promise, checked against the model's moments and against plain fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.estimation.refits import Refits, gather_design
from mixedeffects.fitting import GLMMFit, LMMFit, Request, fit_generalised, fit_linear
from mixedeffects.options import generator

_DRAWS, _NODES, _REFITS = 2000, 40, 3
# standard errors that a mean of draws may be away from the model's
_FAR = 5.0


def check_refits(refits: Refits, request: Request, *, rng=0, rtol=0.02) -> None:
    """Check that refits keep their contract.

    The model's own mean response gives its coefficients; responses drawn have its means and
    variances; a seed gives the same results on any number of threads; a refit that fails says so;
    a refit of a response, or of fewer clusters, is what a plain fit of it finds.

    Parameters
    ----------
    refits : Refits
        Of a model with a random effect in its main predictor.
    request : Request
        The options of the plain fits.
    rng : numpy.random.Generator or int
        Source of random numbers, or its seed.
    rtol : float
        How far refits may be from plain fits, in standard errors of the coefficients.

    Raises
    ------
    AssertionError
        What is wrong, and by how much.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> check_refits(fit.refits, fit.request)
    """
    rng = generator(rng)
    if not refits.family.ordinal:  # a mean of categories is none of them
        _check_mean(refits, rng, rtol)
        _check_moments(refits, rng)
    _check_seeds(refits)
    _check_failures(refits)
    _check_plain_fits(refits, request, rng, rtol)


def _check_mean(refits, rng, rtol):
    """A response next to its mean; at it no residual variance would be left to estimate."""
    mean = refits.mean()[:, None]
    results = refits.responses(mean + 1e-3 * (refits.draw(1, rng).y - mean))
    off = np.abs(results.beta[0] - refits.coefficients[: refits.n_main])
    far = off / np.sqrt(refits.vcov.diagonal())
    _require((far < rtol).all(), f"the mean response moves the coefficients by {off}")


def _check_moments(refits, rng):
    """Means and variances of draws against integrals over the random effects of each row."""
    design, response = refits.design, refits.response
    spread = np.zeros(design.n)
    for block, factor in zip(design.blocks, refits.factors, strict=False):
        rows = np.ones((design.n, 1)) if block.Z is None else np.asarray(block.Z)
        spread += ((rows @ factor) ** 2).sum(axis=1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    eta, *others = refits.fixed
    size = 1.0 if response.size is None else response.size
    mean, square = np.zeros(design.n), np.zeros(design.n)
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        at = (eta + np.sqrt(spread) * node, *others)
        here, noise = (
            size * refits.family.mean(*at),
            refits.family.variance(*at, size=response.size),
        )
        if response.weights is not None and refits.family.weights_scale_dispersion:
            noise = noise / response.weights
        mean, square = mean + weight * here, square + weight * (noise + here**2)
    variance = square - mean**2
    z = (refits.draw(_DRAWS, rng).y - mean[:, None]) / np.sqrt(variance)[:, None]
    _close(z.mean(axis=0), 0.0, "means of draws")
    _close((z**2).mean(axis=0), 1.0, "variances of draws, relative to the model's")


def _close(draws, expected, what):
    off = draws.mean() - expected
    error = draws.std() / np.sqrt(draws.size)
    _require(abs(off) < _FAR * error, f"{what} are off by {off:.3g}, {abs(off) / error:.1f} errors")


def _check_seeds(refits):
    one, two, other = (
        refits.parametric(12, seed, threads=threads) for seed, threads in ((1, 1), (1, 2), (2, 1))
    )
    for name in ("coefficients", "theta", "sigma", "objective", "std_error", "status"):
        a, b = getattr(one, name), getattr(two, name)
        _require(np.array_equal(a, b, equal_nan=True), f"{name} depends on the number of threads")
    _require(not np.array_equal(one.beta, other.beta), "another seed gives the same responses")


def _check_failures(refits):
    codes = refits.design.blocks[0].factor.codes
    times = np.ones((2, int(codes.max()) + 1), dtype=np.int64)
    times[1] = 0
    results = refits.weighted(times, clusters=codes)
    _require(bool(results.ok[0]), "a refit to the model's own rows fails")
    _require(not results.ok[1] and results.n_failed == 1, "a refit to no rows is no failure")
    known = np.isfinite(results.theta).all(axis=1) & np.isfinite(results.objective)
    _require(bool(known[results.ok].all()), "a refit without estimates is no failure")


def _check_plain_fits(refits, request, rng, rtol):
    design = refits.design
    drawn = refits.draw(_REFITS, rng)
    results = refits.responses(drawn)
    for i in range(_REFITS):
        _compare(results, i, _plain(replace(design, y=drawn.y[:, i].copy()), request), rtol)
    codes = design.blocks[0].factor.codes
    left = np.flatnonzero(codes)
    plain = _plain(gather_design(design, left), request)
    times = np.ones((1, int(codes.max()) + 1), dtype=np.int64)
    times[0, 0] = 0
    _compare(refits.weighted(times, clusters=codes), 0, plain, rtol)
    change = refits.without(np.flatnonzero(codes == 0))
    off = np.abs(change.beta - plain.beta) / np.sqrt(plain.refits.vcov.diagonal())
    _require((off < rtol).all(), f"coefficients without a cluster are off by {off} standard errors")


def _plain(design, request):
    if request.family is None:
        return fit_linear(design, request, LMMFit)
    return fit_generalised(design, request, GLMMFit)


def _compare(results, i, plain, rtol):
    """A refit against a plain fit of the same data, than which it may be better."""
    _require(bool(results.ok[i]), "a refit fails where a plain fit does not")
    gap = results.objective[i] - plain.objective
    _require(gap < rtol**2, f"the objective of a refit is {gap:.3g} above that of a plain fit")
    if gap < -(rtol**2):
        return
    errors = np.sqrt(plain.refits.vcov.diagonal())
    off = np.abs(results.beta[i] - plain.beta) / errors
    _require((off < rtol).all(), f"coefficients of a refit are off by {off} standard errors")
    off = np.abs(results.std_error[i] / errors - 1.0)
    _require((off < rtol).all(), f"standard errors of a refit are off by {off}, relatively")
    off = np.abs(results.theta[i] - plain.theta)
    _require((off < rtol * (1.0 + np.abs(plain.theta))).all(), f"theta of a refit is off by {off}")


def _require(holds, what):
    if not holds:
        raise AssertionError(what)
