"""Each function has the permissions that its calls need, and no others."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import worker
from ai_coordination.clients import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.engine import looks
from ai_coordination.engine.session import dispatch, end, retry
from ai_coordination.engine.session import start as starting
from ai_coordination.handler import handler
from ai_coordination.models import reads
from tests.api.execution import (
    WAITS,
    after,
    agents,
    blueprint,
    echo,
    external,
    function,
    http_agent,
    model,
    report,
    session,
    start,
    states,
    taken,
    tell,
    work_off,
)
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.callbacks import callback_event
from tests.support.chat_server import ChatServer
from tests.support.graph_api import (
    Place,
    change,
    data,
    new_agent,
    new_coordination,
    new_schedule,
    new_session,
    new_task,
    refusal,
)
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, raising, returning
from tests.support.permissions import granted, used_permissions
from tests.support.scheduling import event_of, timers
from tests.support.stored import as_of_0_1_0
from tests.support.templates import API_MAY, CALLER, CALLER_MAY, WORKER, WORKER_MAY
from tests.support.world import THREAD, USER, World, new_world

pytestmark = pytest.mark.usefixtures("tables", "worked_queue", "bucket")

DOCUMENT = """
query (
  $coordinationUuid: ID!, $taskUuid: ID!, $scheduleUuid: ID!,
  $sessionUuid: ID!, $sessionAgentUuid: ID!, $runUuid: ID!, $thread: ID!, $user: String!
) {
  coordination(coordinationUuid: $coordinationUuid) {
    tasks { totalCount nodes { taskUuid } }
    sessions { totalCount nodes { sessionUuid } }
  }
  coordinations { totalCount nodes { coordinationUuid } }
  task(coordinationUuid: $coordinationUuid, taskUuid: $taskUuid) {
    schedules { totalCount nodes { scheduleUuid } }
    sessions { totalCount nodes { sessionUuid } }
  }
  taskSchedule(taskUuid: $taskUuid, scheduleUuid: $scheduleUuid) { task { taskName } }
  taskSchedules { totalCount nodes { task { coordination { coordinationName } } } }
  session(coordinationUuid: $coordinationUuid, sessionUuid: $sessionUuid) {
    sessionAgents {
      totalCount
      nodes { predecessors { nodes { notes } } currentRun { runUuid } }
    }
    sessionRuns { totalCount nodes { runUuid } }
    mermaid
    progress { total }
  }
  sessions { totalCount nodes { coordination { coordinationName } task { taskName } logs { at } } }
  withLabel: sessions(filter: { label: { key: "customer", value: "ACME" } }) {
    nodes { sessionUuid }
  }
  ofUser: sessions(filter: { userId: $user }) { totalCount nodes { sessionUuid } }
  sessionAgent(sessionUuid: $sessionUuid, sessionAgentUuid: $sessionAgentUuid) {
    session { status }
    sessionRuns { totalCount nodes { runUuid } }
  }
  openSessionAgents(state: WAITING_FOR_INPUT) { totalCount nodes { session { status } } }
  sessionRun(sessionUuid: $sessionUuid, runUuid: $runUuid) { session { status } }
  threadRuns(threadUuid: $thread) { totalCount nodes { session { status } } }
}
"""

KINDS = ("coordination", "task", "schedule", "session", "agent", "run")
LARGE = "x" * 5_000
ACCOUNT = "123456789012"
ARN = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:agent-a"
FAILS = f"{ARN}-fails"


def test_each_function_may_do_what_its_code_does_and_no_more(
    functions: LambdaService, agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = clients("sqs").create_queue(QueueName="calls")["QueueUrl"]
    monkeypatch.setenv("AI_COORDINATION_CALLS_QUEUE_URL", calls)
    monkeypatch.setenv("AI_COORDINATION_ACCOUNT_ID", ACCOUNT)
    settings.cache_clear()
    functions.deploy(ARN, returning("Done"))
    functions.deploy(FAILS, raising("ValueError", "No"))

    with used_permissions() as used:
        world = new_world()
        repeat_creations(world)
        data(DOCUMENT, {**world.key(*KINDS), "thread": THREAD, "user": USER})
        change_everything(world)
        execute()
        start_calls()
        ask_a_model(agent_server)
        ask_an_agent_elsewhere(agent_server)
        start_by_hand()
        resume_after_deaths()
        fire(agent_server)
        delete_everything(world)
        purge_old_sessions(monkeypatch)

    for who, statements in (
        (used.api, API_MAY),
        (used.worker, WORKER_MAY),
        (used.caller, CALLER_MAY),
    ):
        assert who.permissions - granted(statements) == set()
        assert granted(statements) - who.permissions == set()
    # Lambda names the region, and a timer's dead letters matter to the one who makes it; the models
    # read the prefix when they are imported, and their client once. Secrets, input files and
    # Bedrock are granted apart.
    of_models = {"table_prefix", "dynamodb_client"}
    apart = {"secrets_prefix", "input_places", "bedrock_models"}
    assert given(WORKER) == (used.worker.settings - NOT_GIVEN) | of_models
    assert given(CALLER) == (used.caller.settings - NOT_GIVEN) | of_models | apart


NOT_GIVEN = {"region", "schedule_dead_letters_arn"}


def given(function: dict[str, Any]) -> set[str]:
    """The settings that the template gives a function."""
    names = function["Environment"]["Variables"]
    return {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}


def repeat_creations(world: World) -> None:
    key = world.key("coordination")
    given: dict[str, Any] = {
        "idempotencyKey": "k-1",
        "subtaskQueries": [{"agentUuid": "rag", "subtaskQuery": "Find the product."}],
    }
    first = new_task(world.coordination, **given)
    assert new_task(world.coordination, **given) == first
    change("updateCoordination", key | {"agents": []}, "__typename")
    assert new_task(world.coordination, **given) == first
    change("deleteTask", key | {"taskUuid": first}, "__typename")


def change_everything(world: World) -> None:
    key = world.key
    change("updateCoordination", key("coordination") | {"coordinationName": "New"}, "__typename")
    change("updateTask", key("coordination", "task") | {"taskName": "New"}, "__typename")
    change("updateTaskSchedule", key("task", "schedule") | {"status": "PAUSED"}, "__typename")
    change("updateSession", key("coordination", "session") | {"userId": "eve"}, "__typename")
    change("updateSessionAgent", key("session", "agent") | {"notes": "New"}, "__typename")


def execute() -> None:
    """A session with every kind of agent and a large text, which is retried, and one cancelled."""
    members = [echo("e"), function("f", ARN, **WAITS), external("x")]
    rules = {"userInTheLoop": "APPROVAL"}
    actions = [after("e"), after("f", "e"), after("x", "f", **rules)]
    place = start(blueprint(members, actions), taskQuery=LARGE)
    work_off()
    tell("acceptSessionAgent", {**report(place, "x"), "asyncTaskUuid": "t-1"})
    tell("completeSessionAgent", {**report(place, "x"), "agentOutput": LARGE})
    tell("answerSessionAgent", {**report(place, "x"), "approved": False})
    assert session(place)["status"] == "FAILED"
    change("retrySession", place.key, "session { status }")
    work_off()
    tell("failSessionAgent", {**report(place, "x"), "notes": "No", "retryable": False})
    change("retrySession", place.key, "session { status }")
    work_off()
    change("cancelSession", place.key, "session { status }")
    assert agents(place)["e"]["agentOutput"] == LARGE
    predecessors = "sessionAgents(sessionUuid: $s) { nodes { predecessors { nodes { state } } } }"
    data(f"query ($s: ID!) {{ {predecessors} }}", {"s": place.session})


def start_calls() -> None:
    """The API's own message for an agent that is waited for, and what the caller writes then."""
    members = [function("f", ARN, **WAITS), function("g", FAILS, **WAITS), external("x")]
    asks, fails = {"userInTheLoop": "APPROVAL"}, {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}
    place = start(blueprint(members, [after("f", **asks), after("g", **fails), after("x")]))
    work_off()
    assert states(place) == {"f": "CANCELLED", "g": "FAILED", "x": "CANCELLED"}
    with patch.object(looks, "are_too_many", return_value=True):
        place = start(blueprint([function("f", ARN, **WAITS)]))
        work_off()
    assert states(place) == {"f": "FAILED"}
    # Two agents that may start: neither is handed over.
    members = [function("f", ARN, **WAITS), echo("a"), echo("b")]
    start(blueprint(members, [after("f"), after("a", "f"), after("b", "f")]))
    work_off()
    reported_later = [function("f", ARN)]
    start(blueprint(reported_later))
    work_off()
    for url in (settings().required_queue_url(), settings().calls_queue_url):
        poison = {"messageId": "m", "body": "no JSON", **taken(str(url), "1")}
        worker.handler({"Records": [poison]}, Context())


