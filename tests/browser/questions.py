"""Sessions whose agents ask people, for the console to show."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.browser.served import Served

SECONDS_TO_ASK = 60
FORM = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "title": "Amount in euro", "minimum": 0},
        "cause": {"enum": ["damage", "delay", "other"], "title": "Cause"},
        "note": {"type": "string", "maxLength": 2000, "description": "For the customer."},
    },
    "required": ["amount", "cause"],
}
KINDS: Mapping[str, Mapping[str, Any]] = {
    "approve": {"kind": "APPROVAL", "title": "May the offer go out?"},
    "text": {"kind": "INPUT", "title": "What is the delivery address?"},
    "form": {"kind": "INPUT", "title": "How much is refunded?", "form": FORM},
    "choice": {"kind": "CHOICE", "title": "Which carrier?", "options": ["Train", "Ship", "Plane"]},
}


class Asking(NamedTuple):
    """An agent that asks, and its session."""

    coordination_uuid: str
    session_uuid: str
    session_agent_uuid: str

    def address(self, query: str = "") -> str:
        return f"/inbox/{self.session_uuid}/{self.session_agent_uuid}{query}"


def coordination(served: Served, name: str = "Orders", agents: tuple[str, ...] = ("clerk",)) -> str:
    given = {
        "coordinationName": name,
        "agents": [
            {"agentUuid": one, "agentName": one.capitalize(), "runtime": {"kind": "ECHO"}}
            for one in agents
        ],
    }
    return str(
        served.api.execute(
            "mutation ($input: CreateCoordinationInput!) {"
            " createCoordination(input: $input) { coordination { coordinationUuid } } }",
            input=given,
        )["createCoordination"]["coordination"]["coordinationUuid"]
    )


def task(served: Served, coordination_uuid: str, name: str, **more: Any) -> str:
    """Create a task. Without `agentActions`, its one agent answers at once."""
    given = {
        "coordinationUuid": coordination_uuid,
        "taskName": name,
        "agentActions": [{"agentUuid": "clerk"}],
        "subtaskQueries": [{"agentUuid": "clerk", "subtaskQuery": f"Do {name}."}],
        **more,
    }
    return str(
        served.api.execute(
            "mutation ($input: CreateTaskInput!) {"
            " createTask(input: $input) { task { taskUuid } } }",
            input=given,
        )["createTask"]["task"]["taskUuid"]
    )


def start(served: Served, coordination_uuid: str, task_uuid: str, **more: Any) -> str:
    given = {"coordinationUuid": coordination_uuid, "taskUuid": task_uuid, **more}
    return str(
        served.api.execute(
            "mutation ($input: StartSessionInput!) {"
            " startSession(input: $input) { session { sessionUuid } } }",
            input=given,
        )["startSession"]["session"]["sessionUuid"]
    )


def ask(served: Served, ask: Mapping[str, Any], name: str = "Offer", **action: Any) -> Asking:
    """Start a session of a task of its own, and wait until its agent asks."""
    place = coordination(served)
    rules = {"agentUuid": "clerk", "ask": ask, **action}
    session = start(served, place, task(served, place, name, agentActions=[rules]))
    found = until(served, session, lambda one: one["state"] == "WAITING_FOR_INPUT")
    return Asking(place, session, found["sessionAgentUuid"])


def until(
    served: Served, session_uuid: str, is_there: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Wait until the first agent of a session is as it should be, and return it."""
    ends_at = time.monotonic() + SECONDS_TO_ASK
    while True:
        agent = agent_of(served, session_uuid)
        if agent is not None and is_there(agent):
            return agent
        assert time.monotonic() < ends_at, agent
        time.sleep(0.05)


def agent_of(served: Served, session_uuid: str) -> dict[str, Any] | None:
    found = served.api.execute(
        "query ($uuid: ID!) { sessionAgents(sessionUuid: $uuid, first: 1) { nodes {"
        " sessionAgentUuid state notes turn currentRun { runUuid }"
        " ask { approved answer choice comment answeredBy } } } }",
        uuid=session_uuid,
    )["sessionAgents"]["nodes"]
    return found[0] if found else None


def answer(served: Served, asking: Asking, **said: Any) -> None:
    """Answer as another program does."""
    agent = agent_of(served, asking.session_uuid)
    assert agent is not None
    served.api.execute(
        "mutation ($input: AnswerSessionAgentInput!) {"
        " answerSessionAgent(input: $input) { sessionAgent { state } } }",
        input={
            "sessionUuid": asking.session_uuid,
            "sessionAgentUuid": asking.session_agent_uuid,
            "runUuid": agent["currentRun"]["runUuid"],
            **said,
        },
    )
