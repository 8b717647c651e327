"""Results where no library of data frames is installed: a dict of columns."""

from __future__ import annotations

import numpy as np

from mixedeffects.display.exchange import Exchanged
from mixedeffects.display.results.record import Heading, Printed


class PlainResult(Exchanged, Printed, dict):
    """A dict of columns that prints itself as a table.

    Examples
    --------
    >>> from mixedeffects.display.results import Heading
    >>> table = PlainResult.of({"term": ["x"], "estimate": [2.5]}, Heading("Coefficients"))
    >>> print(table)
    Coefficients
    term  estimate
    x       2.5000
    >>> table["estimate"][0]
    2.5
    """

    heading = Heading()

    def _columns(self):
        return {name: np.asarray(values).tolist() for name, values in self.items()}

    def tidy(self):
        """The columns as a dict."""
        return dict(self)
