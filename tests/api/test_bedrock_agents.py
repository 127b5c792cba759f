"""Agents that are models of Amazon Bedrock: what is particular to this kind."""

import base64
import json
from typing import Any

import pytest

from ai_coordination.clients import bedrock as client
from ai_coordination.clients.http import NotAnswered
from tests.api.execution import (
    after,
    agents,
    bedrock_model,
    echo,
    input_of,
    outcomes,
    session,
    started,
)
from tests.support.chat_server import ChatServer
from tests.support.contexts import SYSTEM
from tests.support.converse import USAGE, replying, saying
from tests.support.graph_api import Place
from tests.support.http_peer import dripping, peer
from tests.support.http_server import Reply

pytestmark = pytest.mark.usefixtures("worked_queue")

PATH = "/model/amazon.nova-lite-v1%3A0/converse"
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["yes", "no"]}},
    "required": ["verdict"],
}


def run(server: ChatServer, reply: Reply, **parameters: Any) -> tuple[Place, dict[str, Any]]:
    """A session of one model after Bedrock has replied so; another attempt is far away."""
    server.answers(reply)
    place = started([bedrock_model(**parameters)], [after("a", **TWICE)])
    return place, agents(place)["a"]


def test_a_model_is_sent_the_instructions_the_input_and_the_parameters(bedrock: ChatServer) -> None:
    parameters = {
        "instructions": "You write offers.",
        "maxTokens": 100,
        "temperature": 0.5,
        "topP": 1,
        "stopSequences": ["END"],
        "promptCaching": "1h",
        "guardrail": {"id": "abc1", "version": "DRAFT"},
        "serviceTier": "flex",
        "latency": "optimized",
        "effort": "low",
        "requestMetadata": {"team": "sales"},
        "additionalModelRequestFields": {"top_k": 5, "thinking": {"share": 0.5}},
    }
    place = started(
        [echo("rag"), bedrock_model("zh", **parameters)],
        [after("rag"), after("zh", "rag")],
        taskQuery="Which?",
    )

    agent = agents(place)["zh"]
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "Done")
    assert agent["currentRun"]["usage"] == {"inputTokens": 20, "outputTokens": 7}
    (request,) = bedrock.requests
    assert request.path == PATH
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert request.headers["content-type"] == "application/json"
    assert request.body == {
        "messages": [
            {
                "role": "user",
                "content": [{"text": input_of(agent, "Which?", **{"Agent RAG": "Which?"})}],
            },
        ],
        "system": [
            {"text": "You write offers."},
            {"cachePoint": {"type": "default", "ttl": "1h"}},
        ],
        "inferenceConfig": {
            "maxTokens": 100,
            "temperature": 0.5,
            "topP": 1,
            "stopSequences": ["END"],
        },
        "guardrailConfig": {
            "guardrailIdentifier": "abc1",
            "guardrailVersion": "DRAFT",
            "trace": "disabled",
        },
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
        "outputConfig": {"effort": "low"},
        "requestMetadata": {"team": "sales", "runUuid": agent["currentRun"]["runUuid"]},
        "additionalModelRequestFields": {"top_k": 5, "thinking": {"share": 0.5}},
    }


def test_a_model_without_parameters_is_sent_the_input_alone(bedrock: ChatServer) -> None:
    member = bedrock_model()
    del member["runtime"]["parameters"]
    place = started([member])

    (request,) = bedrock.requests
    run_uuid = agents(place)["a"]["currentRun"]["runUuid"]
    assert request.body == {
        "messages": [{"role": "user", "content": [{"text": "Which?"}]}],
        "requestMetadata": {"runUuid": run_uuid},
    }


def test_a_schema_is_sent_in_the_field_of_the_request(bedrock: ChatServer) -> None:
    run(bedrock, saying('{"verdict": "yes"}'), outputSchema=SCHEMA)

    (request,) = bedrock.requests
    wanted = request.body["outputConfig"]["textFormat"]
    described = wanted["structure"]["jsonSchema"]
    assert (wanted["type"], described["name"]) == ("json_schema", "answer")
    assert json.loads(described["schema"]) == SCHEMA
    assert "toolConfig" not in request.body


def test_a_schema_is_sent_as_a_tool_that_must_be_called(bedrock: ChatServer) -> None:
    run(bedrock, saying("no"), outputSchema=SCHEMA, structured="TOOL")

    (request,) = bedrock.requests
    assert request.body["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "answer",
                    "description": "Answer by calling this tool.",
                    "inputSchema": {"json": SCHEMA},
                }
            }
        ],
        "toolChoice": {"tool": {"name": "answer"}},
    }
    assert "outputConfig" not in request.body


