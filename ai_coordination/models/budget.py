"""What a session may spend."""

from typing import Any

from ai_coordination.models import token_usage
from ai_coordination.models.fast.attributes import MapAttribute, NumberAttribute


class Budget(MapAttribute[Any, Any]):
    """Limits of a session, or of the sessions of a task. A limit that is absent does not exist."""

    tokens = NumberAttribute(null=True)
    nanodollars = NumberAttribute(null=True)
    seconds = NumberAttribute(null=True)

    @property
    def dollars(self) -> float | None:
        """The limit as the API shows it."""
        return token_usage.dollars(self.nanodollars)
