"""Pictures of the charts of a report: one is drawn while the next one's data are put together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from mixedeffects.report.library import needed


def pictures_of(figures, kind, **options):
    """Key of every figure → its picture: text of "svg", bytes of "png".

    Parameters
    ----------
    figures : iterable of Figure
        The charts.
    kind : {"svg", "png"}
        What they become.
    **options
        Of the converter, such as `scale`.
    """
    draw = getattr(needed("vl_convert"), f"vegalite_to_{kind}")
    with ThreadPoolExecutor(1) as painter:
        drawn = {f.key: painter.submit(draw, f.chart.to_dict(), **options) for f in figures}
        return {key: picture.result() for key, picture in drawn.items()}
