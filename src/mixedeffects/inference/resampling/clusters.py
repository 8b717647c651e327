"""Which rows are resampled together."""

from __future__ import annotations

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.clusters import chosen_clusters, outermost


def cluster_codes(design, groups=None):
    """Cluster of every row, and what clusters are called.

    Returns codes (n,) int array, name (str).

    Parameters
    ----------
    groups : str or (n,) array, optional
        A grouping factor of the model, or a label for every row that was used. By default the
        factor that all others are nested in.

    Raises
    ------
    NotAvailableError
        Without `groups`, when factors are crossed: no set of clusters is independent.
    OptionError, DataError
    """
    if groups is not None:
        chosen = chosen_clusters(design, groups, "groups")
        if chosen.n < 2:
            raise NotAvailableError("all rows are in one cluster: there is nothing to resample")
        return chosen.codes, chosen.name
    factors = [block.factor for block in design.blocks]
    place = outermost(design)
    if place is None:
        raise NotAvailableError(
            f"the grouping factors {', '.join(f.name for f in factors)} are crossed: no resampling "
            "of one of them leaves independent clusters\n"
            f'say which one to resample with groups="{factors[0].name}", knowing that the others '
            'are kept as they are, or use method="parametric"'
        )
    return factors[place].codes, factors[place].name
