"""How many agents of a session are in each state."""

from collections.abc import Mapping
from typing import Any, Self

from ai_coordination.models.fast.attributes import MapAttribute, NumberAttribute


class Progress(MapAttribute[Any, Any]):
    """The agents of an ended session, without superseded ones. A number that is absent is zero.

    An ended session has agents in ended states alone, so the counts of other states are never kept.
    """

    total = NumberAttribute(null=True)
    completed = NumberAttribute(null=True)
    failed = NumberAttribute(null=True)
    skipped = NumberAttribute(null=True)
    cancelled = NumberAttribute(null=True)

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """Return what is stored of these counts.

        A slow worker may count agents that a retry has reset since. Its write is refused.
        """
        known = cls.get_attributes()
        return cls(**{name: count for name, count in counts.items() if count and name in known})
