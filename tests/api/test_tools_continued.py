"""Models that call tools: later attempts and turns continue after what was done."""

import json
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import factory
from ai_coordination.engine.agent import claim
from ai_coordination.runtimes import memory
from ai_coordination.runtimes.memory import Memory
from ai_coordination.runtimes.tools import tool_calls
from tests.api.asking import LONG_AGO, OPEN, agent
from tests.api.execution import after, agents, echo, outcomes, report, started, tell
from tests.api.tool_calls import ASKS, FUNCTION, STOCK, TWICE, run
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, data
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.model_kinds import Chat, Model, Result, Use
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_the_next_attempt_continues_after_the_last_round_and_calls_no_tool_again(
    any_model: Model, functions: LambdaService
) -> None:
    functions.deploy(FUNCTION, returning(60))
    any_model.answers(
        any_model.calls(ASKS),
        any_model.fails(),
        any_model.calls(Use("c2", "stock", {"item": "sencha"})),
        any_model.says("Done"),
    )

    place = run(any_model, STOCK, action=TWICE)

    agent = agents(place)["a"]
    assert outcomes(place) == [("a", 1, "FAILED"), ("a", 2, "COMPLETED")]
    assert [one.event["arguments"]["item"] for one in functions.invocations] == ["oolong", "sencha"]
    first, failed, again, last = [one.body["messages"] for one in any_model.server.requests]
    # Only the input says something more: why the last attempt failed.
    assert again[1:] == failed[1:]
    assert "Why your last attempt failed" in str(again[0])
    assert len(first) == 1
    assert len(last) == 5
    # The usage of a run is its own.
    assert agent["currentRun"]["usage"]["outputTokens"] == 14


