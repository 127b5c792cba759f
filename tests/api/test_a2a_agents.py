"""Agents that speak A2A: what they are sent, and what each of their answers becomes."""

import hashlib
import re
from typing import Any

import pytest

from tests.api.execution import (
    a2a_agent,
    after,
    agents,
    outcomes,
    started,
)
from tests.support.a2a_agent import A2aAgent, Refusal, card, reply_of, task, task_03
from tests.support.graph_api import CALLER, Place
from tests.support.http_server import Reply

pytestmark = pytest.mark.usefixtures("worked_queue")

KEY = "sk-0123456789"
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
AT_ONCE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}


def run(desk: A2aAgent, retry: Any = TWICE, **parameters: Any) -> tuple[Place, dict[str, Any]]:
    """A session of one A2A agent; by default another attempt is far away."""
    place = started([a2a_agent(desk.url, **parameters)], [after("a", **retry)])
    return place, agents(place)["a"]


def context_of(agent: dict[str, Any], thread: str) -> str:
    names = f"{CALLER.partition_key}#{thread}#{agent['agentUuid']}"
    return hashlib.sha256(names.encode()).hexdigest()


def test_an_agent_is_sent_its_input_and_polled_until_its_task_is_done(desk: A2aAgent) -> None:
    desk.answers("SendMessage", {"task": task("SUBMITTED")})
    done = task(
        "COMPLETED", output="5 kg", metadata={"usage": {"inputTokens": 9, "outputTokens": 4}}
    )
    desk.answers("GetTask", task("WORKING"), task("UNHEARD_OF"), done)

    thread = "3c5f0b1e-0000-4000-8000-000000000000"
    place = started([a2a_agent(desk.url)], [after("a")], threadUuid=thread)
    agent = agents(place)["a"]

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "5 kg")
    assert agent["currentRun"]["asyncTaskUuid"] == "task-1"
    assert agent["currentRun"]["usage"] == {"inputTokens": 9, "outputTokens": 4}
    assert desk.methods() == ["CARD", "SendMessage", "GetTask", "GetTask", "GetTask"]
    (sent,) = desk.sent("SendMessage")
    assert sent == {
        "message": {
            "role": "ROLE_USER",
            "parts": [{"text": "Which?"}],
            "messageId": agent["currentRun"]["runUuid"],
            "contextId": context_of(agent, thread),
        },
        "configuration": {
            "acceptedOutputModes": ["text/plain", "application/json"],
            "historyLength": 10,
            "returnImmediately": True,
        },
    }
    assert desk.sent("GetTask")[0] == {"id": "task-1", "historyLength": 10}
    headers = desk.requests[1].headers
    assert headers["a2a-version"] == "1.0"
    assert not {"authorization", "a2a-extensions"} & headers.keys()


def test_an_agent_of_0_3_is_asked_in_its_own_form(desk: A2aAgent) -> None:
    desk.card = card(f"{desk.url}/a2a", "0.3")
    desk.answers("message/send", task_03("WORKING"))
    desk.answers("tasks/get", task_03("COMPLETED", said="5 kg"))

    _, agent = run(
        desk,
        apiKeySecret="key",
        keyHeader="x-api-key",
        outputModes=["text/plain"],
        extensions=["https://x.example/geo", "urn:tea"],
        useContext=False,
        mode="BLOCK",
    )

    assert agent["agentOutput"] == "5 kg"
    assert desk.methods() == ["CARD", "message/send", "tasks/get"]
    (sent,) = desk.sent("message/send")
    assert sent == {
        "message": {
            "kind": "message",
            "role": "user",
            "parts": [{"kind": "text", "text": "Which?"}],
            "messageId": agent["currentRun"]["runUuid"],
        },
        "configuration": {
            "acceptedOutputModes": ["text/plain"],
            "historyLength": 10,
            "blocking": True,
        },
    }
    read, *asked = desk.requests
    assert "x-api-key" not in read.headers
    for request in asked:
        assert request.path == "/a2a"
        assert request.headers["x-api-key"] == KEY
        assert request.headers["x-a2a-extensions"] == "https://x.example/geo,urn:tea"
        assert "a2a-version" not in request.headers


def test_a_card_is_read_once_and_one_that_is_protected_with_the_key(desk: A2aAgent) -> None:
    known, seen = desk.card, []

    def protected(request: Any) -> Reply:
        if request.body is not None:
            return desk.behave(request)
        seen.append(request.headers.get("authorization"))
        return reply_of(known) if seen[-1] == f"Bearer {KEY}" else reply_of({}, 401)

    desk.server.behaviour = protected
    for _ in range(2):
        _, agent = run(desk, apiKeySecret="key")
        assert agent["state"] == "COMPLETED"

    assert seen == [None, f"Bearer {KEY}"]


def test_with_a_version_no_card_is_read(desk: A2aAgent) -> None:
    place = started([a2a_agent(f"{desk.url}/rpc?v=1", protocolVersion="1.0")])

    assert agents(place)["a"]["agentOutput"] == "Done"
    (request,) = desk.requests
    assert request.path == "/rpc?v=1"


