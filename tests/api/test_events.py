"""Events: EventBridge is told at least once that an agent asks, and that a session has ended."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.config import settings
from ai_coordination.engine import factory, sweeper
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.errors import Refused
from ai_coordination.models import due_times
from ai_coordination.runtimes import json_schema
from benchmarks.units import kept
from tests.api.asking import ask, stored_agent
from tests.api.execution import (
    after,
    agents,
    echo,
    external,
    report,
    session,
    started,
    tell,
    work_off,
)
from tests.docs.pages import page
from tests.support.contexts import SYSTEM, At
from tests.support.graph_api import CALLER, Place, change
from tests.support.permissions import granted, used_permissions
from tests.support.recording import Call, recorded_calls
from tests.support.stored import stored
from tests.support.templates import CALLER as CALLER_FUNCTION
from tests.support.templates import FUNCTION, RESOURCES, WORKER

pytestmark = pytest.mark.usefixtures("worked_queue")

TITLE = "May this be sent?"
JUDGED = {
    "ask": {"kind": "APPROVAL", "title": TITLE, "assignee": CALLER.user_id},
    "answerTimeoutSeconds": 3600,
}
# Of a question with a deadline, and of an end.
UNITS = 4 + 3
PUT = Call("events", "PutEvents")


class Bus:
    """What EventBridge has accepted, and whether it accepts anything now."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.accepts = True

    def __call__(self, event: dict[str, Any]) -> bool:
        if self.accepts:
            self.events.append(event)
        return self.accepts

    @property
    def ids(self) -> list[str]:
        return [event["detail"]["id"] for event in self.events]

    def details(self) -> list[dict[str, Any]]:
        """The details of all events, each as its JSON Schema says."""
        (text,) = page("reference/events").texts("json")
        found: list[dict[str, Any]] = [event["detail"] for event in self.events]
        for detail in found:
            assert not [*json_schema.problems(json.loads(text), detail)]
        return found


