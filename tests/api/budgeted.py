"""Sessions of models with a budget."""

import json
from typing import Any

from ai_coordination import models
from tests.api.execution import after, agents, blueprint, model, started
from tests.support.chat_server import ChatServer, refusing
from tests.support.graph_api import Place, change, create, data, new_coordination
from tests.support.stored import refused, stored

LOGS = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status budget { tokens } usage { inputTokens outputTokens } logs { level message }
} }"""
QUERY = "Which?"
MOST: dict[str, Any] = {"maxTokens": 100}
# The bytes of what the model is told, and the most that it may answer.
CAP = len(json.dumps({"model": "m-1", **MOST})) + len(QUERY) + 100
# What the server of these tests says that each call has used.
USED = 37


def seen(place: Place) -> dict[str, Any]:
    return dict(data(LOGS, {"c": place.coordination, "s": place.session})["session"])


def committed(place: Place) -> int:
    session = stored(models.Session, place.coordination, place.session)
    return int(session.committed_tokens or 0)


def reserved(place: Place) -> list[Any]:
    of_session = [one["sessionAgentUuid"] for one in agents(place).values()]
    items = [stored(models.SessionAgent, place.session, one) for one in of_session]
    return [item.reserved_tokens for item in items]


def failed_at(place: Place) -> str:
    """Why the session has failed: its last log entry."""
    found = seen(place)
    assert (found["status"], found["logs"][-1]["level"]) == ("FAILED", "ERROR")
    return str(found["logs"][-1]["message"])


def models_of(server: ChatServer, number: int, **parameters: Any) -> list[dict[str, Any]]:
    return [model(server.url, f"m{one}", **{**MOST, **parameters}) for one in range(number)]


def in_a_row(number: int, **more: Any) -> list[dict[str, Any]]:
    """Independent agents: each reserves the same, because none is told what another said."""
    return [after(f"m{one}", **more) for one in range(number)]


def item(place: Place, name: str) -> models.SessionAgent:
    address = agents(place)[name]["sessionAgentUuid"]
    return stored(models.SessionAgent, place.session, address)


# Where a session gets its members, and may get ones that its budget cannot limit.
PLACES = ["start", "task", "dispatch", "retry"]


def is_refused_at(
    where: str, server: ChatServer, members: list[dict[str, Any]], budget: dict[str, Any]
) -> None:
    """Check that no session with the budget gets these members, and nothing is invoked."""
    given: dict[str, Any]
    if where == "retry":
        server.answers(refusing(400))
        place = started([model(server.url, **MOST)], budget=budget)
        given = {"coordinationUuid": place.coordination, "agents": members}
        change("updateCoordination", given, "coordination { id }")
        mutation, given = "retrySession", {**place.key, "withCurrentMembers": True}
    elif where == "dispatch":
        coordination = new_coordination(agents=members)
        given = {"coordinationUuid": coordination, "budget": budget}
        place = Place(coordination, create("createSession", given, "sessionUuid")["sessionUuid"])
        create("createSessionAgent", {**place.key, "agentUuid": "a"})
        mutation, given = "dispatchSession", dict(place.key)
    else:
        key = blueprint(members, budget=budget if where == "task" else None)
        given = {**key, "budget": budget} if where == "start" else dict(key)
        mutation = "startSession"
    before = len(server.requests)

    told = refused(mutation, given)

    named = {"start": "budget", "task": "taskUuid", "dispatch": "sessionUuid"}
    path = ["input", named.get(where, "withCurrentMembers")]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": path}
    assert len(server.requests) == before
