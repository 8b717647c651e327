"""Begging of barn owl chicks: real data, embedded."""

from __future__ import annotations

from typing import Any

from mixedeffects.datasets.record import Truth
from mixedeffects.datasets.table import LabelledFactor, build_table

# A nest and its chicks; then its visits: food treatment (Deprived, Satiated), sex of the parent,
# time of arrival, calls.
_VISITS = """
AutavauxTV 5
 DM22.25:4 SM22.38:0 DM22.53:2 DM22.56:2 DM22.61:2 DM22.65:2 DM22.76:18 SF22.9:4 DM22.98:18
 SF23.07:0 SF23.18:0 DF23.28:3 SM23.38:0 DM23.43:3 DF23.45:3 DM23.68:6 DF24:0 SM24.21:4 DM24.25:0
 DM24.58:7 DM24.65:7 SM24.95:0 SF25.25:16 SM25.75:7 DM27.71:0 DF27.85:7 DF28.02:16 DM28.82:5
Bochet 4
 SF22.81:3 SM23.2:2 DM23.22:13 DF23.23:13 DM23.33:22 SM23.36:2 SF23.4:2 SM23.45:2 DM23.46:22
 DF23.5:12 SF23.51:0 DF23.53:12 DM23.78:12 SM23.88:0 SF23.95:0 SF24.35:0 SF24.45:0 DM26.3:0
 DM26.43:0 SM27.1:0 SM27.33:0 DM27.55:0 SM27.98:0
Champmartin 3
 DF22.08:3 DF22.36:0 SF22.46:0 DF22.62:10 DF22.83:18 DF22.98:18 DF23.1:0 DF23.15:0 DF23.56:2
 DF23.73:2 DF23.95:4 SF24.1:0 SF24.21:0 DF24.53:3 DF24.78:7 DF24.93:7 DF25.03:13 DF25.28:16
 DF25.63:14 SF25.71:0 DF25.82:0 DF26.6:0 SF27.28:0 SF27.4:0 SF27.5:0 DF27.66:0 SF27.66:0
 SF27.91:0 DF28.58:1 DF29.23:3
ChEsard 4
 DM22.36:23 DM22.55:19 DM22.66:19 DM23.13:14 DF23.26:18 DM23.33:18 DM23.58:14 DM23.68:14
 DM23.82:6 DM23.93:6 DM24.63:12 DF24.66:12 DM24.88:12 SF25.38:19 DM25.5:0 DM25.95:17 DM26.65:3
 DM26.85:11 DM27.06:2 SM27.66:6
Chevroux 2
 SM22.35:0 SM23.2:0 SF23.88:0 SM24.01:0 SM24.76:0 DM25.31:17 SM25.98:0 DM26.05:5 DM27.53:5
 DM28.31:7
CorcellesFavres 3
 SM22.76:2 SM24.11:9 DF25.15:7 SF25.38:2 SM25.63:4 SM26.03:9 SM26.3:5 SM26.73:6 SM28.43:3
 SM28.86:7 DF28.98:5 SM29.11:20
Etrabloz 5
 DM22.01:4 DF22.15:4 DM22.26:14 SF22.46:0 SF22.51:0 DF22.7:9 DM22.85:14 DM23.13:6 SM23.3:2
 DM23.31:8 DF23.7:2 SM23.73:0 DM23.76:5 DF23.81:5 SM24.05:0 SF24.38:0 SF24.43:0 SF24.58:0
 DF24.65:0 SF25.05:0 SF25.61:0 DF25.61:1 SM26.28:0 DF26.33:5 DF26.48:5 DF26.85:1 DF27.5:10
 DM27.55:8 SF28.26:2 DM28.35:10 DM28.7:2 DM28.81:13 DM28.9:13 DM29.25:13
Forel 4
 SM23.25:0 DM23.92:1 SM24.26:0 SM24.3:0
Franex 4
 SM22.36:0 SM22.45:0 DF22.66:19 DM22.68:19 DM22.75:19 DF22.76:8 DF23.05:9 DM23.48:1 DM23.65:4
 DM23.8:3 DM23.9:3 DM24.05:6 DF24.08:6 DM24.25:6 SF24.58:0 SF24.68:0 SM24.73:0 SM25.11:3
 DM25.26:0 DM26.36:4 DM26.6:4 DM26.71:4 DM26.95:14 SM27.1:5 DF27.25:8 DM27.38:16
GDLV 5
 DM22.46:6 DF22.83:9 SM22.91:1 DM23.08:11 DM23.75:11 DM23.91:12 DM25.26:12 SM25.56:2 DF26.85:9
 SM28.78:0
Gletterens 2
 DF23.15:16 DF23.25:16 SF23.8:3 DF24.05:0 DF24.53:0 DM24.55:0 SM24.81:0 DF24.85:5 SF25.1:9
 DF25.8:10 DM26.3:3 DM27.23:0 SF27.4:0 DM27.61:0 DM28.78:2
Henniez 2
 DF22.51:6 DF22.63:6 SF22.68:2 SF22.76:17 DF22.91:3 SF23.06:0 SF23.28:0 DF23.81:0 SF23.96:0
 DF25.88:0 DF26.78:0 DF27.63:0 SF28.26:0
Jeuss 5
 SM22.66:3 DF23.11:9 SM23.16:0 SF23.41:0 DM25.58:12 SM25.9:0 DM25.93:2 DF26.16:11 DM26.33:5
 DM26.56:3 SF26.6:0 DF26.75:3 DM26.83:3 SF26.98:0 SM27.48:0 DF27.51:0 SF28:0 SM28.8:0 DM28.98:2
LesPlanches 3
 SM21.78:0 SM21.81:0 DM22.3:3 SM22.31:0 SM22.51:10 DM22.63:10 DM23.06:10 SM23.38:0 SM23.41:0
 SM23.68:11 DM24.03:0 SM24.43:0 DM26.55:0 DF26.76:0 DM27.45:0 DM27.6:11 DM28.26:6
Lucens 4
 SM22.36:9 DF22.38:23 DM22.68:15 SM22.76:2 DM22.81:12 DM22.9:12 DM22.98:12 SF23.03:0 DF23.38:0
 DF23.45:0 DF23.51:14 DM23.56:14 DF23.6:14 DM24.25:2 SM25.05:13 DF25.1:0 DF25.36:1 SM26.2:0
 DM26.5:4 DF26.61:8 DM26.81:1 SM26.85:0 DM27.08:4 SF27.16:0 DF27.53:5 DF28.03:8 SF28.13:9
 SM28.26:7 DM28.4:7
Lully 4
 DM22.31:16 DF22.51:13 DM22.55:13 DM22.98:15 DM23.01:14 DM23.15:14 SF23.25:6 DF23.63:15
 DM23.66:15 SM23.7:6 DF24.4:0 SM24.85:1 DF25.13:0 SM26.78:9 SM26.93:9 SM27.31:3 DM28.58:2
Marnand 4
 DM22.28:12 SF22.53:6 SM22.65:6 DM22.73:13 DF22.98:28 SM23.35:0 DF23.4:6 DM23.86:0 SM24.23:3
 SF24.31:2 DM24.41:4 DF24.48:4 SF24.58:8 SM24.63:8 DF25.13:13 DM25.53:7 DM25.58:4 SF25.63:0
 SF25.68:0 SM25.86:12 DM25.96:4 DM26.06:17 SM26.38:7 DM26.53:5 SM26.76:1 DM27.38:0 DM27.46:0
Montet 5
 SM22.7:6 DM22.95:15 DM23.11:17 DM23.33:10 SF23.55:2 DM23.6:15 SM23.63:2 DM23.81:10 SM24.05:0
 DM24.06:7 DM24.08:7 DM24.2:7 DM24.3:15 SM24.35:5 SM24.43:5 DM24.48:15 DM24.61:19 SM24.66:0
 DM24.7:19 SM24.81:12 DM24.85:10 SM24.9:12 DM24.96:10 DM25.03:20 DM25.1:20 SF25.36:7 SM25.38:7
 SM25.55:22 SM25.73:22 DM25.9:4 DF26.55:14 DM26.83:4 SF26.91:0 SM26.93:0 DM27.23:2 DM27.43:0
 DM27.56:12 DM27.83:4 SF28.3:2 SM28.38:2 SF28.86:1
Murist 4
 DF22.23:3 SF22.26:24 DM22.5:24 DM22.51:14 DM22.58:14 SM22.6:14 DM22.61:14 DF22.63:14 DM22.66:14
 SM22.78:14 SM22.86:14 SF22.93:14 DM23.1:0 SM23.4:0 DF23.78:0 DF23.8:0 SM25.7:3 SM25.83:0
 DM26.23:6 SM26.41:17 DM27.25:5 SM27.53:0 SM27.73:0 DM27.96:3
Oleyes 5
 SF21.76:11 SF22.13:17 SF22.28:17 DF22.38:2 SM22.4:12 SF22.61:12 SM22.73:13 SF22.85:10 DF22.96:16
 SM23.08:15 DM23.1:12 DM23.43:11 SM23.65:0 SF23.65:0 DM23.7:7 DF23.83:6 DM23.96:6 SM24.11:0
 SF24.13:0 DM24.2:5 DM24.41:5 DM24.56:7 SF24.73:2 SM24.9:32 DM24.93:6 SM25.08:32 SF25.16:5
 DF25.2:7 DM25.2:7 SM25.45:5 SF25.51:0 DM25.68:3 SM25.76:7 DF25.8:14 SF26:6 SM26:6 DM26:14
 DM26.03:0 SF26.1:0 SM26.28:13 SF26.4:13 SM26.55:0 DF26.63:4 DM26.75:4 SM26.8:0 SM26.98:0
 DM27.13:10 DF27.31:10 DF27.83:6 DM28.03:2 SF28.25:0 DF28.86:0
Payerne 5
 SM22.08:6 SF22.15:6 SF22.61:8 SM22.63:8 SF22.71:8 DM22.78:8 SM22.88:7 DF23.01:15 SM23.03:8
 SF23.1:8 SF23.35:0 SM23.43:0 SM23.68:1 SM24.1:8 SM24.35:5 SM24.48:5 SM25:7 DM25.05:10 DM25.26:14
 SF25.35:0 DF25.36:14 SM25.51:0 SM25.85:0 SM26.31:0 SM27.53:0
Rueyes 4
 DF22.01:6 SF22.06:0 DM22.26:10 SM22.35:18 SM22.38:18 SM22.48:18 SM22.5:18 SM22.58:11 DM22.7:7
 SM22.95:11 SM23.78:9 DM24.05:6 DM24.31:6 SF25.06:0 SM25.33:0 DM25.35:1 DF28.2:7
Seiry 6
 SF22.13:1 DF22.43:16 DM22.46:16 SF22.83:2 SM22.85:2 SF23.03:26 SM23.35:1 SM23.55:8 SF23.6:8
 DM23.81:13 SM24.01:2 DF24.23:15 DM24.43:8 SF24.45:0 SM24.55:10 DM24.93:6 SM24.95:7 SM25.8:2
 SM26:2 DM26.01:17 SM26.16:11 DM26.33:13 DF27.1:4 SM27.11:0 SF27.4:6 SF27.63:26
Sevaz 1
 DM22.86:6 SF23.85:3 SM26:6 SM27.96:1
StAubin 4
 SF22.51:2 SM22.51:2 DF22.55:12 SF23.03:0 DF23.03:1 DM23.3:2 SF23.35:6 SF23.61:1 DF23.66:9
 DF23.85:8 DF24.06:6 SF24.38:0 DF24.38:0 DF25.11:4 SF25.3:0 DF25.36:3 SF26.16:5 SF26.83:0
 DM27.25:0 DF27.43:1 SF27.43:9 DF27.71:12 DF27.91:8
Trey 5
 DF22.05:16 SF22.43:1 SM22.73:12 SF22.9:25 SM23.2:16 SF23.45:20 SM23.73:23 SF24.15:2 SF24.36:11
 SF24.5:11 SM24.6:3 SM24.93:18 SF25.28:5 SF25.8:1 SM25.86:1 SF26.1:8 SM27.66:0 SF27.76:11
 SF27.93:11
Yvonnand 7
 SF21.71:10 SF21.73:10 SF21.91:17 SM21.93:17 SF21.95:17 DM21.96:6 DF22.18:19 SM22.28:4 DM22.3:31
 DM22.5:31 SM22.56:10 DF22.6:23 DM22.6:23 DM22.9:15 SM23.25:0 SF23.46:6 SF23.53:1 SF23.63:1
 DM24:9 DM24.31:6 DM24.56:8 DM24.73:10 SM25.25:4 SF25.41:11 SF25.56:9 SF25.76:14 DM26.15:13
 DM26.76:22 DM27.23:7 DF27.25:7 DM28.45:5 DF28.86:15 DM29.21:10 SF29.23:0
"""


