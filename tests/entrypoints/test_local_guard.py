"""Whom the development server answers: this machine's own pages, in no frame of another."""

import http.client
import json

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from ai_coordination.local import server
from tests.support.local_server import LocalServer

UNFRAMED = {"content-security-policy": "frame-ancestors 'none'", "x-frame-options": "DENY"}


def asked(name: str, host: str) -> Response:
    """The answer of a server that listens at `host` to a request that names another one."""
    client = Client(server.guarded(server.application, host), Response)
    return client.get("/nothing", headers={"host": name})


@pytest.mark.parametrize(
    "name",
    ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:8000", "127.1.2.3", "[::1]:8000"],
)
def test_it_answers_to_the_names_of_this_machine(name: str) -> None:
    assert asked(name, "127.0.0.1").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "203.0.113.7",
        "[2001:db8::1]",
        "[::1",
        "a b",
        "0.0.0.0",
        "",
    ],
)
def test_it_answers_to_no_other_name(name: str) -> None:
    answer = asked(name, "127.0.0.1")

    assert answer.status_code == 421
    assert json.loads(answer.data) == {
        "message": "This server answers only requests to its own address or to localhost"
    }


def test_it_answers_to_the_name_that_it_was_given() -> None:
    assert asked("devbox.example:8000", "devbox.example").status_code == 404
    assert asked("203.0.113.7", "203.0.113.7").status_code == 404
    assert asked("203.0.113.8", "203.0.113.7").status_code == 421


@pytest.mark.parametrize("anywhere", ["0.0.0.0", "::"])
def test_where_it_listens_everywhere_it_answers_to_addresses_but_not_to_names(
    anywhere: str,
) -> None:
    assert asked("203.0.113.7:8000", anywhere).status_code == 404
    assert asked("evil.example", anywhere).status_code == 421


def test_a_rebound_page_changes_nothing_and_none_is_shown_in_a_frame(
    local_server: LocalServer,
) -> None:
    body = json.dumps({"query": "{ coordinations { nodes { id } } }"})
    sent = {"content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", local_server.port, timeout=30)
    connection.request("POST", "/graphql", body, {**sent, "host": "evil.example"})
    refused = connection.getresponse().status
    connection.close()
    answers = [
        local_server.ask("GET", "/graphql", headers={"accept": "text/html"}),
        local_server.ask("POST", "/graphql", body, sent),
        local_server.ask("GET", "/nothing"),
    ]

    assert refused == 421
    assert [answer.status for answer in answers] == [200, 200, 404]
    assert all(UNFRAMED.items() <= answer.headers.items() for answer in answers)
