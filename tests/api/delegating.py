"""Let agents delegate work, and look at what becomes of it."""

import json
from collections.abc import Mapping
from typing import Any

from ai_coordination import ids, models
from tests.api.execution import WAITS, Agents, after, function, started
from tests.support.graph_api import Place, data
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning

BOSS, WORKER = "agent-boss", "agent-worker"
AT_ONCE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}
_RUNS = """query ($s: ID!) { sessionRuns(sessionUuid: $s, first: 100) { nodes {
    agentUuid turn attempt outcome output notes usage { inputTokens }
} } }"""


def work(agent_uuid: str, text: str = "Do it", *before: int) -> dict[str, Any]:
    return {"agentUuid": agent_uuid, "subtaskQuery": text, "after": list(before)}


def boss(*members: str, **rules: Any) -> dict[str, Any]:
    """The action of an agent that may delegate to these members."""
    return after("boss", delegatesTo=list(members), **{**AT_ONCE, **rules})


def team(*names: str) -> list[dict[str, Any]]:
    """A boss and members that it may delegate to. All of them are functions that are waited for."""
    members = [function("boss", BOSS, **WAITS)]
    return members + [function(name, f"agent-{name}", **WAITS) for name in names]


def begin(members: Agents, *actions: Mapping[str, Any], **more: Any) -> Place:
    """Start a session in which only the boss begins, and run it as far as it goes."""
    return started(members, list(actions), subtaskQueries=[], **more)


def says(*replies: Any) -> Any:
    """Let a function answer one reply after the other, whatever its events are."""
    left = list(replies)

    def answer(event: Any) -> Reply:
        reply = left.pop(0)
        return reply if isinstance(reply, Reply) else returning(reply)

    return answer


def events(functions: LambdaService, name: str = BOSS) -> list[dict[str, Any]]:
    """What a function was sent."""
    return [dict(one.event) for one in functions.invocations if one.function == name]


def all_agents(place: Place) -> list[Any]:
    """The agents of a session by their ordinals, as they are stored."""
    found = models.SessionAgent.query(place.session, consistent_read=True)
    return sorted(found, key=lambda agent: int(agent.ordinal))


def shown(place: Place) -> list[tuple[str, str, Any]]:
    """All agents of a session: the member, the state, and the output or the notes."""
    return [
        (agent.agent_uuid, agent.state, agent.agent_output or agent.notes)
        for agent in all_agents(place)
    ]


def address(place: Place, ordinal: int) -> str:
    return ids.session_agent_uuid(place.session, ordinal)


def runs(place: Place, name: str = "boss") -> list[tuple[int, int, str | None, Any]]:
    """The runs of a member: turn, attempt, outcome, and output (JSON is read) or notes."""
    found = data(_RUNS, {"s": place.session})["sessionRuns"]["nodes"]
    return [
        (run["turn"], run["attempt"], run["outcome"], _read(run["output"]) or run["notes"])
        for run in found
        if run["agentUuid"] == name
    ]


def _read(output: str | None) -> Any:
    return json.loads(output) if output and output.startswith("[") else output