def truth(seed: int | None = None) -> Truth:
    """What is known about the data; they are real, so there are no true values."""
    return Truth(
        name="owls",
        summary="calls of the chicks of 27 barn owl nests before a parent's visit: many zeros",
        formula="SiblingNegotiation ~ FoodTreatment * SexParent + (1 | Nest)",
        rows=599,
        columns=(
            ("Nest", "nest"),
            ("FoodTreatment", "whether the chicks had been left hungry or fed: Deprived, Satiated"),
            ("SexParent", "sex of the visiting parent"),
            ("ArrivalTime", "time of the visit, hours; after midnight it goes on from 24"),
            ("SiblingNegotiation", "calls of all chicks in the 30 seconds before the visit"),
            ("BroodSize", "chicks in the nest: the exposure of a count of calls per chick"),
        ),
        notes=(
            "a quarter of the counts are zero; a Poisson model without extra zeros and without "
            "overdispersion does not fit",
        ),
        source="Roulin & Bersier (2007), Anim. Behav. 74:1099-1106, "
        "doi:10.1016/j.anbehav.2007.01.027; made known by Zuur et al. (2009)",
    )


def owls(*, flavour: str | None = None) -> Any:
    """Begging calls of barn owl chicks (Roulin & Bersier 2007).

    On two nights 27 nests were recorded, once with the chicks hungry and once with them fed.
    Chicks negotiate by calls, before a parent comes, who will get the food.

    Parameters
    ----------
    flavour : {"pandas", "polars", "pyarrow", "dict"}, optional
        Kind of table; default the first of these that is installed.

    Returns
    -------
    table of 599 rows
        ``Nest``, ``FoodTreatment``, ``SexParent`` (categorical), ``ArrivalTime`` (hours),
        ``SiblingNegotiation`` (calls), ``BroodSize`` (chicks).

    References
    ----------
    Roulin & Bersier (2007), Animal Behaviour 74:1099-1106, doi:10.1016/j.anbehav.2007.01.027;
    Zuur, Ieno, Walker, Saveliev & Smith (2009), Mixed Effects Models and Extensions in Ecology
    with R, doi:10.1007/978-0-387-87458-6.

    Examples
    --------
    >>> table = owls(flavour="dict")
    >>> int(table["SiblingNegotiation"].sum()), int((table["SiblingNegotiation"] == 0).sum())
    (4025, 156)
    """
    import numpy as np

    nests: list[str] = []
    rows: list[tuple[int, int, int, float, int, int]] = []
    chicks = 0
    for line in _VISITS.strip().splitlines():
        if not line.startswith(" "):
            nest, size = line.split()
            nests.append(nest)
            chicks = int(size)
            continue
        for visit in line.split():
            time, calls = visit[2:].split(":")
            food, sex = "DS".index(visit[0]), "FM".index(visit[1])
            rows.append((len(nests) - 1, food, sex, float(time), int(calls), chicks))
    nest, food, sex, time, calls, size = (np.array(column) for column in zip(*rows, strict=True))
    columns = {
        "Nest": LabelledFactor(nest, tuple(nests)),
        "FoodTreatment": LabelledFactor(food, ("Deprived", "Satiated")),
        "SexParent": LabelledFactor(sex, ("Female", "Male")),
        "ArrivalTime": time,
        "SiblingNegotiation": calls,
        "BroodSize": size,
    }
    return build_table(columns, truth(), flavour)
