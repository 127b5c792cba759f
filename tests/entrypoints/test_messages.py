"""Unreadable and outdated messages have no effect, and do not affect other messages."""

import json
from typing import Any

import pytest

from ai_coordination import models, worker
from ai_coordination.engine import message_handler
from tests.entrypoints.lambda_stand_ins import Context, Lines
from tests.entrypoints.test_worker import batch, bodies, failures, new_session, queue, status
from tests.support.graph_api import NOBODY
from tests.support.stored import everything_stored

__all__ = ["queue"]

AGENT: dict[str, Any] = {
    "kind": "agent",
    "tenant": "acme#sales",
    "session": NOBODY,
    "agent": NOBODY,
    "iteration": 1,
}
SESSION = {
    "kind": "session",
    "tenant": "acme#sales",
    "coordination": NOBODY,
    "session": NOBODY,
    "iteration": 1,
}
TEXTS = {"kind": "texts", "tenant": "acme#sales", "coordination": NOBODY}
UNREADABLE: list[tuple[str, str]] = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ("[" * 100_000, "not JSON"),
    ("null", "not an object"),
    ("7", "not an object"),
    ('"agent"', "not an object"),
    ("[]", "not an object"),
    ("{}", "of an unknown kind"),
    ('{"kind": null}', "of an unknown kind"),
    ('{"kind": ["agent"]}', "of an unknown kind"),
    ('{"kind": "x"}', "of an unknown kind"),
    ('{"kind": "agent"}', "agent without a valid tenant, session, agent, iteration"),
    ('{"kind": "echo"}', "echo without a valid tenant, session, agent, iteration, run"),
    ('{"kind": "session"}', "session without a valid tenant, coordination, session, iteration"),
    ('{"kind": "texts"}', "texts without a valid tenant, coordination"),
    ('{"kind": "cancel"}', "cancel without a valid tenant, session, agent, run, runtime, remote"),
    (json.dumps({**TEXTS, "session": None}), "texts without a valid session"),
    (json.dumps({**AGENT, "session": 7}), "agent without a valid session"),
    (json.dumps({**AGENT, "session": ""}), "agent without a valid session"),
    (json.dumps({**AGENT, "agent": "a"}), "agent without a valid agent"),
    (json.dumps({**AGENT, "tenant": "acme"}), "agent without a valid tenant"),
    (json.dumps({**AGENT, "tenant": "a#b#c"}), "agent without a valid tenant"),
    (json.dumps({**AGENT, "iteration": "1"}), "agent without a valid iteration"),
    (json.dumps({**AGENT, "iteration": True}), "agent without a valid iteration"),
    (json.dumps({**AGENT, "iteration": 1.0}), "agent without a valid iteration"),
    (json.dumps({**SESSION, "coordination": None}), "session without a valid coordination"),
    (json.dumps({**SESSION, "due": None}), "session without a valid due"),
    (json.dumps({**AGENT, "delay": "7"}), "agent without a valid delay"),
]


def test_what_is_no_message_is_put_aside_in_the_end_and_its_neighbours_are_worked_off(
    queue: str, logged: Lines, measured: Lines
) -> None:
    sessions = [new_session(), new_session()]
    first, second = bodies(queue)
    measured()

    poisoned = batch(first, *(body for body, _ in UNREADABLE), second)
    answer = worker.handler(poisoned, Context())

    assert answer == failures(*range(1, len(UNREADABLE) + 1))
    assert [status(one) for one in sessions] == ["completed", "completed"]
    lines = [line for line in logged() if line["message"] == "unreadable message"]
    assert [line["reason"] for line in lines] == [reason for _, reason in UNREADABLE]
    assert {line["level"] for line in lines} == {"ERROR"}
    (metrics,) = measured()
    assert metrics["MessagesUnreadable"] == [len(UNREADABLE)]


def not_for_now(session: models.Session) -> list[dict[str, Any]]:
    """Messages about what is not there: each is read, and nothing is done."""
    (agent,) = models.SessionAgent.query(session.session_uuid)
    key = {"session": session.session_uuid, "agent": agent.session_agent_uuid}
    place = {"session": session.session_uuid, "coordination": session.coordination_uuid}
    return [
        AGENT,
        SESSION,
        {**AGENT, "session": session.session_uuid},
        {**AGENT, **key, "tenant": "globex#sales"},
        {**AGENT, **key, "iteration": 0},
        {**AGENT, **key, "iteration": 2},
        {**AGENT, **key, "kind": "echo", "run": NOBODY},
        {**AGENT, **key, "kind": "cancel", "run": NOBODY, "runtime": "lambda", "remote": "{}"},
        {**AGENT, "kind": "cancel", "run": NOBODY, "runtime": "echo", "remote": "{}"},
        {**SESSION, **place, "tenant": "globex#sales"},
        {**SESSION, **place, "iteration": 0},
        {**SESSION, **place},
        {**place, "kind": "texts", "tenant": "acme#sales"},
    ]


def test_what_is_gone_past_or_another_tenants_is_acknowledged_and_changes_nothing(
    queue: str, logged: Lines, measured: Lines
) -> None:
    session = new_session()
    (message,) = bodies(queue)
    before = everything_stored()
    lost = [json.dumps(one) for one in not_for_now(session)]
    measured()

    assert worker.handler(batch(*lost), Context()) == failures()

    assert everything_stored() == before
    assert (bodies(queue), measured()) == ([], [])
    assert [line["outcome"] for line in logged()] == ["done"] * len(lost)
    assert worker.handler(batch(message), Context()) == failures()
    assert status(session) == "completed"


def test_what_a_step_raises_is_logged_whole_and_comes_again(
    queue: str, logged: Lines, measured: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = [new_session(), new_session()]
    first, second = bodies(queue)
    measured()
    work = message_handler.work

    def break_once(*given: Any) -> None:
        monkeypatch.setattr(message_handler, "work", work)
        raise KeyError("the reason")

    monkeypatch.setattr(message_handler, "work", break_once)

    assert worker.handler(batch(first, second), Context()) == failures(0)

    assert [status(one) for one in sessions] == ["in_progress", "completed"]
    failure, step, other = logged()
    assert (failure["level"], failure["message_id"]) == ("ERROR", "message-0")
    assert "KeyError: 'the reason'" in failure["exception"]
    assert (step["outcome"], other["outcome"]) == ("failed", "done")
    (metrics,) = measured()
    assert metrics["MessagesFailed"] == [1]
