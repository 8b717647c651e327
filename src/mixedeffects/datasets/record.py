"""The record of what a data set was made from, so that a fit can be held against it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """One true value, with its scale in words.

    Parameters
    ----------
    name : str
        The name a fit gives it where there is one, such as ``"treatment[treated]"``.
    value : float
        The value the data were made with.
    scale : str
        What one unit of it is: ``"points"``, ``"points squared"``, ``"per cent"``.
    meaning : str
        What it says, in one sentence.
    """

    name: str
    value: float
    scale: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Truth:
    """How one data set was made.

    Parameters
    ----------
    name : str
        The function in ``mixedeffects.datasets`` that returns it.
    summary : str
        One line for a list.
    formula : str
        The model the data were made for.
    rows : int
        Number of rows with the default arguments.
    columns : tuple of (str, str)
        Column name and what it holds, units included.
    parameters : tuple of Parameter
        True values; empty for real data, of which nobody knows the truth.
    notes : tuple of str
        What to watch out for.
    source : str
        Where the data or their shape come from.

    Examples
    --------
    >>> from mixedeffects import datasets
    >>> datasets.truth("pain_trial")["time"]
    -2.1
    """

    name: str
    summary: str
    formula: str
    rows: int
    columns: tuple[tuple[str, str], ...]
    parameters: tuple[Parameter, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = "simulated"

    def __getitem__(self, name: str) -> float:
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter.value
        known = ", ".join(parameter.name for parameter in self.parameters) or "none"
        raise KeyError(f"no true value named {name!r} in {self.name}; there are: {known}")

    def as_dict(self) -> dict[str, float]:
        """Name → value, plain enough for JSON and for ``DataFrame.attrs``."""
        return {parameter.name: parameter.value for parameter in self.parameters}

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.summary}", f"    {self.formula}"]
        lines += [f"    {p.name} = {p.value:.6g} {p.scale}: {p.meaning}" for p in self.parameters]
        lines += [f"    note: {note}" for note in self.notes]
        return "\n".join([*lines, f"    source: {self.source}"])
