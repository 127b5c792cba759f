"""The event of a LAMBDA agent: a public contract, described in docs/reference/agent-payload.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ai_coordination import config, models
from ai_coordination.runtimes import person_answers
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.delegations import Delegated
from ai_coordination.states import SessionAgentState

VERSION = 1
TEXTS = ("subtaskQuery", "agentInput", "agentOutput", "userInput", "question", "answer")


@dataclass(slots=True)
class Place:
    """The place of a value in the payload: `holder[member]`. A text there may be of JSON."""

    holder: dict[str, Any]
    member: str
    is_json: bool = False

    @property
    def value(self) -> Any:
        return self.holder[self.member]

    @value.setter
    def value(self, value: Any) -> None:
        self.holder[self.member] = value


def texts_in(payload: dict[str, Any]) -> Iterator[Place]:
    """The places of texts that may be replaced by an address."""
    own = [payload[member] for member in ("reply", "rejected") if payload[member]]
    others = *payload["predecessors"], *payload["delegated"], *payload["delegatedBefore"]
    for holder in (payload, *others, *own):
        for member in TEXTS:
            value = holder.get(member)
            if isinstance(value, str | models.LargeText):
                # A reply is read already, so this is what a person said to a predecessor's form.
                is_json = member == "answer" and isinstance(value, models.LargeText)
                yield Place(holder, member, is_json)


def documents_in(payload: dict[str, Any]) -> Iterator[Place]:
    """The places of JSON values that may be replaced. But for texts, nothing else is large."""
    yield Place(payload, "predecessors")
    yield Place(payload, "delegates")
    yield Place(payload, "delegated")
    yield Place(payload, "delegatedBefore")
    yield Place(payload, "inputFiles")
    yield Place(payload["agent"], "parameters")
    for member in ("outputSchema", "resume"):
        if payload[member] is not None:
            yield Place(payload, member)
    if payload["reply"] is not None and not isinstance(payload["reply"]["answer"], str | None):
        yield Place(payload["reply"], "answer")


def build_payload(call: Call) -> dict[str, Any]:
    """The whole payload. Large texts are only named in it, as in the items."""
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
        "turn": call.turn,
        "attempt": call.attempt,
        "threadUuid": agent.thread_uuid,
        "deadlineAt": call.deadline_at,
        "agent": {
            "agentUuid": agent.agent_uuid,
            "agentName": agent.member.agent_name,
            "parameters": call.parameters or {},
        },
        "subtaskQuery": agent.subtask_query,
        "agentInput": agent.agent_input,
        "resume": call.resume,
        "reply": _reply(call),
        "rejected": _rejected(agent),
        "isLastTurn": call.is_last_turn,
        "lastFailure": call.last_failure,
        "outputSchema": call.output_schema,
        "delegates": [
            {
                "agentUuid": delegate.agent_uuid,
                "agentName": delegate.agent_name,
                "agentDescription": delegate.description,
            }
            for delegate in call.delegates
        ],
        "delegated": list(map(_delegated, call.delegated)),
        "delegatedBefore": list(map(_delegated, call.delegated_before)),
        "predecessors": [_predecessor(agent) for agent in call.predecessors],
        "inputFiles": [
            {"name": file.name, "uri": file.uri, "mediaType": file.media_type}
            for file in session.input_files
        ],
    }


def _reply(call: Call) -> dict[str, Any] | None:
    """The question that the agent asked in its last turn, and what the person said."""
    if call.reply is None:
        return None
    reply = call.reply
    answer = reply.value if reply.text is None else reply.text
    return {"question": call.agent.question, "answer": answer}


def _rejected(agent: models.SessionAgent) -> dict[str, Any] | None:
    """The agent's own earlier output, if a person has rejected it, and why."""
    if agent.rejected_output is None:
        return None
    return {"agentOutput": agent.rejected_output, "userInput": agent.rejected_because}


def _predecessor(agent: models.SessionAgent) -> dict[str, Any]:
    completed = agent.state == SessionAgentState.COMPLETED
    return {
        "sessionAgentUuid": agent.session_agent_uuid,
        "agentUuid": agent.agent_uuid,
        "agentName": agent.member.agent_name,
        "state": agent.state.upper(),
        "agentOutput": agent.agent_output if completed else None,
        "userInput": person_answers.about_output(agent).text,
        **person_answers.unread(agent),
    }


def _delegated(work: Delegated) -> dict[str, Any]:
    """What came of a piece of work that the agent has delegated."""
    return {
        "turn": work.turn,
        "index": work.place,
        "sessionAgentUuid": work.session_agent_uuid,
        "agentUuid": work.agent_uuid,
        "agentName": work.agent_name,
        "state": work.state.name,
        "agentOutput": work.output,
        "notes": work.notes,
        **work.judged,
    }
