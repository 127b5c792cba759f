"""A terminal: output from a test that passes, and a person who types."""

import builtins
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


def types(monkeypatch: pytest.MonkeyPatch, *answers: str | BaseException) -> list[str]:
    """A person at a terminal, who types these answers; the prompts that the person has seen."""
    prompts: list[str] = []
    left = list(answers)

    def typed(prompt: str) -> str:
        prompts.append(prompt.strip())
        answer = left.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", typed)
    return prompts
