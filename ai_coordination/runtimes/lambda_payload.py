"""The event of a LAMBDA agent: a public contract, described in docs/reference/agent-payload.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ai_coordination import config, models
from ai_coordination.runtimes.base import Call
from ai_coordination.states import SessionAgentState

VERSION = 1


@dataclass(slots=True)
class Place:
    """Where a value stands in the payload: `holder[member]`."""

    holder: dict[str, Any]
    member: str

    @property
    def value(self) -> Any:
        return self.holder[self.member]

    @value.setter
    def value(self, value: Any) -> None:
        self.holder[self.member] = value


def texts_in(given: dict[str, Any]) -> Iterator[Place]:
    """The places of texts that may have an address in their stead."""
    rejected = [given["rejected"]] if given["rejected"] else []
    for holder in (given, *given["predecessors"], *rejected):
        for member in ("subtaskQuery", "agentInput", "agentOutput", "userInput"):
            if holder.get(member) is not None:
                yield Place(holder, member)


def documents_in(given: dict[str, Any]) -> Iterator[Place]:
    """The places of JSON values that may have one: with the texts, everything that is not small."""
    yield Place(given, "predecessors")
    yield Place(given, "inputFiles")
    yield Place(given["agent"], "parameters")


def payload(call: Call) -> dict[str, Any]:
    """All of it, the texts as the items hold them. Raises TextUnavailable, Throttled."""
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
            "parameters": call.parameters or {},
        },
        "subtaskQuery": agent.subtask_query,
        "agentInput": agent.agent_input,
        "rejected": _rejected(agent),
        "predecessors": [_predecessor(one) for one in call.predecessors],
        "inputFiles": [
            {"name": one.name, "uri": one.uri, "mediaType": one.media_type}
            for one in session.input_files
        ],
    }


def _rejected(agent: models.SessionAgent) -> dict[str, Any] | None:
    """The agent's own earlier answer, where a person has rejected it, and what they said of it."""
    if agent.rejected_output is None:
        return None
    return {"agentOutput": agent.rejected_output, "userInput": agent.rejected_because}


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
