"""How the simulations say what they have seen."""

from tests.support.tell import tell

__all__ = ["tell"]
