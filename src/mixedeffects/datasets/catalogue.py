"""What data sets there are, for people and for the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mixedeffects.datasets.call_centres import call_centres
from mixedeffects.datasets.call_centres import truth as call_centres_truth
from mixedeffects.datasets.cbpp import cbpp
from mixedeffects.datasets.cbpp import truth as cbpp_truth
from mixedeffects.datasets.flipped_classrooms import flipped_classrooms
from mixedeffects.datasets.flipped_classrooms import truth as flipped_classrooms_truth
from mixedeffects.datasets.hospital_stays import hospital_stays
from mixedeffects.datasets.hospital_stays import truth as hospital_stays_truth
from mixedeffects.datasets.owls import owls
from mixedeffects.datasets.owls import truth as owls_truth
from mixedeffects.datasets.pain_trial import pain_trial
from mixedeffects.datasets.pain_trial import truth as pain_trial_truth
from mixedeffects.datasets.record import Truth
from mixedeffects.datasets.sleepstudy import sleepstudy
from mixedeffects.datasets.sleepstudy import truth as sleepstudy_truth
from mixedeffects.datasets.teaching_methods import teaching_methods
from mixedeffects.datasets.teaching_methods import truth as teaching_methods_truth
from mixedeffects.errors import OptionError


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue.

    Parameters
    ----------
    name : str
        Function in ``mixedeffects.datasets``.
    summary : str
        What the data are, in one line.
    rows : int
        Number of rows with the default arguments.
    columns : tuple of str
        Column names.
    formula : str
        The model the data were made for.
    """

    name: str
    summary: str
    rows: int
    columns: tuple[str, ...]
    formula: str


_DATASETS: dict[str, tuple[Callable[..., Any], Callable[..., Truth]]] = {
    "flipped_classrooms": (flipped_classrooms, flipped_classrooms_truth),
    "teaching_methods": (teaching_methods, teaching_methods_truth),
    "call_centres": (call_centres, call_centres_truth),
    "pain_trial": (pain_trial, pain_trial_truth),
    "hospital_stays": (hospital_stays, hospital_stays_truth),
    "sleepstudy": (sleepstudy, sleepstudy_truth),
    "cbpp": (cbpp, cbpp_truth),
    "owls": (owls, owls_truth),
}


def names() -> tuple[str, ...]:
    """Names of the data sets."""
    return tuple(_DATASETS)


def _find(name: str) -> tuple[Callable[..., Any], Callable[..., Truth]]:
    if name not in _DATASETS:
        from difflib import get_close_matches

        close = get_close_matches(name, _DATASETS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise OptionError(f"no data set {name!r}; there are: {', '.join(_DATASETS)}{hint}")
    return _DATASETS[name]


def truth(name: str, *, seed: int | None = None, **options: Any) -> Truth:
    """What a data set was made from.

    Parameters
    ----------
    name : str
        A data set of `names`.
    seed : int, optional
        The seed the data were made with; matters where the truth itself is drawn
        (``teaching_methods``).
    **options
        The options the data were made with, such as ``experiment=True``.

    Raises
    ------
    OptionError
        When there is no such data set.

    Examples
    --------
    >>> truth("call_centres", experiment=True)["group[treat]"]
    0.48
    """
    return _find(name)[1](seed, **options)


def load(name: str, **options: Any) -> Any:
    """The data set of that name; options go to its function.

    Examples
    --------
    >>> len(load("sleepstudy", flavour="dict")["Days"])
    180
    """
    return _find(name)[0](**options)


def describe(name: str | None = None) -> tuple[Entry, ...]:
    """The catalogue: all data sets, or the one named.

    Examples
    --------
    >>> [(entry.name, entry.rows) for entry in describe("sleepstudy")]
    [('sleepstudy', 180)]
    """
    chosen = names() if name is None else (name,)
    records = [truth(each) for each in chosen]
    return tuple(
        Entry(r.name, r.summary, r.rows, tuple(column for column, _ in r.columns), r.formula)
        for r in records
    )
