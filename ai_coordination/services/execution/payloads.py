"""What a LAMBDA agent gets: a public contract, described in docs/agents.md."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ai_coordination import config, models
from ai_coordination.services import texts
from ai_coordination.services.execution.engine import Call
from ai_coordination.states import SessionAgentState

VERSION = 1


class DoesNotFit(Exception):
    """The payload is larger than Lambda takes."""


class _Place(NamedTuple):
    """Where a large text stands in the payload."""

    holder: dict[str, Any]
    member: str
    text: models.LargeText


def body(call: Call, largest: int) -> bytes:
    """The payload as JSON of at most `largest` bytes, for which the largest texts give way.

    Of those that are kept in the bucket, as many as must are null, with their address beside them.
    Raises DoesNotFit, and Throttled where the bucket does not answer.
    """
    tenant = call.session.partition_key
    given = payload(call)
    stay = sorted(_large(given), key=lambda place: place.text.size)
    for place in stay:
        place.holder[place.member] = None
    left = largest - len(_written(given))
    while stay and sum(place.text.size for place in stay) > left:
        left -= _give_way(tenant, stay.pop())
    read = texts.read_all(tenant, [place.text for place in stay])
    for place, text in zip(stay, read, strict=True):
        place.holder[place.member] = text
    # JSON writes some characters longer than they are: what does not fit shows only now.
    while len(written := _written(given)) > largest:
        if not stay:
            raise DoesNotFit(f"What the function is to get is larger than {largest} bytes")
        _give_way(tenant, stay.pop())
    return written


def _written(given: dict[str, Any]) -> bytes:
    return json.dumps(given, ensure_ascii=False).encode()


def _large(given: dict[str, Any]) -> Iterator[_Place]:
    holders = [(given, "subtaskQuery"), (given, "agentInput")]
    for one in given["predecessors"]:
        holders += [(one, "agentOutput"), (one, "userInput")]
    for holder, member in holders:
        if isinstance(holder[member], models.LargeText):
            yield _Place(holder, member, holder[member])


def _give_way(tenant: str, place: _Place) -> int:
    """Puts the address of a text in its place; the bytes of the address."""
    address = texts.url(tenant, place.text)
    place.holder[place.member] = None
    place.holder[f"{place.member}Url"] = address
    return len(address)


def payload(call: Call) -> dict[str, Any]:
    """All of it, the texts as the items hold them."""
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
