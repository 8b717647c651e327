"""The plan of a fit in words."""

from __future__ import annotations

from mixedeffects.design import nesting


class Explanation:
    """How a model would be fitted; prints as text.

    Attributes
    ----------
    plan : Plan
    nesting : tuple
        Sizes of the grouping factors and their relations.
    """

    def __init__(self, design, plan):
        self.plan = plan
        self.nesting = nesting([b.factor for b in design.blocks])
        self._head = [
            design.spec.text,
            f"{design.n:,} rows, {design.X.shape[1]} fixed-effect columns",
        ]
        self._missing = design.missing.n_rows - design.missing.n_used
        self._remarks = [f"column {a.name} dropped: {a.reason}" for a in design.aliased]

    def __str__(self):
        lines = [*self._head]
        if self._missing:
            lines.append(f"{self._missing:,} rows left out for missing values")
        lines += self._remarks
        _, relations = self.nesting
        lines += [_sentence(relation) for relation in relations]
        lines.append(self.plan.describe())
        return "\n".join(lines)

    __repr__ = __str__


def _sentence(relation):
    words = {
        "nested": f"{relation.first} is nested in {relation.second}",
        "crossed": f"{relation.first} and {relation.second} are fully crossed",
        "partly crossed": f"{relation.first} and {relation.second} are partly crossed",
        "same": f"{relation.first} and {relation.second} are the same grouping",
    }
    return f"{words[relation.kind]} ({relation.n_pairs:,} combinations occur)"
