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

# What each create mutation gives back, and under which name.
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
    """The whole result."""
    return execute(GraphQLRequest(query, dict(variables or {})), served(caller))


def data(
    query: str, variables: Mapping[str, Any] | None = None, caller: Caller = CALLER
) -> dict[str, Any]:
    """The data of a request that has to succeed."""
    result = ask(query, variables, caller)
    assert "errors" not in result, result["errors"]
    return dict(result["data"])


def error(
    query: str, variables: Mapping[str, Any] | None = None, caller: Caller = CALLER
) -> dict[str, Any]:
    """The extensions of the one error of a request that has to fail, without the request's id."""
    errors = ask(query, variables, caller)["errors"]
    assert len(errors) == 1, errors
    return {key: value for key, value in errors[0]["extensions"].items() if key != "requestId"}


def mutation(name: str, kind: str, selection: str) -> str:
    """The document of a mutation with its input as a variable."""
    return f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {selection} }} }}"


def create(
    name: str, given: Mapping[str, Any], selection: str = "", caller: Caller = CALLER
) -> dict[str, Any]:
    """What a create mutation made: its uuid, its global id and what `selection` names."""
    kind, field, uuid = CREATED[name]
    document = mutation(name, kind, f"{field} {{ id {uuid} {selection} }}")
    return dict(data(document, {"input": given}, caller)[name][field])


def change(
    name: str, given: Mapping[str, Any], selection: str, caller: Caller = CALLER
) -> dict[str, Any]:
    """What an update or delete mutation answers."""
    kind = name[0].upper() + name[1:] + "Input"
    return dict(data(mutation(name, kind, selection), {"input": given}, caller)[name])


def refusal(name: str, given: Mapping[str, Any], caller: Caller = CALLER) -> dict[str, Any]:
    """The extensions of a mutation's error."""
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
    """Where a session lies."""

    coordination: str
    session: str

    @property
    def key(self) -> dict[str, str]:
        """As the API's inputs name it."""
        return {"coordinationUuid": self.coordination, "sessionUuid": self.session}


def new_place(coordination_uuid: str | None = None) -> Place:
    """A session that has not started; of a coordination of its own where none is named."""
    coordination = coordination_uuid or new_coordination()
    return Place(coordination, new_session(coordination))
