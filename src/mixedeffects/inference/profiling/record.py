"""The profile of a likelihood as a record: points, tables, confidence limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.estimation.profile import interpolated
from mixedeffects.inference.normal import check_level, z_quantile
from mixedeffects.inference.profiling.names import ProfileParameter
from mixedeffects.inference.table import Table

NODES = 4
# share of a limit's zeta by which the search for it may fall short
MET = 1e-5
# difference of zeta between neighbours below which a profile is level
FLAT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class ProfileFacts:
    """Profile likelihoods of the parameters of a mixed model.

    Attributes
    ----------
    parameters : tuple of ProfileParameter
        Those that were profiled.
    names : tuple of str, length K
        All parameters of the model, the columns of `conditional`.
    estimates : (K,) array
        Optimum of the criterion; a correlation with a zero standard deviation is nan.
    values, zeta : tuples of (m,) arrays
        Per profiled parameter its values, increasing, and zeta = sign(value - estimate) times
        the square root of the rise of the criterion, all other parameters being optimal.
    conditional : tuple of (m, K) arrays
        The values of all parameters there.
    ends : tuple of (float, float)
        Limits of each parameter's range that the profile reached, else nan: 0 for a standard
        deviation, -1 and 1 for a correlation.
    criterion : str
        "ml" or "reml".
    minimum : float
        The criterion at its optimum.
    level : float
        Coverage up to which the profile reaches.
    evaluations : int
        Of the criterion with its gradient, altogether.
    notes : tuple of str
        What the user must know, in words.
    """

    parameters: tuple[ProfileParameter, ...]
    names: tuple[str, ...]
    estimates: np.ndarray
    values: tuple[np.ndarray, ...]
    zeta: tuple[np.ndarray, ...]
    conditional: tuple[np.ndarray, ...]
    ends: tuple[tuple[float, float], ...]
    criterion: str
    minimum: float
    level: float
    evaluations: int
    notes: tuple[str, ...]

    def table(self) -> Table:
        """One row per point: parameter, value, zeta, and the values of all parameters there."""
        names = [p.name for p in self.parameters]
        columns = {
            "parameter": [n for n, v in zip(names, self.values, strict=True) for _ in v],
            "value": np.concatenate(self.values),
            "zeta": np.concatenate(self.zeta),
        }
        everything = np.concatenate(self.conditional)
        for i, name in enumerate(self.names):
            label = f"fixed_{name}" if name in ("parameter", "value", "zeta") else name
            columns[label] = everything[:, i].copy()
        return Table(columns)

    def confint(self, level: float = 0.95) -> Table:
        """Profile confidence intervals.

        The limits of the level 0.95, and of the level that the profile was asked for, were searched
        to rounding; others are interpolated between points of the profile. Raises OptionError.

        Parameters
        ----------
        level : float
            Not above the profile's own.

        Returns
        -------
        Table
            term, group, estimate, lower, upper, named as in `tidy`, in the order of
            `parameters`: ``sd__Days``, ``cor__(Intercept).Days``, ``sd__Observation``, and the
            fixed effects, whose group is None. Where the criterion does not rise enough before a
            parameter reaches the end of its range, the limit is that end: 0 for a standard
            deviation, -1 or 1 for a correlation.
        """
        check_level(level)
        if level > self.level:
            raise OptionError(
                f"level={level!r} is above {self.level!r}, up to which this profile was computed; "
                f"ask for profile(level={level!r})"
            )
        z = z_quantile(level)
        limits = [
            (_limit(v, c, -z, low), _limit(v, c, z, high))
            for v, c, (low, high) in zip(self.values, self.zeta, self.ends, strict=True)
        ]
        return Table(
            {
                "term": [p.term for p in self.parameters],
                "group": [p.group for p in self.parameters],
                "estimate": np.array([self.estimates[self._place(p)] for p in self.parameters]),
                "lower": np.array([low for low, _ in limits]),
                "upper": np.array([high for _, high in limits]),
            }
        )

    def _place(self, parameter):
        return self.names.index(parameter.name)


def fixed_first(table: Table) -> Table:
    """The rows of `ProfileFacts.confint` in the order of `tidy`: fixed effects, then the rest."""
    order = sorted(
        range(len(table.columns["group"])), key=lambda i: table.columns["group"][i] is not None
    )
    return Table(
        {
            name: column[order] if isinstance(column, np.ndarray) else [column[i] for i in order]
            for name, column in table.columns.items()
        }
    )


def _limit(values, zeta, target, end):
    """The value at zeta = target; the range's end where the profile stops short of it."""
    size = np.sign(target) * zeta
    if size.max() < abs(target) * (1.0 - MET):
        return end
    flat = np.abs(np.diff(zeta, prepend=-np.inf, append=np.inf)) < FLAT
    level = flat[:-1] | flat[1:]  # where a profile ends level, interpolation must not look
    level[1:-1] = False
    zeta, values = zeta[~level], values[~level]
    near = np.sort(np.argsort(np.abs(zeta - target))[:NODES])
    z, v = zeta[near], values[near]
    if np.unique(z).size < z.size:
        return float(np.interp(target, zeta, values))
    found = interpolated(z.tolist(), v, target)
    after = int(np.searchsorted(zeta, target))
    if 0 < after < zeta.size and not values[after - 1] <= found <= values[after]:
        # where the profile turns sharply, a cubic leaves the step that it is for
        return float(np.interp(target, zeta, values))
    return found
