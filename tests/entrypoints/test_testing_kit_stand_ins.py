"""Functions stand in for agents that are models or servers."""

from typing import Any

import pytest

from ai_coordination.testing import (
    Asked,
    Engine,
    InvalidBlueprint,
    Reply,
    Session,
    TestingError,
    answer,
)
from tests.entrypoints.kit import started

RUNTIMES: dict[str, dict[str, Any]] = {
    "OPENAI": {
        "kind": "OPENAI",
        "target": "https://llm.example/v1",
        "parameters": {"model": "m-1", "maxTokens": 100},
    },
    "BEDROCK": {
        "kind": "BEDROCK",
        "target": "amazon.nova-lite-v1:0",
        "parameters": {"maxTokens": 100},
    },
    "HTTP": {
        "kind": "HTTP",
        "target": "https://agent.example/hook",
        "parameters": {"signingSecret": "signing"},
    },
    "A2A": {"kind": "A2A", "target": "https://agent.example"},
}
ONCE = {"retry": {"maxAttempts": 1}}


def content(kind: str, budget: Any = None, **action: Any) -> dict[str, Any]:
    """A task of one agent of a kind, which may delegate to another one of it."""
    names = ("Writer", "Expert")
    task: dict[str, Any] = {
        "taskName": "T",
        "initialTaskQuery": "Tea?",
        "agentActions": [{"agentUuid": "writer", **action}],
    }
    members = [{"agentName": name, "runtime": RUNTIMES[kind]} for name in names]
    return {
        "coordination": {"coordinationName": "C", "agents": members},
        "task": {**task, "budget": budget},
    }


def outcomes(session: Session) -> list[str | None]:
    return [run.outcome for run in session.runs]


@pytest.mark.parametrize("kind", RUNTIMES)
def test_a_function_stands_in_for_an_agent_of_this_kind(kind: str) -> None:
    told: list[Any] = []

    def write(event: Any, context: Any) -> Any:
        told.append((event["agentInput"], event["turn"], event["agent"]["parameters"]))
        if event["reply"] is None:
            return Asked("Which tea?", seconds=30)
        return Reply(f"{event['reply']['answer']} it is", seconds=30)

    with Engine() as engine:
        engine.agent("Writer", write)
        engine.person("Writer", answer("Oolong"))
        session = started(engine, content(kind))
        engine.run()

        assert (session.status, session.agent("Writer").output) == ("COMPLETED", "Oolong it is")
        assert (session.seconds, outcomes(session)) == (60.0, ["INPUT_REQUIRED", "COMPLETED"])
    assert [turn for _, turn, _ in told] == [1, 2]
    assert told[0] == ("Tea?", 1, RUNTIMES[kind].get("parameters", {}))


@pytest.mark.parametrize("kind", RUNTIMES)
def test_its_failures_time_and_delegations_are_those_of_the_agent(kind: str) -> None:
    def fail(text: str) -> str:
        raise ValueError("no tea")

    late = {"timeoutSeconds": 60, **ONCE}
    work = [{"agentUuid": "expert", "subtaskQuery": "Price?"}]
    with Engine() as engine:
        engine.agent("Writer", fail)
        failed = started(engine, content(kind, **ONCE))
        engine.run()
        engine.agent("Writer", lambda text: "late", seconds=61)
        timed_out = started(engine, content(kind, **late))
        engine.run()
        engine.agent("Expert", lambda text: "12.50")
        engine.agent(
            "Writer",
            lambda event, context: (
                "".join(one["agentOutput"] for one in event["delegated"]) or {"delegate": work}
            ),
        )
        delegated = started(engine, content(kind, delegatesTo=["expert"]))
        engine.run()

        assert (outcomes(failed), failed.status) == (["FAILED"], "FAILED")
        assert str(failed.agent("Writer").notes).startswith("ValueError: no tea")
        assert outcomes(timed_out) == ["TIMED_OUT"]
        ended = outcomes(delegated)
        assert sorted(map(str, ended)) == ["COMPLETED", "COMPLETED", "DELEGATED"]
        assert delegated.agent("Writer").output == "12.50"


@pytest.mark.parametrize("kind", ["OPENAI", "BEDROCK"])
def test_a_budget_holds_for_a_model_in_whose_place_a_function_is(kind: str) -> None:
    with Engine() as engine:
        engine.agent("Writer", lambda text: Reply("x", input_tokens=7, output_tokens=9))
        session = started(engine, content(kind, {"tokens": 90}))
        engine.run()
        assert session.status == "FAILED"
        assert session.runs == ()

        session = started(engine, content(kind, {"tokens": 500}))
        engine.run()
        assert session.status == "COMPLETED"


def test_parameters_of_the_kind_are_checked() -> None:
    wrong = content("OPENAI")
    wrong["coordination"]["agents"][0]["runtime"] = {
        **RUNTIMES["OPENAI"],
        "parameters": {"model": "m", "maxToken": 1},
    }
    with Engine() as engine, pytest.raises(InvalidBlueprint, match="'maxToken' is unknown here"):
        engine.load(wrong)


def test_an_agent_elsewhere_needs_somebody_in_its_place() -> None:
    with Engine() as engine:
        started(engine, content("A2A"))
        with pytest.raises(TestingError, match="'Writer' is a model or a server, and the test has"):
            engine.run()
