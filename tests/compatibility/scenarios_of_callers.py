"""Scenarios of callers: schedules, and repeated idempotency keys."""

from typing import Any

from ai_coordination.messages import as_json
from tests.api.execution import WAITS, after, blueprint, echo, function
from tests.compatibility.life import Life, Repeat
from tests.compatibility.scenarios_of_starts import FILE, LARGE
from tests.support.graph_api import create, new_run
from tests.support.world import THREAD, USER


def scheduled(life: Life) -> None:
    """Schedules that fire, that wait, that are paused or over; firings that come twice or late."""
    key = blueprint([echo("a")], [after("a")], initialTaskQuery="Which?")
    made = {
        "each minute": {"schedule": "cron(* * * * ? *)", "timezone": "Europe/Berlin"},
        "each hour": {"schedule": "rate(1 hour)"},
        "over": {"schedule": "at(2026-11-23T00:01:00)"},
        "once": {"schedule": "at(2026-11-24T00:00:00)"},
        "paused": {"schedule": "rate(1 day)", "status": "PAUSED"},
    }
    uuids = {
        name: create("createTaskSchedule", {**key, **given})["scheduleUuid"]
        for name, given in made.items()
    }
    sent = {timer.firing.schedule_uuid: as_json(timer.firing) for timer in life.timers}
    life.step()
    for name in ("each minute", "over"):
        life.fire({**sent[uuids[name]], "time": "2026-11-23T00:01:00Z"})
    life.idle()
    for name, time in (
        ("each minute", "2026-11-23T00:01:00Z"),
        ("each minute", "2026-11-23T00:02:00Z"),
        ("each hour", "2026-11-23T01:00:00Z"),
        ("over", "2026-11-23T00:01:00Z"),
        ("once", "2026-11-24T00:00:00Z"),
    ):
        life.events.append({**sent[uuids[name]], "time": time})
    # Of outdated timers, whose schedule has been changed or paused since.
    life.events.append({**life.events[2], "token": "replaced"})
    life.events.append({**life.events[2], "schedule": uuids["paused"]})


def _once(life: Life, name: str, field: str, **given: Any) -> str:
    """What a client with a key has made; it may ask again."""
    given = {**given, "idempotencyKey": f"{name} of the client"}
    uuid = create(name, given)[field]
    life.repeats.append(Repeat(name, given, uuid))
    return str(uuid)


def asked_twice(life: Life) -> None:
    """One entity of each kind, made with a key; and runs that a client has recorded itself."""
    agents = [echo("a", seconds=2.5), function("b", **WAITS, deep=[1, 2.5, None, {"deep": True}])]
    coordination = _once(
        life,
        "createCoordination",
        "coordinationUuid",
        coordinationName="Offers",
        coordinationDescription="What is sold",
        agents=[{**one, "agentDescription": "One of them"} for one in agents],
    )
    key = {"coordinationUuid": coordination}
    task = _once(
        life,
        "createTask",
        "taskUuid",
        **key,
        taskName="Translate",
        taskDescription="Both ways",
        initialTaskQuery="Which?",
        subtaskQueries=[{"agentUuid": "a", "subtaskQuery": "Which?"}],
        agentActions=[after("a", userInTheLoop="INPUT"), after("b", "a", onFailure="CONTINUE")],
    )
    of_task = {**key, "taskUuid": task}
    _once(life, "createTaskSchedule", "scheduleUuid", **of_task, schedule="rate(1 day)")
    asked = {"userId": USER, "taskQuery": "Which?", "inputFiles": [FILE]}
    queries = [{"agentUuid": "a", "subtaskQuery": LARGE}]
    session = _once(
        life, "createSession", "sessionUuid", **of_task, **asked, subtaskQueries=queries
    )
    of_session = {**key, "sessionUuid": session}
    agent = _once(
        life,
        "createSessionAgent",
        "sessionAgentUuid",
        **of_session,
        agentUuid="a",
        notes="Mind the gap",
        rules={"timeoutSeconds": 20, "retry": {"maxAttempts": 2, "backoffRate": 1.5}},
    )
    _once(
        life,
        "recordSessionRun",
        "runUuid",
        **of_session,
        agentUuid="a",
        sessionAgentUuid=agent,
        threadUuid=THREAD,
        asyncTaskUuid="job-2",
        outcome="FAILED",
        notes="No",
        usage={"inputTokens": 1, "outputTokens": 2},
    )
    new_run(coordination, session, threadUuid=THREAD)
