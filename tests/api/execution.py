"""Execute sessions through the API, with a queue whose messages the test handles itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination.caller import Caller
from ai_coordination.local import worker
from tests.support.graph_api import CALLER, Place, change, data, new_coordination, new_task

SESSION = "session { coordinationUuid sessionUuid status }"
AGENT = "sessionAgent { sessionAgentUuid state attempt agentOutput userInput notes }"

FUNCTION = "agent-writer"
BEDROCK_MODEL = "amazon.nova-lite-v1:0"
SIGNING_SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
WAITS = {"invocation": "RequestResponse"}

_SESSION = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status startedAt finishedAt progress { total }
    sessionAgents(first: 100) { nodes {
        agentUuid sessionAgentUuid state attempt subtaskQuery agentInput agentOutput userInput
        notes
        currentRun { runUuid outcome notes usage { inputTokens outputTokens } asyncTaskUuid }
    } }
    sessionRuns(first: 100) { nodes { agentUuid attempt outcome notes } }
} }"""
_OPEN = """query ($state: SessionAgentState!) {
    openSessionAgents(state: $state) { nodes {
        sessionUuid sessionAgentUuid agentUuid agentInput currentRun { runUuid }
    } }
}"""

Agents = Sequence[Mapping[str, Any]]


def echo(uuid: str, **parameters: Any) -> dict[str, Any]:
    runtime = {"kind": "ECHO", "parameters": parameters}
    return {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": runtime}


def external(uuid: str) -> dict[str, Any]:
    return {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": {"kind": "EXTERNAL"}}


def function(uuid: str = "a", target: str = FUNCTION, **parameters: Any) -> dict[str, Any]:
    """A member that is a Lambda function: see the fixture `functions`."""
    runtime = {"kind": "LAMBDA", "target": target, "parameters": parameters}
    return {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": runtime}


def model(url: str, uuid: str = "a", **parameters: Any) -> dict[str, Any]:
    """A member that is a model behind a server: see the fixture `models_server`."""
    given = {"model": "m-1", **parameters}
    runtime = {"kind": "OPENAI", "target": f"{url}/v1", "parameters": given}
    return {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": runtime}


def a2a_agent(url: str, uuid: str = "a", **parameters: Any) -> dict[str, Any]:
    """A member that is an A2A agent: see the fixture `desk`."""
    runtime = {"kind": "A2A", "target": url, "parameters": parameters}
    return {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": runtime}


def bedrock_model(uuid: str = "a", **parameters: Any) -> dict[str, Any]:
    """A member that is a model of Bedrock: see the fixture `bedrock`."""
    runtime = {"kind": "BEDROCK", "target": BEDROCK_MODEL, "parameters": parameters}
    return {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": runtime}


def http_agent(url: str, uuid: str = "a", **parameters: Any) -> dict[str, Any]:
    """A member that is a server: see the fixture `agent_server`."""
    given = {"signingSecret": "signing", **parameters}
    runtime = {"kind": "HTTP", "target": f"{url}/hook?v=1", "parameters": given}
    return {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": runtime}


def after(uuid: str, *predecessors: str, **more: Any) -> dict[str, Any]:
    """An agent's action."""
    return {"agentUuid": uuid, "predecessors": list(predecessors), **more}


def blueprint(agents: Agents, actions: Agents = (), **more: Any) -> dict[str, str]:
    """Create a coordination and a task. Return the key that `startSession` takes."""
    coordination = new_coordination(agents=list(agents))
    task = new_task(coordination, agentActions=list(actions), **more)
    return {"coordinationUuid": coordination, "taskUuid": task}


def start(key: Mapping[str, Any], caller: Caller = CALLER, **more: Any) -> Place:
    made = change("startSession", {**key, **more}, SESSION, caller)["session"]
    return Place(made["coordinationUuid"], made["sessionUuid"])


def work_off() -> None:
    """Handle all messages that are visible. Delayed messages are not."""
    while worker.process_batch():
        pass


def started(agents: Agents, actions: Agents = (), **more: Any) -> Place:
    """Start a session of a new blueprint, and run it as far as it goes without people."""
    place = start(blueprint(agents, actions), **{"taskQuery": "Which?", **more})
    work_off()
    return place


def session(place: Place, caller: Caller = CALLER) -> dict[str, Any]:
    given = {"c": place.coordination, "s": place.session}
    return dict(data(_SESSION, given, caller)["session"])


def agents(place: Place) -> dict[str, dict[str, Any]]:
    """Return the session's agents by the UUIDs of their members."""
    return {one["agentUuid"]: one for one in session(place)["sessionAgents"]["nodes"]}


def input_of(agent: Mapping[str, Any], query: str, **said: str) -> str:
    """Return the input of an agent's current run: its query, and texts under headings."""
    mark = f"[{agent['currentRun']['runUuid'][-12:]}]"
    opening = f"Headings begin with {mark}."
    parts = [f"{mark} {heading}\n{text}" for heading, text in said.items()]
    return "\n\n".join([query, opening, *parts])


def states(place: Place) -> dict[str, str]:
    return {name: one["state"] for name, one in agents(place).items()}


def outcomes(place: Place) -> list[tuple[str, int, str | None]]:
    runs = session(place)["sessionRuns"]["nodes"]
    return sorted((run["agentUuid"], run["attempt"], run["outcome"]) for run in runs)


def listed(state: str, caller: Caller = CALLER) -> list[dict[str, Any]]:
    """Return the open agents in this state, as workers outside see them."""
    return list(data(_OPEN, {"state": state}, caller)["openSessionAgents"]["nodes"])


def report(place: Place, name: str) -> dict[str, str]:
    """Return the key of an agent's current run, as reports take it."""
    agent = agents(place)[name]
    return {
        "sessionUuid": place.session,
        "sessionAgentUuid": agent["sessionAgentUuid"],
        "runUuid": agent["currentRun"]["runUuid"],
    }


def tell(mutation: str, given: Mapping[str, Any], caller: Caller = CALLER) -> dict[str, Any]:
    """Report or answer, handle the messages that follow, and return the agent as answered."""
    told = dict(change(mutation, given, AGENT, caller)["sessionAgent"])
    work_off()
    return told


def taken(url: str, times: str) -> dict[str, Any]:
    """Return the attributes that Lambda adds to a message from a queue."""
    return {
        "receiptHandle": "receipt",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{url.rpartition('/')[2]}",
        "attributes": {"ApproximateReceiveCount": times, "SentTimestamp": "0"},
    }
