"""Designs of a generalised model made of the rows of another, clusters any number of times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.design import is_nested
from mixedeffects.estimation.refits.gather import ClusterRows, gather_factor


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
        self.clusters = None if codes is None else ClusterRows(codes)

    def draw(self, rng):
        """The design of a resample."""
        if self.clusters is None:
            return gather(self.data, rng.integers(0, self.data.n, self.data.n))
        n = self.clusters.n
        return self.of(np.bincount(rng.integers(0, n, n), minlength=n))

    def of(self, times):
        """The design in which cluster j occurs times[j] times, every time as a new cluster.

        Parameters
        ----------
        times : (n_clusters,) int array
        """
        assert self.clusters is not None
        return gather(self.data, *self.clusters.drawn(times), self.codes)


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
        renewed = copy_of is not None and is_nested(block.factor.codes, codes)
        factor = gather_factor(block.factor, rows, copy_of if renewed else None)
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
