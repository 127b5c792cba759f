"""Output on the terminal from a test that passes."""

import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def write_line(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Write a line to the terminal, also if the test passes."""

    def write(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line} ")

    return write
