"""Every mutation of the API with an input that it accepts, for tests of all of them."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLField, GraphQLInputObjectType, get_named_type

from ai_coordination.api.schema import schema
from ai_coordination.caller import Caller
from tests.graph_api import (
    ask,
    mutation,
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
    new_task,
)
from tests.selections import selection

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
}


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
