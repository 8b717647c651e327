"""Reaction times of sleep-deprived subjects: real data, embedded."""

from __future__ import annotations

from typing import Any

from mixedeffects.datasets.record import Truth
from mixedeffects.datasets.table import LabelledFactor, build_table

# Subject, then the average reaction time (ms) on days 0 to 9.
_REACTION = """
308 249.5600 258.7047 250.8006 321.4398 356.8519 414.6901 382.2038 290.1486 430.5853 466.3535
309 222.7339 205.2658 202.9778 204.7070 207.7161 215.9618 213.6303 217.7272 224.2957 237.3142
310 199.0539 194.3322 234.3200 232.8416 229.3074 220.4579 235.4208 255.7511 261.0125 247.5153
330 321.5426 300.4002 283.8565 285.1330 285.7973 297.5855 280.2396 318.2613 305.3495 354.0487
331 287.6079 285.0000 301.8206 320.1153 316.2773 293.3187 290.0750 334.8177 293.7469 371.5811
332 234.8606 242.8118 272.9613 309.7688 317.4629 309.9976 454.1619 346.8311 330.3003 253.8644
333 283.8424 289.5550 276.7693 299.8097 297.1710 338.1665 332.0265 348.8399 333.3600 362.0428
334 265.4731 276.2012 243.3647 254.6723 279.0244 284.1912 305.5248 331.5229 335.7469 377.2990
335 241.6083 273.9472 254.4907 270.8021 251.4519 254.6362 245.4523 235.3110 235.7541 237.2466
337 312.3666 313.8058 291.6112 346.1222 365.7324 391.8385 404.2601 416.6923 455.8643 458.9167
349 236.1032 230.3167 238.9256 254.9220 250.7103 269.7744 281.5648 308.1020 336.2806 351.6451
350 256.2968 243.4543 256.2046 255.5271 268.9165 329.7247 379.4445 362.9184 394.4872 389.0527
351 250.5265 300.0576 269.8939 280.5891 271.8274 304.6336 287.7466 266.5955 321.5418 347.5655
352 221.6771 298.1939 326.8785 346.8555 348.7402 352.8287 354.4266 360.4326 375.6406 388.5417
369 271.9235 268.4369 257.2424 277.6566 314.8222 317.2135 298.1353 348.1229 340.2800 366.5131
370 225.2640 234.5235 238.9008 240.4730 267.5373 344.1937 281.1481 347.5855 365.1630 372.2288
371 269.8804 272.4428 277.8989 281.7895 279.1705 284.5120 259.2658 304.6306 350.7807 369.4692
372 269.4117 273.4740 297.5968 310.6316 287.1726 329.6076 334.4818 343.2199 369.1417 364.1236
"""


def truth(seed: int | None = None) -> Truth:
    """What is known about the data; they are real, so there are no true values."""
    return Truth(
        name="sleepstudy",
        summary="reaction time of 18 subjects over ten days, three hours in bed a night",
        formula="Reaction ~ Days + (Days | Subject)",
        rows=180,
        columns=(
            ("Reaction", "average reaction time of the day, ms"),
            ("Days", "day of the study, 0 to 9"),
            ("Subject", "subject"),
        ),
        notes=(
            "days 0 and 1 were adaptation and training and day 2 the baseline; sleep was "
            "restricted after day 2, so some analyses start there",
        ),
        source="Belenky et al. (2003), J. Sleep Res. 12:1-12, doi:10.1046/j.1365-2869.2003.00337.x",
    )


def sleepstudy(*, flavour: str | None = None) -> Any:
    """Reaction times in a sleep-deprivation study (Belenky et al. 2003).

    18 subjects who were allowed three hours in bed, measured on ten days. Days 0 and 1 were
    adaptation and training, day 2 the baseline.

    Parameters
    ----------
    flavour : {"pandas", "polars", "pyarrow", "dict"}, optional
        Kind of table; default the first of these that is installed.

    Returns
    -------
    table of 180 rows
        ``Reaction`` (ms), ``Days`` (0 to 9), ``Subject`` (categorical).

    References
    ----------
    Belenky et al. (2003), Journal of Sleep Research 12:1-12,
    doi:10.1046/j.1365-2869.2003.00337.x.

    Examples
    --------
    >>> table = sleepstudy(flavour="dict")
    >>> len(table["Reaction"]), round(float(table["Reaction"].mean()), 3)
    (180, 298.508)
    """
    import numpy as np

    rows = [line.split() for line in _REACTION.strip().splitlines()]
    subjects = tuple(row[0] for row in rows)
    columns = {
        "Reaction": np.array([float(value) for row in rows for value in row[1:]]),
        "Days": np.tile(np.arange(10), len(subjects)),
        "Subject": LabelledFactor(np.repeat(np.arange(len(subjects)), 10), subjects),
    }
    return build_table(columns, truth(), flavour)
