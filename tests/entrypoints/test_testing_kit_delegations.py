"""`ai_coordination.testing`: agents that delegate work to other agents."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination.testing import Delegate, Engine, Refused, Session, TestingError, Work

LAMBDA = {"kind": "LAMBDA", "target": "agent-lead"}
WAITS = {**LAMBDA, "parameters": {"invocation": "RequestResponse"}}
KINDS: list[Mapping[str, Any]] = [LAMBDA, WAITS, {"kind": "EXTERNAL"}]
DICTIONARY = {"delegate": [{"agentUuid": "prices", "subtaskQuery": "Price it"}]}


def started(engine: Engine, runtime: Mapping[str, Any] = WAITS) -> Session:
    members = [
        {"agentUuid": "lead", "agentName": "Lead", "runtime": runtime},
        {"agentUuid": "prices", "agentName": "Prices", "runtime": {"kind": "EXTERNAL"}},
        {"agentUuid": "writer", "agentName": "Writer", "runtime": {"kind": "EXTERNAL"}},
    ]
    actions = [{"agentUuid": "lead", "delegatesTo": ["prices", "writer"]}]
    engine.load(
        {
            "coordination": {"coordinationName": "Offers", "agents": members},
            "task": {"taskName": "Offer", "agentActions": actions},
        }
    )
    engine.agent("prices", lambda text: "12.50", seconds=60)
    engine.agent("writer", lambda text: f"An offer at {text.splitlines()[-1]}")
    return engine.start(query="Tea")


@pytest.mark.parametrize("runtime", KINDS, ids=["later", "waits", "external"])
def test_a_function_of_a_text_delegates_and_finds_the_results_in_its_text(
    runtime: Mapping[str, Any],
) -> None:
    def lead(text: str) -> Any:
        if "which you have just delegated" not in text:
            work = [Work("prices", "Price it"), Work("writer", "Write it", after=[0])]
            return Delegate(work, seconds=5)
        return text.splitlines()[-1]

    with Engine() as engine:
        engine.agent("lead", lead)
        session = started(engine, runtime)
        engine.run()

        assert session.agent("lead").output == "An offer at 12.50"
        assert [run.outcome for run in session.agent("lead").runs] == ["DELEGATED", "COMPLETED"]
        names = ["Lead", "Lead [0] > Prices", "Lead [1] > Writer"]
        assert [agent.name for agent in session.agents] == names
        assert session.seconds == 65


@pytest.mark.parametrize("runtime", KINDS[1:], ids=["waits", "external"])
@pytest.mark.parametrize("resume", [None, {"step": 1}])
def test_a_handler_gets_the_results_and_what_it_wanted_to_keep(
    runtime: Mapping[str, Any], resume: Any
) -> None:
    events = []

    def lead(event: Any, context: Any) -> Any:
        events.append(event)
        if event["turn"] > 1:
            return "Done"
        return DICTIONARY if resume is None else Delegate([Work("prices", "Price it")], resume)

    with Engine() as engine:
        engine.agent("lead", lead)
        session = started(engine, runtime)
        engine.run()

        assert session.status == "COMPLETED"
        first, second = events
        assert [first["resume"], first["delegated"]] == [None, []]
        assert second["resume"] == resume
        (result,) = second["delegated"]
        assert result == {
            "turn": 1,
            "index": 0,
            "sessionAgentUuid": session.agent("prices").session_agent_uuid,
            "agentUuid": "prices",
            "agentName": "Prices",
            "state": "COMPLETED",
            "agentOutput": "12.50",
            "notes": None,
        }


def test_work_that_cannot_be_delegated_is_a_failed_attempt_or_fails_the_test() -> None:
    def lead(event: Any, context: Any) -> Any:
        return Delegate([Work("nobody", "Price it")])

    with Engine() as engine:
        engine.agent("lead", lead)
        session = started(engine)
        engine.run()
        assert session.status == "FAILED"
        assert "cannot delegate to 'nobody'" in str(session.agent("lead").notes)

    with Engine() as engine:
        engine.agent("lead", lead)
        started(engine, KINDS[2])
        with pytest.raises(Refused, match="nobody"):
            engine.run()


def test_what_is_neither_output_nor_question_nor_delegation_is_told() -> None:
    with Engine() as engine:
        engine.agent("lead", lambda text: {"delegate": "prices"})
        started(engine, KINDS[2])
        with pytest.raises(TestingError, match="must return its output"):
            engine.run()
