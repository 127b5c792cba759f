"""What a session may spend."""

from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute


class Budget(MapAttribute[Any, Any]):
    """Limits of a session, or of the sessions of a task. A limit that is absent does not exist."""

    tokens = NumberAttribute(null=True)
    seconds = NumberAttribute(null=True)
