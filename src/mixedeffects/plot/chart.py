"""A chart: an Altair specification, the tidy data it draws, and files of both."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mixedeffects.answers import Answering
from mixedeffects.display.results import printed
from mixedeffects.errors import OptionError
from mixedeffects.options import check_file
from mixedeffects.plot.library import altair, vl_convert
from mixedeffects.plot.narrow import narrowed
from mixedeffects.plot.theme import CONFIG

# "<" of the user's names would end the script that a page holds the specification in; Altair
# writes JSON as it is, so a character that nobody uses stands for it until the JSON is text
MASK = "\ue003"
MASK_IN_JSON, ESCAPED = "\\ue003", "\\u003c"
# points across with which a chart can still be read
LEAST = 240
SUFFIXES = (".svg", ".png", ".pdf", ".html", ".json")


# what Altair's charts, and those of matplotlib and plotly, are asked for
ANSWERS = {
    "savefig": "chart.save(path)",
    "write_image": "chart.save(path)",
    "write_html": "chart.save(path)",
    "to_html": "chart.html()",
    "display": "chart.show()",
    "to_json": 'chart.save("chart.json"), or chart.altair.to_json()',
    **{
        name: f"chart.altair.{name}(…)"
        for name in ("properties", "interactive", "configure", "encode", "configure_axis",
                     "facet", "resolve_scale", "transform_filter", "add_params")
    },
    **dict.fromkeys(("figure", "fig", "axes", "ax", "get_figure"), "chart.altair, an Altair chart"),
    "set_title": "chart.altair.properties(title=…)",
    "title_text": "chart.title",
    "df": "chart.data",
}  # fmt: skip


class Chart(Answering):
    """A chart that shows itself in a notebook and saves itself to a file, without a network.

    Parameters
    ----------
    view : View
        The numbers it draws.
    drawing : altair chart or dict
        Layers, facets or concatenations, without title and configuration; or the Vega-Lite
        specification of a concatenation, as `mixedeffects.plot.page.page` puts one together.
    to_frame : callable
        From named columns to the user's kind of data frame.
    title : str
        What the chart shows, as its heading.
    subtitle : sequence of str
        Lines below the title, before the view's own notes.

    Attributes
    ----------
    view : View
    altair : altair chart
        The same with title and configuration: anything Altair can do can be done with it.
    title : str
    subtitle : tuple of str

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> chart = fit.plot.caterpillar(term="Days")
    >>> chart.data.columns.tolist()[:3], chart.title
    (['term', 'level', 'rank'], 'Random effects of Subject')
    """

    answers = ANSWERS

    def __init__(self, view, drawing, to_frame, title, subtitle=()):
        self.view, self._given = view, to_frame
        self.title, self.subtitle = title, (*subtitle, *view.notes)
        self._drawing, self._altair = drawing, None

    @property
    def altair(self) -> Any:
        """The altair chart, made when it is asked for: Altair copies and checks all it is given."""
        if self._altair is None:
            if isinstance(self._drawing, dict):
                self._altair = altair().ConcatChart.from_dict(self.to_dict(), validate=False)
            else:
                self._altair = self._drawing.properties(title=self._text()).configure(**CONFIG)
        return self._altair

    def _to_frame(self, columns):
        frame = self._given(columns)
        return printed(frame) if type(frame) is dict else frame

    def _text(self):
        if not self.subtitle:
            return self.title
        return {"text": self.title, "subtitle": list(self.subtitle)}

    @property
    def data(self):
        """What is drawn, as a tidy frame: of the main layer, where there are several."""
        return self._to_frame(next(iter(self.view.tables.values())).columns)

    @property
    def tables(self):
        """The data of every layer by name."""
        return {name: self._to_frame(t.columns) for name, t in self.view.tables.items()}

    def to_dict(self) -> dict[str, Any]:
        """The Vega-Lite specification, data included."""
        spec = self._drawing if isinstance(self._drawing, dict) else unchecked(self._drawing)
        datasets = {name: list(rows) for name, rows in spec.get("datasets", {}).items()}
        config = _merged(spec.get("config", {}), CONFIG)
        return spec | {"title": self._text(), "config": config, "datasets": datasets}

    def save(self, path, *, scale=2.0, width=None):
        """Write the chart to a file; nothing is fetched from a network.

        Parameters
        ----------
        path : str or path
            Ending in .svg, .png, .pdf, .html (one interactive page that needs no network), or
            .json (the Vega-Lite specification).
        scale : float
            Pixels per point of a PNG.
        width : float, optional
            Points across that a picture (.svg, .png, .pdf) may have, such as the 300 of a column
            or a phone: panels stand below each other, plots are smaller, and text keeps its size.

        Raises
        ------
        OptionError
            Another ending, a folder that does not exist; a width that is too small, or that is not
            of a picture.
        MissingDependencyError
            vl-convert-python is not installed.
        """
        path = check_file(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise OptionError(f"{path.name!r} must end in one of {', '.join(SUFFIXES)}")
        if width is not None and suffix in (".json", ".html"):
            raise OptionError("width= is of pictures: .svg, .png and .pdf")
        if suffix == ".json":
            path.write_text(json.dumps(self.to_dict()), encoding="utf-8")
        elif suffix == ".html":
            path.write_text(self.html(), encoding="utf-8")
        elif suffix == ".svg":
            path.write_text(self.svg(width=width), encoding="utf-8")
        elif suffix == ".png":
            path.write_bytes(self.png(scale=scale, width=width))
        else:
            path.write_bytes(vl_convert().vegalite_to_pdf(self._of_width(width)))

    def html(self) -> str:
        """The chart as the text of an interactive page that needs no network."""
        alt = altair()
        vl_convert()  # its absence is better named by us
        page = alt.utils.spec_to_html(
            _masked(self.to_dict()), mode="vega-lite", template=_Inline(),
            vega_version=alt.VEGA_VERSION, vegalite_version=alt.VEGALITE_VERSION,
            vegaembed_version=alt.VEGAEMBED_VERSION,
        )  # fmt: skip
        return unmasked(page)

    def svg(self, *, width=None) -> str:
        """The chart as the text of an SVG picture; width as in `save`."""
        return vl_convert().vegalite_to_svg(self._of_width(width))

    def png(self, *, scale=2.0, width=None) -> bytes:
        """The chart as a PNG picture; scale and width as in `save`."""
        return vl_convert().vegalite_to_png(self._of_width(width), scale=scale)

    def _of_width(self, width):
        spec = self.to_dict()
        if width is None:
            return spec
        if not isinstance(width, int | float) or isinstance(width, bool) or not width >= LEAST:
            raise OptionError(f"width={width!r} must be a number of points, {LEAST} or more")
        return narrowed(spec, int(width)) | {"datasets": spec["datasets"]}

    def __repr__(self):
        rows = len(next(iter(next(iter(self.view.tables.values())).columns.values()), ()))
        return f"<Chart {self.title!r}, {rows:,} rows of data; .save(path) or .altair shows it>"

    def show(self):
        """Show the chart: in a notebook below the cell, elsewhere as a page of the web browser.

        The page is a temporary file that needs no network.

        Raises
        ------
        MissingDependencyError
            vl-convert-python is not installed.

        Examples
        --------
        >>> import mixedeffects as me
        >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
        >>> fit.plot.caterpillar().show()  # doctest: +SKIP
        """
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if shell is not None and hasattr(shell, "kernel"):
            from IPython.display import display

            display(self)
            return
        import tempfile
        import webbrowser

        folder = Path(tempfile.mkdtemp(prefix="chart"))
        self.save(folder / "chart.html")
        webbrowser.open((folder / "chart.html").as_uri())

    def _repr_mimebundle_(self, include=None, exclude=None):
        # a picture, which needs no network, or what a renderer that the user has enabled makes
        renderers = altair().renderers
        if renderers.active == "default" and find_spec("vl_convert") is not None:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        render = renderers.get()
        shown = render(self.to_dict())
        data = shown[0] if isinstance(shown, tuple) else shown
        if "text/html" in data:
            again = render(_masked(self.to_dict()))
            page = (again[0] if isinstance(again, tuple) else again)["text/html"]
            data["text/html"] = unmasked(page)
        return shown


class _Inline:
    """Altair's template of a page with its script, which is the one that is kept."""

    def render(self, **named):
        from mixedeffects.plot.bundle import javascript_bundle

        alt = altair()
        version = "_".join(alt.SCHEMA_VERSION.split(".")[:2])
        template = alt.utils.html.INLINE_HTML_TEMPLATE
        return template.render(vegaembed_script=javascript_bundle(version), **named)


