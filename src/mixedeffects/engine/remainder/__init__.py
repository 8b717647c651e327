"""What elimination leaves, by how it is kept and factored; `base` has the interface.

A further implementation is one subclass of `Remainder` and one entry of `REMAINDERS`: plans ask it
for an offer, and `engine=` takes its name. `mixedeffects.testing.check_remainder` checks it.
"""

from mixedeffects.engine.remainder.base import (
    Offer,
    Question,
    Remainder,
    RemainderFactor,
    RowPlaces,
)
from mixedeffects.engine.remainder.dense import DenseRemainder
from mixedeffects.engine.remainder.none import NoRemainder
from mixedeffects.engine.remainder.sparse import SparseRemainder

__all__ = ["REMAINDERS", "Offer", "Question", "Remainder", "RemainderFactor", "RowPlaces"]

REMAINDERS: dict[str, type[Remainder]] = {
    kind.name: kind for kind in (NoRemainder, DenseRemainder, SparseRemainder)
}
