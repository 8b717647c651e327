"""Methods for denominator degrees of freedom: what each offers, found by name.

A method is a class made from a fit record, with the members of `DfMethod`; a new one is one
file and one registry line. Everything that tests fixed effects (coefficient table, ANOVA,
hypotheses, marginal means, slopes) asks a method and never computes a covariance itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, HasCoefficients


@dataclass(frozen=True, slots=True)
class JointTest:
    """An F test of several linear combinations being zero together.

    Attributes
    ----------
    statistic : float
        F, already scaled where the method scales it.
    num_df, den_df : float
        den_df is inf where the statistic is compared with chi-squared / num_df.
    """

    statistic: float
    num_df: float
    den_df: float


class DfMethod(Protocol):
    """Covariance of beta and degrees of freedom of its linear combinations.

    Attributes
    ----------
    label : str
        As tables name it: "Satterthwaite".
    vcov : (p, p) array
        Covariance of beta that this method uses.
    """

    label: str
    vcov: np.ndarray

    def df(self, L: np.ndarray) -> np.ndarray:
        """(m,) degrees of freedom of each row of L (m, p), taken by itself; inf allowed."""
        ...

    def joint(self, L: np.ndarray, estimates: np.ndarray) -> JointTest:
        """Test that all rows of L (m, p) beta, whose values minus hypothesis are given, are 0.

        L may have dependent rows; they are reduced to its rank.
        """
        ...


# name -> module and class; one is imported when it is first asked for
METHODS = {
    "satterthwaite": ("mixedeffects.inference.df.satterthwaite", "Satterthwaite"),
    "kenward-roger": ("mixedeffects.inference.df.kenward_roger", "KenwardRoger"),
    "wald": ("mixedeffects.inference.df.wald", "Wald"),
    "CR0": ("mixedeffects.inference.df.sandwich", "CR0"),
    "CR2": ("mixedeffects.inference.df.sandwich", "CR2"),
}
# the same for a model without random effects, whose rows covary within subjects
MARGINAL = {
    "satterthwaite": ("mixedeffects.inference.df.marginal", "MarginalSatterthwaite"),
    "kenward-roger": ("mixedeffects.inference.df.marginal", "MarginalKenwardRoger"),
    "kenward-roger-linear": ("mixedeffects.inference.df.marginal", "MarginalKenwardRogerLinear"),
    "wald": ("mixedeffects.inference.df.wald", "Wald"),
    "CR0": ("mixedeffects.inference.df.marginal_sandwich", "MarginalCR0"),
    "CR2": ("mixedeffects.inference.df.marginal_sandwich", "MarginalCR2"),
}
METHODS_OF = {"mixed": METHODS, "marginal": MARGINAL}


def check_ddf(fit: HasCoefficients, name=None):
    """The name of a method that a fit has: the one given, or the fit's own.

    Raises
    ------
    OptionError
        For a name that is none of the methods of the fit's kind.
    NotAvailableError
        For a method of linear mixed models and a fit whose default is "wald".
    """
    if name is None:
        return fit.default_ddf
    offered = METHODS_OF[fit.kind.df_methods]
    if not isinstance(name, str) or name not in offered:
        raise OptionError(f"ddf={name!r} is not one of {', '.join(offered)}")
    if fit.default_ddf == "wald" and name != "wald":
        raise NotAvailableError(
            f"ddf={name!r} is defined for linear mixed models; the estimates of a generalised one "
            'are compared with the normal distribution\nleave ddf= out, or give ddf="wald"'
        )
    return name


def df_method(fit: HasCoefficients, name=None) -> DfMethod:
    """The method of that name for a fit, or the fit's own; computed once and kept with the fit.

    Raises as `check_ddf`.
    """
    name = check_ddf(fit, name)
    if name not in fit.cache:
        module, cls = METHODS_OF[fit.kind.df_methods][name]
        method = getattr(import_module(module), cls)(fit)
        # of a generalised model no covariance parameter is projected out
        doubted = fit.kind.residual and cast("Fit", fit).certificate.flat
        fit.cache[name] = KnownErrors(method, cast("Fit", fit)) if doubted else method
    return fit.cache[name]


class KnownErrors:
    """A method that says nothing of standard errors that are not in the data.

    Parameters
    ----------
    fit : Fit
        With flat directions.
    """

    def __init__(self, method, fit: Fit):
        from mixedeffects.inference.identification import identification

        found = identification(fit)
        assert found is not None  # there are flat directions
        self._method, self._found = method, found
        self.label, self.vcov = method.label, method.vcov

    def __getattr__(self, name):
        return getattr(self._method, name)

    def df(self, L):
        """(m,) degrees of freedom; nan where the standard error is not in the data."""
        return np.where(self._found.moves_errors(L), np.nan, self._method.df(L))

    def joint(self, L, estimates):
        """The joint test; nan where the standard error of a row is not in the data."""
        found = self._method.joint(L, estimates)
        if self._found.moves_errors(L).any():
            return JointTest(np.nan, found.num_df, np.nan)
        return found


def independent_rows(L, estimates, *, tolerance=1e-10):
    """Rows without dependent ones, and their values: L itself where its rows are independent.

    Satterthwaite's denominator for several rows depends a little on which rows span the hypothesis,
    so rows are left as they are given where they can be. Takes L (m, p) array. Returns rows (rank,
    p) array, values (rank,) array.

    Parameters
    ----------
    estimates : (m,) array
        L beta minus what is hypothesised.

    Raises
    ------
    OptionError
        When dependent rows contradict each other.

    Examples
    --------
    >>> import numpy as np
    >>> rows, values = independent_rows(np.array([[1.0, 0], [2, 0]]), np.array([3.0, 6.0]))
    >>> rows.shape, np.abs(values)
    ((1, 2), array([3.]))
    """
    size = np.sqrt(np.einsum("mp,mp->m", L, L))
    size[size == 0.0] = 1.0
    given = L, estimates
    L, estimates = L / size[:, None], estimates / size
    U, d, V = np.linalg.svd(L, full_matrices=False)
    rank = int((d > tolerance * d.max(initial=0.0)).sum())
    if rank == L.shape[0]:
        return given
    values = U[:, :rank].T @ estimates / d[:rank]
    if not np.allclose(U[:, :rank] @ (U[:, :rank].T @ estimates), estimates, rtol=1e-7, atol=1e-9):
        raise OptionError("the hypotheses contradict each other: dependent rows, other values")
    return V[:rank], values
