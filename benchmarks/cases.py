"""The measured operations, and the entities that they use."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_coordination.caller import Caller
from ai_coordination.context import InvocationContext
from tests.support import graph_api

EVENT = Path(__file__).parent.parent / "events" / "http-post.json"
# The tenant and the user of that event.
CALLER = Caller(
    "acme",
    "travel",
    "5f1c0d2e-8a34-4a51-9d36-1b7a2f0c9e11",
    "request-1",
    context=InvocationContext(),
)

AGENTS = 5
SESSIONS = 50

SCALARS = """coordinationUuid sessionUuid partitionKey taskUuid scheduleUuid userId taskQuery status
    iterationCount version updatedBy createdAt updatedAt startedAt finishedAt"""

ONE = f"""query Session($c: ID!, $s: ID!) {{
  session(coordinationUuid: $c, sessionUuid: $s) {{ {SCALARS} }}
}}"""

WHOLE = f"""query SessionAsAWhole($c: ID!, $s: ID!) {{
  session(coordinationUuid: $c, sessionUuid: $s) {{
    {SCALARS}
    coordination {{ coordinationName agents {{ agentUuid agentName runtime {{ kind }} }} }}
    task {{ taskName agentActions {{ agentUuid predecessors primaryPath onFailure }} }}
    sessionAgents {{
      nodes {{
        sessionAgentUuid agentUuid state inDegree attempt agentInput agentOutput createdAt updatedAt
        predecessorUuids
      }}
      pageInfo {{ hasNextPage endCursor }}
    }}
    sessionRuns {{
      nodes {{ runUuid agentUuid threadUuid attempt outcome createdAt finishedAt }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}"""

LIST = f"""query Sessions($c: ID!) {{
  sessions(coordinationUuid: $c, first: {SESSIONS}) {{
    nodes {{ {SCALARS} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

CREATE = f"""mutation CreateSession($input: CreateSessionInput!) {{
  createSession(input: $input) {{ session {{ {SCALARS} }} }}
}}"""


@dataclass(frozen=True)
class Case:
    """A measured operation. `check` verifies its data. `times` is its number of repetitions."""

    name: str
    document: str
    variables: dict[str, Any]
    times: int
    check: Callable[[dict[str, Any]], bool]

    def event(self) -> dict[str, Any]:
        """Return the Lambda event of the operation as an HTTP request."""
        event: dict[str, Any] = json.loads(EVENT.read_text())
        return event | {"body": json.dumps({"query": self.document, "variables": self.variables})}


def made() -> list[Case]:
    """Create the entities, and return the cases that use them."""
    coordination = _coordination()
    task = graph_api.new_task(coordination, CALLER)
    given = {"taskUuid": task, "userId": "u-17", "taskQuery": "Two nights in Lisbon for three"}
    sessions = [graph_api.new_session(coordination, CALLER, **given) for _ in range(SESSIONS)]
    _work_in(coordination, sessions[0])
    one = {"c": coordination, "s": sessions[0]}
    new = {"input": {"coordinationUuid": _coordination(), "userId": "u-17", "taskQuery": "Now"}}
    return [
        Case("getSession, 15 scalars", ONE, one, 120, lambda data: len(data["session"]) == 15),
        Case("session with agents, runs, coordination, task", WHOLE, one, 40, _is_whole),
        Case(f"list of {SESSIONS} sessions", LIST, {"c": coordination}, 40, _is_full),
        Case("createSession", CREATE, new, 100, lambda data: bool(created(data))),
    ]


def created(data: dict[str, Any]) -> str | None:
    """Return the UUID of the session that a case has created, None if it creates none."""
    made_one = data.get("createSession")
    return str(made_one["session"]["sessionUuid"]) if made_one else None


def _coordination() -> str:
    agents = [
        {"agentUuid": f"agent-{n}", "agentName": f"Agent {n}", "runtime": {"kind": "ECHO"}}
        for n in range(AGENTS)
    ]
    return graph_api.new_coordination(CALLER, agents=agents)


def _work_in(coordination: str, session: str) -> None:
    """Create a chain of agents, each with a run."""
    before: list[str] = []
    for n in range(AGENTS):
        agent = {"agentUuid": f"agent-{n}", "agentInput": "Find the way", "predecessors": before}
        before = [graph_api.new_agent(coordination, session, CALLER, **agent)]
        run = {"agentUuid": f"agent-{n}", "threadUuid": "thread-1", "outcome": "COMPLETED"}
        graph_api.new_run(coordination, session, CALLER, sessionAgentUuid=before[0], **run)


def _is_whole(data: dict[str, Any]) -> bool:
    session = data["session"]
    lists = session["sessionAgents"], session["sessionRuns"]
    return bool(session["task"]) and all(len(one["nodes"]) == AGENTS for one in lists)


def _is_full(data: dict[str, Any]) -> bool:
    return len(data["sessions"]["nodes"]) == SESSIONS
