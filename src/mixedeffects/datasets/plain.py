"""A table where no library of data frames is installed."""

from __future__ import annotations

# rows printed of a long table
SHOWN = 5


class PlainTable(dict):
    """A dict of columns, name to array, that prints its first rows.

    Examples
    --------
    >>> import numpy as np
    >>> PlainTable(g=np.array(["a", "b"]), y=np.array([1.5, 20.0]))
    g     y
    a   1.5
    b  20.0
    2 rows, 2 columns; a dict of arrays
    """

    def __repr__(self):
        n = max((len(column) for column in self.values()), default=0)
        cells = [[str(name), *map(str, column[:SHOWN].tolist())] for name, column in self.items()]
        numbers = [column.dtype.kind in "fiub" for column in self.values()]
        widths = [max(map(len, column)) for column in cells]
        lines = [
            "  ".join(
                text.rjust(width) if right else text.ljust(width)
                for text, width, right in zip(row, widths, numbers, strict=True)
            ).rstrip()
            for row in zip(*cells, strict=True)
        ]
        more = ["…"] if n > SHOWN else []
        return "\n".join([*lines, *more, f"{n:,} rows, {len(cells)} columns; a dict of arrays"])

    __str__ = __repr__
