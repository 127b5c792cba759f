"""Items that callers have filled to the last byte are executed and deleted."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.engine import factory, message_handler, session_log, sweeper
from ai_coordination.models import sizes
from tests.dynamodb_local.tenant_data import everything_of, new_tenant
from tests.support.contexts import SYSTEM
from tests.support.graph_api import (
    change,
    create,
    new_agent,
    new_coordination,
    new_session,
    refusal,
)
from tests.support.mutations import work_on_the_first
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("new_tables")

# What the engine writes into an item while it lives.
ENGINES = {"asking", "logs", "sole_successors", "successors", "waiting_on"}
FILES = 40
LONGEST_NAME = "𝄞" * 256
STATUS = "session { coordinationUuid sessionUuid status }"
AGENT = "sessionAgent { state }"


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


def filled(make: Callable[[int], str], item: Callable[[str], dict[str, Any]]) -> tuple[str, int]:
    """What `make` makes of as many bytes as callers may put there: its uuid, and how many more."""
    few = 10_000
    measured = item(make(few))
    size = sum(
        sizes.of_item({name: value}) for name, value in measured.items() if name not in ENGINES
    )
    most = few + sizes.LARGEST_BYTES - size
    return make(most), most


def of(caller: Caller, kind: str, name: str) -> Callable[[str], dict[str, Any]]:
    """Finds an item of the tenant."""
    return lambda uuid: next(
        item for item in everything_of(caller)[kind] if item[name]["S"] == uuid
    )


def files(bytes_: int) -> list[dict[str, str]]:
    """So many bytes of uris, in as many files as the first ones have."""
    each, rest = divmod(bytes_, FILES)
    lengths = [each + (number < rest) for number in range(FILES)]
    return [{"name": "f", "uri": "s3://f/".ljust(length, "x")} for length in lengths]


def _key(coordination: str, session: str) -> dict[str, str]:
    return {"coordinationUuid": coordination, "sessionUuid": session}


def _first(session: str) -> models.SessionAgent:
    (agent,) = models.SessionAgent.query(session, consistent_read=True)
    return agent


def _report(agent: models.SessionAgent) -> dict[str, str]:
    return {
        "sessionUuid": agent.session_uuid,
        "sessionAgentUuid": agent.session_agent_uuid,
        "runUuid": str(agent.current_run_uuid),
    }


def _filled_log() -> list[models.LogEntry]:
    """All entries of a log but two, each as long as one may be."""
    message = "x" * session_log.LONGEST_MESSAGE_BYTES
    at = "2026-11-23T00:00:00.000000+00:00"
    entry: Any = models.LogEntry
    one = entry(at=at, level="warning", message=message)
    return [one] * (session_log.MOST_ENTRIES - 2)


def test_a_full_session_is_asked_about_fails_is_retried_cancelled_and_deleted(
    caller: Caller,
) -> None:
    agents = [{"agentUuid": "a", "agentName": "A", "runtime": {"kind": "EXTERNAL"}}]
    coordination = new_coordination(caller, agents=agents)
    task = _task_that_asks(coordination, caller)
    given = {"coordinationUuid": coordination, "taskUuid": task, "taskQuery": "Go"}

    def make(bytes_: int) -> str:
        made = change("startSession", {**given, "inputFiles": files(bytes_)}, STATUS, caller)
        return str(made["session"]["sessionUuid"])

    session, most = filled(make, of(caller, "sessions", "session_uuid"))
    refused = refusal("startSession", {**given, "inputFiles": files(most + 1)}, caller)
    key = _key(coordination, session)
    put_state(models.Session, coordination, session, logs=_filled_log())

    work_on_the_first(session)
    sweeper.sweep(factory.of_a_worker(SYSTEM, 30))
    change("completeSessionAgent", {**_report(_first(session)), "agentOutput": "?"}, AGENT, caller)
    asked = stored(models.Session, coordination, session)
    answer = {"approved": False, "userInput": "No"}
    change("answerSessionAgent", {**_report(_first(session)), **answer}, AGENT, caller)
    message_handler.agent_work(factory.of_a_worker(SYSTEM, 30), _first(session))
    failed = stored(models.Session, coordination, session)
    retried = change("retrySession", key, STATUS, caller)["session"]
    cancelled = change("cancelSession", {**key, "reason": "𝄞" * 500}, STATUS, caller)["session"]
    _delete(caller, coordination, session)

    assert refused == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", "inputFiles"]}
    assert (asked.awaiting_input, failed.status, len(failed.logs)) == ({0}, "failed", 99)
    assert (retried["status"], cancelled["status"]) == ("IN_PROGRESS", "CANCELLED")
    assert everything_of(caller, session)["runs"] == []


def _task_that_asks(coordination: str, caller: Caller) -> str:
    action = {"agentUuid": "a", "userInTheLoop": "APPROVAL", "answerTimeoutSeconds": 600}
    given = {"coordinationUuid": coordination, "taskName": LONGEST_NAME, "agentActions": [action]}
    return str(create("createTask", given, caller=caller)["taskUuid"])


def _delete(caller: Caller, coordination: str, session: str) -> None:
    """The session, after all that belongs to it."""
    agent = _first(session)
    for run in everything_of(caller, session)["runs"]:
        given = {"sessionUuid": session, "runUuid": run["run_uuid"]["S"]}
        change("deleteSessionRun", given, "deletedId", caller)
    given = {"sessionUuid": session, "sessionAgentUuid": agent.session_agent_uuid}
    change("deleteSessionAgent", given, "deletedId", caller)
    change("deleteSession", _key(coordination, session), "deletedId", caller)


def test_a_full_agent_gets_successors_works_fails_asks_and_is_deleted(caller: Caller) -> None:
    coordination = new_coordination(caller)
    session = new_session(coordination, caller)
    key = _key(coordination, session)
    rules = {"userInTheLoop": "INPUT"}
    one = new_agent(coordination, session, caller, agentUuid="zh", rules=rules)

    def make(bytes_: int) -> str:
        given = {"sessionUuid": session, "sessionAgentUuid": one, "userInput": "x" * bytes_}
        change("updateSessionAgent", given, AGENT, caller)
        return one

    agent, most = filled(make, of(caller, "agents", "session_agent_uuid"))
    full = {"sessionUuid": session, "sessionAgentUuid": agent}
    refused = refusal("updateSessionAgent", {**full, "userInput": "x" * (most + 1)}, caller)
    behind = [new_agent(coordination, session, caller, predecessors=[agent]) for _ in range(3)]
    change("dispatchSession", key, STATUS, caller)

    work_on_the_first(session)
    sweeper.sweep(factory.of_a_worker(SYSTEM, 30))
    report = _report(stored(models.SessionAgent, session, agent))
    change("failSessionAgent", {**report, "notes": "𝄞" * 10_000}, AGENT, caller)
    put_state(models.SessionAgent, session, agent, not_before=None)
    work_on_the_first(session)
    report = _report(stored(models.SessionAgent, session, agent))
    too_much = refusal("completeSessionAgent", {**report, "agentOutput": "x" * 60_000}, caller)
    change("completeSessionAgent", {**report, "agentOutput": "Which?"}, AGENT, caller)
    answered = change("answerSessionAgent", {**report, "userInput": "Red"}, AGENT, caller)
    change("cancelSession", key, STATUS, caller)

    assert refused == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", "userInput"]}
    assert too_much == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", "agentOutput"]}
    assert answered["sessionAgent"] == {"state": "COMPLETED"}
    assert len(behind) == 3


@pytest.mark.parametrize("field", ["taskDescription", "initialTaskQuery"])
def test_a_full_task_is_scheduled_started_and_deleted(caller: Caller, field: str) -> None:
    coordination = new_coordination(caller)
    given = {"coordinationUuid": coordination, "taskName": "Translate"}

    def make(bytes_: int) -> str:
        made = create("createTask", {**given, field: "x" * bytes_}, caller=caller)
        return str(made["taskUuid"])

    task, most = filled(make, of(caller, "tasks", "task_uuid"))
    refused = refusal("createTask", {**given, field: "x" * (most + 1)}, caller)
    key = {"coordinationUuid": coordination, "taskUuid": task}
    scheduled = create("createTaskSchedule", {**key, "schedule": "rate(1 day)"}, caller=caller)
    renamed = change("updateTask", {**key, "taskName": "Other"}, "task { version }", caller)
    schedule = {"taskUuid": task, "scheduleUuid": scheduled["scheduleUuid"]}
    change("deleteTaskSchedule", schedule, "deletedId", caller)
    change("deleteTask", key, "deletedId", caller)

    assert refused == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", field]}
    assert renamed["task"] == {"version": 2}


def test_a_full_coordination_is_started_changed_and_deleted(caller: Caller) -> None:
    def members(bytes_: int) -> Sequence[dict[str, Any]]:
        echo = {"kind": "ECHO"}
        return [
            {"agentUuid": "a", "agentName": "A", "agentDescription": "x" * bytes_, "runtime": echo}
        ]

    coordination, most = filled(
        lambda bytes_: new_coordination(caller, agents=members(bytes_)),
        of(caller, "coordinations", "coordination_uuid"),
    )
    more = {"coordinationName": "Offers", "agents": members(most + 1)}
    refused = refusal("createCoordination", more, caller)
    key = {"coordinationUuid": coordination}
    task = str(create("createTask", {**key, "taskName": "T"}, caller=caller)["taskUuid"])
    renamed = change(
        "updateCoordination",
        {**key, "coordinationName": "Others"},
        "coordination { version }",
        caller,
    )
    change("deleteTask", {**key, "taskUuid": task}, "deletedId", caller)
    change("deleteCoordination", key, "deletedId", caller)

    assert refused == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", "agents"]}
    assert renamed["coordination"] == {"version": 2}
