"""Agents that are models of Amazon Bedrock: what is sent, and what each response becomes."""

import base64
import json
import socket
import threading
from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.clients import bedrock as client
from ai_coordination.clients.http import NotAnswered
from ai_coordination.config import settings
from ai_coordination.engine.agent import throttle
from tests.api.execution import (
    after,
    agents,
    bedrock_model,
    blueprint,
    echo,
    input_of,
    outcomes,
    session,
    start,
    started,
    work_off,
)
from tests.support.chat_server import ChatServer, Reply
from tests.support.contexts import SYSTEM
from tests.support.converse import USAGE, refusing, replying, saying
from tests.support.graph_api import Place
from tests.support.http_peer import dripping, peer
from tests.support.stored import stored

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


CALLED = {"toolUse": {"toolUseId": "1", "name": "answer", "input": {"verdict": "yes"}}}
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}}
CITED = {"citationsContent": {"content": [{"text": "ne"}], "citations": []}}
AS_TOOL = {"outputSchema": SCHEMA, "structured": "TOOL"}
ANSWERS: dict[str, tuple[Reply, dict[str, Any], str]] = {
    "text": (saying("Done"), {}, "Done"),
    "a stop sequence": (saying("Done", "stop_sequence"), {}, "Done"),
    "parts": (replying([THOUGHT, {"text": "Do"}, CITED]), {}, "Done"),
    "a reason of the future": (saying("Done", "tired"), {}, "Done"),
    "no reason": (saying("Done", None), {}, "Done"),
    "cut off, and taken": (saying("Do", "max_tokens"), {"onLength": "TAKE"}, "Do"),
    "a full context, and taken": (
        saying("Do", "model_context_window_exceeded"),
        {"onLength": "TAKE"},
        "Do",
    ),
    "a schema": (saying('{"verdict": "yes"}'), {"outputSchema": SCHEMA}, '{"verdict": "yes"}'),
    "a tool": (replying([CALLED], "tool_use"), AS_TOOL, '{"verdict": "yes"}'),
    "a tool at the end of a turn": (
        replying([{"text": "So:"}, CALLED]),
        AS_TOOL,
        '{"verdict": "yes"}',
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_completes_the_agent(bedrock: ChatServer, name: str) -> None:
    reply, parameters, output = ANSWERS[name]

    place, agent = run(bedrock, reply, **parameters)

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", output)
    assert outcomes(place) == [("a", 1, "COMPLETED")]


CACHED = {**USAGE, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 3}
USAGES: list[tuple[Any, Any]] = [
    (USAGE, {"inputTokens": 20, "outputTokens": 7}),
    (CACHED, {"inputTokens": 123, "outputTokens": 7}),
    ({}, None),
    ({"inputTokens": 1}, None),
    ({"inputTokens": -1, "outputTokens": 7}, None),
    ({"inputTokens": 2**31 - 1, "outputTokens": 7, "cacheReadInputTokens": 1}, None),
]


@pytest.mark.parametrize(("usage", "shown"), USAGES, ids=str)
def test_the_input_includes_what_was_cached(bedrock: ChatServer, usage: Any, shown: Any) -> None:
    _, agent = run(bedrock, saying("Done", usage=usage))

    assert agent["agentOutput"] == "Done"
    assert agent["currentRun"]["usage"] == shown


SAID = "Bedrock answered"
LONG = "The model's answer was cut off: it needs more than maxTokens, or than its context"
REFUSED = "The model refuses to answer"
# The reply, whether another attempt follows, the outcome, and the notes.
FAILURES: dict[str, tuple[Reply, bool, str, str]] = {
    "throttled": (
        refusing(429, "ThrottlingException", "Too many tokens per day"),
        True,
        "FAILED",
        f"Throttled: {SAID} ThrottlingException: Too many tokens per day",
    ),
    "not ready": (
        refusing(429, "ModelNotReadyException"),
        True,
        "FAILED",
        f"{SAID} ModelNotReadyException: no",
    ),
    "internal": (
        refusing(500, "InternalServerException"),
        True,
        "FAILED",
        f"{SAID} InternalServerException: no",
    ),
    "unavailable": (
        refusing(503, "ServiceUnavailableException"),
        True,
        "FAILED",
        f"{SAID} ServiceUnavailableException: no",
    ),
    "the model's error": (
        refusing(424, "ModelErrorException"),
        True,
        "FAILED",
        f"{SAID} ModelErrorException: no",
    ),
    "the model's timeout": (
        refusing(408, "ModelTimeoutException"),
        True,
        "TIMED_OUT",
        f"{SAID} ModelTimeoutException: no",
    ),
    "invalid": (
        refusing(400, "ValidationException", "temperature and topP"),
        False,
        "FAILED",
        f"{SAID} ValidationException: temperature and topP",
    ),
    "too long": (
        refusing(400, "ValidationException", "Input is too long for requested model."),
        False,
        "FAILED",
        (
            f"{SAID} ValidationException: the input is too long for the model."
            " Input is too long for requested model."
        ),
    ),
    "access denied": (
        refusing(403, "AccessDeniedException", "User: arn:aws:sts::1:assumed-role/x"),
        False,
        "FAILED",
        (
            f"{SAID} AccessDeniedException: the engine may not invoke this model, or the account"
            " has no access"
        ),
    ),
    "expired": (
        refusing(403, "ExpiredTokenException", "AKIA"),
        False,
        "FAILED",
        f"{SAID} ExpiredTokenException: the engine's credentials have expired",
    ),
    "unknown model": (
        refusing(404, "ResourceNotFoundException"),
        False,
        "FAILED",
        f"{SAID} ResourceNotFoundException: no",
    ),
    "quota": (
        refusing(400, "ServiceQuotaExceededException"),
        False,
        "FAILED",
        f"{SAID} ServiceQuotaExceededException: no",
    ),
    "a gateway's error": (Reply(b"<html>", 502), True, "FAILED", f"{SAID} 502: Bad Gateway"),
    "a redirect": (
        Reply(b"{}", 307, {"location": "http://169.254.169.254/"}),
        False,
        "FAILED",
        f"{SAID} 307",
    ),
    "no JSON": (Reply(b"<html>"), True, "FAILED", f"{SAID} without a message"),
    "no message": (Reply(b"{}"), True, "FAILED", f"{SAID} without a message"),
    "a text too long": (
        Reply(b" " * 4_194_305),
        False,
        "FAILED",
        "Bedrock could not be reached. The answer is larger than 4,194,304 bytes",
    ),
    "empty": (saying(""), True, "FAILED", "The model has answered nothing"),
    "no blocks": (replying([]), True, "FAILED", "The model has answered nothing"),
    "thoughts alone": (replying([THOUGHT]), True, "FAILED", "The model has answered nothing"),
    "filtered": (saying("Do", "content_filtered"), False, "FAILED", REFUSED),
    "a guardrail": (
        saying("Not about that.", "guardrail_intervened"),
        False,
        "FAILED",
        f"{REFUSED}: the guardrail intervened. Not about that.",
    ),
    "a tool": (
        replying([CALLED], "tool_use"),
        False,
        "FAILED",
        "The model called a tool, and the agent has none",
    ),
    "malformed": (
        saying("D", "malformed_model_output"),
        True,
        "FAILED",
        "The model's answer is malformed",
    ),
    "a malformed call": (
        saying("D", "malformed_tool_use"),
        True,
        "FAILED",
        "The model's answer is malformed",
    ),
    "cut off": (saying("Do", "max_tokens"), False, "FAILED", LONG),
    "a full context": (saying("Do", "model_context_window_exceeded"), False, "FAILED", LONG),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_response_without_an_answer_fails_the_attempt(bedrock: ChatServer, name: str) -> None:
    reply, retried, outcome, notes = FAILURES[name]

    place, agent = run(bedrock, reply)

    assert len(bedrock.requests) == 1
    (ended,) = session(place)["sessionRuns"]["nodes"]
    assert (ended["outcome"], ended["notes"]) == (outcome, notes)
    assert agent["state"] == ("INITIAL" if retried else "FAILED")


OTHER = {"toolUse": {"toolUseId": "1", "name": "other", "input": {}}}
NO_FIT = "The model's answer does not fit the outputSchema."
SCHEMA_FAILURES: list[tuple[Reply, str, str]] = [
    (saying("Yes."), "INITIAL", "The model's answer is not JSON"),
    (saying("{}"), "INITIAL", f"{NO_FIT} 'verdict' is missing (verdict)"),
    (
        replying([OTHER], "tool_use"),
        "FAILED",
        "The model called a tool, and the agent has none",
    ),
]


@pytest.mark.parametrize(("reply", "state", "notes"), SCHEMA_FAILURES)
def test_an_answer_that_does_not_fit_the_schema_fails_the_attempt(
    bedrock: ChatServer, reply: Reply, state: str, notes: str
) -> None:
    place, agent = run(bedrock, reply, **AS_TOOL)

    assert agent["state"] == state
    assert session(place)["sessionRuns"]["nodes"][0]["notes"] == notes


def test_a_model_that_is_throttled_spends_no_attempt_unless_it_says_so(bedrock: ChatServer) -> None:
    reply = refusing(429, "ThrottlingException")

    attempts = [
        run(bedrock, reply, **parameters)[1]["attempt"]
        for parameters in ({}, {"throttleSeconds": 0})
    ]

    assert attempts == [0, 1]


def test_bedrock_is_left_alone_for_as_long_as_it_asks(
    bedrock: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "SPREAD", 0.0)
    place, agent = run(bedrock, refusing(429, "ThrottlingException", retry_after="3600"))

    waiting = stored(models.SessionAgent, place.session, agent["sessionAgentUuid"])
    waits = timestamps.parse(waiting.not_before) - timestamps.parse(waiting.updated_at)
    assert round(waits.total_seconds(), 1) == 3_600.0


def test_a_request_that_is_not_one_of_converse_is_not_sent(bedrock: ChatServer) -> None:
    with pytest.raises(client.Invalid, match="Invalid type for parameter messages"):
        client.converse({"modelId": "m", "messages": "Which?"}, 5, context=SYSTEM)

    assert bedrock.requests == []


def test_a_region_without_bedrock_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, bedrock: ChatServer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"http://{host}")

    place = started([bedrock_model()], [after("a", **TWICE)])

    assert agents(place)["a"]["state"] == "INITIAL"
    (ended,) = session(place)["sessionRuns"]["nodes"]
    assert ended["notes"] == f"Bedrock could not be reached. {host} does not accept connections"


def test_a_model_that_is_taken_off_the_list_is_not_called(
    bedrock: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(blueprint([bedrock_model()]), taskQuery="Which?")
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "anthropic.*")
    settings.cache_clear()
    work_off()

    agent = agents(place)["a"]
    assert agent["state"] == "FAILED"
    assert "is not allowed. The setting AI_COORDINATION_BEDROCK_MODELS" in agent["notes"]
    assert bedrock.requests == []


def test_a_model_has_the_time_of_its_attempt(bedrock: ChatServer) -> None:
    over = threading.Event()

    def slow(request: Any) -> Reply:
        over.wait(30)
        return saying("late")

    bedrock.behaviour = slow
    try:
        place = started([bedrock_model()], [after("a", timeoutSeconds=1, **TWICE)])
    finally:
        over.set()

    (ended,) = session(place)["sessionRuns"]["nodes"]
    assert (ended["outcome"], ended["notes"]) == (
        "TIMED_OUT",
        "The model has not answered within 1 s",
    )


def test_a_model_is_reminded_of_its_thread(bedrock: ChatServer) -> None:
    key = blueprint([bedrock_model()])
    for query in ("First?", "Second?"):
        start(key, taskQuery=query, threadUuid="t-1")
        work_off()

    first, second = (request.body["messages"] for request in bedrock.requests)
    assert [message["role"] for message in first] == ["user"]
    assert [(message["role"], message["content"]) for message in second] == [
        ("user", [{"text": "First?"}]),
        ("assistant", [{"text": "Done"}]),
        ("user", [{"text": "Second?"}]),
    ]


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


def test_a_film_fails_the_agent(bedrock: ChatServer, place_of_files: str) -> None:
    file = {"name": "a.mp4", "uri": f"{place_of_files}/note.txt"}

    place = started([bedrock_model()], inputFiles=[file])

    assert agents(place)["a"]["notes"] == (
        "The input file 'a.mp4' (video/mp4) is not an image, a document or a text. With"
        " inputFiles: NONE the model is not sent any"
    )
    assert bedrock.requests == []
