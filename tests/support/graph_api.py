"""Requests to the API, and the entities that most tests start from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ai_coordination.api.operation import execute
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.caller import Caller
from tests.support.contexts import SYSTEM, served

CALLER = Caller("acme", "sales", "u-17", "request-1", context=SYSTEM)
RIVAL = Caller("globex", "sales", "u-99", "request-2", context=SYSTEM)

NOBODY = "01900000-0000-7000-8000-000000000000"

AGENTS = [
    {"agentUuid": "rag", "agentName": "Product retrieval", "runtime": {"kind": "ECHO"}},
    {"agentUuid": "zh", "agentName": "Chinese translation", "runtime": {"kind": "EXTERNAL"}},
]

# By create mutation: the type of its input, the field of its answer, and the field of its UUID.
CREATED = {
    "createCoordination": ("CreateCoordinationInput", "coordination", "coordinationUuid"),
    "createTask": ("CreateTaskInput", "task", "taskUuid"),
    "createTaskSchedule": ("CreateTaskScheduleInput", "taskSchedule", "scheduleUuid"),
    "createSession": ("CreateSessionInput", "session", "sessionUuid"),
    "createSessionAgent": ("CreateSessionAgentInput", "sessionAgent", "sessionAgentUuid"),
    "recordSessionRun": ("RecordSessionRunInput", "sessionRun", "runUuid"),
}


def ask(
    query: str, variables: Mapping[str, Any] | None = None, caller: Caller = CALLER
) -> dict[str, Any]:
    """Return the whole result."""
    return execute(GraphQLRequest(query, dict(variables or {})), served(caller))


def data(
    query: str, variables: Mapping[str, Any] | None = None, caller: Caller = CALLER
) -> dict[str, Any]:
    """Return the data of a request that must succeed."""
    result = ask(query, variables, caller)
    assert "errors" not in result, result["errors"]
    return dict(result["data"])


def error(
    query: str, variables: Mapping[str, Any] | None = None, caller: Caller = CALLER
) -> dict[str, Any]:
    """Return the extensions of the only error of a request that must fail, without `requestId`."""
    errors = ask(query, variables, caller)["errors"]
    assert len(errors) == 1, errors
    return {key: value for key, value in errors[0]["extensions"].items() if key != "requestId"}


def mutation(name: str, kind: str, selection: str) -> str:
    """Return the document of a mutation with its input as a variable."""
    return f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {selection} }} }}"


def create(
    name: str, given: Mapping[str, Any], selection: str = "", caller: Caller = CALLER
) -> dict[str, Any]:
    """Create an entity. Return its UUID, its global id and the selected fields."""
    kind, field, uuid = CREATED[name]
    document = mutation(name, kind, f"{field} {{ id {uuid} {selection} }}")
    return dict(data(document, {"input": given}, caller)[name][field])


def change(
    name: str, given: Mapping[str, Any], selection: str, caller: Caller = CALLER
) -> dict[str, Any]:
    """Return the answer of an update or delete mutation."""
    kind = name[0].upper() + name[1:] + "Input"
    return dict(data(mutation(name, kind, selection), {"input": given}, caller)[name])


def refusal(name: str, given: Mapping[str, Any], caller: Caller = CALLER) -> dict[str, Any]:
    """Return the extensions of a mutation's error."""
    kind = name[0].upper() + name[1:] + "Input"
    return error(mutation(name, kind, "__typename"), {"input": given}, caller)


def new_coordination(caller: Caller = CALLER, **more: Any) -> str:
    given = {"coordinationName": "Offers", "agents": AGENTS, **more}
    return str(create("createCoordination", given, caller=caller)["coordinationUuid"])


def new_task(coordination_uuid: str, caller: Caller = CALLER, **more: Any) -> str:
    given = {"coordinationUuid": coordination_uuid, "taskName": "Translate", **more}
    return str(create("createTask", given, caller=caller)["taskUuid"])


def new_schedule(
    coordination_uuid: str, task_uuid: str, caller: Caller = CALLER, **more: Any
) -> str:
    key = {"coordinationUuid": coordination_uuid, "taskUuid": task_uuid}
    given = {**key, "schedule": "rate(1 day)", **more}
    return str(create("createTaskSchedule", given, caller=caller)["scheduleUuid"])


def new_session(coordination_uuid: str, caller: Caller = CALLER, **more: Any) -> str:
    given = {"coordinationUuid": coordination_uuid, **more}
    return str(create("createSession", given, caller=caller)["sessionUuid"])


def new_agent(
    coordination_uuid: str, session_uuid: str, caller: Caller = CALLER, **more: Any
) -> str:
    key = {"coordinationUuid": coordination_uuid, "sessionUuid": session_uuid}
    given = {**key, "agentUuid": "rag", **more}
    return str(create("createSessionAgent", given, caller=caller)["sessionAgentUuid"])


def new_run(coordination_uuid: str, session_uuid: str, caller: Caller = CALLER, **more: Any) -> str:
    key = {"coordinationUuid": coordination_uuid, "sessionUuid": session_uuid}
    given = {**key, "agentUuid": "rag", **more}
    return str(create("recordSessionRun", given, caller=caller)["runUuid"])


class Place(NamedTuple):
    """The key of a session."""

    coordination: str
    session: str

    @property
    def key(self) -> dict[str, str]:
        """As the API's inputs name it."""
        return {"coordinationUuid": self.coordination, "sessionUuid": self.session}


def new_place(coordination_uuid: str | None = None) -> Place:
    """Create a session, in a new coordination if none is named."""
    coordination = coordination_uuid or new_coordination()
    return Place(coordination, new_session(coordination))
