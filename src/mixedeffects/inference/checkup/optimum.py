"""Checks of the optimum: certified, iterations, separation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, Check, listed
from mixedeffects.inference.identification import identification

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def optimum(fit: Fit):
    """Whether the estimates are a proved optimum."""
    c = fit.certificate
    numbers = f"|gradient| {c.gradient:.0e}, Newton decrement {c.decrement:.0e}"
    if c.short:
        words = f"ended by your own rule ({c.rule}), short of a certified optimum; {numbers}"
        return Check("optimum", c.decrement, LOOK, words)
    if c.converged and c.flat:
        words = f"the likelihood is at its maximum, but not at a single point: {numbers}"
        return Check("optimum", c.decrement, LOOK, words)
    if c.converged:
        return Check("optimum", c.decrement, FINE, f"certified: {numbers}")
    if c.separation:
        return Check("optimum", c.decrement, PROBLEM, "there is no maximum to find; see separation")
    if c.hopeless:
        return Check("optimum", c.decrement, PROBLEM, c.message)
    if edge(fit):
        words = f"not certified ({c.optimizer}, {c.evaluations:,} evaluations); see edge"
        return Check("optimum", c.decrement, PROBLEM, words)
    words = (
        f"not certified ({c.optimizer}, {c.evaluations:,} evaluations: {plain(c.message)}); "
        f"{numbers}: one more step promises {0.5 * c.remaining:.1g} of log-likelihood. Estimates "
        "and standard errors are provisional"
    )
    return Check("optimum", c.decrement, PROBLEM, words)


def plain(message):
    """An optimiser's message within a sentence.

    Examples
    --------
    >>> plain("Maximum number of function evaluations has been exceeded.")
    'maximum number of function evaluations has been exceeded'
    """
    message = str(message).strip().rstrip(".")
    return message[:1].lower() + message[1:] if message[1:2].islower() else message


def identified(fit: Fit):
    """Whether every variance and covariance is in the data."""
    found = identification(fit)
    if found is None:
        return Check("identified", 0.0, FINE, "every variance is in the data")
    names = [f"{e.group}: {e.first}" for e in found.entries if e.is_variance and not e.known]
    pairs = sum(not e.is_variance and not e.known for e in found.entries)
    if pairs:
        names.append(f"{pairs} covariance{'s' * (pairs != 1)}")
    if not found.residual_known:
        names.append("the residual variance")
    reasons = "; ".join(found.reasons()) or "other combinations of effects give the same"
    known = "; ".join(f"variance of {c.words}" if c.is_variance else c.words
                      for c in found.combinations())  # fmt: skip
    words = f"not in the data: {listed(names)} ({reasons})" + (
        f"; what is: {known}" if known else ""
    )
    return Check("identified", float(len(found.flat)), PROBLEM, words)


def iterations(fit: Fit):
    """Whether the optimiser was stopped by its limit."""
    c = fit.certificate
    if c.ran_out:
        words = f"stopped by the limit of iterations, after {c.iterations:,}: allow more"
        return Check("iterations", float(c.iterations), PROBLEM, words)
    words = f"{c.iterations:,} iterations, {c.evaluations:,} evaluations"
    return Check("iterations", float(c.iterations), FINE, words)


def separation(fit: Fit):
    """Whether coefficients of a generalised model are infinite."""
    names = fit.certificate.infinite
    if not names:
        return Check("separation", 0.0, FINE, "no coefficient is infinite")
    if not fit.certificate.separation:
        words = f"no predictor separates responses; infinite for another reason: {listed(names)}"
        return Check("separation", 0.0, FINE, words)
    return Check("separation", float(len(names)), PROBLEM, fit.certificate.message)


def edge(fit: Fit):
    """Whether a fit ended at the edge of what its means can be; normal ones can be anything."""
    if fit.exact or fit.certificate.converged:
        return []
    from mixedeffects.estimation.laplace import at_edge, edge_words

    found = at_edge(fit.family, fit.predictors[0])
    if found is None:
        return []
    return Check("edge", float(found[1]), PROBLEM, edge_words(fit.family, *found))