def unchecked(drawing) -> dict[str, Any]:
    """The specification of an altair chart, without the seconds its checks of a large one take.

    Tests have them made: ``chart.altair.to_dict()``.
    """
    alt = altair()
    with alt.utils.schemapi.debug_mode(False):
        return drawing.to_dict(validate=False)


def _masked(value):
    """The same specification with `MASK` for every "<"."""
    if isinstance(value, str):
        return value.replace("<", MASK)
    if isinstance(value, dict):
        return {_masked(key): _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value


def unmasked(page):
    """A page with JSON's escape of "<" in place of `MASK`, itself escaped or not."""
    return page.replace(MASK_IN_JSON, ESCAPED).replace(MASK, ESCAPED)


def _merged(below, above):
    """Nested dicts, the second before the first."""
    out = dict(below)
    for name, value in above.items():
        old = out.get(name)
        both = isinstance(old, dict) and isinstance(value, dict)
        out[name] = _merged(old, value) if both else value
    return out


def inline(table) -> Any:
    """A Table as data that stand in the specification itself.

    Numbers that are not finite become null, which Vega-Lite leaves out. Returns a
    `altair.InlineData`.
    """
    names = list(table.columns)
    columns = [plain(values) for values in table.columns.values()]
    rows = tuple(dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    # Altair copies lists, but no tuples, whenever charts are combined, and checks row by row
    # that a row is a row
    alt = altair()
    with alt.utils.schemapi.debug_mode(False):
        return alt.InlineData(values=rows)


def plain(values) -> list[Any]:
    """Values that JSON can hold."""
    array = np.asarray(values)
    if array.dtype.kind == "f":
        whole = array.astype(object)
        whole[~np.isfinite(array)] = None
        return whole.tolist()
    if array.dtype.kind in "mM":
        return [None if text == "NaT" else text for text in array.astype("U").tolist()]
    return [_plain_one(v) for v in array.tolist()]


def _plain_one(value):
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
