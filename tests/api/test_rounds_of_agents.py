"""Agents that are repeated until a condition holds."""

from typing import Any

import pytest

from tests.api.execution import after, agents, echo, outcomes, session, started
from tests.api.growing import ONCE, by_parent, rows, stored_session
from tests.support.graph_api import Place

pytestmark = pytest.mark.usefixtures("worked_queue")

COUNTS = "{n: round, before: previous[-1].b.n, all: length(previous)}"


def repeated(
    until: str, rounds: int | None = None, members: list[dict[str, Any]] | None = None, **more: Any
) -> Place:
    repeat = {"until": until, **({} if rounds is None else {"maxRounds": rounds})}
    named = members or [echo("a"), echo("b"), echo("c")]
    actions = [after("a"), after("b", "a", repeat=repeat, **more), after("c", "b")]
    queries = [{"agentUuid": name, "subtaskQuery": name.upper()} for name in "abc"]
    return started(named, actions, subtaskQueries=queries)


def test_rounds_follow_until_the_condition_holds_for_the_last_one_alone() -> None:
    place = repeated("outputs.b.n == `3`", 5, input=COUNTS)

    added = by_parent(place)["b"]
    assert [one.agent_output for one in added] == [
        '{"n": 1, "before": null, "all": 0}',
        '{"n": 2, "before": 1, "all": 1}',
        '{"n": 3, "before": 2, "all": 2}',
    ]
    assert [(one.ordinal, one.round, one.item_index) for one in added] == [
        (3, 1, None),
        (4, 2, None),
        (5, 3, None),
    ]
    assert len({one.thread_uuid for one in added}) == 1
    parent = rows(place)[1]
    assert parent.thread_uuid not in {one.thread_uuid for one in added}
    assert (parent.state, parent.agent_output, parent.notes) == (
        "completed",
        added[-1].agent_output,
        None,
    )
    assert outcomes(place) == [(name, 1, "COMPLETED") for name in "abbbbc"]
    assert session(place)["status"] == "COMPLETED"
    assert stored_session(place).next_ordinal == 6


def test_a_round_is_told_what_the_first_was_and_what_the_last_one_said() -> None:
    place = repeated("length(previous) == `1`", members=[echo("a"), echo("b"), echo("c")])

    first, second = by_parent(place)["b"]
    assert first.subtask_query == _told(first.subtask_query, ("Agent A", "A"))
    said = ("Agent A", "A"), ("Agent B", first.agent_output)
    assert second.subtask_query == _told(second.subtask_query, *said)


def _told(text: str, *said: tuple[str, str]) -> str:
    mark = text.split("[")[1].split("]", maxsplit=1)[0]
    sections = [f"[{mark}] {heading}\n{answer}" for heading, answer in said]
    return "\n\n".join(["B", f"Headings begin with [{mark}].", *sections])


@pytest.mark.parametrize("until", ["outputs.b.ok", "states.b == 'FAILED'"])
def test_after_the_last_round_its_output_is_taken_and_a_note_says_so(until: str) -> None:
    place = repeated(until, 2, input=COUNTS)

    parent = agents(place)["c"]
    assert parent["state"] == "COMPLETED"
    one = rows(place)[1]
    assert one.notes == f"`repeat.until` did not hold in 2 rounds: {until}"
    assert one.agent_output == '{"n": 2, "before": 1, "all": 1}'


def test_a_condition_that_cannot_be_evaluated_fails_the_agent_after_the_round() -> None:
    place = repeated("outputs.b.n", 2, input=COUNTS)

    failed = rows(place)[1]
    assert failed.state == "failed"
    assert failed.notes == (
        "`repeat.until` has failed: it gives a number, and a condition gives true or false."
        " Its expression is: outputs.b.n"
    )
    assert session(place)["status"] == "FAILED"


def test_an_agent_whose_last_round_failed_has_failed() -> None:
    members = [echo("a"), echo("b", fail="No"), echo("c")]
    place = repeated("states.b == 'FAILED'", members=members, retry=ONCE, onFailure="CONTINUE")

    parent = rows(place)[1]
    assert (parent.state, parent.notes) == ("failed", "Round 1 has no output: its agent is FAILED")
    assert parent.attempt == 1
    assert agents(place)["c"]["state"] == "COMPLETED"
