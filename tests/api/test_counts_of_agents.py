"""What agents ask, what is polled and what is cancelled is counted once."""

from collections import Counter
from typing import Any

import pytest

from ai_coordination import telemetry
from ai_coordination.runtimes.base import Accepted, Answer, Call, Question
from ai_coordination.testing import Faults, Refused, answer
from tests.api.execution import started
from tests.support.chat_server import ChatServer
from tests.support.lambda_service import LambdaService, returning
from tests.support.model_kinds import Chat, Use
from tests.support.polled import Result, elsewhere

HEARTBEAT = """mutation ($input: HeartbeatSessionAgentInput!) {
    heartbeatSessionAgent(input: $input) { sessionAgent { state } } }"""
CANCEL = """mutation ($input: CancelSessionInput!) {
    cancelSession(input: $input) { session { status } } }"""
STOCK = {
    "lambda": "agent-stock",
    "name": "stock",
    "description": "In stock",
    "schema": {"type": "object"},
}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What is counted in the test, by metric."""
    counts: Counter[str] = Counter()

    def count(metric: str, number: int = 1) -> None:
        counts[metric] += number

    monkeypatch.setattr(telemetry, "count", count)
    return counts


@pytest.mark.parametrize("faults", [None, Faults(duplicates=0.5)], ids=["once", "doubled"])
def test_questions_polls_heartbeats_and_cancels_are_counted_once(
    monkeypatch: pytest.MonkeyPatch, counted: Counter[str], faults: Faults | None
) -> None:
    def poll(call: Call) -> Result:
        return Question("Which?") if call.turn == 1 else Accepted({"task": 1}, 100)

    def accept(call: Call) -> Result:
        return Accepted({"task": 1}, 10)

    with elsewhere(monkeypatch, accept, poll, faults=faults) as told:
        told.engine.person("A", answer("The red one"))
        session = told.prepare()
        told.engine.run(seconds=60)
        beat: dict[str, Any] = {"input": told.key(session)}
        told.engine.graphql(HEARTBEAT, beat)
        told.engine.graphql(HEARTBEAT, beat)
        place = {"coordinationUuid": session.coordination_uuid, "sessionUuid": session.session_uuid}
        told.engine.graphql(CANCEL, {"input": place})
        with pytest.raises(Refused):
            told.engine.graphql(HEARTBEAT, beat)
        told.engine.run()

        polls = len(told.polled)

    assert polls == 2
    of_agents = {name: counted[name] for name in ("Polls", "Questions", "Heartbeats", "Cancels")}
    assert of_agents == {"Polls": 2, "Questions": 1, "Heartbeats": 2, "Cancels": 1}


def test_work_that_is_answered_has_nothing_to_count_but_its_poll(
    monkeypatch: pytest.MonkeyPatch, counted: Counter[str]
) -> None:
    def accept(call: Call) -> Result:
        return Accepted({"task": 1}, 10)

    with elsewhere(monkeypatch, accept, lambda call: Answer("Done")) as told:
        told.start()

    assert counted["Polls"] == 1
    assert counted.keys().isdisjoint({"Questions", "Heartbeats", "Cancels"})


@pytest.mark.usefixtures("worked_queue")
def test_each_round_of_tools_is_counted(
    counted: Counter[str], models_server: ChatServer, functions: LambdaService
) -> None:
    chat = Chat(models_server)
    uses = [Use("c1", "stock", {}), Use("c2", "stock", {})]
    chat.answers(chat.calls(*uses), chat.calls(Use("c3", "stock", {})), chat.says("60 pieces"))
    functions.deploy("agent-stock", returning("60"))

    started([chat.member(tools=[STOCK])])

    assert (counted["Rounds"], counted["ToolCalls"], counted["ModelCalls"]) == (2, 3, 3)