VERDICT = '{"verdict": "yes"}'
CALLED = {"toolUse": {"toolUseId": "1", "name": "answer", "input": {"verdict": "yes"}}}
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}}
CITED = {"citationsContent": {"content": [{"text": "ne"}], "citations": []}}
AS_TOOL = {"outputSchema": SCHEMA, "structured": "TOOL"}
FULL = saying("Do", "model_context_window_exceeded")
ANSWERS: dict[str, tuple[Reply, dict[str, Any], str]] = {
    "a stop sequence": (saying("Done", "stop_sequence"), {}, "Done"),
    "parts": (replying([THOUGHT, {"text": "Do"}, CITED]), {}, "Done"),
    "a reason of the future": (saying("Done", "tired"), {}, "Done"),
    "a full context, and taken": (FULL, {"onLength": "TAKE"}, "Do"),
    "a tool": (replying([CALLED], "tool_use"), AS_TOOL, VERDICT),
    "a tool at the end of a turn": (replying([{"text": "So:"}, CALLED]), AS_TOOL, VERDICT),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_completes_the_agent(bedrock: ChatServer, name: str) -> None:
    reply, parameters, output = ANSWERS[name]

    place, agent = run(bedrock, reply, **parameters)

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", output)
    assert outcomes(place) == [("a", 1, "COMPLETED")]


CACHED = {**USAGE, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 3}
USAGES: list[tuple[Any, Any]] = [
    (CACHED, {"inputTokens": 123, "outputTokens": 7}),
    ({"inputTokens": -1, "outputTokens": 7}, None),
    ({"inputTokens": 2**31 - 1, "outputTokens": 7, "cacheReadInputTokens": 1}, None),
]


@pytest.mark.parametrize(("usage", "shown"), USAGES, ids=str)
def test_the_input_includes_what_was_cached(bedrock: ChatServer, usage: Any, shown: Any) -> None:
    _, agent = run(bedrock, saying("Done", usage=usage))

    assert agent["agentOutput"] == "Done"
    assert agent["currentRun"]["usage"] == shown


OTHER = {"toolUse": {"toolUseId": "1", "name": "other", "input": {}}}
MISFITS: list[tuple[Reply, str, str]] = [
    (saying("Yes."), "INITIAL", "The model's answer is not JSON"),
    (replying([OTHER], "tool_use"), "FAILED", "The model called a tool, and the agent has none"),
]


@pytest.mark.parametrize(("reply", "state", "notes"), MISFITS)
def test_a_model_that_does_not_answer_by_the_tool_fails_the_attempt(
    bedrock: ChatServer, reply: Reply, state: str, notes: str
) -> None:
    place, agent = run(bedrock, reply, **AS_TOOL)

    assert agent["state"] == state
    assert session(place)["sessionRuns"]["nodes"][0]["notes"] == notes


def test_a_request_that_is_not_one_of_converse_is_not_sent(bedrock: ChatServer) -> None:
    with pytest.raises(client.Invalid, match="Invalid type for parameter messages"):
        client.converse({"modelId": "m", "messages": "Which?"}, 5, context=SYSTEM)

    assert bedrock.requests == []


def test_a_dripping_peer_is_left_at_the_end_of_the_time(
    bedrock: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with peer(dripping(b"HTTP/1.1 200 OK\r\n\r\n")) as dripper:
        url = f"http://127.0.0.1:{dripper.port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
        with pytest.raises(NotAnswered) as failed:
            client.converse({"modelId": "m", "messages": []}, 0.3, context=SYSTEM)

    assert failed.value.timed_out


def test_a_model_is_not_asked_after_the_end_of_the_time(bedrock: ChatServer) -> None:
    with pytest.raises(NotAnswered) as failed:
        client.converse({"modelId": "m", "messages": []}, 0, context=SYSTEM)

    assert failed.value.timed_out
    assert bedrock.requests == []


def test_a_model_is_sent_the_input_files(bedrock: ChatServer, place_of_files: str) -> None:
    names = ["note.txt", "logo.png", "offer.pdf"]
    files = [{"name": name, "uri": f"{place_of_files}/{name}"} for name in names]
    files.append({"name": "Q1 figures_2026.xlsx", "uri": f"{place_of_files}/figures.xlsx"})
    files.append({"name": "offer.pdf", "uri": f"{place_of_files}/offer.pdf"})

    place = started([bedrock_model()], inputFiles=files)

    assert agents(place)["a"]["state"] == "COMPLETED"
    (message,) = bedrock.requests[0].body["messages"]
    pdf, png, excel = (encoded(content) for content in (b"%PDF", b"\x89PNG", b"PK"))
    assert message["content"] == [
        {"text": "Which?"},
        {"text": "note.txt\n\nCafé"},
        {"image": {"format": "png", "source": {"bytes": png}}},
        {"document": {"format": "pdf", "name": "offer-pdf", "source": {"bytes": pdf}}},
        {
            "document": {
                "format": "xlsx",
                "name": "Q1 figures-2026-xlsx",
                "source": {"bytes": excel},
            }
        },
        {"document": {"format": "pdf", "name": "offer-pdf-2", "source": {"bytes": pdf}}},
    ]


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_more_documents_than_converse_takes_fail_the_agent(
    bedrock: ChatServer, place_of_files: str
) -> None:
    files = [{"name": f"{number}.pdf", "uri": f"{place_of_files}/offer.pdf"} for number in range(6)]

    place = started([bedrock_model()], inputFiles=files)

    agent = agents(place)["a"]
    assert (agent["state"], agent["notes"]) == ("FAILED", "A model is sent at most 5 documents")
    assert bedrock.requests == []
