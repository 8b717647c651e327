"""What a table looks like before any model: roles, shape, groups, gaps."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.exploration.conversion import conversion_call, written_numbers
    from mixedeffects.exploration.facts import ExplorationFacts, explore_facts
    from mixedeffects.exploration.reshaping import plan_reshaping, reshape, with_index

__getattr__ = late(
    __name__,
    {
        **dict.fromkeys(("conversion_call", "written_numbers"), "conversion"),
        **dict.fromkeys(("ExplorationFacts", "explore_facts"), "facts"),
        **dict.fromkeys(("plan_reshaping", "reshape", "with_index"), "reshaping"),
    },
)

__all__ = [
    "ExplorationFacts",
    "conversion_call",
    "explore_facts",
    "plan_reshaping",
    "reshape",
    "with_index",
    "written_numbers",
]
