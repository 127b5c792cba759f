"""What the long tests start from, and how they say what they have seen."""

import sys
from collections.abc import Callable

import pytest

from tests.truth.engine import engine, three

__all__ = ["engine", "tell", "three"]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Writes a line to the terminal, also where the test passes."""

    def write(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line} ")

    return write
