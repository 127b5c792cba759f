"""What the development server prints about steps."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.local import console
from tests.support.contexts import SYSTEM


@pytest.mark.parametrize(
    ("attributes", "line"),
    [
        ({"state": "completed", "attempt": 2, "notes": "No"}, "writer COMPLETED, attempt 2, "),
        ({"state": "initial", "attempt": 1, "notes": "No"}, "writer failed, attempt 1, "),
        (
            {"state": "initial", "attempt": 0, "throttles": 1, "notes": "Throttled: Busy"},
            "writer waits: Throttled: Busy",
        ),
        (
            {"state": "initial", "attempt": 1, "throttles": 3, "notes": "Throttled: Busy"},
            "writer waits: Throttled: Busy",
        ),
        ({"state": "initial", "attempt": 0}, None),
        ({"state": "in_progress", "attempt": 1, "throttles": 1}, None),
    ],
)
def test_a_line_says_how_a_run_has_ended(
    attributes: dict[str, Any], line: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = models.SessionAgent(
        "s", "a", agent_uuid="writer", current_run_uuid=SYSTEM.new_uuid(), **attributes
    )

    console.say_step(agent)

    printed = capsys.readouterr().out
    time, _, text = printed.partition(" ")
    assert (text.startswith(line), len(time)) == (True, 8) if line else not printed
    if "failed" in text:
        assert text.endswith(" s: No\n")
