"""What a fitted generalised model remembers of its table, for all its parts together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mixedeffects.design.spec import ModelSpec, Rebuilt, new_rows
from mixedeffects.design.table import open_table


class RebuiltParts(NamedTuple):
    """The columns of all parts on the same new rows.

    Attributes
    ----------
    main : Rebuilt
    parts : dict of str to Rebuilt
    """

    main: Rebuilt
    parts: dict[str, Rebuilt]


@dataclass(frozen=True, slots=True)
class GLMMSpec:
    """What a fitted model remembers of all its parts.

    Attributes
    ----------
    main : ModelSpec
    parts : dict of str to ModelSpec
    """

    main: ModelSpec
    parts: dict[str, ModelSpec] = field(default_factory=dict)

    def rebuild(self, data: Any, *, response: bool = False, groups: bool = True) -> RebuiltParts:
        """The same columns for other rows: those complete in the columns of every part.

        Parameters
        ----------
        data : table
        response : bool
            Also read the response (and leave out rows where it is missing).
        groups : bool
            False leaves grouping columns unread, as if every level were new.

        Returns
        -------
        RebuiltParts

        Raises
        ------
        FormulaError, DataError
            As `ModelSpec.rebuild`.
        """
        table = open_table(data)
        used = {"": self.main.used_columns(table, response=response, groups=groups)}
        for name, spec in self.parts.items():
            used[name] = spec.used_columns(table, groups=groups)
        rows = new_rows(table, dict.fromkeys(c for names in used.values() for c in names))
        main = self.main.rebuild_rows(table, used[""], rows, response=response, groups=groups)
        parts = {
            name: spec.rebuild_rows(table, used[name], rows, groups=groups)
            for name, spec in self.parts.items()
        }
        return RebuiltParts(main, parts)
