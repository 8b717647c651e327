"""Designs made of another's rows, with repeated clusters as clusters of their own."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import Factor, is_nested, take_rows


def gather_design(design, rows, copy_of=None, renewed=()):
    """The design of some rows, in any number and order.

    Takes rows (n_new,) int array.

    Parameters
    ----------
    copy_of : (n_new,) int array, optional
        Which draw each new row belongs to.
    renewed : collection of str
        Grouping factors whose levels are new ones in every draw.

    Returns
    -------
    Design
        Levels that no longer occur are gone; labels are numbers.
    """

    def factor_of(factor):
        codes = factor.codes[rows]
        if copy_of is not None and factor.name in renewed:
            codes = codes + np.int64(factor.n_levels) * copy_of
        _, codes = np.unique(codes, return_inverse=True)
        codes = codes.reshape(-1).astype(np.int32)
        labels = range(int(codes.max()) + 1)
        return Factor(factor.name, codes, labels)  # pyright: ignore[reportArgumentType]

    return take_rows(design, rows, factor_of)


def draw_rows(design, rng):
    """The design of as many rows, drawn with replacement."""
    return gather_design(design, rng.integers(0, design.n, design.n))


class ClusterMembers:
    """The members (rows, or levels of a factor) of clusters that occur any number of times.

    Parameters
    ----------
    codes : (n,) int array
        Cluster of every member, 0 .. n_clusters - 1.
    """

    def __init__(self, codes):
        self.n = int(codes.max()) + 1
        self.order = np.argsort(codes, kind="stable")
        self.pointer = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=self.n))])

    def drawn(self, times):
        """Members when cluster j occurs times[j] times, and the draw that each belongs to.

        Takes times (n_clusters,) int array. Returns members, copy_of (n_new,) int arrays.
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
    codes : (n,) int array
        Cluster of every row, 0 .. n_clusters - 1.
    """

    def __init__(self, design, codes):
        self.design, self.clusters = design, ClusterMembers(codes)
        self.n = self.clusters.n
        factors = {block.factor.name: block.factor for block in design.all_blocks}
        self.renewed = {name for name, one in factors.items() if is_nested(one.codes, codes)}

    def draw(self, times):
        """The design in which cluster j occurs times[j] times, every time as a new cluster.

        Takes times (n_clusters,) int array.
        """
        return gather_design(self.design, *self.clusters.drawn(times), self.renewed)

    def resample(self, rng):
        """The design of as many clusters, drawn with replacement."""
        return self.draw(np.bincount(rng.integers(0, self.n, self.n), minlength=self.n))
