"""What a table looks like before any model: roles, shape, groups, gaps."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.exploration.facts import ExplorationFacts, explore_facts
    from mixedeffects.exploration.reshaping import plan_reshaping, reshape, with_index

__getattr__ = late(
    __name__,
    {
        **dict.fromkeys(("ExplorationFacts", "explore_facts"), "facts"),
        **dict.fromkeys(("plan_reshaping", "reshape", "with_index"), "reshaping"),
    },
)

__all__ = ["ExplorationFacts", "explore_facts", "plan_reshaping", "reshape", "with_index"]
