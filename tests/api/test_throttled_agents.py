"""Agents that are throttled: their runs do not count as attempts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.retries.standard import ExponentialBackoff
from pynamodb.expressions.update import Action

from ai_coordination import models, timestamps
from ai_coordination.engine import factory, sweeper
from ai_coordination.engine.agent import fail, throttle
from ai_coordination.runtimes import lambda_runtime
from ai_coordination.runtimes.base import RunFailed
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    function,
    outcomes,
    session,
    started,
    work_off,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, raising, refusing, returning
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue", "without_chance")

LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
BUSY = refusing(429, "TooManyRequestsException")
NOTES = "Lambda is throttling: too many concurrent invocations (TooManyRequestsException)"
ONCE = {"maxAttempts": 1, "intervalSeconds": 0}


@pytest.fixture
def without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are exact, and the SDK repeats a call at once."""
    monkeypatch.setattr(throttle, "SPREAD", 0.0)
    monkeypatch.setattr(fail, "JITTER", 0.0)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda backoff, context: 0)


def replying(functions: LambdaService, replies: Sequence[Reply]) -> None:
    """Deploy a function that replies so, one reply for each invocation."""
    rest = iter(replies)
    functions.deploy(FUNCTION, lambda event: next(rest))


def starts(parameters: Mapping[str, str] = WAITS, retry: Mapping[str, Any] = ONCE) -> Place:
    """Start a session of one function, and handle its first message."""
    return started([function(**parameters)], [after("a", retry=retry)])


def item(place: Place) -> models.SessionAgent:
    return stored(models.SessionAgent, place.session, agents(place)["a"]["sessionAgentUuid"])


def wait(place: Place) -> int:
    """Let the time pass for which the agent waits, and handle what is due then.

    Return that time in seconds.
    """
    agent, kind = item(place), models.SessionAgent
    seconds = timestamps.parse(agent.not_before) - timestamps.parse(agent.updated_at)
    actions: list[Action] = [kind.not_before.set(LONG_AGO), kind.due_at.set(LONG_AGO)]
    if agent.throttled_since is not None:
        first = timestamps.parse(agent.throttled_since) - seconds
        actions.append(kind.throttled_since.set(first.isoformat(timespec="microseconds")))
    agent.update(actions)
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()
    # Whole seconds: the two times are read from the clock one after the other.
    return round(seconds / timedelta(seconds=1))


def waits(place: Place) -> Iterator[int]:
    while agents(place)["a"]["state"] == "INITIAL":
        yield wait(place)


