"""What stands in the place of the rows of a design that has none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mixedeffects.design.records import Block, Design, LinearPredictor
from mixedeffects.design.sources import SourceColumns
from mixedeffects.errors import NotAvailableError

REFUSED = (
    "this fit is without the rows it was fitted to, and this asks for them\n"
    "use the fit itself, or save it with fit.save(path, rows=True)"
)


class LeftOut:
    """The shape of an array whose numbers were left out; asking for the numbers is refused."""

    __slots__ = ("shape",)
    left_out = True

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = tuple(int(size) for size in shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise NotAvailableError(REFUSED)

    __array_ufunc__ = __array_function__ = __array__ = __getitem__ = __iter__ = __matmul__ = (
        __rmatmul__
    ) = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _refuse
    )
    __lt__ = __le__ = __gt__ = __ge__ = __pow__ = __neg__ = _refuse

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()


def without_rows(design: Design) -> Design:
    """The same design without the numbers of its rows: names, levels, counts and recipes stay.

    What means and levels are asked for is kept as sums: see `SourceColumns.without_rows`.
    """
    if not has_rows(design):
        return design
    made: dict[int, LeftOut] = {}
    sums = SourceColumns.together(one.sources for one in design.predictors.values()).without_rows()

    def left(array: Any) -> Any:
        if array is None:
            return None
        return made.setdefault(id(array), LeftOut(array.shape))

    def block(given: Block) -> Block:
        factor = replace(given.factor, codes=left(given.factor.codes))
        return replace(given, factor=factor, Z=left(given.Z))

    def predictor(given: LinearPredictor) -> LinearPredictor:
        return replace(
            given,
            X=left(given.X),
            offset=left(given.offset),
            blocks=tuple(map(block, given.blocks)),
            sources=None if given.sources is None else sums.of(given.sources.columns),
        )

    missing = design.missing
    return replace(
        design,
        y=left(design.y),
        mean=predictor(design.mean),
        missing=replace(missing, kept=left(missing.kept)),
        weights=left(design.weights),
        size=left(design.size),
        exposure=left(design.exposure),
        others={name: predictor(one) for name, one in design.others.items()},
        index=None,
    )


def has_rows(design: Design) -> bool:
    """Whether a design has the numbers of its rows."""
    return not isinstance(design.y, LeftOut)


def require_rows(design: Design) -> None:
    """Refuse a design without rows. Raises NotAvailableError."""
    if isinstance(design.y, LeftOut):
        raise NotAvailableError(REFUSED)
