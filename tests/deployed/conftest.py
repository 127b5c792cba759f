"""What the tests of the built package start from."""

from tests.stress.conftest import tell

__all__ = ["tell"]