def ask_a_model(server: ChatServer) -> None:
    """It is reminded of its thread."""
    members = [echo("e"), model(server.url, "m", apiKeySecret="key")]
    place = start(blueprint(members, [after("e"), after("m", "e")]), taskQuery="Which?")
    work_off()
    assert agents(place)["m"]["agentOutput"] == "Done"


def ask_an_agent_elsewhere(server: ChatServer) -> None:
    """It calls back."""
    server.answers(Reply(b"", 202))
    place = start(blueprint([http_agent(server.url)]), taskQuery="Which?")
    work_off()
    callback = server.requests[-1].body["callback"]
    answer = handler(callback_event(callback, {"agentOutput": "Done"}), Context())
    assert answer["statusCode"] == 200
    work_off()
    assert agents(place)["a"]["agentOutput"] == "Done"


def start_by_hand() -> None:
    coordination = new_coordination(agents=[echo("rag")])
    task = new_task(coordination)
    as_of_0_1_0(coordination, task)
    place = Place(coordination, new_session(coordination, taskUuid=task, taskQuery=LARGE))
    new_agent(*place)
    change("dispatchSession", place.key, "session { status }")
    gone = new_session(coordination, taskQuery=LARGE)
    change("deleteSession", {**place.key, "sessionUuid": gone}, "__typename")
    work_off()


