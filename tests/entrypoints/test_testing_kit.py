"""`ai_coordination.testing`, used as by the tests of a user."""

from typing import Any

import pytest

from ai_coordination.testing import (
    Engine,
    Reply,
    TestingError,
)
from tests.entrypoints.kit import blueprint, external, started


def test_agents_are_functions_that_get_their_input_and_return_their_output() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: f"An offer of {text}")
        session = started(engine, blueprint("writer"), query="green tea")
        engine.run()

        writer = session.agent("writer")
        assert session.status == "COMPLETED"
        assert (writer.state, writer.input, writer.output) == (
            "COMPLETED",
            "green tea",
            "An offer of green tea",
        )
        assert [(run.attempt, run.outcome) for run in session.runs] == [(1, "COMPLETED")]


@pytest.mark.parametrize("name", ["agent-writer", "writer"])
@pytest.mark.parametrize("invocation", ["RequestResponse", None])
def test_an_agent_is_named_by_its_target_or_its_name_however_it_is_invoked(
    name: str, invocation: str | None
) -> None:
    with Engine() as engine:
        engine.agent(name, lambda text: "done", seconds=20)
        session = started(engine, blueprint("writer", invocation=invocation))
        engine.run()

        assert (session.status, session.seconds) == ("COMPLETED", 20.0)


def test_an_external_agent_is_a_function_too() -> None:
    with Engine() as engine:
        engine.agent("price", lambda text: "42", seconds=30)
        session = started(engine, external("price"))
        engine.run()

        assert session.agent("price").output == "42"
        assert session.seconds == 30.0


def test_a_handler_gets_the_documented_event_and_a_context() -> None:
    events: list[dict[str, Any]] = []

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        events.append({**event, "left": context.get_remaining_time_in_millis()})
        return {"agentOutput": "done", "usage": {"inputTokens": 3, "outputTokens": 4}}

    with Engine() as engine:
        engine.agent("agent-writer", handler)
        session = started(engine, blueprint("writer"))
        engine.run()

        assert session.agent("writer").output == "done"
    [event] = events
    assert (event["version"], event["attempt"], event["agentInput"]) == (1, 1, "Tea?")
    assert event["left"] == 900_000


def test_a_handler_of_an_event_must_report_and_is_not_believed_otherwise() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda event, context: "dropped")
        started(engine, blueprint("writer", invocation=None))
        with pytest.raises(TestingError, match="what its handler returns is dropped"):
            engine.run()


def test_what_a_function_raises_is_a_failed_attempt() -> None:
    attempts: list[str] = []

    def busy_at_first(text: str) -> str:
        attempts.append(text)
        if len(attempts) < 3:
            raise RuntimeError("Busy")
        return "done"

    with Engine() as engine:
        engine.agent("agent-writer", busy_at_first)
        session = started(engine, blueprint("writer", writer={"retry": {"maxAttempts": 3}}))
        engine.run()

        writer = session.agent("writer")
        assert (session.status, writer.attempts) == ("COMPLETED", 3)
        assert [run.outcome for run in writer.runs] == ["FAILED", "FAILED", "COMPLETED"]
        assert "RuntimeError: Busy" in str(writer.runs[0].notes)


def test_parallel_agents_take_virtual_time_side_by_side() -> None:
    content = blueprint("one", "other", other={"predecessors": []})
    with Engine() as engine:
        engine.agent("agent-one", lambda text: "1", seconds=100)
        engine.agent("agent-other", lambda text: Reply("2", seconds=60))
        session = started(engine, content)
        engine.run()

        assert session.seconds == 100.0
        assert sorted(str(run.seconds) for run in session.runs) == ["100.0", "60.0"]


@pytest.mark.parametrize("invocation", ["RequestResponse", None])
def test_an_agent_that_takes_too_long_times_out(invocation: str | None) -> None:
    action = {"timeoutSeconds": 60, "retry": {"maxAttempts": 1}}
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "late", seconds=61)
        session = started(engine, blueprint("writer", invocation=invocation, writer=action))
        engine.run()

        assert session.status == "FAILED"
        assert [run.outcome for run in session.runs] == ["TIMED_OUT"]


def test_tokens_of_a_reply_are_the_usage_of_its_run() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: Reply("x", input_tokens=7, output_tokens=9))
        session = started(engine, blueprint("writer"))
        engine.run()
        data = engine.graphql(
            "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {"
            " sessionRuns { nodes { usage { inputTokens outputTokens } } } } }",
            {"c": session.coordination_uuid, "s": session.session_uuid},
        )

    [run] = data["session"]["sessionRuns"]["nodes"]
    assert run["usage"] == {"inputTokens": 7, "outputTokens": 9}


def test_a_large_input_reaches_a_function_of_text() -> None:
    large = "x" * 1_500_000
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: str(len(text)))
        session = started(engine, blueprint("writer", invocation=None), query=large)
        engine.run()

        assert session.agent("writer").output == "1500000"
