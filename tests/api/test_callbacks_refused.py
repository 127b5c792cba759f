"""Callbacks that are refused: who has not the token of the run, and what cannot be read."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import callback_reports
from ai_coordination.errors import Throttled
from tests.api.calling_back import begun, call_back, code_of, handled, other
from tests.api.execution import (
    agents,
    external,
    started,
)
from tests.support.callbacks import ENGINE, callback_event
from tests.support.chat_server import ChatServer
from tests.support.contexts import SYSTEM
from tests.support.graph_api import change
from tests.support.stored import everything_stored, put_state

pytestmark = pytest.mark.usefixtures("worked_queue")


def without_a_header(given: dict[str, Any]) -> None:
    del given["headers"]["authorization"]


def of_another_scheme(given: dict[str, Any]) -> None:
    given["headers"]["authorization"] = given["headers"]["authorization"].replace("Bearer", "Basic")


def with_another_token(given: dict[str, Any]) -> None:
    given["headers"]["authorization"] = other(given["headers"]["authorization"])


def with_a_text_that_is_no_token(given: dict[str, Any]) -> None:
    given["headers"]["authorization"] = "Bearer ' OR 1=1"


def of_another(place: int) -> Any:
    def change_path(given: dict[str, Any]) -> None:
        names = given["rawPath"].split("/")
        names[place] = SYSTEM.new_uuid()
        given["rawPath"] = "/".join(names)

    return change_path


def with_a_longer_path(given: dict[str, Any]) -> None:
    given["rawPath"] += "/graphql"


def with_a_shorter_path(given: dict[str, Any]) -> None:
    given["rawPath"] = "/callbacks"


def as_graphql(given: dict[str, Any]) -> None:
    """A path that is not the one of the route, which has no authorizer."""
    given["rawPath"] = "/graphql"
    given["body"] = '{"query": "{ __typename }"}'


NOT_AUTHENTICATED = {
    "no header": without_a_header,
    "another scheme": of_another_scheme,
    "another token": with_another_token,
    "no token": with_a_text_that_is_no_token,
    "another session": of_another(2),
    "another agent": of_another(3),
    "another run": of_another(4),
    "a longer path": with_a_longer_path,
    "a shorter path": with_a_shorter_path,
    "as GraphQL": as_graphql,
}


def test_who_has_not_the_token_of_this_run_is_not_told_why(
    agent_server: ChatServer,
) -> None:
    place, callback = begun(agent_server)
    before = everything_stored()

    for change_of in NOT_AUTHENTICATED.values():
        given = callback_event(callback, {"agentOutput": "Done"})
        change_of(given)
        status, answered, headers = handled(given)

        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        (error,) = answered["errors"]
        assert error["message"] == "The token is not one of this callback"
        assert error["extensions"] == {"code": "UNAUTHENTICATED", "requestId": "request-1"}
    assert everything_stored() == before
    assert agents(place)["a"]["state"] == "IN_PROGRESS"


def test_a_run_without_callbacks_has_no_token(agent_server: ChatServer) -> None:
    place = started([external("a")])
    agent = agents(place)["a"]
    names = f"{place.session}/{agent['sessionAgentUuid']}/{agent['currentRun']['runUuid']}"
    callback = {"url": f"{ENGINE}/callbacks/{names}", "token": "A" * 43}

    assert call_back(callback, {"agentOutput": "Done"})[0] == 401


ONE_OF = (
    "The body must have exactly one of the members "
    "agentOutput, question, delegate, accepted, failed, heartbeat"
)
HEARTBEAT = ["heartbeat", "percent"]
REFUSED: dict[str, tuple[Any, dict[str, Any], int, str, list[str] | None]] = {
    "a method": ("", {"requestContext": {"http": {"method": "GET"}}}, 405, "GET is not", None),
    "not json": ("{", {}, 400, "The body is not valid JSON", None),
    "no member": ({}, {}, 400, ONE_OF, None),
    "graphql": ({"query": "{ __typename }"}, {}, 400, ONE_OF, None),
    "no text": ({"failed": {"notes": 7}}, {}, 400, "This must be", ["failed", "notes"]),
    "a name": (
        {"accepted": True, "asyncTaskUuid": "x" * 300},
        {},
        400,
        "This has",
        ["asyncTaskUuid"],
    ),
    "no percents": ({"heartbeat": {"percent": 7.5}}, {}, 400, "This must", HEARTBEAT),
    "too many percents": ({"heartbeat": {"percent": 101}}, {}, 400, "This must", HEARTBEAT),
    "half a pair": ('{"agentOutput": "\\ud800"}', {}, 400, "This contains", ["agentOutput"]),
    "a long text": (
        {"agentOutput": "x" * 2_100_000},
        {},
        413,
        "A text has at most",
        ["agentOutput"],
    ),
    "a long body": ("x" * 5_500_001, {}, 413, "The request has 5500001 bytes", None),
}


def test_what_cannot_be_read_is_refused_with_its_place(agent_server: ChatServer) -> None:
    place, callback = begun(agent_server)
    before = everything_stored()

    for name, (body, changes, expected, message, path) in REFUSED.items():
        status, answered = call_back(callback, body, **changes)

        (error,) = answered["errors"]
        assert (name, status) == (name, expected)
        assert error["message"].startswith(message), name
        assert error["extensions"].get("inputPath") == path, name
    assert everything_stored() == before
    assert agents(place)["a"]["state"] == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("header", "value", "told"),
    [
        ("content-type", "text/html", ("accept", "application/json, text/plain")),
        ("content-type", "text/plain; charset=latin-1", ("accept", "application/json, text/plain")),
        ("content-encoding", "gzip", ("accept-encoding", "identity")),
    ],
)
def test_other_types_are_not_supported(
    agent_server: ChatServer, header: str, value: str, told: tuple[str, str]
) -> None:
    _, callback = begun(agent_server)
    given = callback_event(callback, {"agentOutput": "Done"})
    given["headers"][header] = value

    status, answered, headers = handled(given)

    assert (status, code_of(answered)) == (415, "BAD_USER_INPUT")
    assert told in headers.items()


def test_after_the_deadline_or_the_end_of_the_session_a_run_is_over(
    agent_server: ChatServer,
) -> None:
    late, too_late = begun(agent_server)
    key = late.session, agents(late)["a"]["sessionAgentUuid"]
    put_state(models.SessionAgent, *key, deadline_at="2026-01-01T00:00:00.000000+00:00")
    cancelled, of_cancelled = begun(agent_server)
    change("cancelSession", cancelled.key, "session { status }")

    for callback in (too_late, of_cancelled):
        for body in ({"agentOutput": "Done"}, {"accepted": True}, {"failed": {"notes": "No"}}):
            status, answered = call_back(callback, body)
            assert (status, code_of(answered)) == (409, "INVALID_STATE")
    assert agents(late)["a"]["state"] == "IN_PROGRESS"
    assert agents(cancelled)["a"]["state"] == "CANCELLED"


def test_a_busy_database_is_a_reason_to_call_back_later(
    agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, callback = begun(agent_server)

    def busy(*arguments: Any) -> None:
        raise Throttled("busy", 2.5)

    with monkeypatch.context() as patch:
        patch.setattr(callback_reports, "take", busy)
        status, answered, headers = handled(callback_event(callback, {"agentOutput": "Done"}))
        assert (status, headers["retry-after"], code_of(answered)) == (503, "3", "THROTTLED")
        patch.setattr(callback_reports, "take", lambda *arguments: 1 / 0)
        status, answered = call_back(callback, {"agentOutput": "Done"})
        assert (status, code_of(answered)) == (500, "INTERNAL")
    assert call_back(callback, {"agentOutput": "Done"})[0] == 200
