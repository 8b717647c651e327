"""What an object says of a name that it does not have: ours, for those of other packages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar


class Answering:
    """A class that answers names of other packages, and those that are nearly its own.

    Attributes
    ----------
    answers : dict of str to str
        Name elsewhere to what to write here.

    Examples
    --------
    >>> class Chart(Answering):
    ...     answers = {"savefig": "chart.save(path)"}
    ...
    ...     def save(self): ...
    >>> Chart().savefig
    Traceback (most recent call last):
        ...
    AttributeError: a Chart has no 'savefig'; here it is chart.save(path)
    """

    answers: ClassVar[Mapping[str, str]] = {}

    def __getattr__(self, name: str) -> Any:
        kind = type(self)
        if name.startswith("_") or hasattr(kind, name):
            # a property that failed with an AttributeError of its own
            return object.__getattribute__(self, name)
        public = [known for known in dir(kind) if not known.startswith("_")]
        raise AttributeError(
            f"a {kind.__name__} has no {name!r}{answer(name, kind.answers, public)}",
            name=name, obj=self,
        )  # fmt: skip


def answer(name: str, answers: Mapping[str, str], public: Iterable[str] = ()) -> str:
    """What is here for a name that is not, as the end of a message; empty for one of nothing.

    Examples
    --------
    >>> answer("qqplot", {"qqplot": "fit.plot.qq()"}), answer("residual", {}, ["residuals"])
    ('; here it is fit.plot.qq()', "; did you mean 'residuals'?")
    """
    if name in answers:
        return f"; here it is {answers[name]}"
    near = difflib.get_close_matches(name.lower(), list(public), n=1, cutoff=0.75)
    return f"; did you mean {near[0]!r}?" if near else ""
