"""Models that call tools: the rounds, for both kinds of models, with Lambda functions as tools."""

from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import agents, outcomes
from tests.api.tool_calls import ASKS, FUNCTION, SCHEMA, STOCK, TWICE, run
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, raising, returning
from tests.support.model_kinds import Chat, Model, Result, Use
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_a_model_is_told_of_its_tools_in_each_round_and_that_there_are_no_others(
    any_model: Model, functions: LambdaService
) -> None:
    any_model.answers(any_model.calls(ASKS), any_model.says("60 pieces"))

    place = run(any_model, {**STOCK, "as": "pieces_in_stock"}, {**STOCK, "name": "other"})
    agent = agents(place)["a"]

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "60 pieces")
    twice = {name: 2 * count for name, count in any_model.usage.items()}
    assert agent["currentRun"]["usage"] == twice
    first, second = any_model.server.requests
    told = [(name, "Pieces in stock", SCHEMA) for name in ("pieces_in_stock", "other")]
    assert any_model.tools_in(first) == any_model.tools_in(second) == told
    # For the model, the first one has another name.
    notes = "Error: There is no such tool. There are pieces_in_stock, other"
    assert any_model.results() == [Result("c1", notes, is_error=True)]
    assert functions.invocations == []


def test_a_function_is_sent_the_arguments_and_a_key_that_a_repetition_has_too(
    any_model: Model, functions: LambdaService
) -> None:
    functions.deploy(FUNCTION, returning("60 pieces"))
    any_model.answers(
        any_model.calls(Use("c1", "pieces", {"item": "oolong"})), any_model.says("Done")
    )

    place = run(any_model, {**STOCK, "as": "pieces"})
    agent = agents(place)["a"]

    (invocation,) = functions.invocations
    item = stored(models.SessionAgent, place.session, agent["sessionAgentUuid"])
    assert invocation.kind == "RequestResponse"
    assert invocation.event == {
        "version": 1,
        "tool": "stock",
        "arguments": {"item": "oolong"},
        "idempotencyKey": f"{agent['currentRun']['runUuid']}:c1",
        "context": {
            "endpointId": "acme",
            "partId": "sales",
            "userId": "u-9",
            "coordinationUuid": place.coordination,
            "sessionUuid": place.session,
            "sessionAgentUuid": agent["sessionAgentUuid"],
            "agentUuid": "a",
            "threadUuid": item.thread_uuid,
        },
    }
    assert any_model.results() == [Result("c1", "60 pieces", is_error=False)]


def test_each_call_of_a_tool_is_a_log_line_without_texts(
    chat: Chat, functions: LambdaService, caplog: pytest.LogCaptureFixture
) -> None:
    functions.deploy(FUNCTION, returning("60"))
    chat.answers(chat.calls(ASKS, Use("c2", "gone", {})), chat.says("Done"))

    run(chat, STOCK)

    lines = [vars(one) for one in caplog.records if one.message == "tool"]
    kept = ("gen_ai.operation.name", "gen_ai.tool.name", "error.type")
    assert [[line.get(name) for name in kept] for line in lines] == [
        ["execute_tool", "stock", None],
        # The name of a tool that does not exist is a text of the model.
        ["execute_tool", None, "tool_error"],
    ]
    assert all(0 <= line["duration_ms"] < 60_000 for line in lines)
    assert not any("oolong" in str(line) for line in lines)


def test_whatever_is_wrong_with_a_call_is_told_to_the_model_in_the_calls_order(
    any_model: Model, functions: LambdaService
) -> None:
    def function(event: Any) -> Reply:
        item = event["arguments"]["item"]
        return {
            "broken": raising("KeyError", "no such item"),
            "many": returning("x" * 100_001),
            "text": Reply(b"not JSON \xff"),
            "nothing": returning(None),
        }[item]

    functions.deploy(FUNCTION, function)
    missing = {**STOCK, "lambda": "agent-gone", "name": "gone"}
    uses = [
        Use("c1", "stock", {"item": "broken"}),
        Use("c2", "stock", {"pieces": 1}),
        Use("c3", "gone", {"item": "oolong"}),
        Use("c4", "stock", {"item": "many"}),
        Use("c5", "stock", {"item": "text"}),
        Use("c6", "stock", {"item": "nothing"}),
    ]
    any_model.answers(any_model.calls(*uses), any_model.says("Sorry"))

    agent = agents(run(any_model, STOCK, missing))["a"]

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "Sorry")
    assert any_model.results() == [
        Result("c1", "Error: KeyError: no such item", is_error=True),
        Result("c2", "Error: 'item' is missing (item)", is_error=True),
        Result(
            "c3",
            "Error: The function does not exist (ResourceNotFoundException)",
            is_error=True,
        ),
        Result("c4", f"{'x' * 100_000}\n(cut off: 1 more characters)", is_error=False),
        Result("c5", "not JSON \N{REPLACEMENT CHARACTER}", is_error=False),
        Result("c6", "(nothing)", is_error=False),
    ]


def test_a_model_that_calls_more_tools_than_a_round_has_is_told_so(
    chat: Chat, functions: LambdaService
) -> None:
    functions.deploy(FUNCTION, returning(60))
    uses = [Use(f"c{number}", "stock", {"item": "oolong"}) for number in range(34)]
    chat.answers(chat.calls(*uses), chat.says("Done"))

    run(chat, STOCK)

    notes = "Error: This was not called. In one round at most 32 tools are"
    assert [one.text for one in chat.results()] == ["60"] * 32 + [notes] * 2
    assert len(functions.invocations) == 32


@pytest.mark.parametrize("arguments", ["{", "[1]", "", '"a"'])
def test_arguments_that_are_not_an_object_are_told_to_the_model(
    chat: Chat, functions: LambdaService, arguments: str
) -> None:
    chat.answers(chat.calls(Use("c1", "stock", arguments)), chat.says("Sorry"))

    run(chat, STOCK)

    (result,) = chat.results()
    none = "Error: 'item' is missing (item)"
    assert result.text == ("Error: The arguments are not a JSON object" if arguments else none)
    assert functions.invocations == []


def test_after_its_last_round_a_model_must_answer(
    any_model: Model, functions: LambdaService
) -> None:
    functions.deploy(FUNCTION, returning(1))
    any_model.answers(any_model.calls(ASKS))

    place = run(any_model, STOCK, maxRounds=2, action=TWICE)

    agent = agents(place)["a"]
    assert agent["notes"] == "The model still calls tools after 2 rounds (maxRounds)"
    assert outcomes(place) == [("a", 1, "FAILED")]
    assert len(any_model.server.requests) == 3
    assert len(functions.invocations) == 2


def test_a_model_that_has_used_its_tokens_is_not_asked_again(
    any_model: Model, functions: LambdaService
) -> None:
    functions.deploy(FUNCTION, returning(1))
    any_model.answers(any_model.calls(ASKS))
    tokens = 74 if isinstance(any_model, Chat) else 54

    place = run(any_model, STOCK, maxTotalTokens=tokens, action=TWICE)

    agent = agents(place)["a"]
    assert agent["notes"] == (
        f"The agent has used {tokens} tokens, and has {tokens} of them (maxTotalTokens)"
    )
    assert outcomes(place) == [("a", 1, "FAILED")]
    assert len(any_model.server.requests) == 2