def test_the_protocols_own_tenant_is_passed_on(desk: A2aAgent) -> None:
    desk.card["supportedInterfaces"][0]["tenant"] = "tea"
    desk.answers("SendMessage", {"task": task("WORKING")})
    desk.answers("GetTask", task("COMPLETED", output="Done"))

    run(desk)

    assert [desk.sent(name)[0]["tenant"] for name in ("SendMessage", "GetTask")] == ["tea", "tea"]


@pytest.mark.parametrize(("said", "spoken"), [("1.0", "0.3"), ("0.3", "1.0")])
def test_an_agent_that_speaks_the_other_version_is_asked_once_more_and_that_is_remembered(
    desk: A2aAgent, said: str, spoken: str
) -> None:
    desk.card = card(f"{desk.url}/a2a", said)
    methods = {"1.0": "SendMessage", "0.3": "message/send"}
    desk.answers(methods[said], Refusal(-32601 if spoken == "0.3" else -32009))

    for _ in range(2):
        _, agent = run(desk)
        assert agent["agentOutput"] == "Done"

    assert desk.methods() == ["CARD", methods[said], methods[spoken], methods[spoken]]


@pytest.mark.parametrize("code", [-32601, -32009])
def test_an_agent_that_speaks_neither_version_fails(desk: A2aAgent, code: int) -> None:
    desk.answers("SendMessage", Refusal(code, "Unknown"))
    desk.answers("message/send", Refusal(code, "Unknown"))

    _, agent = run(desk)
    _, pinned = run(desk, protocolVersion="1.0")

    for failed in (agent, pinned):
        assert (failed["state"], failed["notes"]) == (
            "FAILED",
            f"The agent answered {code}: Unknown",
        )
    assert desk.methods() == ["CARD", "SendMessage", "message/send", "SendMessage"]


ANSWERS: dict[str, tuple[Any, str]] = {
    "a message": ({"message": {"parts": [{"text": "5 kg"}]}}, "5 kg"),
    "artifacts": (
        {
            "task": task(
                "COMPLETED", artifacts=[{"parts": [{"text": "a"}]}, {"parts": [{"data": {"b": 1}}]}]
            )
        },
        'a\n\n{"b": 1}',
    ),
    "a status": ({"task": task("COMPLETED", "5 kg")}, "5 kg"),
    "nothing": ({"task": task("COMPLETED")}, ""),
    "the form of 0.3": (task_03("COMPLETED", output="5 kg"), "5 kg"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_completes_the_agent(desk: A2aAgent, name: str) -> None:
    answer, output = ANSWERS[name]
    desk.answers("SendMessage", answer)

    place, agent = run(desk)

    assert (agent["state"], agent["agentOutput"] or "") == ("COMPLETED", output)
    assert outcomes(place) == [("a", 1, "COMPLETED")]


FILES = [
    {"name": "logo.png", "uri": "{}/logo.png"},
    {"name": "note", "uri": "{}/note.txt", "mediaType": "text/plain; charset=utf-8"},
    {"name": "map.png", "uri": "https://maps.example/1?size=2"},
]


def files(place: str, *given: dict[str, str]) -> list[dict[str, str]]:
    return [{**file, "uri": file["uri"].format(place)} for file in given]


def test_input_files_are_addresses_that_the_agent_can_read(
    desk: A2aAgent, place_of_files: str
) -> None:
    place = started([a2a_agent(desk.url)], inputFiles=files(place_of_files, *FILES))

    assert agents(place)["a"]["state"] == "COMPLETED"
    (sent,) = desk.sent("SendMessage")
    _, image, note, public = sent["message"]["parts"]
    assert (image["filename"], image["mediaType"]) == ("logo.png", "image/png")
    assert (note["filename"], note["mediaType"]) == ("note", "text/plain")
    assert public["url"] == "https://maps.example/1?size=2"
    assert image["url"].startswith("https://files.s3.eu-central-1.amazonaws.com/in/acme/sales/")
    assert re.search(r"X-Amz-Expires=3\d\d&", image["url"])


REFUSED = [
    (
        {"name": "offer.pdf", "uri": "{}/offer.pdf"},
        (
            "The agent's card does not list the type of the input file 'offer.pdf'"
            " (application/pdf). With inputFiles: NONE the agent is not sent any"
        ),
    ),
    ({"name": "gone.txt", "uri": "{}/gone.txt"}, "The input file 'gone.txt' does not exist"),
    (
        {"name": "a.txt", "uri": "s3://files/in/other/sales/note.txt"},
        ("The input file 'a.txt' is not at a place of the setting AI_COORDINATION_INPUT_PLACES"),
    ),
]


@pytest.mark.parametrize(("file", "notes"), REFUSED)
def test_a_file_that_cannot_be_sent_fails_the_agent(
    desk: A2aAgent, place_of_files: str, file: dict[str, str], notes: str
) -> None:
    given = files(place_of_files, file)
    place = started([a2a_agent(desk.url)], inputFiles=given)
    other = started([a2a_agent(desk.url, inputFiles="NONE")], inputFiles=given)

    failed = agents(place)["a"]
    assert (failed["state"], failed["notes"]) == ("FAILED", notes)
    assert agents(other)["a"]["state"] == "COMPLETED"
    assert len(desk.sent("SendMessage")) == 1
