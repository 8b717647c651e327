"""Charts: views drawn with Altair, no arithmetic.

Altair is an optional package; importing this room does not load it.
"""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.plot.chart import Chart
    from mixedeffects.plot.fit_plots import FitPlots
    from mixedeffects.plot.raw_correlation import correlation
    from mixedeffects.plot.raw_groups import groups
    from mixedeffects.plot.raw_histogram import histogram
    from mixedeffects.plot.raw_missing import missing
    from mixedeffects.plot.raw_scatter import scatter
    from mixedeffects.plot.raw_spaghetti import spaghetti
    from mixedeffects.plot.table_plots import TablePlots

__getattr__ = late(
    __name__,
    {
        "Chart": "chart",
        "FitPlots": "fit_plots",
        "TablePlots": "table_plots",
        "correlation": "raw_correlation",
        "groups": "raw_groups",
        "histogram": "raw_histogram",
        "missing": "raw_missing",
        "scatter": "raw_scatter",
        "spaghetti": "raw_spaghetti",
    },
)

__all__ = [
    "Chart",
    "FitPlots",
    "TablePlots",
    "correlation",
    "groups",
    "histogram",
    "missing",
    "scatter",
    "spaghetti",
]
