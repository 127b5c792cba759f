"""What the tests of the built package start from."""

from tests.support.tell import tell

__all__ = ["tell"]
