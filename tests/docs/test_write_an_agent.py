"""The examples of the guide for agents work: they are the agents here."""

import io
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import boto3
import pytest

from ai_coordination import models
from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.handler import handler
from tests.api.execution import (
    after,
    agents,
    blueprint,
    external,
    function,
    outcomes,
    report,
    session,
    start,
    started,
    tell,
    work_off,
)
from tests.docs.pages import example, page
from tests.entrypoints.lambda_stand_ins import Context
from tests.entrypoints.test_worker import queue
from tests.support.graph_api import Place, change, data
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning, serving
from tests.support.local_server import LocalServer, running
from tests.support.stored import stored

__all__ = ["queue"]

NOW, ASKING, LATER, OUTSIDE, LONG = page("guides/write-an-agent").texts("python")
TABLE = "answers"


@pytest.fixture
def service(queue: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaService]:
    """Lambda, with the API's function."""
    with serving() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", running.url)
        monkeypatch.setenv("AI_COORDINATION_API_FUNCTION", "api")
        settings.cache_clear()
        clients.forget()
        running.deploy("api", lambda event: returning(handler(event, Context())))
        yield running
    clients.forget()


def test_a_function_asks_a_person_and_is_called_again_with_the_answer(
    service: LambdaService,
) -> None:
    service.deploy("agent-asks", lambda event: returning(example(ASKING)["handler"](event, None)))
    member = function("a", "agent-asks", invocation="RequestResponse")
    place = start(blueprint([member]), taskQuery="tea")
    work_off()
    key = report(place, "a")

    tell("answerSessionAgent", {**key, "answer": {"days": 7}})

    (agent,) = agents(place).values()
    assert agent["agentOutput"] == "We offer tea, valid for 7 days"


