"""The ways to reach agents, by the kind of their runtime."""

import json
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination import config, models
from ai_coordination.clients import clients
from ai_coordination.services.execution.engine import (
    Accepted,
    Answer,
    Call,
    Message,
    Queue,
    RunFailed,
    Runtime,
    message,
)
from ai_coordination.states import AgentRuntimeKind, SessionAgentState

PAYLOAD_VERSION = 1
LONGEST_NOTES = 2_000


class Echo:
    """Answers with its subtask query, after `parameters.seconds`, or fails.

    `parameters.fail` is a text, and every attempt fails with it; or an object with `attempts`, the
    number of attempts that fail, and `notes`.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def invoke(self, call: Call) -> Answer | Accepted:
        parameters = _parameters(call)
        fail = parameters.get("fail")
        if isinstance(fail, dict):
            fail = fail.get("notes", "Failed") if call.attempt <= fail.get("attempts", 0) else None
        if fail:
            raise RunFailed(str(fail))
        seconds = parameters.get("seconds", 0)
        if not isinstance(seconds, int | float) or seconds <= 0:
            return Answer(call.agent.subtask_query or "")
        self._queue.send([_echo_later(call)], float(seconds))
        return Accepted()


def _echo_later(call: Call) -> Message:
    return {**message(call.agent), "kind": "echo", "run": call.run_uuid}


class External:
    """Nothing is called: whoever does the work reads `openSessionAgents` and reports."""

    def invoke(self, _: Call) -> Answer | Accepted:
        return Accepted()


class LambdaFunction:
    """Invokes a Lambda function of the account, with the payload that README.md describes.

    It answers later, by a mutation, or with its return value where `parameters.invocation` is
    `RequestResponse`.
    """

    def invoke(self, call: Call) -> Answer | Accepted:
        waits = _parameters(call).get("invocation") == "RequestResponse"
        seconds = max(1, int(call.agent.agent_action.timeout_seconds))
        client = clients(
            "lambda",
            Config(connect_timeout=2, read_timeout=min(seconds, 880), retries={"max_attempts": 0}),
        )
        try:
            response = client.invoke(
                FunctionName=call.agent.agent.runtime.target,
                InvocationType="RequestResponse" if waits else "Event",
                Payload=json.dumps(payload(call)).encode(),
            )
        except (ClientError, BotoCoreError) as error:
            raise RunFailed(
                f"The function could not be invoked: {error}"[:LONGEST_NOTES]
            ) from error
        if not waits:
            return Accepted()
        return _returned(json.loads(response["Payload"].read() or b"null"), response)


def _returned(value: Any, response: dict[str, Any]) -> Answer:
    if response.get("FunctionError"):
        notes = value.get("errorMessage") if isinstance(value, dict) else None
        raise RunFailed(str(notes or response["FunctionError"])[:LONGEST_NOTES])
    output = value.get("agentOutput") if isinstance(value, dict) else value
    if not isinstance(output, str):
        raise RunFailed("The function returned neither a text nor an agentOutput", retryable=False)
    usage = value.get("usage") if isinstance(value, dict) else None
    if not isinstance(usage, dict):
        return Answer(output)
    return Answer(output, usage.get("inputTokens"), usage.get("outputTokens"))


def _parameters(call: Call) -> dict[str, Any]:
    parameters = call.agent.agent.runtime.parameters
    return parameters if isinstance(parameters, dict) else {}


def payload(call: Call) -> dict[str, Any]:
    """What a LAMBDA agent gets: a public contract."""
    session, agent = call.session, call.agent
    endpoint_id, part_id = session.partition_key.split("#")
    return {
        "version": PAYLOAD_VERSION,
        "context": {"endpointId": endpoint_id, "partId": part_id, "userId": session.user_id},
        "replyTo": {"functionName": config.settings().api_function},
        "coordinationUuid": session.coordination_uuid,
        "sessionUuid": session.session_uuid,
        "sessionAgentUuid": agent.session_agent_uuid,
        "runUuid": call.run_uuid,
        "attempt": call.attempt,
        "threadUuid": agent.thread_uuid,
        "deadlineAt": call.deadline_at,
        "agent": {
            "agentUuid": agent.agent_uuid,
            "agentName": agent.agent.agent_name,
            "parameters": agent.agent.runtime.parameters or {},
        },
        "subtaskQuery": agent.subtask_query,
        "agentInput": agent.agent_input,
        "predecessors": [_predecessor(one) for one in call.predecessors],
        "inputFiles": [
            {"name": one.name, "uri": one.uri, "mediaType": one.media_type}
            for one in session.input_files
        ],
    }


def _predecessor(agent: models.SessionAgent) -> dict[str, Any]:
    completed = agent.state == SessionAgentState.COMPLETED
    return {
        "sessionAgentUuid": agent.session_agent_uuid,
        "agentUuid": agent.agent_uuid,
        "agentName": agent.agent.agent_name,
        "state": agent.state.upper(),
        "agentOutput": agent.agent_output if completed else None,
        "userInput": agent.user_input,
    }


def runtimes(queue: Queue) -> dict[str, Runtime]:
    """All of them, by kind."""
    return {
        AgentRuntimeKind.ECHO.value: Echo(queue),
        AgentRuntimeKind.LAMBDA.value: LambdaFunction(),
        AgentRuntimeKind.EXTERNAL.value: External(),
    }
