"""What is asked of a fit: the options of `lmm` and `glmm` that the design does not have.

The formulas, `weights` and `exposure` are in the design; `remedy` is for `lmm` and `glmm`, which
may fit several models for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

#: Options of one search, which a further fit does not repeat.
SEARCH = ("start", "max_iterations", "converged")
#: Those of them that a fit does not keep: another fit, and a function.
PASSING = ("start", "converged")


@dataclass(frozen=True, slots=True)
class Request:
    """The options of a fit, with the defaults of `lmm` and `glmm`.

    Attributes
    ----------
    reml : bool
        Restricted maximum likelihood; of a linear model only.
    family : Family or None
        None for a linear model.
    nagq : int
        Quadrature points of a generalised model: 1 is Laplace's approximation, 0 its quick form.
    engine : {"auto", "dense", "sparse"}
        How what one grouping factor leaves of the others is factored.
    optimizer : str
        The name of one of `mixedeffects.estimation.OPTIMIZERS`.
    start : (n_theta,) array, fit or None
        Covariance parameters of a linear model, or a fit of the same generalised one.
    max_iterations : int or None
        Most iterations of the search.
    converged : callable or None
        A rule of the user's own that ends the search.

    Examples
    --------
    >>> Request(reml=False).again(optimizer="em")
    Request(reml=False, family=None, nagq=1, engine='auto', optimizer='em', start=None, ...
    """

    reml: bool = True
    family: Any = None
    nagq: int = 1
    engine: str = "auto"
    optimizer: str = "newton"
    start: Any = None
    max_iterations: int | None = None
    converged: Any = None

    def again(self, **changes) -> Request:
        """The request of a further fit: the same model, with a search of its own.

        Raises
        ------
        TypeError
            A change of something that is not an option.
        """
        return replace(self, **{**dict.fromkeys(SEARCH), **changes})

    def kept(self) -> Request:
        """What a fit remembers of its request: all that a file can hold."""
        if all(getattr(self, name) is None for name in PASSING):
            return self
        return replace(self, **dict.fromkeys(PASSING))

    def to_dict(self) -> dict[str, Any]:
        """What a file keeps: options that are text or numbers, the family by name."""
        from mixedeffects.fitting.option_list import OPTIONS

        out = {option.name: getattr(self, option.name) for option in OPTIONS if option.saved}
        if self.family is not None:
            out["family"] = {"family": self.family.name, "link": self.family.link.name}
        return out

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Request:
        """The request that `to_dict` wrote; options that it does not name have their defaults."""
        saved = dict(saved)
        if saved.get("family") is not None:
            from mixedeffects.family import family_of

            saved["family"] = family_of(**saved["family"])
        return cls(**saved)
