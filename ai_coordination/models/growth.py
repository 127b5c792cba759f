"""The agents that an agent has added to its session."""

from typing import Any

from ai_coordination.models.fast.attributes import ListAttribute, MapAttribute, NumberAttribute


class Growth(MapAttribute[Any, Any]):
    """Agents that were added in front of an agent: the ordinals from `base` on.

    They are `size` agents in equal copies, one after the other, of `step` agents each. `sinks` are
    the places in a copy of those agents that no other agent of the copy follows: the parent waits
    for them.
    """

    base = NumberAttribute()
    size = NumberAttribute()
    step = NumberAttribute(default=1)
    sinks = ListAttribute(of=NumberAttribute, default=lambda: [0])
    # Which turn of the parent delegated the work; absent if a rule added the agents.
    turn = NumberAttribute(null=True)

    def ordinals(self) -> range:
        """Return the ordinals of all agents of the growth."""
        own: Any = self  # pynamodb's types are those of the class, not of the stored values.
        return range(int(own.base), int(own.base) + int(own.size))

    def sink_ordinals(self) -> set[int]:
        """Return the ordinals of the agents for which the parent waits."""
        own: Any = self
        copies = self.ordinals()[:: int(own.step)]
        return {first + int(place) for first in copies for place in own.sinks}