@pytest.fixture
def bus(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """An event bus, and events are on."""
    made = Bus()
    monkeypatch.setattr(embedded_aws.event_buses, "receiver", made)
    turn(monkeypatch, on=True)
    yield made
    settings.cache_clear()


def turn(monkeypatch: pytest.MonkeyPatch, *, on: bool) -> None:
    """Turn events on or off."""
    monkeypatch.setenv("AI_COORDINATION_EVENT_BUS", "sessions" if on else "")
    settings.cache_clear()


def sweep(minutes: float) -> None:
    """Look for what is due so many minutes from now, and let workers handle it."""
    context = At(moment=datetime.now(UTC) + timedelta(minutes=minutes))
    sweeper.sweep(factory.of_a_worker(context, 20))
    work_off()


def items(place: Place) -> list[models.Session | models.SessionAgent]:
    kind = models.SessionAgent
    return [stored(models.Session, *place), *kind.query(place.session, consistent_read=True)]


def unsent(place: Place) -> int:
    """How many events the session's items keep. Each that has some is due."""
    kept = [item for item in items(place) if item.unsent_events]
    assert all(item.due_at for item in kept)
    return sum(len(item.unsent_events) for item in kept)


def test_events_tell_of_questions_and_of_the_end(bus: Bus) -> None:
    labels = [{"key": "customer", "value": "4711"}]
    members = [echo("a"), external("b")]
    place = started(members, [after("a", **JUDGED), after("b", "a")], labels=labels, userId="mia")
    judged = stored_agent(place)
    tell("answerSessionAgent", {**report(place, "a"), "approved": True})
    ask(place, "b")
    asked = stored_agent(place, "b")
    tell("answerSessionAgent", {**report(place, "b"), "userInput": "The second"})
    tell("completeSessionAgent", {**report(place, "b"), "agentOutput": "Done"})

    now = stored(models.Session, *place)
    everywhere = {
        "endpointId": CALLER.endpoint_id,
        "partId": CALLER.part_id,
        "coordinationUuid": place.coordination,
        "coordinationName": now.coordination_name,
        "taskUuid": now.task_uuid,
        "taskName": now.task_name,
        "sessionUuid": place.session,
        "userId": "mia",
        "labels": {"customer": "4711"},
        "iteration": 1,
    }
    assert bus.details() == [
        {
            **everywhere,
            "id": f"asks-{judged.current_run_uuid}",
            "time": judged.asked_at,
            "sessionAgentUuid": judged.session_agent_uuid,
            "agentUuid": "a",
            "agentName": "A",
            "runUuid": judged.current_run_uuid,
            "turn": 1,
            "kind": "APPROVAL",
            "title": TITLE,
            "assignee": CALLER.user_id,
            "dueAt": judged.deadline_at,
        },
        {
            **everywhere,
            "id": f"asks-{asked.current_run_uuid}",
            "time": asked.asked_at,
            "sessionAgentUuid": asked.session_agent_uuid,
            "agentUuid": "b",
            "agentName": "B",
            "runUuid": asked.current_run_uuid,
            "turn": 1,
            "kind": "INPUT",
        },
        {
            **everywhere,
            "id": f"ended-{place.session}-1",
            "time": now.finished_at,
            "status": "COMPLETED",
            "startedAt": now.started_at,
            "progress": {"total": 2, "completed": 2, "failed": 0, "skipped": 0, "cancelled": 0},
        },
    ]
    said = {(event["source"], event["detail-type"]) for event in bus.events}
    assert said == {("ai-coordination", "Agent Asks"), ("ai-coordination", "Session Ended")}
    assert not unsent(place)
    # A question without a time limit is not due once its event is sent.
    assert judged.due_at == judged.deadline_at
    assert asked.due_at is None
    assert now.due_at is None


def test_without_a_bus_there_is_neither_an_event_nor_a_call_more(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def costs() -> tuple[Counter[str], int]:
        with recorded_calls() as made, kept() as ledger:
            place = started([echo("a")], [after("a", **JUDGED)])
            tell("answerSessionAgent", {**report(place, "a"), "approved": True})
        assert session(place)["status"] == "COMPLETED"
        calls = Counter(ledger.calls)
        calls["PutEvents"] = made.count(PUT)
        return calls, sum(write.total for write in ledger.writes)

    calls, units = costs()
    turn(monkeypatch, on=False)
    fewest_calls, fewest_units = costs()

    assert len(bus.events) == calls["PutEvents"] == 2
    # The question's event needs its session. Each event is removed from its item by one write.
    assert calls - fewest_calls == Counter(PutEvents=2, GetItem=1, UpdateItem=2)
    assert fewest_calls["PutEvents"] == 0
    assert units - fewest_units == UNITS


@pytest.mark.parametrize("ends", ["answered", "cancelled", "retried"])
def test_an_event_that_was_not_accepted_is_sent_again(bus: Bus, ends: str) -> None:
    bus.accepts = False
    place = started([echo("a")], [after("a", **JUDGED)])
    asks = f"asks-{stored_agent(place).current_run_uuid}"
    assert unsent(place) == 1
    assert session(place)["status"] == "WAITING_FOR_INPUT"

    if ends == "answered":
        tell("answerSessionAgent", {**report(place, "a"), "approved": True})
    else:
        change("cancelSession", place.key, "session { status }")
        work_off()
    assert unsent(place) == 2
    if ends == "retried":
        change("retrySession", place.key, "session { status }")
        work_off()
        # The question is asked again, and is another event.
        assert unsent(place) == 3
    sweep(2)
    assert bus.events == []

    bus.accepts = True
    sweep(10)

    assert {asks, f"ended-{place.session}-1"} <= {*bus.ids}
    assert len(bus.ids) == (3 if ends == "retried" else 2)
    assert not unsent(place)
    sweep(30)
    assert sweeper.sweep(factory.of_a_worker(SYSTEM, 20)) == 0
    assert len(bus.ids) == (3 if ends == "retried" else 2)
    bus.details()


def test_events_that_are_turned_off_meanwhile_are_dropped(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.accepts = False
    place = started([external("a")])
    ask(place)
    assert unsent(place) == 1

    turn(monkeypatch, on=False)
    sweep(2)

    assert unsent(place) == 0
    assert stored_agent(place).due_at is None
    assert [agents(place)["a"]["state"], bus.events] == ["WAITING_FOR_INPUT", []]


@pytest.mark.parametrize("rests", ["cancelled", "asks", "asks until", "waits"])
def test_an_agent_that_was_made_due_for_an_event_that_is_sent_by_now_is_corrected(
    bus: Bus, rests: str
) -> None:
    judged = JUDGED if rests == "asks until" else {"ask": {"kind": "APPROVAL"}}
    place = started([echo("a"), echo("b")], [after("a", **judged), after("b", "a")])
    if rests == "cancelled":
        change("cancelSession", place.key, "session { status }")
        work_off()
    assert not unsent(place)
    agent = stored_agent(place, "b" if rests == "waits" else "a")
    due_at = timestamps.to_text(datetime.now(UTC) + timedelta(minutes=1))
    agent.update(due_times.set_due(models.SessionAgent, place.session, due_at))

    with kept() as ledger:
        sweep(2)

    now = stored_agent(place, "b" if rests == "waits" else "a")
    assert now.due_at == (agent.deadline_at if rests == "asks until" else None)
    assert now.state == agent.state
    assert [now.looks, now.due_count] == [None, None]
    # The sweep's own, and the correction.
    assert Counter(ledger.calls)["UpdateItem"] == 2
    assert sweeper.sweep(factory.of_a_worker(SYSTEM, 20)) == 0


def test_requests_note_events_and_only_workers_need_the_permission_to_send_them(bus: Bus) -> None:
    with used_permissions() as used:
        place = started([external("a")])
        key = report(place, "a")
        asked = change("askSessionAgent", {**key, "question": "Which?"}, "sessionAgent { state }")
        assert asked["sessionAgent"]["state"] == "WAITING_FOR_INPUT"
        assert (unsent(place), bus.events) == (1, [])
        work_off()
        assert (unsent(place), len(bus.events)) == (0, 1)

    allowed = ("events:PutEvents", "EventBus")
    assert allowed in used.worker.permissions
    assert allowed not in used.api.permissions
    policy = RESOURCES["EventsPolicy"]
    assert policy["Condition"] == "HasEventBus"
    assert policy["Properties"]["Roles"] == [{"Ref": "WorkerRole"}, {"Ref": "CallerRole"}]
    (may,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert {*granted([may])} == {allowed}
    variable = "AI_COORDINATION_EVENT_BUS"
    assert FUNCTION["Environment"]["Variables"][variable] == {"If": ["HasEventBus", "noted", ""]}
    for function in (WORKER, CALLER_FUNCTION):
        assert function["Environment"]["Variables"][variable] == {"Ref": "EventBus"}
    assert RESOURCES["EventBusExists"]["Properties"]["State"] == "DISABLED"
    assert RESOURCES["EventBusExists"]["Properties"]["EventBusName"] == {"Ref": "EventBus"}


def test_a_bus_that_may_not_be_used_loses_nothing(
    bus: Bus, embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(event: dict[str, Any]) -> bool:
        raise Refused("AccessDeniedException", "not authorized to perform: events:PutEvents", 403)

    with monkeypatch.context() as patch:
        patch.setattr(embedded_aws.event_buses, "receiver", forbid)
        place = started([echo("a")])
    assert session(place)["status"] == "COMPLETED"
    assert unsent(place) == 1

    sweep(2)
    assert bus.ids == [f"ended-{place.session}-1"]
