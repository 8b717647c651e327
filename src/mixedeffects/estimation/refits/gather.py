"""Designs made of another's rows, with repeated clusters as clusters of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.design import Factor, is_nested


def gather_design(design, rows, copy_of=None, renewed=()):
    """The design of some rows, in any number and order.

    Parameters
    ----------
    design : Design
    rows : (n_new,) int array
    copy_of : (n_new,) int array, optional
        Which draw each new row belongs to.
    renewed : collection of int
        Blocks whose levels are new ones in every draw.

    Returns
    -------
    Design
        Levels that no longer occur are gone; labels are numbers.
    """
    X = np.ascontiguousarray(design.X[rows])
    blocks = []
    for f, block in enumerate(design.blocks):
        Z = block.Z
        if Z is not None:
            Z = X if Z is design.X else np.ascontiguousarray(Z[rows])
        of = copy_of if f in renewed else None
        blocks.append(replace(block, factor=gather_factor(block.factor, rows, of), Z=Z))
    return replace(
        design,
        y=design.y[rows],
        X=X,
        blocks=tuple(blocks),
        weights=None if design.weights is None else design.weights[rows],
        offset=None if design.offset is None else design.offset[rows],
    )


def gather_factor(factor, rows, copy_of=None):
    """A factor on some rows, its levels new ones in every draw if the rows' draws are given.

    Parameters
    ----------
    factor : Factor
    rows : (n_new,) int array
    copy_of : (n_new,) int array, optional

    Returns
    -------
    Factor
        Levels that no longer occur are gone; labels are numbers.
    """
    codes = factor.codes[rows]
    if copy_of is not None:
        codes = codes + np.int64(factor.n_levels) * copy_of
    _, codes = np.unique(codes, return_inverse=True)
    codes = codes.reshape(-1).astype(np.int32)
    labels = range(int(codes.max()) + 1)
    return Factor(factor.name, codes, labels)  # pyright: ignore[reportArgumentType]


class ClusterRows:
    """The rows of clusters that occur any number of times.

    Parameters
    ----------
    codes : (n,) int array
        Cluster of every row, 0 .. n_clusters - 1.
    """

    def __init__(self, codes):
        self.n = int(codes.max()) + 1
        self.order = np.argsort(codes, kind="stable")
        self.pointer = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=self.n))])

    def drawn(self, times):
        """Rows when cluster j occurs times[j] times, and the draw that each row belongs to.

        Parameters
        ----------
        times : (n_clusters,) int array

        Returns
        -------
        rows, copy_of : (n_new,) int arrays
        """
        drawn = np.repeat(np.arange(self.n), times)
        length = self.pointer[drawn + 1] - self.pointer[drawn]
        copy_of = np.repeat(np.arange(drawn.size), length)
        before = np.concatenate([[0], np.cumsum(length)[:-1]])
        within = np.arange(copy_of.size) - before[copy_of]
        return self.order[self.pointer[drawn][copy_of] + within], copy_of


class ClusterDraws:
    """Designs in which clusters occur any number of times.

    Parameters
    ----------
    design : Design
    codes : (n,) int array
        Cluster of every row, 0 .. n_clusters - 1.
    """

    def __init__(self, design, codes):
        self.design, self.clusters = design, ClusterRows(codes)
        self.n = self.clusters.n
        self.renewed = tuple(
            f for f, block in enumerate(design.blocks) if is_nested(block.factor.codes, codes)
        )

    def draw(self, times):
        """The design in which cluster j occurs times[j] times, every time as a new cluster.

        Parameters
        ----------
        times : (n_clusters,) int array
        """
        return gather_design(self.design, *self.clusters.drawn(times), self.renewed)
