"""The look of all charts: colours, sizes and Vega-Lite's configuration."""

from __future__ import annotations

# Okabe & Ito's colours, told apart by people who see fewer of them (jfly.uni-koeln.de/color)
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW = "#CC79A7", "#56B4E9", "#F0E442"
INK, GREY, PALE = "#333333", "#8C8C8C", "#D9D9D9"
# of words below a title
QUIET = "#666666"
CATEGORIES = [BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, INK]
# levels reliably above, reliably below, and the others
VERDICTS = {"above": RED, "below": BLUE, "unclear": GREY}
# from few to many
COUNTS = ["#E3EEF6", "#9DC3DE", "#4A90BF", "#0B4F7D"]
# from -1 over 0 to 1
DIVERGING = [BLUE, "#FFFFFF", RED]

WIDTH, HEIGHT = 420, 300
FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"

# Vega's expression for a number at an axis: 4e+9 has room where 4,000,000,000 has none
NUMBERS = (
    "datum.label && datum.value && (abs(datum.value) >= 1e7 || abs(datum.value) < 1e-4) "
    "? format(datum.value, '.3~e') "
    ": datum.value === 0 && length(datum.label) > 6 ? '0' : datum.label"
)

CONFIG = {
    "font": FONT,
    "background": "white",
    "view": {"stroke": None},
    "axis": {
        "grid": True, "gridColor": "#EEEEEE", "domainColor": GREY, "tickColor": GREY,
        "labelColor": INK, "titleColor": INK, "titleFontWeight": "normal", "labelFontSize": 11,
        "titleFontSize": 12,
    },
    "axisQuantitative": {"labelExpr": NUMBERS},
    "axisX": {"titleLimit": WIDTH},
    "axisY": {"titleLimit": HEIGHT},
    "title": {
        "anchor": "start", "fontSize": 14, "fontWeight": 600, "color": INK,
        "subtitleColor": QUIET, "subtitleFontSize": 11, "offset": 12,
    },
    "header": {"labelFontSize": 11, "titleFontSize": 12, "labelColor": INK, "titleColor": INK},
    "legend": {"titleFontWeight": "normal", "labelFontSize": 11, "titleFontSize": 11},
    "range": {"category": CATEGORIES},
    "point": {"filled": True},
}  # fmt: skip
