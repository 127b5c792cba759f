"""Agents whose start is delayed."""

from datetime import timedelta
from typing import Any

import pytest

from ai_coordination import models, telemetry, timestamps
from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.engine import factory, message_handler, sweeper
from tests.api.execution import after, agents, echo, outcomes, started, states, work_off
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")
LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
NEVER = "`false`"


def delayed(seconds: float, **more: Any) -> Place:
    """A session in which B is delayed behind A, as far as it goes at once."""
    rules = {"delaySeconds": seconds, "retry": {"maxAttempts": 2, "intervalSeconds": 0}, **more}
    return started([echo("a"), echo("b")], [after("a"), after("b", "a", **rules)])


def item(place: Place) -> models.SessionAgent:
    return stored(models.SessionAgent, place.session, agents(place)["b"]["sessionAgentUuid"])


def delayed_messages() -> int:
    name = "ApproximateNumberOfMessagesDelayed"
    url = settings().required_queue_url()
    told = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(told["Attributes"][name])


def seconds_between(first: str, last: str) -> float:
    return (timestamps.parse(last) - timestamps.parse(first)) / timedelta(seconds=1)


def pass_time(place: Place, seconds_late: float = 1e6) -> None:
    """Let the time of B's delay pass, and a sweep find it."""
    agent, now = item(place), SYSTEM.now()
    at = timestamps.later(now, -int(seconds_late))
    assert agent.not_before > now
    put_state(
        models.SessionAgent, place.session, agent.session_agent_uuid, not_before=at, due_at=at
    )
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))


def retry(place: Place, name: str) -> None:
    """Retry the session from this agent, as far as it goes at once."""
    named = [agents(place)[name]["sessionAgentUuid"]]
    change("retrySession", {**place.key, "sessionAgentUuids": named}, "session { status }")
    work_off()


@pytest.mark.parametrize(("seconds", "messages", "grace"), [(900, 1, 60), (901, 0, 0)])
def test_an_agent_waits_before_its_first_attempt(seconds: int, messages: int, grace: int) -> None:
    place = delayed(seconds)

    agent = item(place)
    assert states(place) == {"a": "COMPLETED", "b": "INITIAL"}
    assert seconds - 60 < seconds_between(SYSTEM.now(), agent.not_before) < seconds
    assert round(seconds_between(agent.not_before, agent.due_at)) == grace
    assert delayed_messages() == messages

    message_handler.agent_work(factory.of_a_worker(SYSTEM, 20), agent)
    assert (item(place).not_before, item(place).due_at) == (agent.not_before, agent.due_at)
    assert delayed_messages() == 2 * messages

    pass_time(place)
    work_off()
    assert states(place)["b"] == "COMPLETED"
    assert outcomes(place) == [("a", 1, "COMPLETED"), ("b", 1, "COMPLETED")]


def test_a_condition_is_asked_before_the_delay() -> None:
    place = delayed(60, when=NEVER)

    assert states(place)["b"] == "SKIPPED"
    assert delayed_messages() == 0


def test_the_next_attempt_is_not_delayed() -> None:
    flaky = echo("b", fail={"attempts": 1, "notes": "Not yet"})
    place = started([flaky], [after("b", delaySeconds=60, retry={"intervalSeconds": 0})])

    pass_time(place)
    work_off()

    assert outcomes(place) == [("b", 1, "FAILED"), ("b", 2, "COMPLETED")]


def test_a_retry_delays_an_agent_again_if_it_has_new_input() -> None:
    place = delayed(60)
    pass_time(place)
    work_off()

    retry(place, "b")
    assert outcomes(place)[-1] == ("b", 1, "COMPLETED")
    assert states(place)["b"] == "COMPLETED"

    retry(place, "a")
    assert (item(place).state, item(place).delayed) == ("initial", True)
    assert seconds_between(SYSTEM.now(), item(place).not_before) > 0
    pass_time(place)
    work_off()
    assert states(place)["b"] == "COMPLETED"
    assert len(outcomes(place)) == 5


@pytest.mark.parametrize(("late", "lost"), [(1, []), (90, ["WorkLost"])])
def test_an_agent_whose_delay_is_just_over_is_not_counted_as_lost(
    monkeypatch: pytest.MonkeyPatch, late: int, lost: list[str]
) -> None:
    place = delayed(901)
    counted: list[str] = []
    monkeypatch.setattr(telemetry, "count", lambda name, number=1: counted.append(name))

    pass_time(place, late)

    assert [name for name in counted if name == "WorkLost"] == lost
    assert "SweepFound" in counted
