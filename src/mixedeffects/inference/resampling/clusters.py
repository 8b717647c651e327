"""Which rows are resampled together."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.estimation.refits import nested_in


def cluster_codes(design, groups=None):
    """Cluster of every row, and what clusters are called.

    Parameters
    ----------
    design : Design
    groups : str or (n,) array, optional
        A grouping factor of the model, or a label for every row that was used. By default the
        factor that all others are nested in.

    Returns
    -------
    codes : (n,) int array
    name : str

    Raises
    ------
    NotAvailableError
        Without `groups`, when factors are crossed: no set of clusters is independent.
    OptionError, DataError
    """
    factors = [block.factor for block in design.blocks]
    names = [f.name for f in factors]
    if groups is None:
        coarse = sorted(factors, key=lambda f: f.n_levels)
        for factor in coarse:
            if all(nested_in(factor.codes, other.codes) for other in factors):
                return factor.codes, factor.name
        raise NotAvailableError(
            f"the grouping factors {', '.join(names)} are crossed: no resampling of one of them "
            "leaves independent clusters\n"
            f'say which one to resample with groups="{names[0]}", knowing that the others are '
            'kept as they are, or use method="parametric"'
        )
    if isinstance(groups, str):
        if groups not in names:
            raise OptionError(
                f"groups={groups!r} is not a grouping factor of the model: {', '.join(names)}"
            )
        return factors[names.index(groups)].codes, groups
    labels = np.asarray(groups)
    if labels.shape != (design.n,):
        raise DataError(
            f"groups has shape {labels.shape}; it needs one label for each of the "
            f"{design.n} rows that were used"
        )
    _, codes = np.unique(labels, return_inverse=True)
    return codes.reshape(-1), "groups"
