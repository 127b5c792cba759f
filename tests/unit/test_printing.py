"""What the development server prints about steps."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.local import printing
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
        ({"state": "completed", "attempt": 1, "turn": 3}, "writer COMPLETED, turn 3, attempt 1, "),
    ],
)
def test_a_line_says_how_a_run_has_ended(
    attributes: dict[str, Any], line: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = models.SessionAgent(
        "s", "a", agent_uuid="writer", current_run_uuid=SYSTEM.new_uuid(), **attributes
    )

    printing.say_step(agent)

    printed = capsys.readouterr().out
    time, _, text = printed.partition(" ")
    assert (text.startswith(line), len(time)) == (True, 8) if line else not printed
    if "failed" in text:
        assert text.endswith(" s: No\n")


def test_a_question_is_shown_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for question in ("How\n many?", "x" * 201):
        agent = models.SessionAgent("s", "a", agent_uuid="writer", attempt=0)
        agent.state, agent.asked_question, agent.question = "waiting_for_input", True, question
        printing.say_step(agent)

    first, second = capsys.readouterr().out.splitlines()
    assert first[9:] == "writer WAITING_FOR_INPUT: How many?"
    assert second[9:] == f"writer WAITING_FOR_INPUT: {'x' * 199}…"


def test_work_for_an_external_worker_is_shown_when_it_begins(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for kind in ("external", "lambda"):
        runtime = models.AgentRuntime(kind=kind)  # type: ignore[no-untyped-call]
        member = models.Agent(agent_name="Lawyer", runtime=runtime)  # type: ignore[no-untyped-call]
        agent = models.SessionAgent("s", "a", state="in_progress", member=member, attempt=1)
        printing.say_step(agent)

    assert [line[9:] for line in capsys.readouterr().out.splitlines()] == [
        "Lawyer waits for an external worker"
    ]


def test_a_request_is_a_repeat_while_a_client_polls() -> None:
    polls = printing.Polls()

    seen = [polls.is_repeat(name, at) for name, at in [("a", 0), ("b", 1), ("a", 4.9), ("a", 9)]]

    assert seen == [False, False, True, True]
    assert not polls.is_repeat("a", 14)


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        ('{"query": " query A { a }"}', True),
        ('{"query": "{ a }"}', True),
        ('{"query": "mutation A { a }"}', False),
        ('{"query": null}', False),
        ("[]", False),
        ("{", False),
    ],
)
def test_queries_are_told_from_mutations(body: str, reads: bool) -> None:
    assert printing.is_query(body) is reads


def test_a_log_line_is_for_people_and_has_the_facts() -> None:
    log = {
        "level": "WARNING",
        "location": "_rejected:144",
        "message": "function",
        "timestamp": "2026-11-30 15:51:46,992+0000",
        "service": "ai-coordination",
        "request_id": "r",
        "tenant": "local#dev",
        "session": "s",
        "function": "agent-greet",
        "attempt": 1,
        "reason": "Not\x1b[31m found",
        "memory": None,
        "exception": "Traceback\nKeyError: 'x'",
    }

    clock, _, line = printing.log_line(log).partition(" ")

    assert len(clock) == len("15:51:46")
    first, *trace = line.split("\n")
    assert first.startswith("WARNING function: session=s function=agent-greet attempt=1 reason=Not")
    assert "\x1b" not in line
    assert trace == ["         Traceback", "         KeyError: 'x'"]
