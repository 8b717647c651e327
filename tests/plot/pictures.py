"""Rendering charts in tests: a picture with something on it, and the marks it is made of."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import numpy as np
from PIL import Image


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
