"""How the simulations say what they have seen."""

from tests.support.terminal import write_line

__all__ = ["write_line"]