@pytest.fixture
def later(service: LambdaService, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The example that answers later, deployed; `worked` counts its work."""
    monkeypatch.setenv("ANSWERS_TABLE", TABLE)
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "run_uuid", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "run_uuid", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    defined = example(LATER)
    defined["worked"] = []
    work = defined["work"]
    defined["work"] = lambda event: defined["worked"].append(event) or work(event)
    service.deploy("agent-later", lambda event: returning(defined["handler"](event, None)))
    yield defined
    boto3.client("dynamodb").delete_table(TableName=TABLE)


def begun(text: str = "Say it") -> Place:
    place = start(blueprint([function("a", "agent-later")]), taskQuery=text)
    work_off()
    return place


def test_a_function_answers_at_once(service: LambdaService) -> None:
    service.deploy("agent-now", lambda event: returning(example(NOW)["handler"](event, None)))
    member = function("a", "agent-now", invocation="RequestResponse")

    place = start(blueprint([member]), taskQuery="Say it")
    work_off()

    agent = agents(place)["a"]
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "A has read 6 characters")
    assert agent["currentRun"]["usage"] == {"inputTokens": 120, "outputTokens": 12}


def test_a_function_answers_later(later: dict[str, Any]) -> None:
    place = begun()

    assert session(place)["status"] == "COMPLETED"
    assert agents(place)["a"]["agentOutput"] == "SAY IT"
    assert outcomes(place) == [("a", 1, "COMPLETED")]


def test_reports_are_sent_as_utf_8_because_escapes_may_be_three_times_as_long(
    later: dict[str, Any], service: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []

    def answer(request: urllib.request.Request, timeout: float) -> Any:
        assert isinstance(request.data, bytes)
        sent.append(request.data)
        return nullcontext(io.BytesIO(b'{"data": {}}'))

    monkeypatch.setattr(urllib.request, "urlopen", answer)

    begun("é")
    example(OUTSIDE)["ask"]("query", {"text": "é"})

    assert "É".encode() in service.invocations[-1].payload
    assert "é".encode() in sent[0]


def test_an_event_that_comes_twice_is_worked_on_once_and_reported_twice(
    later: dict[str, Any], service: LambdaService
) -> None:
    def twice(event: Any) -> Reply:
        later["handler"](event, None)
        return returning(later["handler"](event, None))

    service.deploy("agent-later", twice)

    place = begun()

    assert len(later["worked"]) == 1
    assert [one.function for one in service.invocations] == ["agent-later", "api", "api"]
    assert outcomes(place) == [("a", 1, "COMPLETED")]


def test_what_another_attempt_does_not_mend_is_reported_as_failed(later: dict[str, Any]) -> None:
    place = begun("")

    agent = agents(place)["a"]
    assert (agent["state"], agent["attempt"]) == ("FAILED", 1)
    assert agent["notes"] == "There is nothing to do"


def test_a_report_that_nobody_waits_for_is_the_end_of_it(
    later: dict[str, Any], service: LambdaService
) -> None:
    service.deploy("agent-later", returning(None))
    place = begun()
    change("cancelSession", place.key, "session { status }")

    later["handler"](service.invocations[0].event, None)

    assert session(place)["status"] == "CANCELLED"


def test_what_a_function_gets_is_what_is_shown(service: LambdaService) -> None:
    members = [
        function("rag", "agent-any", invocation="RequestResponse"),
        function("zh", "agent-any"),
    ]
    service.deploy("agent-any", lambda event: returning("Done"))
    place = start(
        blueprint(members, [after("rag"), after("zh", "rag")]),
        inputFiles=[{"name": "rfq.pdf", "uri": "s3://bucket/rfq.pdf"}],
    )
    work_off()

    shown, _ = (json.loads(text) for text in page("reference/agent-payload").texts("json"))
    given = service.invocations[1].event
    assert session(place)["status"] == "IN_PROGRESS"
    assert names_of(given) == names_of(shown)


def names_of(value: Any) -> Any:
    """The members, and those of what is in them; `parameters` are the blueprint's own."""
    if isinstance(value, dict):
        return {name: name == "parameters" or names_of(one) for name, one in value.items()}
    return [names_of(one) for one in value] if isinstance(value, list) else None


START = """mutation ($coordination: ID!, $task: ID!) {
  startSession(input: {coordinationUuid: $coordination, taskUuid: $task, taskQuery: "Which?"}) {
    session { sessionUuid }
  }
}"""
CREATE = """mutation ($agents: [AgentInput!]!) {
  createCoordination(input: {coordinationName: "Prices", agents: $agents}) {
    coordination { coordinationUuid }
  }
}"""
CREATE_TASK = """mutation ($coordination: ID!) {
  createTask(input: {coordinationUuid: $coordination, taskName: "Prices"}) { task { taskUuid } }
}"""
SHOW = """query ($session: ID!) {
  sessionAgents(sessionUuid: $session) { nodes { agentUuid state agentOutput notes attempt } }
}"""


def made(server: LocalServer, *members: Any) -> str:
    """A session on a server; its uuid."""
    told = server.graphql(CREATE, agents=list(members))["data"]["createCoordination"]
    coordination = told["coordination"]["coordinationUuid"]
    told = server.graphql(CREATE_TASK, coordination=coordination)["data"]["createTask"]
    key = {"coordination": coordination, "task": told["task"]["taskUuid"]}
    return str(server.graphql(START, **key)["data"]["startSession"]["session"]["sessionUuid"])


def shown_of(server: LocalServer, session_uuid: str) -> dict[str, tuple[str, str | None]]:
    nodes = server.graphql(SHOW, session=session_uuid)["data"]["sessionAgents"]["nodes"]
    return {one["agentUuid"]: (one["state"], one["agentOutput"] or one["notes"]) for one in nodes}


def in_time(server: LocalServer, session_uuid: str, **expected: tuple[str, str | None]) -> None:
    """The agents of a session come to stand so, which a worker in another process does."""
    ends_at = time.monotonic() + 60
    while (found := shown_of(server, session_uuid)) != expected:
        assert time.monotonic() < ends_at, found
        time.sleep(0.05)


def refuse(text: str) -> str:
    raise KeyError(text)


def test_a_worker_outside_takes_what_nobody_has_taken_and_reports(
    monkeypatch: pytest.MonkeyPatch, local_server: LocalServer
) -> None:
    monkeypatch.setenv("API_URL", f"http://127.0.0.1:{local_server.port}/graphql")
    one, other = example(OUTSIDE), example(OUTSIDE)
    first = made(local_server, external("analyst"), external("other"))
    in_time(local_server, first, analyst=("IN_PROGRESS", None), other=("IN_PROGRESS", None))
    (found,) = one["work_list"]("analyst")
    keys = {name: found[name] for name in ("sessionUuid", "sessionAgentUuid")}
    taken = keys | {"runUuid": found["currentRun"]["runUuid"], "asyncTaskUuid": one["ME"]}

    other["ask"](other["ACCEPT"], {"input": {**taken, "asyncTaskUuid": other["ME"]}})
    with pytest.raises(one["Refused"], match="INVALID_STATE"):
        one["ask"](one["ACCEPT"], {"input": taken})
    assert one["work_once"]("analyst", str.upper) == 0
    assert one["work_once"]("other", str.upper) == 1
    in_time(local_server, first, analyst=("IN_PROGRESS", None), other=("COMPLETED", "WHICH?"))

    second = made(local_server, external("analyst"))
    in_time(local_server, second, analyst=("IN_PROGRESS", None))
    assert one["work_once"]("analyst", refuse) == 1
    in_time(local_server, second, analyst=("INITIAL", "KeyError('Which?')"))


def test_the_development_server_has_no_functions_and_says_so(local_server: LocalServer) -> None:
    place = made(local_server, function("a", invocation="RequestResponse"))

    notes = "The function does not exist (ResourceNotFoundException)"
    in_time(local_server, place, a=("FAILED", notes))


def test_the_development_server_invokes_what_an_endpoint_serves() -> None:
    with serving() as lambdas, running(AWS_ENDPOINT_URL_LAMBDA=lambdas.url) as server:
        lambdas.deploy("agent-now", lambda event: returning(example(NOW)["handler"](event, None)))
        place = made(server, function("a", "agent-now", invocation="RequestResponse"))

        in_time(server, place, a=("COMPLETED", "A has read 6 characters"))

    (invocation,) = lambdas.invocations
    assert invocation.event["replyTo"] == {"functionName": None}


@pytest.mark.usefixtures("queue")
def test_long_work_says_how_far_it_is() -> None:
    place = started([external("a")], [after("a", heartbeatSeconds=60)])
    key = report(place, "a")
    long = example(LONG)
    long["ask"] = data

    translated = long["translate_all"](["one", "two", "three"], str.upper, key)

    assert translated == ["ONE", "TWO", "THREE"]
    agent = stored(models.SessionAgent, place.session, key["sessionAgentUuid"])
    assert (agent.heartbeat_note, agent.heartbeat_percent) == ("Page 3 of 3", 100)
