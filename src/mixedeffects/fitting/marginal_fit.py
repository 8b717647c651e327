"""A fitted marginal model: coefficients, and one covariance across the visits of a subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from mixedeffects.design import Design
from mixedeffects.estimation.certificate import Certificate
from mixedeffects.estimation.marginal.objective import MarginalEvaluation
from mixedeffects.inference.kinds import MARGINAL

NONE: Mapping[str, np.ndarray] = MappingProxyType({})


@dataclass(frozen=True, eq=False, repr=False)
class MarginalFit:
    """Estimates of a marginal model and what they were computed from.

    Attributes
    ----------
    design : Design
        The fixed effects; its formula names the term of the residuals too.
    visits : Block
        The residuals' term: subjects, and a column for each visit (of each group).
    groups : tuple of str
        Levels of `group`, each with a covariance of its own; empty where there is one for all.
    group : str or None
    covariance : str
        Name of the structure.
    reml : bool
    certificate : Certificate
    beta : (p,) array
    T : (p, p) array
        X T are the columns of `evaluation`.
    evaluation : MarginalEvaluation
    default_ddf : str
        How coefficients are tested unless the user says otherwise.
    cache : dict
        Results that several methods share, by name.
    """

    design: Design
    visits: Any
    groups: tuple[str, ...]
    group: str | None
    covariance: str
    reml: bool
    certificate: Certificate
    beta: np.ndarray
    T: np.ndarray
    evaluation: MarginalEvaluation = field(repr=False)
    default_ddf: str = "satterthwaite"
    cache: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    kind = MARGINAL
    linear = exact = True
    recession = None
    categories = None

    @property
    def objective(self) -> float:
        """-2 log-likelihood (ML) or REML criterion at the estimates."""
        return self.evaluation.value

    @property
    def theta(self) -> np.ndarray:
        """(K,) parameters of the covariance, as its structure has them."""
        return self.evaluation.theta

    @property
    def Sigma(self) -> np.ndarray:
        """(T, T) covariance of the visits, of one group after the other."""
        return self.evaluation.Sigma

    @property
    def structure(self):
        """The structure of the covariance of the visits."""
        return self.evaluation.objective.structure

    @property
    def pattern_sums(self):
        """The sums over subjects with the same visits that the fit was made from."""
        return self.evaluation.objective.sums

    @property
    def visit_codes(self) -> np.ndarray:
        """(n,) column of `visits` of each row."""
        return np.asarray(self.visits.Z).argmax(axis=1)

    @cached_property
    def T_hat(self) -> np.ndarray:
        """(p, p) X^ = X T^ with X^'V^-1X^ = I, so that T^ T^' is the covariance of beta."""
        return self.T @ np.linalg.cholesky(self.evaluation.Phi)

    @property
    def extras(self) -> Mapping[str, np.ndarray]:
        """Coefficients of other predictors, of which there are none."""
        return NONE

    @property
    def estimates(self) -> np.ndarray:
        """(P,) beta, then theta."""
        return np.concatenate([self.beta, self.theta])

    @cached_property
    def vcov_beta(self) -> np.ndarray:
        """(p, p) covariance of beta, given Sigma: (X'V^-1X)^-1."""
        return self.T @ self.evaluation.Phi @ self.T.T

    @cached_property
    def family(self):
        """The distribution of the response."""
        from mixedeffects.family import Gaussian

        return Gaussian()

    @cached_property
    def fitted(self) -> np.ndarray:
        """(n,) expected responses."""
        eta = self.design.X @ self.beta
        return eta if self.design.offset is None else eta + self.design.offset

    def part_of_recession(self, place):
        """None: every coefficient has a finite estimate."""
        return None

    def extra_names(self, name, size):
        """Column names of one of the other predictors, of which there are none."""
        return ()
