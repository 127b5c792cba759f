"""Every mutation of the API, with an input that it accepts."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLField, GraphQLInputObjectType, get_named_type

from ai_coordination import models
from ai_coordination.api.schema import schema
from ai_coordination.caller import Caller
from ai_coordination.engine import factory, message_handler
from tests.support.contexts import SYSTEM
from tests.support.graph_api import (
    ask,
    change,
    mutation,
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
    new_task,
)
from tests.support.selections import selection

Given = dict[str, Any]

ACTIONS = [{"agentUuid": "rag"}, {"agentUuid": "zh", "predecessors": ["rag"]}]


def _coordination(caller: Caller) -> Given:
    return {"coordinationUuid": new_coordination(caller)}


def _task(caller: Caller) -> Given:
    given = _coordination(caller)
    return {**given, "taskUuid": new_task(given["coordinationUuid"], caller)}


def _schedule(caller: Caller) -> Given:
    given = _task(caller)
    schedule = new_schedule(given["coordinationUuid"], given["taskUuid"], caller)
    return {"taskUuid": given["taskUuid"], "scheduleUuid": schedule}


def _session(caller: Caller) -> Given:
    given = _coordination(caller)
    return {**given, "sessionUuid": new_session(given["coordinationUuid"], caller)}


def _agent(caller: Caller) -> Given:
    """The second of two: an agent with a predecessor and without successors."""
    given = _session(caller)
    key = given["coordinationUuid"], given["sessionUuid"]
    first = new_agent(*key, caller)
    second = new_agent(*key, caller, predecessors=[first])
    return {"sessionUuid": given["sessionUuid"], "sessionAgentUuid": second}


def _after_an_agent(caller: Caller) -> Given:
    given = _session(caller)
    first = new_agent(given["coordinationUuid"], given["sessionUuid"], caller)
    return {**given, "predecessors": [first]}


def _for_an_agent(caller: Caller) -> Given:
    given = _session(caller)
    agent = new_agent(given["coordinationUuid"], given["sessionUuid"], caller)
    return {**given, "sessionAgentUuid": agent}


def _run(caller: Caller) -> Given:
    given = _for_an_agent(caller)
    agent = {"sessionAgentUuid": given["sessionAgentUuid"]}
    run = new_run(given["coordinationUuid"], given["sessionUuid"], caller, **agent)
    return {"sessionUuid": given["sessionUuid"], "runUuid": run}


def _built(caller: Caller) -> Given:
    """A session with an agent that has not started."""
    given = _session(caller)
    new_agent(given["coordinationUuid"], given["sessionUuid"], caller)
    return given


def _started(caller: Caller, **rules: Any) -> Given:
    """A session of two agents one after the other, of which the first has been begun."""
    coordination = new_coordination(caller)
    actions = [{"agentUuid": "zh", **rules}, {"agentUuid": "rag", "predecessors": ["zh"]}]
    task = new_task(coordination, caller, agentActions=actions)
    key = {"coordinationUuid": coordination, "taskUuid": task}
    selection = "session { coordinationUuid sessionUuid }"
    started = dict(change("startSession", key, selection, caller)["session"])
    work_on_the_first(started["sessionUuid"])
    return started


def _first(session_uuid: str) -> models.SessionAgent:
    agents = models.SessionAgent.query(session_uuid, consistent_read=True)
    (first,) = (agent for agent in agents if not agent.predecessors)
    return first


def work_on_the_first(session_uuid: str) -> None:
    """What a worker does with a message for the session's first agent."""
    message_handler.agent_work(factory.of_a_worker(SYSTEM, 30), _first(session_uuid))


def _cancelled(caller: Caller) -> Given:
    given = _started(caller)
    change("cancelSession", given, "session { status }", caller)
    return given


def _reported_on(caller: Caller, **rules: Any) -> Given:
    """The run of an agent that is worked on elsewhere."""
    session = _started(caller, **rules)["sessionUuid"]
    first = _first(session)
    return {
        "sessionUuid": session,
        "sessionAgentUuid": first.session_agent_uuid,
        "runUuid": first.current_run_uuid,
    }


def _asked(caller: Caller) -> Given:
    """The run of an agent that asks a person."""
    given = _reported_on(caller, userInTheLoop="APPROVAL")
    done = {**given, "agentOutput": "Done"}
    change("completeSessionAgent", done, "sessionAgent { state }", caller)
    return given


# What a mutation needs, made for a caller and named as the input names it; and the rest of it.
MUTATIONS: dict[str, tuple[Callable[[Caller], Given], Given]] = {
    "createCoordination": (lambda caller: {}, {"coordinationName": "Offers"}),
    "updateCoordination": (_coordination, {"coordinationName": "Bids"}),
    "deleteCoordination": (_coordination, {}),
    "createTask": (_coordination, {"taskName": "Translate", "agentActions": ACTIONS}),
    "updateTask": (_task, {"taskName": "Translate twice", "agentActions": ACTIONS}),
    "deleteTask": (_task, {}),
    "createTaskSchedule": (_task, {"schedule": "rate(1 day)"}),
    "updateTaskSchedule": (_schedule, {"status": "PAUSED"}),
    "deleteTaskSchedule": (_schedule, {}),
    "createSession": (_task, {"userId": "bob", "taskQuery": "Which offers?"}),
    "updateSession": (_session, {"userId": "ann", "taskQuery": "Which bids?"}),
    "deleteSession": (_session, {}),
    "createSessionAgent": (_after_an_agent, {"agentUuid": "zh", "notes": "by hand"}),
    "updateSessionAgent": (_agent, {"notes": "seen"}),
    "deleteSessionAgent": (_agent, {}),
    "recordSessionRun": (_for_an_agent, {"agentUuid": "rag", "threadUuid": "thread-1"}),
    "deleteSessionRun": (_run, {}),
    # These execute, and most of them write more than once.
    "startSession": (_task, {"userId": "bob", "taskQuery": "Which offers?"}),
    "dispatchSession": (_built, {}),
    "cancelSession": (_started, {"reason": "Too late"}),
    "retrySession": (_cancelled, {}),
    "answerSessionAgent": (_asked, {"approved": True, "userInput": "Well done"}),
    "acceptSessionAgent": (_reported_on, {"asyncTaskUuid": "job-1", "threadUuid": "thread-1"}),
    "completeSessionAgent": (_reported_on, {"agentOutput": "Done"}),
    "failSessionAgent": (_reported_on, {"notes": "Busy"}),
}


EXECUTING = list(MUTATIONS)[list(MUTATIONS).index("startSession") :]


def fields() -> dict[str, GraphQLField]:
    """The mutations of the schema."""
    root = schema.graphql_schema.mutation_type
    assert root is not None
    return dict(root.fields)


def input_of(name: str) -> GraphQLInputObjectType:
    """The type of a mutation's input."""
    named = get_named_type(fields()[name].args["input"].type)
    assert isinstance(named, GraphQLInputObjectType)
    return named


def creating() -> list[str]:
    """The mutations that take an idempotency key."""
    return [name for name in MUTATIONS if "idempotencyKey" in input_of(name).fields]


def prepared(name: str, caller: Caller) -> Given:
    """An input that the mutation accepts, and what it needs."""
    prepare, rest = MUTATIONS[name]
    return {**prepare(caller), **rest}


def perform(name: str, given: Given, caller: Caller) -> dict[str, Any]:
    """The whole result, with everything that the answer says of the entity itself."""
    document = mutation(name, input_of(name).name, selection(fields()[name].type, 2)[1:-1])
    return ask(document, {"input": given}, caller)
