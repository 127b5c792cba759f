"""What agents say does not control the terminal that shows it."""

import pytest

from ai_coordination import models
from ai_coordination.local import follow, people, printing
from ai_coordination.local.questions import Question
from ai_coordination.local.terminal import harmless

# Clear the screen, name the window, delete, and the same in one character each.
HOSTILE = "a\x1b[2J\x1b]0;b\x07\x7f\x9b2Jc"
SHOWN = "a␛[2J␛]0;b␇␡\ufffd2Jc"


def test_only_tabs_and_line_ends_are_obeyed() -> None:
    assert harmless(f"Tee für\t5\r\n{HOSTILE}\rd\n") == f"Tee für\t5\n{SHOWN}␍d\n"


def test_lines_of_a_session_and_questions_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    line = follow.Line("2026-07-01T00:00:05Z", "Writer", "FAILED", 1, 1.0, HOSTILE)
    assert follow.printed(line, 8).endswith(f"  {SHOWN}")

    people.approve(Question("Draft", "INPUT", "A draft", question=HOSTILE))
    assert f"    | {SHOWN}\n" in capsys.readouterr().out


def test_steps_on_the_console_of_the_server_are_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for state, throttles in (("failed", None), ("initial", None), ("initial", 1)):
        agent = models.SessionAgent("s", "a", agent_uuid="writer", attempt=1, notes=HOSTILE)
        agent.state, agent.throttles = state, throttles
        printing.say_step(agent)

    assert [line.endswith(f": {SHOWN}") for line in capsys.readouterr().out.splitlines()] == [
        True,
        True,
        True,
    ]
