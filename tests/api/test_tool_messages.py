"""The messages of a conversation with tools in each protocol, and what goes back to a model."""

import base64
import json
from typing import Any

import pytest

from tests.api.execution import after, agents, bedrock_model, model, started
from tests.support import converse
from tests.support.chat_server import ChatServer, Request, refusing, saying
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning

pytestmark = pytest.mark.usefixtures("worked_queue")

STOCK = {
    "lambda": "agent-stock",
    "name": "stock",
    "description": "Pieces in stock",
    "schema": {"type": "object"},
}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture(autouse=True)
def stock(functions: LambdaService) -> LambdaService:
    functions.deploy("agent-stock", returning("60"))
    return functions


def run_chat(server: ChatServer, **parameters: Any) -> dict[str, Any]:
    members = [model(server.url, tools=[STOCK], **parameters)]
    return agents(started(members, [after("a", retry={"maxAttempts": 1})]))["a"]


def run_bedrock(**parameters: Any) -> dict[str, Any]:
    members = [bedrock_model(tools=[STOCK], **parameters)]
    return agents(started(members, [after("a", retry={"maxAttempts": 1})]))["a"]


def called(*ids: Any, **more: Any) -> Reply:
    """Calls with these ids, and more members of the message."""
    calls = [
        {"id": one, "type": "function", "function": {"name": "stock", "arguments": "{}"}}
        for one in ids
    ]
    return saying(None, tool_calls=calls, **more)


def test_a_chats_message_goes_back_as_it_was_without_what_is_for_readers_alone(
    models_server: ChatServer,
) -> None:
    signed: dict[str, Any] = {"extra_content": {"google": {"thought_signature": "s"}}}
    call = {"id": "c1", "type": "function", "function": {"name": "stock", "arguments": "{}"}}
    reply = saying(
        "Let me look.",
        tool_calls=[{**call, **signed}],
        reasoning_content="Hmm \ud83c",
        refusal=None,
        annotations=[],
        **signed,
    )
    models_server.answers(reply, saying("Done"))

    agent = run_chat(models_server, extraBody={"parallel_tool_calls": False})

    assert agent["agentOutput"] == "Done"
    body = models_server.requests[1].body
    assert body["parallel_tool_calls"] is False
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [{**call, **signed}],
            "reasoning_content": "Hmm ?",
            **signed,
        },
        {"role": "tool", "tool_call_id": "c1", "content": "60"},
    ]


@pytest.mark.parametrize("keeps", [True, False])
def test_thoughts_that_a_server_refuses_or_misses_are_left_out_or_sent_and_only_once(
    models_server: ChatServer, keeps: bool
) -> None:
    def behaviour(request: Request) -> Reply:
        messages = request.body["messages"]
        has_thoughts = any("reasoning_content" in message for message in messages)
        if len(messages) == 1:
            return called("c1", reasoning_content="Hmm")
        if len(messages) == 3 and has_thoughts == keeps:
            return refusing(422, "reasoning_content is wrong here")
        return called("c2", reasoning_content="Hmm") if len(messages) == 3 else saying("Done")

    models_server.behaviour = behaviour

    agent = run_chat(models_server, keepReasoning=keeps)

    assert agent["agentOutput"] == "Done"
    sent = [
        ["reasoning_content" in one for one in request.body["messages"] if "tool_calls" in one]
        for request in models_server.requests
    ]
    assert sent == [[], [keeps], [not keeps], [not keeps, not keeps]]

    models_server.behaviour = lambda request: (
        called("c1", reasoning="Hmm")
        if len(request.body["messages"]) == 1
        else refusing(400, "reasoning is never right")
    )
    models_server.requests.clear()
    assert run_chat(models_server, keepReasoning=keeps)["state"] == "FAILED"
    assert len(models_server.requests) == 3


