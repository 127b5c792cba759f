"""Events for agents. The caller does not wait for what the function returns.

A handler reports by itself, as on Lambda. A function that gets only the agent's input knows nothing
of the run, so its result is reported for it.
"""

import json
from collections.abc import Callable
from typing import Any

from ai_coordination.local.functions.agents_file import AgentsFile
from ai_coordination.local.functions.instance import Returned
from ai_coordination.runtimes import delegations
from ai_coordination.runtimes.base import Answer, Delegation, Question, RunFailed
from ai_coordination.runtimes.lambda_runtime import answer_of, notes_of
from ai_coordination.runtimes.token_usage import reported

COMPLETE = """mutation Complete($input: CompleteSessionAgentInput!) {
  completeSessionAgent(input: $input) { sessionAgent { state } }
}"""
ASK = """mutation Ask($input: AskSessionAgentInput!) {
  askSessionAgent(input: $input) { sessionAgent { state } }
}"""
DELEGATE = """mutation Delegate($input: DelegateSessionAgentInput!) {
  delegateSessionAgent(input: $input) { sessionAgent { state } }
}"""
FAIL = """mutation Fail($input: FailSessionAgentInput!) {
  failSessionAgent(input: $input) { sessionAgent { state } }
}"""

Api = Callable[[str], Returned]
"""Invokes the API's function with a payload."""


# The attempt is over: it has been cancelled, or its deadline has passed.
OVER = frozenset({"INVALID_STATE", "NOT_FOUND"})


def handle_event(agents: AgentsFile, name: str, payload: str, request_id: str, api: Api) -> None:
    """Call a function with an event. Report the result if the function cannot."""
    takes_text = agents.takes_text(name)
    returned = agents.call(name, payload, request_id)
    if returned is None:
        return
    if takes_text or agents.failure() is not None:
        _Reporter(agents, name, json.loads(payload), api).report(returned)
    elif returned.failed:
        agents.say(name, "failed with an event, which Lambda would repeat twice")
    elif returned.payload != b"null":
        hint = 'report it, or set parameters: {invocation: "RequestResponse"}'
        agents.say(name, f"what it returned is dropped, because it got an event: {hint}")


class _Reporter:
    """Reports the result of one run."""

    def __init__(self, agents: AgentsFile, name: str, event: Any, api: Api) -> None:
        self._agents = agents
        self._name = name
        self._event = event
        self._api = api

    def report(self, returned: Returned) -> None:
        """Report what a function returned or raised, as the engine would take it."""
        try:
            if returned.failed:
                raise RunFailed(notes_of(returned.payload))
            answer = answer_of(returned.payload)
        except RunFailed as failed:
            self._send(FAIL, notes=failed.notes, retryable=failed.retryable)
            return
        document, noun, fields = _told(answer)
        refusal = self._send(document, **fields)
        if refusal is not None:
            notes = f"The agent's {noun}: {refusal}"
            self._send(FAIL, notes=notes, retryable=isinstance(answer, Delegation))

    def _send(self, document: str, **fields: Any) -> str | None:
        """Send a report. Return why it was refused, unless the attempt is over."""
        keys = {key: self._event[key] for key in ("sessionUuid", "sessionAgentUuid", "runUuid")}
        variables = {"input": {**keys, **fields}}
        request = {"query": document, "variables": variables, "context": self._event["context"]}
        result = json.loads(self._api(json.dumps(request)).payload)
        for error in result.get("errors") or ():
            self._agents.say(self._name, f"its report was refused: {error['message']}")
            if error.get("extensions", {}).get("code") not in OVER:
                return str(error["message"])
        return None


def _told(answer: Answer | Question | Delegation) -> tuple[str, str, dict[str, Any]]:
    """The mutation that reports what an agent has said, what that is called, and its input."""
    fields: dict[str, Any]
    if isinstance(answer, Question):
        document, noun = ASK, "question"
        fields = {"question": answer.text, "form": answer.form, "resume": answer.resume}
    elif isinstance(answer, Delegation):
        document, noun = DELEGATE, "delegation"
        fields = {"work": delegations.to_json(answer.work), "resume": answer.resume}
    else:
        document, noun, fields = COMPLETE, "output", {"agentOutput": answer.output}
    if answer.usage is not None:
        fields["usage"] = reported(answer.usage)
    return document, noun, fields
