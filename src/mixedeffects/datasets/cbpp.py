"""Pleuropneumonia in cattle herds: real data, embedded."""

from __future__ import annotations

from typing import Any

from mixedeffects.datasets.record import Truth
from mixedeffects.datasets.table import LabelledFactor, build_table

# A herd, then for each period new cases / animals at risk.
_HERDS = """
1 2/14 3/12 4/9 0/5
2 3/22 1/18 1/21
3 8/22 2/16 0/16 2/20
4 2/10 0/10 2/9 0/6
5 5/18 0/25 0/24 1/4
6 3/17 0/17 0/18 1/20
7 8/16 1/10 3/9 0/5
8 12/34
9 2/9 0/6 0/8 0/6
10 1/22 1/22 0/18 2/22
11 0/25 5/27 3/22 1/22
12 2/10 1/8 0/6 0/5
13 1/21 2/24 0/19 0/23
14 11/19 0/2 0/3 0/2
15 1/19 1/15 1/15 0/15
"""


def truth(seed: int | None = None) -> Truth:
    """What is known about the data; they are real, so there are no true values."""
    return Truth(
        name="cbpp",
        summary="new cases of pleuropneumonia in 15 herds of cattle over four periods",
        formula="incidence / size ~ period + (1 | herd)",
        rows=56,
        columns=(
            ("herd", "herd"),
            ("incidence", "animals that fell ill in the period"),
            ("size", "animals at risk at its beginning"),
            ("period", "period of the study, 1 to 4, a category"),
        ),
        notes=("two herds were not seen in every period",),
        source="Lesnoff et al. (2004), Prev. Vet. Med. 64:27-40, "
        "doi:10.1016/j.prevetmed.2004.03.005",
    )


def cbpp(*, flavour: str | None = None) -> Any:
    """Contagious bovine pleuropneumonia in Ethiopian herds (Lesnoff et al. 2004).

    Fifteen commercial herds, followed over four periods: how many animals fell ill, of how many.

    Parameters
    ----------
    flavour : {"pandas", "polars", "pyarrow", "dict"}, optional
        Kind of table; default the first of these that is installed.

    Returns
    -------
    table of 56 rows
        ``herd`` (categorical), ``incidence``, ``size`` (animals), ``period`` (categorical).

    References
    ----------
    Lesnoff et al. (2004), Preventive Veterinary Medicine 64:27-40,
    doi:10.1016/j.prevetmed.2004.03.005.

    Examples
    --------
    >>> table = cbpp(flavour="dict")
    >>> int(table["incidence"].sum()), int(table["size"].sum())
    (99, 842)
    """
    import numpy as np

    rows = [line.split() for line in _HERDS.strip().splitlines()]
    herds = tuple(row[0] for row in rows)
    cells = [
        (herd, period, *map(int, cell.split("/")))
        for herd, row in enumerate(rows)
        for period, cell in enumerate(row[1:])
    ]
    herd, period, incidence, size = (np.array(c) for c in zip(*cells, strict=True))
    columns = {
        "herd": LabelledFactor(herd, herds),
        "incidence": incidence,
        "size": size,
        "period": LabelledFactor(period, ("1", "2", "3", "4")),
    }
    return build_table(columns, truth(), flavour)
