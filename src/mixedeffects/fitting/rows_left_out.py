"""What a generalised fit knows of its optimum when its rows are left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mixedeffects.design import MAIN, LeftOut, require_rows, without_rows
from mixedeffects.engine import threads_for
from mixedeffects.errors import NotAvailableError
from mixedeffects.estimation import Coefficients, CovarianceParameters
from mixedeffects.family import Response
from mixedeffects.fitting.generalised_parameters import GeneralisedParameters
from mixedeffects.fitting.keep_sums import keep_sums


@dataclass(frozen=True, eq=False)
class KnownOptimum:
    """An optimum without what its likelihood is computed from: it stands for an evaluation.

    Attributes
    ----------
    design : Design
        Without rows.
    value : float
        -2 log-likelihood.
    x, estimates : (P,) arrays
        The engine's parameters, and the same with what goes to infinity at its bound.
    half : (P, m) array or None
        half half' is the covariance of x.
    modes, covariances, slopes : tuples of (q, k), (q, k, k) and (q, k, P) arrays
        Per block, in the user's columns: the random effects, the covariances of their errors at
        known parameters, their derivatives by x.
    """

    design: Any
    groups: tuple[Coefficients, ...]
    covariance_parameters: CovarianceParameters
    value: float
    x: np.ndarray
    estimates: np.ndarray
    half: np.ndarray | None
    modes: tuple[np.ndarray, ...]
    covariances: tuple[np.ndarray, ...]
    slopes: tuple[np.ndarray, ...]

    @property
    def objective(self):
        """Refused: there are no rows to compute it from."""
        return require_rows(self.design)

    @property
    def theta(self):
        """(n_theta,) the engine's parameters of the covariances."""
        return self.x[self.x.size - self.covariance_parameters.n_theta :]

    @cached_property
    def lambdas(self):
        """Per block, the (k, k) factor of its covariance in the engine's columns."""
        return self.covariance_parameters.lambdas(self.theta)

    def to_arrays(self):
        """What a file keeps, as arrays by name."""
        out = {"x": self.estimates, "x at the optimum": self.x, "value": np.array([self.value])}
        if self.half is not None:
            out["half"] = self.half
        for group in self.groups:
            out[f"T of {group.name}"] = group.T
        T_blocks = self.covariance_parameters.T_blocks
        series = ("T", T_blocks), ("modes", self.modes), ("slopes", self.slopes)
        for name, arrays in (*series, ("covariances", self.covariances)):
            out |= {f"{name} {f}": one for f, one in enumerate(arrays)}
        return out

    @classmethod
    def from_arrays(cls, arrays, design, names):
        """The optimum that `to_arrays` took apart.

        Parameters
        ----------
        names : sequence of str
            Of the groups of coefficients.

        Raises
        ------
        ValueError, KeyError
            For arrays that do not fit together.
        """
        groups, at = [], 0
        for name in names:
            T = arrays[f"T of {name}"]
            groups.append(Coefficients(name, slice(at, at + T.shape[0]), T))
            at += T.shape[0]
        blocks = design.all_blocks

        def series(name, shapes):
            found = tuple(arrays[f"{name} {f}"] for f in range(len(blocks)))
            if [one.shape for one in found] != shapes:
                raise ValueError(f"arrays differ in size ({name})")
            return found

        q, k = [b.factor.n_levels for b in blocks], [b.k for b in blocks]
        parameters = CovarianceParameters(blocks, series("T", [(b, b) for b in k]))
        P = at + parameters.n_theta
        x, estimates, half = arrays["x at the optimum"], arrays["x"], arrays.get("half")
        if x.shape != (P,) or estimates.shape != (P,) or (half is not None and len(half) != P):
            raise ValueError("arrays differ in size (parameters)")
        return cls(
            design, tuple(groups), parameters, float(arrays["value"][0]), x, estimates, half,
            modes=series("modes", list(zip(q, k, strict=True))),
            covariances=series("covariances", list(zip(q, k, k, strict=True))),
            slopes=series("slopes", [(a, b, P) for a, b in zip(q, k, strict=True)]),
        )  # fmt: skip


class KnownModes:
    """`ModeCurvature` without rows: what it says of one grouping factor at a time."""

    def __init__(self, optimum):
        self.modes, self.slopes = optimum.modes, optimum.slopes
        self.covariances = optimum.covariances

    def joint(self, codes, Z):
        """c'M^-1c of rows with effects of one block."""
        known = {f: c for f, c in codes.items() if (c >= 0).any()}
        if len(known) > 1:
            raise NotAvailableError(
                "random effects of several grouping factors are correlated, which a fit without "
                'its rows does not know\npredict with groups="population", or save the fit with '
                "fit.save(path, rows=True)"
            )
        out = np.zeros(next(iter(codes.values())).size)
        for f, c in known.items():
            rows = np.flatnonzero(c >= 0)
            z = Z[f][rows]
            out[rows] = np.einsum("na,nab,nb->n", z, self.covariances[f][c[rows]], z)
        return out


def left_out(fit):
    """A generalised fit without its rows; what is asked of them is summed up first."""
    keep_sums(fit)
    design, at = without_rows(fit.design), fit.evaluation
    with threads_for(fit.plan.columns):
        curvature = fit.mode_curvature
        modes, slopes = curvature.modes, tuple(curvature.slopes)
        covariances = curvature.covariances
    optimum = KnownOptimum(
        design, fit.coefficients, fit.covariance_parameters, float(at.value), at.x, at.estimates,
        fit.parameters.half, modes, covariances, slopes,
    )  # fmt: skip
    return fit.known(optimum, fit.plan, fit.certificate, fit.request, fit.sums)


def known(cls, optimum, plan, certificate, request, sums):
    """A fit of class `cls` from an optimum and from `sums` as `keep_sums` computes them."""
    design, parameters = optimum.design, optimum.covariance_parameters
    values = {group.name: group.of(optimum.estimates) for group in optimum.groups}
    theta = parameters.to_user(optimum.estimates[optimum.x.size - parameters.n_theta :])
    out = cls(
        design=design,
        request=request,
        response=Response.of(design),
        plan=plan,
        certificate=certificate,
        objective=optimum.value,
        theta=theta,
        beta=values.pop(MAIN),
        extras=values,
        lambdas=tuple(parameters.lambdas(theta)),
        evaluation=optimum,
        curvature=None,
        coefficients=optimum.groups,
    )
    out.sums.update(sums)
    rows = (LeftOut((design.n,)),) * len(request.family.predictor_names)
    out.__dict__.update(
        covariance_parameters=parameters,
        mode_curvature=KnownModes(optimum),
        predictors=rows,
        fixed_predictors=rows,
    )
    out.__dict__["parameters"] = GeneralisedParameters(out, half=optimum.half)
    return out
