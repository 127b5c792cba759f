"""A deadline holds by itself: what arrives later is refused, also before a sweep has run."""

from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import after, agents, echo, external, report, started, tell
from tests.support.graph_api import Place
from tests.support.stored import put_state, refused

pytestmark = pytest.mark.usefixtures("worked_queue")

LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
REPORTS: list[tuple[str, dict[str, Any]]] = [
    ("acceptSessionAgent", {}),
    ("acceptSessionAgent", {"asyncTaskUuid": "job-1", "threadUuid": "thread-1"}),
    ("completeSessionAgent", {"agentOutput": "Late"}),
    ("failSessionAgent", {"notes": "Late"}),
    ("failSessionAgent", {"notes": "Late", "retryable": False}),
]


def is_over(place: Place, name: str) -> dict[str, str]:
    """The deadline of an agent passes, and nobody notices; what names its run."""
    given = report(place, name)
    put_state(
        models.SessionAgent, given["sessionUuid"], given["sessionAgentUuid"], deadline_at=LONG_AGO
    )
    return given


@pytest.mark.parametrize(("mutation", "said"), REPORTS)
def test_a_report_after_the_deadline_is_refused(mutation: str, said: dict[str, Any]) -> None:
    place = started([external("a")])
    given = is_over(place, "a")

    told = refused(mutation, {**given, **said})

    assert (told["code"], told["state"]) == ("INVALID_STATE", "IN_PROGRESS")


def test_an_output_that_is_to_be_approved_is_refused_after_the_deadline() -> None:
    place = started([external("a")], [after("a", userInTheLoop="APPROVAL")])
    given = is_over(place, "a")

    told = refused("completeSessionAgent", {**given, "agentOutput": "Late"})

    assert (told["code"], told["state"]) == ("INVALID_STATE", "IN_PROGRESS")


@pytest.mark.parametrize("approved", [True, False])
def test_an_answer_after_the_deadline_is_refused(approved: bool) -> None:
    asks = after("a", userInTheLoop="APPROVAL", answerTimeoutSeconds=60)
    place = started([echo("a")], [asks])
    given = is_over(place, "a")

    told = refused("answerSessionAgent", {**given, "approved": approved, "userInput": "Late"})

    assert (told["code"], told["state"]) == ("INVALID_STATE", "WAITING_FOR_INPUT")


def test_a_report_in_time_gives_the_same_when_it_comes_again_after_the_deadline() -> None:
    place = started([external("a")])
    given = {**report(place, "a"), "agentOutput": "In time"}
    told = tell("completeSessionAgent", given)

    is_over(place, "a")

    assert tell("completeSessionAgent", given) == told


def test_an_agent_that_asks_without_an_end_is_answered_at_any_time() -> None:
    place = started([echo("a")], [after("a", userInTheLoop="INPUT")])

    tell("answerSessionAgent", {**report(place, "a"), "userInput": "At last"})

    assert agents(place)["a"]["state"] == "COMPLETED"
