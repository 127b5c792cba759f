"""How the simulations say what they have seen."""

from tests.stress.conftest import tell

__all__ = ["tell"]
