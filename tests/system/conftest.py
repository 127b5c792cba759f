"""What the tests of the built package start from."""

from tests.support.terminal import write_line

__all__ = ["write_line"]
