"""Charts: views drawn with Altair, no arithmetic.

Altair is an optional package; importing this room does not load it.
"""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.plot.chart import Chart
    from mixedeffects.plot.fit_plots import FitPlots

__getattr__ = late(
    __name__,
    {
        "Chart": "chart",
        "FitPlots": "fit_plots",
    },
)

__all__ = ["Chart", "FitPlots"]
