"""Logs and metrics of the worker: a line for each message, one set of metrics per batch."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from ai_coordination import models, telemetry, worker
from ai_coordination.engine import factory
from ai_coordination.engine.agent import complete, fail, throttle
from ai_coordination.handler import handler
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from ai_coordination.runtimes.echo_runtime import Echo
from tests.api.execution import after, blueprint, echo, external, function, session, start
from tests.entrypoints.lambda_stand_ins import Context, Lines
from tests.entrypoints.test_worker import LONG_AGO, batch, bodies, queue
from tests.support.contexts import At
from tests.support.graph_api import CALLER, Place, change, mutation
from tests.support.stored import put_state

__all__ = ["queue"]

FAILS_ONCE = {"fail": {"attempts": 1, "notes": "Busy"}}


def one_batch(queue: str) -> dict[str, Any]:
    """All that is in the queue, worked off as one batch."""
    found = bodies(queue)
    assert found
    return worker.handler(batch(*found), Context())


def work_off(queue: str) -> None:
    while found := bodies(queue):
        worker.handler(batch(*found), Context())


def counts(blobs: list[dict[str, Any]]) -> dict[str, float]:
    """What was counted, all in all; durations have been looked at."""
    total: dict[str, float] = {}
    for blob in blobs:
        assert blob.pop("service") == "ai-coordination"
        for name, values in blob.items():
            if name.endswith("Duration"):
                assert all(0 <= value < 60_000 for value in values)
            total[name] = total.get(name, 0) + (len(values) if "Duration" in name else sum(values))
    return total


def engine_counts(blobs: list[dict[str, Any]]) -> dict[str, float]:
    """Without those of the requests, which have a dimension of their own."""
    return counts([blob for blob in blobs if not blob.keys() & {"operation", "code"}])


def first_agent(place: Place) -> models.SessionAgent:
    return next(iter(models.SessionAgent.query(place.session, consistent_read=True)))


def test_a_step_is_one_line_that_says_whose_it_is(
    queue: str, logged: Lines, measured: Lines
) -> None:
    place = start(blueprint([echo("a")]))
    measured()

    one_batch(queue)

    (line,) = logged()
    agent = first_agent(place)
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp")
    assert line.pop("location")
    assert line == {
        "level": "INFO",
        "message": "step",
        "service": "ai-coordination",
        "request_id": "request-1",
        "message_id": "message-0",
        "kind": "agent",
        "tenant": "acme#sales",
        "coordination": place.coordination,
        "session": place.session,
        "agent": agent.session_agent_uuid,
        "run": agent.current_run_uuid,
        "attempt": 1,
        "outcome": "done",
        "counted": {"AgentsCompleted": 1, "SessionsCompleted": 1},
    }
    (blob,) = measured()
    assert blob.keys() == {
        "service",
        "AgentsCompleted",
        "AgentDuration",
        "SessionsCompleted",
        "SessionDuration",
    }
    assert counts([blob]) == {
        "AgentsCompleted": 1,
        "AgentDuration": 1,
        "SessionsCompleted": 1,
        "SessionDuration": 1,
    }


def test_each_line_of_a_step_says_whose_it_is(queue: str, logged: Lines) -> None:
    place = start(blueprint([function()]))

    one_batch(queue)

    *lines, step = logged()
    assert [line["message"] for line in lines] == ["function"]
    names = ("tenant", "coordination", "session", "agent", "run", "attempt", "request_id")
    assert {name: lines[0][name] for name in names} == {name: step[name] for name in names}
    assert (step["run"], step["attempt"]) == (first_agent(place).current_run_uuid, 1)


def test_a_step_says_nothing_of_the_one_before(queue: str, logged: Lines) -> None:
    start(blueprint([echo("a")]))
    (message,) = bodies(queue)

    worker.handler(batch(message, "{"), Context())

    _, unreadable, second = logged()
    for line in (unreadable, second):
        assert not line.keys() & {"tenant", "coordination", "session", "agent", "run", "attempt"}
        assert (line["request_id"], line["message_id"]) == ("request-1", "message-1")


def test_a_message_that_comes_twice_is_counted_once(queue: str, measured: Lines) -> None:
    start(blueprint([echo("a")]))
    (message,) = bodies(queue)
    measured()

    worker.handler(batch(message, message, message), Context())

    (blob,) = measured()
    assert (blob["AgentsCompleted"], blob["SessionsCompleted"]) == ([1], [1])


def test_a_start_is_counted_once_however_often_it_is_asked_for(queue: str, measured: Lines) -> None:
    with_key = {**blueprint([echo("a")]), "idempotencyKey": "once"}

    with telemetry.tallying():
        start(with_key)
        start(with_key)

    assert engine_counts(measured()) == {"SessionsStarted": 1}


def test_what_a_request_starts_or_ends_is_counted_beside_the_request(
    queue: str, measured: Lines
) -> None:
    key = blueprint([external("a")])
    document = mutation("startSession", "StartSessionInput", "session { status }")
    context = {"endpointId": CALLER.endpoint_id, "partId": CALLER.part_id}
    measured()

    handler({"query": document, "variables": {"input": key}, "context": context}, Context())

    engine, request = sorted(measured(), key=len)
    assert engine == {"service": "ai-coordination", "SessionsStarted": [1.0]}
    assert (request["operation"], request["Requests"]) == ("mutation", [1.0])


def test_a_failure_a_retry_and_an_end_are_counted(
    queue: str, measured: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fail, "JITTER", 1.0)
    flaky, never = echo("flaky", **FAILS_ONCE), echo("never", fail="No")
    twice = {"maxAttempts": 2, "intervalSeconds": 0.001}
    rules = [
        after("flaky", retry=twice),
        after("never", retry={"maxAttempts": 1}, onFailure="SKIP_SUCCESSORS"),
        after("skipped", "never"),
    ]
    start(blueprint([flaky, never, echo("skipped")], rules))
    measured()

    work_off(queue)
    time.sleep(1.1)  # SQS delays by whole seconds
    work_off(queue)

    assert counts(measured()) == {
        "Retries": 1,
        "AgentsCompleted": 1,
        "AgentsFailed": 1,
        "AgentsSkipped": 1,
        "AgentDuration": 3,
        "SessionsCompleted": 1,
        "SessionDuration": 1,
    }


def test_cancelling_counts_each_agent_that_it_ends(queue: str, measured: Lines) -> None:
    place = start(
        blueprint([echo("a"), external("b"), echo("c")], [after("a"), after("b"), after("c", "b")])
    )
    one_batch(queue)
    measured()

    with telemetry.tallying():
        change("cancelSession", place.key, "session { status }")
        change("cancelSession", place.key, "session { status }")

    assert engine_counts(measured()) == {
        "AgentsCancelled": 2,
        "SessionsCancelled": 1,
        "SessionDuration": 1,
    }
    assert session(place)["status"] == "CANCELLED"


def test_a_sweep_counts_what_it_has_found_and_a_takeover_is_counted(
    queue: str, logged: Lines, measured: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(blueprint([echo("a")]))
    with monkeypatch.context() as patch:
        patch.setattr(complete, "complete", die)
        one_batch(queue)
    agent = first_agent(place)
    long_ago = {"due_at": LONG_AGO, "lease_until": LONG_AGO}
    put_state(models.SessionAgent, place.session, agent.session_agent_uuid, **long_ago)
    measured()

    assert worker.handler({"kind": worker.SWEEP}, Context()) == {"found": 1}
    found = {"SweepFound": [1.0], "Sweeps": [1.0], "WorkLost": [1.0]}
    assert measured() == [{"service": "ai-coordination", **found}]

    one_batch(queue)
    (blob,) = measured()
    assert (blob["Takeovers"], blob["AgentsCompleted"]) == ([1], [1])
    assert first_agent(place).current_run_uuid == agent.current_run_uuid
    assert worker.handler({"kind": worker.SWEEP}, Context()) == {"found": 0}
    assert measured() == [{"service": "ai-coordination", "Sweeps": [1.0]}]
    assert [line["found"] for line in logged() if line["message"] == "sweep"] == [1]


def test_an_unexpected_error_of_a_runtime_fails_one_attempt_and_its_traceback_is_logged(
    queue: str, logged: Lines, measured: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry = {"maxAttempts": 2, "intervalSeconds": 0}
    place = start(blueprint([echo("a")], [after("a", retry=retry)]))
    measured()
    with monkeypatch.context() as patch:
        patch.setattr(Echo, "invoke", die)
        one_batch(queue)

    agent = first_agent(place)
    assert (agent.state, agent.attempt) == ("initial", 1)
    assert agent.notes == "The engine could not invoke this agent (KeyError)"
    error, step = logged()
    assert (error["level"], error["message"], error["run"]) == (
        "ERROR",
        "runtime",
        agent.current_run_uuid,
    )
    assert "KeyError: 'as if the worker had died'" in error["exception"]
    assert step["outcome"] == "done"
    (blob,) = measured()
    assert (blob["RuntimeErrors"], blob["Retries"]) == ([1], [1])

    one_batch(queue)
    assert session(place)["status"] == "COMPLETED"


def test_a_throttled_run_is_counted_apart_and_its_wait_is_logged(
    queue: str, logged: Lines, measured: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(runtime: Echo, call: Call) -> Answer:
        raise RunFailed("Busy", throttled=True, after_seconds=400)

    monkeypatch.setattr(throttle, "SPREAD", 0.0)
    monkeypatch.setattr(Echo, "invoke", refuse)
    place = start(blueprint([echo("a")]))
    measured()

    one_batch(queue)

    agent = first_agent(place)
    assert (agent.state, agent.attempt, agent.notes) == ("initial", 0, "Throttled: Busy")
    line, step = logged()
    said = ("message", "run", "attempt", "throttles", "wait_seconds")
    assert [line[name] for name in said] == ["throttled", agent.current_run_uuid, 1, 1, 400.0]
    assert step["outcome"] == "done"
    assert counts(measured()) == {"Throttles": 1}


def die(*given: Any) -> None:
    raise KeyError("as if the worker had died")


@pytest.mark.parametrize(("delay", "waited"), [(None, 7_000), (5, 2_000)])
def test_how_long_a_message_waited_is_measured(
    delay: int | None, waited: int, queue: str, measured: Lines
) -> None:
    now = datetime.now(UTC)
    start(blueprint([echo("a")]))
    (message,) = bodies(queue)
    measured()
    body = message if delay is None else json.dumps({**json.loads(message), "delay": delay})
    event = batch(body)
    sent = str(int(now.timestamp() * 1000) - 7_000)
    event["Records"][0]["attributes"] = {"ApproximateReceiveCount": "1", "SentTimestamp": sent}

    worker.handle(event, Context(), At(moment=now))

    (blob,) = measured()
    assert blob["QueueDelay"] == [pytest.approx(waited, abs=1)]


def test_a_message_that_comes_again_says_nothing_of_the_queue(queue: str, measured: Lines) -> None:
    start(blueprint([echo("a")]))
    event = batch(*bodies(queue))
    event["Records"][0]["attributes"] = {"ApproximateReceiveCount": "2", "SentTimestamp": "1"}
    measured()

    worker.handler(event, Context())

    assert "QueueDelay" not in measured()[0]


def test_of_a_batch_nothing_is_begun_that_there_is_no_time_for(
    queue: str, logged: Lines, measured: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(blueprint([function(invocation="RequestResponse"), echo("b")]))
    monkeypatch.setattr(factory, "ENOUGH", 1.1)
    found = bodies(queue)

    answer = worker.handler(batch(*found), Context())

    (late,) = answer["batchItemFailures"]
    lines = {line["message_id"]: line["outcome"] for line in logged()}
    assert sorted(lines.values()) == ["done", "no time"]
    assert lines[late["itemIdentifier"]] == "no time"
    assert "MessagesFailed" not in measured()[-1]