def test_an_attempt_that_ended_after_its_tools_were_called_makes_the_same_calls_again(
    chat: Chat, functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions.deploy(FUNCTION, returning(60))
    chat.answers(chat.calls(ASKS, Use("c2", "stock", {"item": "sencha"})), chat.says("Done"))
    logged = tool_calls.log

    def die_once(*arguments: Any) -> None:
        monkeypatch.setattr(tool_calls, "log", logged)
        raise ZeroDivisionError

    monkeypatch.setattr(tool_calls, "log", die_once)

    place = run(chat, STOCK, action=TWICE)

    assert outcomes(place) == [("a", 1, "FAILED"), ("a", 2, "COMPLETED")]
    keys = [one.event["idempotencyKey"] for one in functions.invocations]
    assert sorted(keys[:2]) == sorted(keys[2:])
    assert len(set(keys)) == 2
    # The model was not asked a second time which tools to call.
    assert len(chat.server.requests) == 2
    assert agents(place)["a"]["agentOutput"] == "Done"


def test_a_worker_that_takes_over_in_the_middle_of_a_tool_makes_the_same_call_and_only_that(
    any_model: Model, functions: LambdaService
) -> None:
    """The first worker lives after all, and finds out that nobody needs it."""
    asks = any_model.calls(ASKS)
    any_model.answers(asks, any_model.says("60 pieces"))
    key: list[str] = []

    def stock(event: Any) -> Reply:
        if len(functions.invocations) == 1:
            key.extend([event["context"]["sessionUuid"], event["context"]["sessionAgentUuid"]])
            put_state(models.SessionAgent, *key, lease_until=LONG_AGO)
            engine = factory.of_a_worker(SYSTEM, 60)._replace(waits=True)
            claim.take_over(engine, stored(models.SessionAgent, *key), None)
        return returning(60)

    functions.deploy(FUNCTION, stock)

    place = run(any_model, STOCK)

    agent = agents(place)["a"]
    assert outcomes(place) == [("a", 1, "COMPLETED")]
    assert agent["agentOutput"] == "60 pieces"
    first, second = [one.event["idempotencyKey"] for one in functions.invocations]
    assert first == second
    # One question for each round: the first worker asks nothing more.
    assert len(any_model.server.requests) == 2
    # And the run has used both.
    assert agent["currentRun"]["usage"]["outputTokens"] == 14


def test_a_conversation_for_which_there_is_no_memory_continues_in_a_later_run(
    any_model: Model, functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    little = Memory(20_000)
    monkeypatch.setattr(memory, "calls", little)

    def stock(event: Any) -> Reply:
        little.take(1)  # by another call, in another thread
        return returning("x" * 30_000)

    functions.deploy(FUNCTION, stock)
    any_model.answers(any_model.calls(ASKS), any_model.says("Done"))

    place = run(any_model, STOCK)

    agent = agents(place)["a"]
    item = stored(models.SessionAgent, place.session, agent["sessionAgentUuid"])
    assert (agent["state"], agent["attempt"]) == ("INITIAL", 0)
    assert memory.FULL in agent["notes"]
    kept = json.loads(str(item.resume))
    assert len(kept["messages"]) == 2
    assert len(any_model.server.requests) == 1


def answer(place: Place, **said: Any) -> None:
    """Answer the agent's question, and run the session as far as it goes."""
    tell("answerSessionAgent", {**report(place, "a"), **said})


def test_a_model_asks_a_person_and_continues_with_the_answer_and_nothing_is_done_twice(
    any_model: Model, functions: LambdaService
) -> None:
    functions.deploy(FUNCTION, returning(60))
    asks = Use("c2", "ask_user", {"question": "How many?"})
    another = Use("c3", "ask_user", {"question": "By when?"})
    any_model.answers(any_model.calls(ASKS, asks, another), any_model.says("7 of 60"))
    members = [echo("before"), any_model.member(tools=[STOCK], askUser=True)]
    place = started(members, [after("before"), after("a", "before")], userId="u-9")

    waiting = agents(place)["a"]
    answer(place, userInput="7")

    assert (waiting["state"], waiting["agentOutput"]) == ("WAITING_FOR_INPUT", None)
    done = agents(place)["a"]
    assert (done["state"], done["agentOutput"]) == ("COMPLETED", "7 of 60")
    assert [(one, n, result) for one, n, result in outcomes(place) if one == "a"] == [
        ("a", 1, "COMPLETED"),
        ("a", 1, "INPUT_REQUIRED"),
    ]
    assert len(functions.invocations) == 1
    assert any_model.results() == [
        Result("c1", "60", is_error=False),
        Result("c2", "7", is_error=False),
        Result(
            "c3",
            (
                "Error: One question at a time. This one was not asked: ask it again after the"
                " others"
            ),
            is_error=True,
        ),
    ]
    # The model is sent the same messages as before, and then what followed.
    first, second = [one.body["messages"] for one in any_model.server.requests]
    assert second[: len(first)] == first
    # Each run has used what it asked for.
    once = 7 * len(any_model.server.requests[:1])
    assert done["currentRun"]["usage"]["outputTokens"] == once


def test_a_question_that_waits_is_shown_and_its_run_has_its_usage(
    chat: Chat, functions: LambdaService
) -> None:
    chat.answers(chat.calls(Use("c1", "ask_user", {"question": "How many?"})))

    place = run(chat, askUser=True)

    (shown,) = data(OPEN)["openSessionAgents"]["nodes"]
    assert (shown["ask"]["question"], shown["ask"]["form"]) == ("How many?", None)
    (attempt,) = agent(place)["sessionRuns"]["nodes"]
    assert (attempt["outcome"], attempt["output"]) == ("INPUT_REQUIRED", "How many?")
    assert attempt["usage"] == {"inputTokens": 30}
    # Nothing was kept before the question: nothing had to be done.
    assert [name for name, *_ in chat.tools_in(chat.server.requests[0])] == ["ask_user"]


def test_in_its_last_turn_a_model_learns_that_nobody_can_be_asked(chat: Chat) -> None:
    asks = chat.calls(Use("c1", "ask_user", {"question": "How many?"}))
    chat.answers(asks, asks, chat.says("Some"))
    place = run(chat, askUser=True, action={"maxTurns": 2})

    answer(place, userInput="Guess")

    assert agents(place)["a"]["agentOutput"] == "Some"
    assert [one.text for one in chat.results()] == [
        "Error: Nobody can be asked now. Continue with what you know"
    ]


@pytest.mark.parametrize("arguments", [{}, {"question": " "}, {"question": 7}])
def test_a_question_without_a_text_is_not_asked(chat: Chat, arguments: Any) -> None:
    chat.answers(chat.calls(Use("c1", "ask_user", arguments)), chat.says("Done"))

    place = run(chat, askUser=True)

    assert agents(place)["a"]["agentOutput"] == "Done"
    assert [one.text for one in chat.results()] == ["Error: The question is missing"]


def test_the_next_attempt_after_an_answer_continues_with_it(
    any_model: Model, functions: LambdaService
) -> None:
    asks = any_model.calls(Use("c1", "ask_user", {"question": "How many?"}))
    any_model.answers(asks, any_model.fails(), any_model.says("7"))
    place = run(any_model, askUser=True, action=TWICE)

    answer(place, userInput="7")

    assert agents(place)["a"]["agentOutput"] == "7"
    assert len(any_model.server.requests) == 3
    assert any_model.results(1) == any_model.results(2) == [Result("c1", "7", is_error=False)]
