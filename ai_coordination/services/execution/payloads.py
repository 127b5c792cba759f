"""What a LAMBDA agent gets: a public contract, described in docs/agents.md."""

import json
from typing import Any

from ai_coordination import config, models
from ai_coordination.services.execution.engine import Call
from ai_coordination.states import SessionAgentState

VERSION = 1


class DoesNotFit(Exception):
    """The payload is larger than Lambda takes."""


def body(call: Call, largest: int) -> bytes:
    """The payload as JSON of at most `largest` bytes. Raises DoesNotFit."""
    written = json.dumps(payload(call), ensure_ascii=False).encode()
    if len(written) > largest:
        raise DoesNotFit(f"What the agent is to get is larger than the {largest} bytes of a call")
    return written


def payload(call: Call) -> dict[str, Any]:
    """All of it."""
    session, agent = call.session, call.agent
    endpoint_id, part_id = session.partition_key.split("#")
    return {
        "version": VERSION,
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
