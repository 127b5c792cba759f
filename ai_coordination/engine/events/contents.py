"""What events say. docs/guides/get-notified.md has the JSON Schema of their details.

An event says who, what and when, and has no text of an agent or a person. What may change later is
written down when it happens; what stays the same for the whole session is added when the event is
sent. So a repeated event says the same as the first one.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from ai_coordination import models
from ai_coordination.clients import Event
from ai_coordination.states import SessionStatus, UserInTheLoop

ASKS: Final = "Agent Asks"
ENDED: Final = "Session Ended"
COUNTED: Final = ("total", "completed", "failed", "skipped", "cancelled")
# By which member of an event's stored form the rest of it is found.
_TYPE: Final = "type"


def asks(agent: models.SessionAgent) -> str:
    """Return the stored event that an agent asks a person. The agent is as it asks."""
    of_output = agent.agent_action.user_in_the_loop
    kind = UserInTheLoop.INPUT if agent.asked_question else of_output
    return _stored(
        ASKS,
        id=f"asks-{agent.current_run_uuid}",
        time=agent.asked_at,
        sessionAgentUuid=agent.session_agent_uuid,
        agentUuid=agent.agent_uuid,
        agentName=None if agent.member is None else agent.member.agent_name,
        runUuid=agent.current_run_uuid,
        iteration=int(agent.iteration),
        turn=agent.current_turn,
        kind=UserInTheLoop(kind).name,
        title=agent.asked_title,
        assignee=agent.asked_user,
        group=agent.asked_group,
        dueAt=agent.deadline_at,
    )


def ended(
    session: models.Session, status: SessionStatus, at: str, counts: Mapping[str, int]
) -> str:
    """Return the stored event that a session ends, in the iteration in which it was read.

    `counts` say how many of its agents are in which state.
    """
    iteration = int(session.iteration_count)
    return _stored(
        ENDED,
        id=f"ended-{session.session_uuid}-{iteration}",
        time=at,
        iteration=iteration,
        status=status.name,
        startedAt=session.started_at,
        progress={name: counts[name] for name in COUNTED},
    )


def _stored(detail_type: str, **detail: Any) -> str:
    known = {name: value for name, value in detail.items() if value is not None}
    return json.dumps({_TYPE: detail_type, **known}, ensure_ascii=False)


def complete(stored: str, session: models.Session) -> Event:
    """Return an event of a session as it is sent. Members that are not known are left out."""
    detail: dict[str, Any] = json.loads(stored)
    detail_type = detail.pop(_TYPE)
    of_session = {name: value for name, value in _same(session).items() if value is not None}
    return Event(detail_type, detail["time"], {**detail, **of_session})


def _same(session: models.Session) -> Mapping[str, Any]:
    """What all events of a session have in common."""
    endpoint_id, part_id = session.partition_key.split("#")
    return {
        "endpointId": endpoint_id,
        "partId": part_id,
        "coordinationUuid": session.coordination_uuid,
        "coordinationName": session.coordination_name,
        "taskUuid": session.task_uuid,
        "taskName": session.task_name,
        "sessionUuid": session.session_uuid,
        "scheduleUuid": session.schedule_uuid,
        "userId": session.user_id,
        "labels": {label.key: label.value for label in session.labels or ()},
    }
