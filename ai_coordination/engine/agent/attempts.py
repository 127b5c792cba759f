"""Prepare the claim of an agent's next attempt: its run, its input, its lease and what it reserves.

Nothing is written but large texts, so a claim that is not made leaves nothing that counts.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ai_coordination import models, texts
from ai_coordination.engine.agent import (
    lease,
    prompt,
    reservation,
    threads,
    transitions,
    view,
)
from ai_coordination.engine.agent.growth import elements
from ai_coordination.engine.agent.transition import Transition
from ai_coordination.engine.context import Engine
from ai_coordination.engine.lanes import is_asked, is_pulled
from ai_coordination.errors import TextUnavailable
from ai_coordination.runtimes import history
from ai_coordination.services import capacity
from ai_coordination.states import SessionAgentState

# Why an agent cannot start, now or later. Their messages say why.
CANNOT_START: Final = (TextUnavailable, reservation.NotLimited, view.SettingFailed)


class Attempt(NamedTuple):
    """An attempt that is not claimed yet.

    `reserves` is part of the claim. An external worker does the work of an agent that is pulled.
    """

    claim: Transition
    reserves: reservation.Reservation | None
    is_pulled: bool


def prepare(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
    notes: str | None = None,
) -> Attempt:
    """Prepare the next attempt of an agent that may start, after these predecessors.

    Raises one of CANNOT_START; PayloadTooLarge if the item has no room for its input; Throttled.
    """
    thread = threads.continued(session, agent, predecessors)
    text: str | None = None
    reserves: reservation.Reservation | None = None
    run_uuid = engine.context.new_uuid()
    if is_asked(agent):
        text = _told(engine, session, agent, predecessors, run_uuid)
        place = history.place_of(session, agent, run_uuid, thread, predecessors, engine.context)
        reserves = reservation.of(session, agent, text, place)
    run = _new_run(engine, agent, run_uuid, thread)
    changes: dict[str, Any] = {} if notes is None else {"notes": notes}
    if text is not None:
        changes["agent_input"] = texts.store(texts.Owner.of(agent), text)
    # Not before the input is stored, which may take a while: the deadline is for the agent's work.
    deadline_at = engine.later(agent.agent_action.timeout_seconds)
    if pulled := is_pulled(agent):
        changes |= models.opened(agent, SessionAgentState.IN_PROGRESS, run.created_at)
        due_at = deadline_at
    else:
        changes["lease_until"], due_at = lease.take(engine, agent, deadline_at)
    changes["deadline_at"] = deadline_at
    claim = transitions.to_in_progress(agent, run, changes, due_at)
    claim = reservation.reserved(claim, session, reserves)
    capacity.check_grown(claim.result(), "agent_input")
    return Attempt(claim, reserves, pulled)


def _told(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
    run_uuid: str,
) -> str:
    """What the agent is told. Raises SettingFailed, TextUnavailable, Throttled."""
    own = elements.own_query(session, agent)
    asked = agent if own is None else agent.changed({"subtask_query": own})
    shaped = view.shaped_input(session, agent, predecessors)
    return prompt.build(asked, predecessors, run_uuid, engine.context, shaped)


def _new_run(
    engine: Engine, agent: models.SessionAgent, run_uuid: str, continued: str | None
) -> models.SessionRun:
    """Build the run of the agent's next attempt, in the thread that it continues or in its own."""
    return models.SessionRun(
        session_uuid=agent.session_uuid,
        run_uuid=run_uuid,
        partition_key=agent.partition_key,
        coordination_uuid=agent.coordination_uuid,
        session_agent_uuid=agent.session_agent_uuid,
        agent_uuid=agent.agent_uuid,
        thread_uuid=continued or engine.context.new_uuid(),
        own_thread=True if continued is None else None,
        tenant_thread=models.tenant_thread(agent.partition_key, continued),
        attempt=int(agent.attempt) + 1,
        turn=agent.turn,
        iteration=int(agent.iteration),
        previous_run_uuid=agent.current_run_uuid,
        updated_by="engine",
        created_at=engine.now(),
    )
