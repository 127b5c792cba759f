"""Let agents ask people questions, and look at what is shown of it."""

from typing import Any

from ai_coordination import models
from ai_coordination.engine import factory, sweeper
from tests.api.execution import (
    agents,
    report,
    tell,
    work_off,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change, data
from tests.support.stored import stored

AT_ONCE = {"maxAttempts": 2, "intervalSeconds": 0}
LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
FORM = {
    "type": "object",
    "properties": {
        "days": {"type": "integer", "minimum": 1, "maximum": 30, "default": 7},
        "note": {"type": "string", "minLength": 2, "format": "email"},
    },
    "required": ["days"],
    "additionalProperties": False,
}
LARGE = "x" * 5_000
ASK = """ask { kind question form resume askedAt dueAt answeredBy answeredAt approved answer
    comment }"""
_AGENT = f"""query ($s: ID!, $a: ID!) {{ sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {{
    state turn attempt agentOutput notes userInput {ASK}
    sessionRuns(first: 50) {{ nodes {{
        turn attempt iteration outcome output usage {{ inputTokens }}
    }} }}
}} }}"""
_RUNS = """query ($s: ID!) { sessionRuns(sessionUuid: $s, first: 50) { nodes { runUuid } } }"""
OPEN = f"""query {{ openSessionAgents(state: WAITING_FOR_INPUT) {{ nodes {{
    agentUuid turn {ASK}
}} }} }}"""


def agent(place: Place, name: str = "a") -> dict[str, Any]:
    given = {"s": place.session, "a": agents(place)[name]["sessionAgentUuid"]}
    return dict(data(_AGENT, given)["sessionAgent"])


def runs(place: Place, name: str = "a") -> list[tuple[int, int, str | None, str | None]]:
    found = agent(place, name)["sessionRuns"]["nodes"]
    return [(run["turn"], run["attempt"], run["outcome"], run["output"]) for run in found]


def ask(place: Place, name: str = "a", **asked: Any) -> dict[str, Any]:
    """Let an EXTERNAL agent ask, and return the key of its run."""
    key = report(place, name)
    tell("askSessionAgent", {**key, "question": "Which one?", **asked})
    return key


def stored_agent(place: Place, name: str = "a") -> models.SessionAgent:
    return stored(models.SessionAgent, place.session, agents(place)[name]["sessionAgentUuid"])


def tidy_up(place: Place) -> None:
    """Delete the session with all that it has."""
    for run in data(_RUNS, {"s": place.session})["sessionRuns"]["nodes"]:
        key = {"sessionUuid": place.session, "runUuid": run["runUuid"]}
        change("deleteSessionRun", key, "deletedId")
    for one in agents(place).values():
        key = {"sessionUuid": place.session, "sessionAgentUuid": one["sessionAgentUuid"]}
        change("deleteSessionAgent", key, "deletedId")
    change("deleteSession", place.key, "deletedId")
    work_off()


def invalid(state: str) -> dict[str, str]:
    return {"code": "INVALID_STATE", "state": state}


def bad(*path: str) -> dict[str, Any]:
    return {"code": "BAD_USER_INPUT", "inputPath": ["input", *path]}


def time_out(place: Place) -> None:
    """Let the deadline of the agent that waits pass."""
    kind = models.SessionAgent
    for one in kind.query(place.session, consistent_read=True):
        if one.state == "waiting_for_input":
            one.update([kind.deadline_at.set(LONG_AGO), kind.due_at.set(LONG_AGO)])
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()
