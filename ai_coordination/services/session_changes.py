"""What has moved in a session since a client asked last.

The client's cursor says which revision of each agent it knows. So nothing is missed: no clock is
compared, and a write may land as late as it likes. All agents are read; that costs less than any
list of changes would, which each move would have to be written to.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from ai_coordination import models, timestamps
from ai_coordination.caller import Caller
from ai_coordination.models import reads
from ai_coordination.services import known_agents
from ai_coordination.services import session as sessions
from ai_coordination.states import TERMINAL_SESSION, SessionAgentState

# A client that follows the advice asks after 1 s, 1.5 s, 2.25 s, … of quiet.
SHORTEST_POLL_SECONDS = 1.0
LONGEST_POLL_SECONDS = 15.0
POLL_SHARE_OF_QUIET = 0.5

DIGEST_BYTES = 8
# A number that a client knows has a bit for the run, three for the state, and then the revision.
_STATE = 4
_STATES = tuple(SessionAgentState)
# Runs hold outputs, up to 400 KB each, and those of one call are in memory at once.
RUNS_OF_A_BATCH = 32
# One that is named costs a unit. Most are small, so reading all together costs a fraction each.
RUNS_READ_FOR_ONE = 3

# Texts and settings that may be large. They are read for the agents that have moved alone.
_LARGE = frozenset(
    {
        "agent",
        "agent_action",
        "agent_input",
        "agent_output",
        "growing",
        "last_failure",
        "last_writes",
        "question",
        "question_form",
        "rejected_because",
        "rejected_output",
        "reply",
        "resume",
        "subtask_query",
        "task_query",
        "user_input",
    }
)
SMALL = frozenset(each.attr_name for each in models.SessionAgent.get_attributes().values()) - _LARGE


class Changes(NamedTuple):
    """What a client has to be told."""

    known: bytes
    """What it knows afterwards."""
    session_moved: bool
    whole: bool
    """Whether `agents` are all there are, because it knew nothing, or of agents that are gone."""
    agents: list[models.SessionAgent]
    runs_of: list[tuple[models.SessionAgent, int]]
    """Whose runs may have begun or ended, and how many of each, from its current one back."""
    run_count: int
    """How many runs its agents have in all."""
    poll_after_seconds: float | None
    """None: nothing will move."""

    @property
    def changed(self) -> bool:
        return bool(self.session_moved or self.whole or self.agents or self.runs_of)


def is_final(session: models.Session, known: bytes | None) -> bool:
    """Whether this is the first answer after the session's end, which has to have all of it.

    Then agents must be read consistently. What other answers do not have yet, later ones have.
    """
    return _has_ended(session) and (known or b"")[:DIGEST_BYTES] != _digest(session)


def since(
    caller: Caller,
    session: models.Session,
    agents: Sequence[models.SessionAgent],
    known: bytes | None,
) -> Changes:
    """Return what has moved in a session since `known`. None: everything.

    The session was read consistently, and then all its agents, with the attributes `SMALL`. Raises
    Malformed if `known` is nothing that this function has returned.
    """
    is_over = _has_ended(session)
    before, of_agents = (known or b"")[:DIGEST_BYTES], (known or b"")[DIGEST_BYTES:]
    digest = _digest(session)
    numbers = {int(agent.ordinal): _number(agent) for agent in agents}
    past = None if known is None else known_agents.decode(of_agents, numbers)
    whole = past is None or not past.keys() <= numbers.keys()
    past = {} if past is None or whole else past
    # A replica may be behind what another one has shown before.
    behind = {one for one, number in past.items() if number >> _STATE > numbers[one] >> _STATE}
    now = {**numbers, **{one: past[one] for one in behind}}
    moved = [
        one for one in agents if _differs(now[int(one.ordinal)], past.get(int(one.ordinal), 0))
    ]
    is_over = is_over and not behind and not any(agent.due_at for agent in agents)
    return Changes(
        known=digest + known_agents.encode(now),
        session_moved=before != digest,
        whole=whole,
        agents=moved,
        runs_of=list(_runs(agents, past)),
        run_count=sum(int(agent.run_count) for agent in agents),
        poll_after_seconds=None if is_over else _poll_after(caller, session, agents),
    )


def runs(caller: Caller, session_uuid: str, changes: Changes) -> list[models.SessionRun]:
    """Read the runs that may have begun or ended, oldest first; all if `changes` are whole."""
    left = {str(agent.current_run_uuid): most for agent, most in changes.runs_of}
    is_most = bool(left) and changes.run_count <= len(left) * RUNS_READ_FOR_ONE
    stored = _all_runs(caller, session_uuid) if changes.whole or is_most else None
    if changes.whole and stored is not None:
        return list(stored.values())
    found: list[models.SessionRun] = []
    while left:
        if stored is None:
            latest = _batch(caller, session_uuid, left)
        else:
            latest = [stored[uuid] for uuid in left if uuid in stored]
        found += latest
        left = {
            str(run.previous_run_uuid): left[run.run_uuid] - 1
            for run in latest
            if run.previous_run_uuid is not None and left[run.run_uuid] > 1
        }
    return sorted(found, key=lambda run: str(run.run_uuid))


def _all_runs(caller: Caller, session_uuid: str) -> dict[str, models.SessionRun]:
    rows = reads.all_rows(models.SessionRun, session_uuid, tenant=caller.partition_key)
    return {str(run.run_uuid): run for run in rows}


def _batch(caller: Caller, session_uuid: str, uuids: Iterable[str]) -> list[models.SessionRun]:
    keys: list[reads.Key] = [(models.SessionRun, session_uuid, uuid) for uuid in uuids]
    tenant, context = caller.partition_key, caller.context
    rows = reads.batch_get(keys, tenant=tenant, context=context, batch_size=RUNS_OF_A_BATCH)
    return [run for run in rows if run is not None]


def _has_ended(session: models.Session) -> bool:
    return session.status in {each.value for each in TERMINAL_SESSION} and not session.operation


def _digest(session: models.Session) -> bytes:
    """Identify what callers see of the session itself."""
    shown = (
        session.version,
        session.iteration_count,
        sessions.status_of(session),
        session.updated_at,
        session.agent_count,
        session.run_count,
        session.used_input_tokens,
        session.used_output_tokens,
        session.used_nanodollars,
    )
    return blake2b(repr(shown).encode(), digest_size=DIGEST_BYTES).digest()


def _number(agent: models.SessionAgent) -> int:
    """What a client knows of an agent: revision, state, and whether its run may be unsealed.

    Workers of earlier versions do not count revisions, so the state tells of what they have done
    while another version is deployed. Only the run of a completed agent is sealed by a later write,
    which the agent does not show. Afterwards its due time is removed.
    """
    state = SessionAgentState(agent.state)
    is_unsealed = state is SessionAgentState.COMPLETED and agent.due_at is not None
    return agent.revision << _STATE | _STATES.index(state) << 1 | is_unsealed


def _differs(number: int, other: int) -> bool:
    return number >> 1 != other >> 1


def _runs(
    agents: Sequence[models.SessionAgent], past: dict[int, int]
) -> Iterator[tuple[models.SessionAgent, int]]:
    """Yield agents with the number of their latest runs that may have begun or ended.

    A run begins with one revision of its agent and ends with another one.
    """
    for agent in agents:
        number, known = _number(agent), past.get(int(agent.ordinal), 0)
        more = (number >> _STATE) - (known >> _STATE)
        if more == 0 and _differs(number, known):
            more = 1
        was_unsealed = known & 1
        if agent.current_run_uuid is not None and (more > 0 or was_unsealed):
            yield agent, (max(more, 0) + was_unsealed) // 2 + 1


def _poll_after(
    caller: Caller, session: models.Session, agents: Sequence[models.SessionAgent]
) -> float:
    times = [session.updated_at, *(at for one in agents for at in (one.updated_at, one.alive_at))]
    latest = max(at for at in times if at is not None)
    quiet = timestamps.parse(caller.context.now()) - timestamps.parse(latest)
    wait = quiet.total_seconds() * POLL_SHARE_OF_QUIET
    return round(min(max(wait, SHORTEST_POLL_SECONDS), LONGEST_POLL_SECONDS), 1)
