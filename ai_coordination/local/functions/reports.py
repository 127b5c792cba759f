"""Events for agents. The caller does not wait for what the function returns.

A handler reports by itself, as on Lambda. A function that gets only the agent's input knows nothing
of the run, so its result is reported for it.
"""

import json
from collections.abc import Callable
from typing import Any

from ai_coordination.local.functions.agents_file import AgentsFile
from ai_coordination.local.functions.instance import Returned
from ai_coordination.runtimes.lambda_runtime import notes_of

COMPLETE = """mutation Complete($input: CompleteSessionAgentInput!) {
  completeSessionAgent(input: $input) { sessionAgent { state } }
}"""
FAIL = """mutation Fail($input: FailSessionAgentInput!) {
  failSessionAgent(input: $input) { sessionAgent { state } }
}"""

Api = Callable[[str], Returned]
"""Invokes the API's function with a payload."""


def handle_event(agents: AgentsFile, name: str, payload: str, request_id: str, api: Api) -> None:
    """Call a function with an event. Report the result if the function cannot."""
    takes_text = agents.takes_text(name)
    returned = agents.call(name, payload, request_id)
    if returned is None:
        return
    value = json.loads(returned.payload)
    if takes_text or agents.failure() is not None:
        _report(agents, name, json.loads(payload), returned, value, api)
    elif not returned.failed and value is not None:
        hint = 'report it, or set parameters: {invocation: "RequestResponse"}'
        agents.say(name, f"what it returned is dropped, because it got an event: {hint}")
    elif returned.failed:
        agents.say(name, "failed with an event, which Lambda would repeat twice")


def _report(
    agents: AgentsFile, name: str, event: Any, returned: Returned, value: Any, api: Api
) -> None:
    keys = {key: event[key] for key in ("sessionUuid", "sessionAgentUuid", "runUuid")}
    result: dict[str, Any]
    if returned.failed:
        document, result = FAIL, {"notes": notes_of(returned.payload)}
    elif isinstance(value, str):
        document, result = COMPLETE, {"agentOutput": value}
    elif isinstance(value, dict) and isinstance(value.get("agentOutput"), str):
        document, result = COMPLETE, {k: value[k] for k in ("agentOutput", "usage") if k in value}
    else:
        notes = "The function returned neither a text nor an agentOutput"
        document, result = FAIL, {"notes": notes, "retryable": False}
    request = {
        "query": document,
        "variables": {"input": {**keys, **result}},
        "context": event["context"],
    }
    answer = json.loads(api(json.dumps(request)).payload)
    for error in answer.get("errors") or ():
        agents.say(name, f"its report was refused: {error['message']}")
