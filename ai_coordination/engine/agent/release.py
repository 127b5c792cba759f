"""What an ended agent owes: its sealed run, and its successors' start.

Done whatever the session's status and iteration, in this order, each write safe to repeat; the
last one removes the agent's `due_at`, until which the sweeper brings it here again.
"""

from collections import defaultdict
from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import ids, models, telemetry
from ai_coordination.engine import metrics
from ai_coordination.engine.context import Engine, Release
from ai_coordination.engine.session_log import log_entry
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import LogLevel, SessionAgentState, SessionStatus

FALLS_SHORT = "Agents that failed or were cancelled before were not retried"


def release(engine: Engine, agent: models.SessionAgent, *, skip: bool = False) -> None:
    """The agent's successors do not wait for it any more, and it owes nothing any more.

    With `skip` they will be skipped. An engine that gathers does it together with others, later.
    """
    owed = Release(agent, skip)
    if engine.gathered is None:
        release_all(engine, [owed])
    else:
        engine.gathered.append(owed)


def release_gathered(engine: Engine) -> None:
    """Does what an engine has gathered, before anything that takes long.

    Each session's on its own: what fails is logged, and harms no other. Its agents have a
    `due_at` of at most two minutes, by which the sweeper brings them here again. That is sooner
    than the queue would give their messages again, and those have no more to say.
    """
    if not engine.gathered:
        return
    owed = list(engine.gathered)
    engine.gathered.clear()
    by_session: dict[str, list[Release]] = defaultdict(list)
    for one in owed:
        by_session[one.agent.session_uuid].append(one)
    for session_uuid, of_session in by_session.items():
        try:
            release_all(engine, of_session)
        except Exception:  # noqa: BLE001 - one session's trouble is no other's
            telemetry.count("ReleasesFailed")
            whose = {"tenant": of_session[0].agent.partition_key, "session": session_uuid}
            telemetry.logger.exception("releases", extra=whose)


def release_all(engine: Engine, owed: Sequence[Release]) -> None:
    """Releases what waits for any of these agents of a session, each by one write for all of them.

    The worker that sees an agent wait for nothing any more marks it due, then sends its message, so
    the next one starts even if its message is lost.
    """
    waiting: dict[tuple[str, int, int, bool], list[models.SessionAgent]] = defaultdict(list)
    last: dict[tuple[str, str, int], set[float]] = defaultdict(set)
    for agent, skip in owed:
        iteration = int(agent.iteration)
        for ordinal in sorted(agent.successors or ()):
            waiting[agent.session_uuid, iteration, int(ordinal), skip].append(agent)
        if agent.is_sink or not agent.successors:
            last[agent.coordination_uuid, agent.session_uuid, iteration].add(int(agent.ordinal))
    free = [
        _released(engine, session_uuid, iteration, ordinal, before, skip=skip)
        for (session_uuid, iteration, ordinal, skip), before in waiting.items()
    ]
    engine.send(*(agent for agent in free if agent is not None))
    for (coordination_uuid, session_uuid, iteration), ordinals in last.items():
        _release_session(engine, coordination_uuid, session_uuid, iteration, ordinals)
    for agent, _ in owed:
        settle(engine, agent)


def settle(engine: Engine, agent: models.SessionAgent) -> None:
    """An ended agent owes nothing any more."""
    kind = models.SessionAgent
    writes.update_if(
        agent,
        due_times.clear(kind),
        (kind.state == agent.state) & (kind.iteration == agent.iteration),
        engine.context,
    )


def _released(
    engine: Engine,
    session_uuid: str,
    iteration: int,
    ordinal: int,
    before: Sequence[models.SessionAgent],
    *,
    skip: bool,
) -> models.SessionAgent | None:
    """The agent that waited for these, if it may start now."""
    kind = models.SessionAgent
    agent = kind(session_uuid, ids.session_agent_uuid(session_uuid, ordinal))
    ended = {int(one.ordinal) for one in before}
    actions: list[Action] = [kind.waiting_on.delete(ended)]
    if skip:
        actions.append(kind.skip_requested.set(True))
    stands = kind.iteration == iteration
    if len(before) == 1 and ordinal in (before[0].sole_successors or ()):
        marked, after = _release_and_mark(engine, agent, actions, stands, ended)
        if marked:
            return after
    landed, after = writes.update_if(agent, actions, stands, engine.context)
    return _marked(engine, after) if landed and after is not None else None


def _release_and_mark(
    engine: Engine,
    agent: models.SessionAgent,
    actions: Sequence[Action],
    stands: Condition,
    ended: set[int],
) -> tuple[bool, models.SessionAgent | None]:
    """Of an agent that waits for one alone, releasing and marking it are one write."""
    kind = models.SessionAgent
    return writes.update_if(
        agent,
        [*actions, *due_times.set_due(kind, agent.session_uuid, engine.after_grace())],
        stands
        & (kind.state == SessionAgentState.INITIAL.value)
        & (kind.waiting_on == ended)
        & kind.due_at.does_not_exist(),
        engine.context,
    )


def _marked(engine: Engine, agent: models.SessionAgent) -> models.SessionAgent | None:
    """Marks an agent that waits for nothing any more; None where nobody has to be sent for it."""
    if agent.waiting_on or agent.state != SessionAgentState.INITIAL:
        return None
    kind = models.SessionAgent
    marked, now = writes.update_if(
        agent,
        due_times.set_due(kind, agent.session_uuid, engine.after_grace()),
        (kind.state == SessionAgentState.INITIAL.value)
        & (kind.iteration == agent.iteration)
        & kind.waiting_on.does_not_exist()
        & kind.due_at.does_not_exist(),
        engine.context,
    )
    # Refused by its own mark, which an earlier release made: its message may not have been sent.
    if marked or (now is not None and now.due_at and now.state == SessionAgentState.INITIAL):
        return agent
    return None


def _release_session(
    engine: Engine,
    coordination_uuid: str,
    session_uuid: str,
    iteration: int,
    ordinals: set[float],
) -> None:
    """The session is the last node of its own graph."""
    kind = models.Session
    landed, session = writes.update_if(
        kind(coordination_uuid, session_uuid),
        [kind.waiting_on.delete(ordinals)],
        (kind.iteration_count == iteration) & (kind.status == SessionStatus.IN_PROGRESS.value),
        engine.context,
    )
    if landed and session is not None and not session.waiting_on:
        complete_session(engine, session)


def complete_session(engine: Engine, session: models.Session) -> None:
    """All agents have ended: so has the session, unless somebody is ending it otherwise.

    After a retry that left failed or cancelled agents as they were, it has failed.
    """
    kind = models.Session
    status, log = SessionStatus.COMPLETED, []
    if session.falls_short:
        status = SessionStatus.FAILED
        log = log_entry(engine, session, LogLevel.ERROR, FALLS_SHORT)
    actions, stands = moves.session(status, int(session.iteration_count))
    now = engine.now()
    landed, _ = writes.update_if(
        session,
        [
            *actions,
            *log,
            kind.finished_at.set(now),
            kind.updated_at.set(now),
            kind.awaiting_input.remove(),
        ],
        stands & kind.waiting_on.does_not_exist() & kind.operation.does_not_exist(),
        engine.context,
    )
    if landed:
        metrics.session_ended(engine, session, status)
