"""Designs of a generalised model made of the rows of another, clusters any number of times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.design import Factor, is_nested


class RowDraws:
    """Draws rows, or whole clusters of them, with replacement.

    Parameters
    ----------
    data : GLMMDesign
    codes : (n,) int array, optional
        Cluster of every row, 0 .. n_clusters - 1; without it rows are drawn.
    """

    def __init__(self, data, codes=None):
        self.data, self.codes = data, codes
        if codes is None:
            return
        self.n = int(codes.max()) + 1
        self.order = np.argsort(codes, kind="stable")
        self.pointer = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=self.n))])

    def draw(self, rng):
        """The design of a resample."""
        if self.codes is None:
            n = self.data.n
            return gather(self.data, rng.integers(0, n, n))
        return self.of(np.bincount(rng.integers(0, self.n, self.n), minlength=self.n))

    def of(self, times):
        """The design in which cluster j occurs times[j] times, every time as a new cluster.

        Parameters
        ----------
        times : (n_clusters,) int array
        """
        drawn = np.repeat(np.arange(self.n), times)
        length = self.pointer[drawn + 1] - self.pointer[drawn]
        copy_of = np.repeat(np.arange(drawn.size), length)
        before = np.concatenate([[0], np.cumsum(length)[:-1]])
        within = np.arange(copy_of.size) - before[copy_of]
        rows = self.order[self.pointer[drawn][copy_of] + within]
        return gather(self.data, rows, copy_of, self.codes)


def gather(data, rows, copy_of=None, codes=None):
    """The design of some rows, in any number and order.

    Parameters
    ----------
    data : GLMMDesign
    rows : (m,) int array
    copy_of : (m,) int array, optional
        Which draw each new row belongs to.
    codes : (n,) int array, optional
        Clusters: the levels of factors that are nested in them are new ones in every draw.

    Returns
    -------
    GLMMDesign
        Levels that no longer occur are gone; labels are numbers.
    """

    def cut(array):
        return None if array is None else np.ascontiguousarray(array[rows])

    def block_of(block):
        level = block.factor.codes[rows]
        if copy_of is not None and is_nested(block.factor.codes, codes):
            level = level + np.int64(block.factor.n_levels) * copy_of
        _, level = np.unique(level, return_inverse=True)
        level = level.reshape(-1).astype(np.int32)
        labels = range(int(level.max()) + 1)
        factor = Factor(block.factor.name, level, labels)  # pyright: ignore[reportArgumentType]
        return replace(block, factor=factor, Z=cut(block.Z))

    main = data.design
    design = replace(
        main,
        y=cut(main.y),
        X=cut(main.X),
        blocks=tuple(block_of(b) for b in main.blocks),
        offset=cut(main.offset),
    )
    parts = {
        name: replace(
            part,
            X=cut(part.X),
            offset=cut(part.offset),
            blocks=tuple(block_of(b) for b in part.blocks),
        )
        for name, part in data.parts.items()
    }
    return replace(
        data, design=design, y=cut(data.y), size=cut(data.size), weights=cut(data.weights),
        parts=parts, exposure=cut(data.exposure),
    )  # fmt: skip
