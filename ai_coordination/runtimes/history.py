"""What was said earlier in an agent's thread: the conversation that a model is reminded of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Self

from ai_coordination import graph, models, texts
from ai_coordination.context import InvocationContext
from ai_coordination.models import reads
from ai_coordination.models.reads import PageRequest
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.model_parameters import ALL, OWN
from ai_coordination.states import RunOutcome

# Failed attempts and other agents' runs are among those that are read.
RUNS_READ: Final = 100
# Between two texts that become one turn.
SEPARATOR: Final = "\n\n"


class Place(NamedTuple):
    """Where a run of an agent is, or will be, in its thread.

    `told` are the agents whose answers are in the agent's input already.
    """

    agent: models.SessionAgent
    run_uuid: str
    thread_uuid: str
    told: frozenset[str]
    context: InvocationContext


class Turn(NamedTuple):
    """One text of the conversation: by the model itself, or said to it."""

    by_model: bool
    text: str


class _Wanted(NamedTuple):
    """How much of the thread a member wants."""

    of: str = OWN
    runs: int = 20
    bytes: int = 65_536

    @classmethod
    def of_parameters(cls, parameters: Mapping[str, Any]) -> Self:
        value = parameters.get("history", {})
        return cls(runs=0) if value is None else cls(**value)


def place_of(
    session: models.Session,
    agent: models.SessionAgent,
    run_uuid: str,
    thread_uuid: str | None,
    predecessors: Sequence[models.SessionAgent],
    context: InvocationContext,
) -> Place | None:
    """The place of an agent's run in its thread; None if nobody has said anything before it."""
    if thread_uuid is None or not _continues(agent, session):
        return None
    told = frozenset(before.session_agent_uuid for before in predecessors)
    return Place(agent, run_uuid, thread_uuid, told, context)


def merged(turns: Sequence[Turn], text: str) -> list[Turn]:
    """The earlier turns and the new text. Those in a row that are of one side are one turn.

    Some providers refuse two messages of one role in a row.
    """
    built: list[Turn] = []
    for turn in [*turns, Turn(by_model=False, text=text)]:
        if built and built[-1].by_model == turn.by_model:
            built[-1] = Turn(turn.by_model, built[-1].text + SEPARATOR + turn.text)
        else:
            built.append(turn)
    return built


def size(place: Place | None, parameters: Mapping[str, Any]) -> int:
    """The most bytes that the turns before a run have, if nothing is added. Raises Throttled.

    No text is read: the items have the sizes.
    """
    if place is None:
        return 0
    sizes = 0
    for agent in _agents(place, parameters):
        said = _texts(agent, place.agent)
        sizes += sum(texts.size(text) + len(SEPARATOR) for text in said)
        if not _is_of(agent, place.agent):
            sizes += texts.size(_heading(agent))
    return sizes


def size_of(turns: Sequence[Turn]) -> int:
    """The most bytes that turns have when they are merged: the same as `size` has foreseen."""
    return sum(len(turn.text.encode()) + len(SEPARATOR) for turn in turns)


def read(call: Call, parameters: Mapping[str, Any]) -> list[Turn]:
    """The earlier turns of the agent's thread, oldest first. Raises TextUnavailable, Throttled.

    The answers of direct predecessors are left out: they are in the agent's input already.
    """
    agent = call.agent
    place = place_of(
        call.session, agent, call.run_uuid, agent.thread_uuid, call.predecessors, call.context
    )
    return [] if place is None else _turns(agent, _agents(place, parameters))


def _agents(place: Place, parameters: Mapping[str, Any]) -> list[models.SessionAgent]:
    """The agents whose texts a member wants to be reminded of, oldest first."""
    wanted = _Wanted.of_parameters(parameters)
    if wanted.runs == 0:
        return []
    earlier = list(_earlier(place, wanted))[: wanted.runs]
    keys: list[reads.Key] = [
        (models.SessionAgent, run.session_uuid, run.session_agent_uuid) for run in earlier
    ]
    found = reads.batch_get(keys, tenant=place.agent.partition_key, context=place.context)
    agents = [
        agent
        for run, agent in zip(earlier, found, strict=True)
        if agent is not None and agent.current_run_uuid == run.run_uuid
    ]
    return _as_much_as_fits(place.agent, agents, wanted.bytes)


def _continues(agent: models.SessionAgent, session: models.Session) -> bool:
    """Whether others may have said something in the agent's thread before it."""
    if agent.thread_from == graph.OWN_THREAD:
        return False
    return agent.thread_from != graph.SESSION_THREAD or session.thread_uuid is not None


def _earlier(place: Place, wanted: _Wanted) -> Iterator[models.SessionRun]:
    """The runs of the thread that completed before this one, newest first."""
    agent = place.agent
    key = models.tenant_thread(agent.partition_key, place.thread_uuid)
    page = reads.page(
        models.SessionRun,
        str(key),
        PageRequest(RUNS_READ, place.run_uuid, newest_first=True),
        tenant=agent.partition_key,
        index=models.SessionRun.of_thread,
    )
    keys: list[reads.Key] = [
        (models.SessionRun, row.session_uuid, row.run_uuid) for row in page.rows
    ]
    for run in reads.batch_get(keys, tenant=agent.partition_key, context=place.context):
        if run is None or run.outcome != RunOutcome.COMPLETED or run.session_agent_uuid is None:
            continue
        if run.session_agent_uuid not in place.told and (wanted.of == ALL or _is_of(run, agent)):
            yield run


def _is_of(earlier: models.SessionRun | models.SessionAgent, agent: models.SessionAgent) -> bool:
    """Whether it is of the same member."""
    return (earlier.coordination_uuid, earlier.agent_uuid) == (
        agent.coordination_uuid,
        agent.agent_uuid,
    )


def _as_much_as_fits(
    reader: models.SessionAgent, agents: Sequence[models.SessionAgent], most_bytes: int
) -> list[models.SessionAgent]:
    """The newest agents whose texts fit together, oldest first."""
    fitting: list[models.SessionAgent] = []
    left = most_bytes
    for agent in agents:
        left -= sum(texts.size(text) for text in _texts(agent, reader))
        if left < 0:
            break
        fitting.insert(0, agent)
    return fitting


def _texts(agent: models.SessionAgent, reader: models.SessionAgent) -> list[models.Text]:
    """What was said to the reader's own member, and what an agent answered."""
    answer = agent.agent_output or ""
    return [agent.agent_input or "", answer] if _is_of(agent, reader) else [answer]


def _heading(agent: models.SessionAgent) -> str:
    """What stands before the answer of another member."""
    return f"{agent.member.agent_name}: "


def _turns(reader: models.SessionAgent, agents: Sequence[models.SessionAgent]) -> list[Turn]:
    wanted = [text for agent in agents for text in _texts(agent, reader)]
    found = iter(texts.read_all(reader.partition_key, wanted))
    turns: list[Turn] = []
    for agent in agents:
        if _is_of(agent, reader):
            turns += [Turn(by_model=False, text=next(found)), Turn(by_model=True, text=next(found))]
        else:
            turns.append(Turn(by_model=False, text=_heading(agent) + next(found)))
    return turns
