"""The development server as a process: what it says, what it answers, how it ends."""

import json
import re
import shlex
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.execution import SIGNING_SECRET, http_agent
from tests.support import chat_server
from tests.support.chat_server import ChatServer, Request
from tests.support.http_server import Reply
from tests.support.local_server import LocalServer, running

CREATE = """
mutation Create($name: String!) {
  createCoordination(input: { coordinationName: $name }) { coordination { coordinationUuid } }
}
"""
CREATE_AGENT = """
mutation Create($agent: AgentInput!) {
  createCoordination(input: { coordinationName: "Elsewhere", agents: [$agent] }) {
    coordination { coordinationUuid }
  }
}
"""
CREATE_TASK = """
mutation Create($c: ID!) {
  createTask(input: { coordinationUuid: $c, taskName: "Ask" }) { task { taskUuid } }
}
"""
START = """
mutation Start($c: ID!, $t: ID!) {
  startSession(input: { coordinationUuid: $c, taskUuid: $t, taskQuery: "Which?" }) {
    session { sessionUuid }
  }
}
"""
GET = "query Get($uuid: ID!) { coordination(coordinationUuid: $uuid) { coordinationName } }"
TENANT = "{ coordinations { edges { node { endpointId partId } } } }"


@pytest.fixture(scope="module")
def agent() -> Iterator[ChatServer]:
    with chat_server.serving() as agent:
        yield agent


@pytest.fixture(scope="module")
def server(agent: ChatServer) -> Iterator[LocalServer]:
    environment = {
        "AI_COORDINATION_AGENT_HOSTS": agent.url,
        "AI_COORDINATION_SECRET_SIGNING": SIGNING_SECRET,
    }
    with running("--user", "mia", "--groups", "finance,ops", **environment) as server:
        yield server


def test_the_banner_says_where_it_listens_and_how_long_data_live(server: LocalServer) -> None:
    assert f"  Console  http://127.0.0.1:{server.port}\n" in server.banner
    assert f"  GraphQL  http://127.0.0.1:{server.port}/graphql\n" in server.banner
    assert "in the memory of this process, lost when it stops" in server.banner
    assert "endpoint local, part dev" in server.banner
    assert "  Models   none started: MODELS=fake serves a scripted one" in server.banner


def test_a_request_comes_from_the_person_of_the_server_or_from_one_of_its_own(
    server: LocalServer,
) -> None:
    body = json.dumps({"query": "{ viewer { endpointId partId userId groups } }"})
    as_json = {"content-type": "application/json"}

    def viewer(**headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = server.ask("POST", "/graphql", body, {**as_json, **named})
        return answer.json["data"]["viewer"]

    tenant = {"endpointId": "local", "partId": "dev"}
    assert "  Person   mia (finance, ops)" in server.banner
    assert viewer() == {**tenant, "userId": "mia", "groups": ["finance", "ops"]}
    max_ = viewer(x_local_user="max", x_local_groups="Sales%2C%20north")
    assert max_ == {**tenant, "userId": "max", "groups": ["Sales, north"]}
    assert viewer(x_local_user="") == {**tenant, "userId": None, "groups": []}


def test_the_first_query_of_the_banner_can_be_copied(server: LocalServer) -> None:
    [line] = re.findall(r"^  curl .+$", server.banner, re.MULTILINE)
    _, url, _, header, _, body = shlex.split(line)

    answer = server.ask("POST", "/graphql", body, dict([header.split(": ")]))

    assert url == f"http://127.0.0.1:{server.port}/graphql"
    created = answer.json["data"]["createCoordination"]["coordination"]
    assert [agent["agentName"] for agent in created["agents"]] == ["Researcher", "Writer"]


def test_an_agent_elsewhere_calls_back_at_the_server(
    server: LocalServer, agent: ChatServer
) -> None:
    arrived = threading.Event()

    def accept(request: Request) -> Reply:
        arrived.set()
        return Reply(b"", 202)

    agent.behaviour = accept
    created = server.graphql(CREATE_AGENT, agent=http_agent(agent.url))["data"]
    key = {"c": created["createCoordination"]["coordination"]["coordinationUuid"]}
    key["t"] = server.graphql(CREATE_TASK, **key)["data"]["createTask"]["task"]["taskUuid"]
    started = server.graphql(START, **key)["data"]["startSession"]["session"]["sessionUuid"]
    assert arrived.wait(60)
    callback = agent.requests[-1].body["callback"]
    base, _, path = callback["url"].partition("/callbacks/")
    headers = {
        "authorization": f"Bearer {callback['token']}",
        "content-type": "text/plain",
    }

    answers = [
        server.ask("POST", f"/callbacks/{path}", "Done", sent) for sent in ({}, headers, headers)
    ]

    assert base == f"http://127.0.0.1:{server.port}"
    assert path.startswith(started)
    assert [answer.status for answer in answers] == [401, 200, 200]


def test_sixteen_clients_at_once_each_get_their_own(server: LocalServer) -> None:
    names = [f"coordination {number}" for number in range(64)]

    def create_and_read(name: str) -> str:
        created = server.graphql(CREATE, name=name)["data"]["createCoordination"]
        uuid = created["coordination"]["coordinationUuid"]
        found: str = server.graphql(GET, uuid=uuid)["data"]["coordination"]["coordinationName"]
        return found

    with ThreadPoolExecutor(16) as threads:
        read = list(threads.map(create_and_read, names))

    assert read == names


def test_it_keeps_a_configured_tenant_and_is_ended_cleanly_by_a_supervisor() -> None:
    tenant = {"AI_COORDINATION_ENDPOINT_ID": "acme", "AI_COORDINATION_PART_ID": "travel"}

    with running(**tenant) as server:
        server.graphql(CREATE, name="a")
        found = server.graphql(TENANT)["data"]["coordinations"]["edges"]
        code = server.stop(signal.SIGTERM)

    assert "endpoint acme, part travel" in server.banner
    assert found == [{"node": {"endpointId": "acme", "partId": "travel"}}]
    assert code == 0
    created, listed, *rest = server.printed[1:]
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST /graphql Create 200 \d+ ms", created)
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST /graphql coordinations 200 \d+ ms", listed)
    assert rest == ["Stopping. Steps in progress have 5 s to end.", "Stopped."]


def test_it_shows_the_log_and_the_metrics_if_asked_and_is_ended_cleanly_by_a_person() -> None:
    with running("--verbose") as server:
        server.graphql("{ __typename }")
        code = server.stop(signal.SIGINT)

    logged = [json.loads(line) for line in server.printed if line.startswith("{")]
    assert [line["message"] for line in logged if "message" in line] == ["request"]
    assert any("_aws" in line for line in logged)
    assert (code, server.printed[-1]) == (0, "Stopped.")


def test_it_runs_on_dynamodb_local_and_makes_what_is_missing(dynamodb_local: str) -> None:
    prefix = {"AI_COORDINATION_TABLE_PREFIX": "served-"}

    with running(**prefix) as first:
        created = first.graphql(CREATE, name="kept")["data"]["createCoordination"]
    with running(**prefix) as second:
        uuid = created["coordination"]["coordinationUuid"]
        found = second.graphql(GET, uuid=uuid)["data"]["coordination"]

    assert (
        f"at {dynamodb_local}, kept as long as that keeps it (9 missing tables were created)"
        in first.banner
    )
    assert f"at {dynamodb_local}, kept as long as that keeps it\n" in second.banner
    assert found == {"coordinationName": "kept"}