@pytest.mark.parametrize("ids", [(None, None), ("", ""), ("c", "c"), (7, "c")])
def test_calls_without_ids_of_their_own_get_some(
    models_server: ChatServer, ids: tuple[Any, Any]
) -> None:
    models_server.answers(called(*ids), saying("Done"))

    assert run_chat(models_server)["agentOutput"] == "Done"

    _, message, first, second = models_server.requests[1].body["messages"]
    given = [call["id"] for call in message["tool_calls"]]
    assert len(set(given)) == 2
    assert all(isinstance(one, str) and one for one in given)
    assert [first["tool_call_id"], second["tool_call_id"]] == given


def test_ids_that_a_server_repeats_in_each_round_are_made_distinct(
    models_server: ChatServer, stock: LambdaService
) -> None:
    models_server.answers(called("call_0"), called("call_0"), saying("Done"))

    assert run_chat(models_server)["agentOutput"] == "Done"

    assert len({one.event["idempotencyKey"] for one in stock.invocations}) == 2


@pytest.mark.parametrize(
    "calls", [[7], [{}], [{"id": "c1", "function": "stock"}], [{"id": "c1", "function": {}}]]
)
def test_calls_of_an_unknown_form_are_no_calls_or_calls_of_an_unknown_tool(
    models_server: ChatServer, calls: list[Any]
) -> None:
    models_server.answers(saying(None, tool_calls=calls), saying("Done"))

    agent = run_chat(models_server)

    if calls == [7]:
        assert agent["notes"] == "The model calls a tool, and does not say which one"
    else:
        assert agent["agentOutput"] == "Done"
        (told,) = models_server.requests[1].body["messages"][2:]
        assert told["content"] == "Error: There is no such tool. There are stock"


THOUGHTS = {
    "reasoningContent": {"reasoningText": {"text": "Hmm", "signature": "sig"}},
}
SECRET_THOUGHTS = {"reasoningContent": {"redactedContent": base64.b64encode(b"\x00\xff").decode()}}
CALL = {"toolUse": {"toolUseId": "t1", "name": "stock", "input": {"$bytes": "kept"}}}


def test_bedrocks_message_goes_back_as_it_was_with_thoughts_and_without_blank_texts(
    bedrock: ChatServer, stock: LambdaService
) -> None:
    content = [THOUGHTS, SECRET_THOUGHTS, {"text": " "}, {"text": "Looking"}, CALL]
    bedrock.answers(converse.replying(content, "tool_use"), converse.saying("Done"))

    assert run_bedrock()["agentOutput"] == "Done"

    assert bedrock.requests[1].body["messages"][1:] == [
        {"role": "assistant", "content": [THOUGHTS, SECRET_THOUGHTS, {"text": "Looking"}, CALL]},
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "t1",
                        "content": [{"text": "60"}],
                        "status": "success",
                    }
                }
            ],
        },
    ]
    assert stock.invocations[0].event["arguments"] == {"$bytes": "kept"}


def test_bedrock_caches_instructions_and_tools(bedrock: ChatServer) -> None:
    run_bedrock(promptCaching="1h", instructions="Write.")

    body = bedrock.requests[0].body
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert body["system"] == [{"text": "Write."}, point]
    assert [list(tool) for tool in body["toolConfig"]["tools"]] == [["toolSpec"], ["cachePoint"]]
    assert "toolChoice" not in body["toolConfig"]


def test_an_answer_that_is_a_tool_is_called_alone_after_the_others(bedrock: ChatServer) -> None:
    answer = {"toolUse": {"toolUseId": "t2", "name": "answer", "input": {"n": 1}}}
    bedrock.answers(
        converse.replying([CALL, answer], "tool_use"), converse.replying([answer], "tool_use")
    )

    agent = run_bedrock(outputSchema=SCHEMA, structured="TOOL")

    assert json.loads(agent["agentOutput"]) == {"n": 1}
    first, second = [request.body for request in bedrock.requests]
    names = [tool["toolSpec"]["name"] for tool in first["toolConfig"]["tools"]]
    assert names == ["stock", "answer"]
    assert first["toolConfig"]["toolChoice"] == {"any": {}}
    results = [block["toolResult"] for block in second["messages"][-1]["content"]]
    assert [one["status"] for one in results] == ["success", "error"]
    assert results[1]["content"][0]["text"] == (
        "Error: This tool is called alone, with the answer, after all the others"
    )