def tolerate(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let throttled runs count after so many seconds from the first one of an attempt."""
    failure = partial(RunFailed, throttle_seconds=seconds)
    monkeypatch.setattr(lambda_runtime, "RunFailed", failure)


def notes_of_runs(place: Place) -> list[str | None]:
    return [run["notes"] for run in session(place)["sessionRuns"]["nodes"]]


@pytest.mark.parametrize(("parameters", "calls"), [({}, 3), (WAITS, 1)], ids=["event", "call"])
def test_a_throttled_run_is_no_attempt(
    functions: LambdaService, parameters: dict[str, str], calls: int
) -> None:
    replying(functions, [BUSY] * calls + [returning("Done")])

    place = starts(parameters)

    agent = agents(place)["a"]
    assert (agent["state"], agent["attempt"]) == ("INITIAL", 0)
    assert agent["notes"] == agent["currentRun"]["notes"] == f"Throttled: {NOTES}"
    assert outcomes(place) == [("a", 1, "FAILED")]
    assert len(functions.invocations) == calls
    wait(place)
    agent = agents(place)["a"]
    assert (agent["state"], agent["attempt"]) == (
        "COMPLETED" if parameters else "IN_PROGRESS",
        1,
    )
    first, last = functions.invocations[0].event, functions.invocations[-1].event
    assert (first["attempt"], last["attempt"]) == (1, 1)
    assert first["runUuid"] != last["runUuid"]
    assert first["threadUuid"] == last["threadUuid"]


def test_a_throttled_agent_that_answers_leaves_no_trace_but_its_runs(
    functions: LambdaService,
) -> None:
    replying(functions, [BUSY, BUSY, returning("Done")])

    place = starts()

    assert list(waits(place)) == [5, 10]
    assert session(place)["status"] == "COMPLETED"
    assert outcomes(place) == [("a", 1, "COMPLETED"), ("a", 1, "FAILED"), ("a", 1, "FAILED")]
    agent = item(place)
    assert not {"throttles", "throttled_since", "not_before"} & agent.attribute_values.keys()
    assert agent.run_count == 3


def test_after_300_seconds_a_throttled_run_is_an_attempt_that_failed(
    functions: LambdaService,
) -> None:
    functions.deploy(FUNCTION, BUSY)

    place = starts()

    assert list(waits(place)) == [5, 10, 20, 40, 60, 60, 60, 60]
    agent = agents(place)["a"]
    assert (agent["state"], agent["attempt"], agent["notes"]) == ("FAILED", 1, NOTES)
    assert session(place)["status"] == "FAILED"
    assert notes_of_runs(place) == [f"Throttled: {NOTES}"] * 8 + [NOTES]
    assert outcomes(place) == [("a", 1, "FAILED")] * 9


def test_each_attempt_tolerates_throttling_of_its_own(
    functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerate(monkeypatch, 14.9)
    replying(functions, [BUSY, raising("KeyError", "'price'"), BUSY, BUSY, BUSY])

    place = starts(retry={"maxAttempts": 2, "intervalSeconds": 7})

    assert list(waits(place)) == [5, 7, 5, 10]
    runs = session(place)["sessionRuns"]["nodes"]
    assert [run["attempt"] for run in runs] == [1, 1, 2, 2, 2]
    assert (agents(place)["a"]["state"], agents(place)["a"]["attempt"]) == ("FAILED", 2)


def test_no_attempt_begins_before_lambda_says_so(functions: LambdaService) -> None:
    busy = [
        Reply(BUSY.body, 429, {**BUSY.headers, "retry-after": value})
        for value in ("30", "1", "-5", "0.5", "Wed, 21 Oct 2026 07:28:00 GMT", "1e3")
    ]
    replying(functions, [*busy, returning("Done")])

    place = starts()

    assert list(waits(place)) == [30, 10, 20, 40, 60, 60]
    assert session(place)["status"] == "COMPLETED"


def test_a_wait_that_lambda_asks_for_holds_for_the_next_attempt_too(
    functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerate(monkeypatch, 0.0)
    busy = Reply(BUSY.body, 429, {**BUSY.headers, "retry-after": "30"})
    replying(functions, [busy, returning("Done")])

    place = starts(retry={"maxAttempts": 2, "intervalSeconds": 1})

    assert list(waits(place)) == [30]
    assert outcomes(place) == [("a", 1, "FAILED"), ("a", 2, "COMPLETED")]


def test_a_retry_of_the_session_forgets_that_the_agent_was_throttled(
    functions: LambdaService,
) -> None:
    functions.deploy(FUNCTION, BUSY)
    place = starts()
    wait(place)
    assert item(place).throttles == 2
    change("cancelSession", place.key, "session { status }")
    assert item(place).throttles is None

    change("retrySession", place.key, "session { status }")
    work_off()

    agent = item(place)
    assert (agent.iteration, agent.attempt, agent.throttles) == (2, 0, 1)


def test_an_attempt_that_was_throttled_is_told_why_the_one_before_it_failed(
    functions: LambdaService,
) -> None:
    broken = raising("ValueError", "no price")
    replying(functions, [BUSY, broken, BUSY, BUSY, broken, returning("Done")])

    place = starts(retry={"maxAttempts": 3, "intervalSeconds": 0})

    assert list(waits(place)) == [5, 5, 10]
    told = [one.event["lastFailure"] for one in functions.invocations]
    assert told == [None, None, *["ValueError: no price"] * 4]
    assert item(place).state == "completed"
    assert "last_failure" not in item(place).attribute_values


OTHER_THROTTLES = [
    (502, "EC2ThrottledException", "Lambda is throttling: EC2 is busy while the function starts"),
    (400, "ThrottlingException", "Lambda is throttling: too many requests"),
    (429, "Unheard", "Lambda rejected the invocation"),
]


@pytest.mark.parametrize(("status", "code", "notes"), OTHER_THROTTLES)
def test_lambda_has_several_ways_to_throttle(
    functions: LambdaService, status: int, code: str, notes: str
) -> None:
    functions.deploy(FUNCTION, refusing(status, code))

    place = starts()

    agent = agents(place)["a"]
    assert (agent["state"], agent["attempt"]) == ("INITIAL", 0)
    assert agent["notes"] == f"Throttled: {notes} ({code})"
