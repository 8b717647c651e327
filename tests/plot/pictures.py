"""Rendering charts in tests: a picture with something on it, and the marks it is made of."""

from __future__ import annotations

import io
import re
import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

# a layer that draws the rows of one kind
KIND = re.compile(r"datum\.kind === '(\w+)'")


@dataclass(frozen=True)
class Picture:
    """A chart as PNG pixels and SVG text.

    Attributes
    ----------
    pixels : (height, width, 3) uint8 array
    svg : str
    """

    pixels: np.ndarray
    svg: str

    @property
    def ink(self) -> float:
        """Share of the pixels that are not white."""
        return float((self.pixels.min(axis=2) < 250).mean())

    def marks(self, role: str) -> int:
        """How many marks of a kind: "circle", "rule", "bar", "text", "point", "line" …"""
        return len(re.findall(f'aria-roledescription="{role}', self.svg))

    def has_colour(self, colour: str, share: float = 1e-5) -> bool:
        """Whether pixels of a colour such as "#0072B2" are there."""
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        near = np.abs(self.pixels.astype(int) - rgb).max(axis=2) < 12
        return bool(near.mean() > share)

    def says(self, text: str) -> bool:
        """Whether a text is written somewhere on it."""
        plain = re.sub(r"<[^>]+>", "\n", self.svg).replace("&lt;", "<").replace("&gt;", ">")
        return text in plain.replace("&amp;", "&")


def drawn(chart) -> Picture:
    """Render a chart as PNG and as SVG."""
    with Image.open(io.BytesIO(chart.png(scale=1.0))) as image:
        pixels = np.asarray(image.convert("RGB"))
    return Picture(pixels, chart.svg())


@dataclass(frozen=True)
class Unit:
    """A layer of a chart that draws marks.

    Attributes
    ----------
    mark : str
    encoding : dict
        Own and inherited.
    rows : list of dict
        Its data, of its kind where a panel's layers share a table.
    made : frozenset of str
        Fields that transforms calculate.
    """

    mark: str
    encoding: dict
    rows: list
    made: frozenset

    @property
    def tooltip(self) -> dict:
        """Field to title of what the pointer shows."""
        return {t["field"]: t.get("title") for t in self.encoding.get("tooltip", [])}


def units(chart) -> list[Unit]:
    """The layers of a chart, of all its panels, from the Vega-Lite specification."""
    spec = chart.to_dict()
    found: list[Unit] = []
    nothing = {"encoding": {}, "data": {}, "made": frozenset(), "kinds": []}
    _walk(spec, spec.get("datasets", {}), nothing, found)
    return found


def _walk(spec, datasets, above, found):
    made = {t["as"] for t in spec.get("transform", []) if "calculate" in t}
    kinds = [t["filter"] for t in spec.get("transform", []) if "filter" in t]
    kinds = [KIND.fullmatch(test) for test in kinds if isinstance(test, str)]
    here = {
        "kinds": [*above["kinds"], *(kind[1] for kind in kinds if kind)],
        "encoding": above["encoding"] | spec.get("encoding", {}),
        "data": spec.get("data", above["data"]),
        "made": above["made"] | made,
    }
    if "mark" in spec:
        mark = spec["mark"] if isinstance(spec["mark"], str) else spec["mark"]["type"]
        data = here["data"]
        rows = datasets[data["name"]] if "name" in data else data["values"]
        rows = [row for row in rows if all(row["kind"] == kind for kind in here["kinds"])]
        found.append(Unit(mark, here["encoding"], rows, here["made"]))
    for key in ("layer", "hconcat", "vconcat", "concat"):
        for part in spec.get(key, []):
            _walk(part, datasets, here, found)
    if "spec" in spec:
        _walk(spec["spec"], datasets, here, found)


def seconds(work, *args, **options):
    """What a call returns, and how long it took: of the clock or of the processor, the less.

    A busy machine stretches the one, threads add up in the other.
    """
    clock, processor = time.perf_counter(), time.process_time()
    out = work(*args, **options)
    return out, min(time.perf_counter() - clock, time.process_time() - processor)
