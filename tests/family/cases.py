"""Every family and link, with rows that reach most of what each allows."""

import numpy as np

from mixedeffects.family import FAMILIES, Response, family_of
from mixedeffects.testing.family import _example

WRAPPED = ("zero_inflated", "hurdle")


def all_families():
    for name in FAMILIES:
        family = family_of(name)
        for link in (None,) if name.startswith(WRAPPED) else family.links:
            yield family_of(name, link)


def label(family):
    return f"{family.name}-{family.link}"


def rows(family, n=200, seed=3):
    return _example(family, np.random.default_rng(seed), n)


def one(y, size=None, weights=None):
    """A response of one row or of a few."""
    y = np.atleast_1d(np.asarray(y, dtype=float))
    return Response(y, size, weights)