def resume_after_deaths() -> None:
    """The worker finds what somebody else has begun: a start, a dispatch, an end, a retry."""
    died = RuntimeError("died")
    queries = [{"agentUuid": "e", "subtaskQuery": f"{n} {LARGE}"} for n in range(2)]
    in_chunks = patch.object(starting, "MOST_AT_ONCE", 0)
    with in_chunks, patch.object(starting, "resume", side_effect=died):
        refusal("startSession", {**blueprint([external("e")]), "subtaskQueries": queries})
    coordination = new_coordination(agents=[echo("rag")])
    place = Place(coordination, new_session(coordination))
    new_agent(*place)
    with patch.object(dispatch, "resume", side_effect=died):
        refusal("dispatchSession", place.key)
    running = start(blueprint([external("x")]), taskQuery="Which?")
    with patch.object(end, "resume", side_effect=died):
        refusal("cancelSession", running.key)
    sweep()
    with patch.object(retry, "resume", side_effect=died):
        refusal("retrySession", running.key)
    sweep()
    assert session(running)["status"] == "IN_PROGRESS"


def sweep() -> None:
    """As if it were much later: everything is due."""
    until = reads.due_rows

    def much_later(
        kind: Any, index: Any, shard: str, latest: str, most: int
    ) -> Iterator[list[Any]]:
        return until(kind, index, shard, "9999", most)

    with patch.object(reads, "due_rows", much_later):
        worker.handler({"kind": worker.SWEEP}, Context())
    work_off()


def purge_old_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_RETENTION_DAYS", "1")
    settings.cache_clear()
    start(blueprint([echo("e")]), labels=[{"key": "customer", "value": "ACME"}])
    work_off()
    sweep()


def fire(server: ChatServer) -> None:
    """The task has a budget. The worker that starts its session checks whether models fit it."""
    coordination = new_coordination(agents=[echo("rag"), model(server.url, "m", maxTokens=9)])
    task = new_task(coordination, budget={"tokens": 100_000})
    once, often = (
        new_schedule(coordination, task, schedule=one)
        for one in ("at(2099-12-31T08:00:00)", "rate(1 day)")
    )
    due = [
        event_of(timer, "2099-12-31T08:00:00Z") for one in (once, often) for timer in timers(one)
    ]
    as_of_0_1_0(coordination)
    told = [worker.handler(event, Context())["firing"] for event in [*due, due[0]]]
    assert told == ["started", "started", "stale"]


def delete_everything(world: World) -> None:
    key = world.key
    assert refusal("deleteCoordination", key("coordination"))["code"] == "HAS_CHILDREN"
    change("deleteSessionRun", key("session", "run"), "__typename")
    change("deleteSessionAgent", key("session", "agent"), "__typename")
    change("deleteSession", key("coordination", "session"), "__typename")
    labelled = new_session(world.coordination, labels=[{"key": "customer", "value": "ACME"}])
    change("deleteSession", key("coordination") | {"sessionUuid": labelled}, "__typename")
    change("deleteTaskSchedule", key("task", "schedule"), "__typename")
    change("deleteTask", key("coordination", "task"), "__typename")
    change("deleteCoordination", key("coordination"), "__typename")
