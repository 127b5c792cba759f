"""What was said earlier in an agent's thread: the conversation that a model is reminded of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from ai_coordination import graph, models, texts
from ai_coordination.models import reads
from ai_coordination.models.reads import PageRequest
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.model_parameters import ALL, OWN
from ai_coordination.states import RunOutcome

# Failed attempts and other agents' runs are among those that are read.
RUNS_READ: Final = 100


@dataclass(frozen=True, slots=True)
class Turn:
    """One text of the conversation: by the model itself, or said to it."""

    by_model: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How much of the thread a member wants."""

    of: str = OWN
    runs: int = 20
    bytes: int = 65_536

    @classmethod
    def of_parameters(cls, parameters: Mapping[str, Any]) -> Self:
        value = parameters.get("history", {})
        return cls(runs=0) if value is None else cls(**value)


def most_bytes(parameters: Mapping[str, Any]) -> int:
    """The most bytes that the earlier turns of a thread can have."""
    wanted = _Wanted.of_parameters(parameters)
    return wanted.bytes if wanted.runs else 0


def merged(turns: Sequence[Turn], text: str) -> list[Turn]:
    """The earlier turns and the new text. Those in a row that are of one side are one turn.

    Some providers refuse two messages of one role in a row.
    """
    built: list[Turn] = []
    for turn in [*turns, Turn(by_model=False, text=text)]:
        if built and built[-1].by_model == turn.by_model:
            built[-1] = Turn(turn.by_model, f"{built[-1].text}\n\n{turn.text}")
        else:
            built.append(turn)
    return built


def read(call: Call, parameters: Mapping[str, Any]) -> list[Turn]:
    """The earlier turns of the agent's thread, oldest first. Raises TextUnavailable, Throttled.

    The answers of direct predecessors are left out: they are in the agent's input already.
    """
    wanted = _Wanted.of_parameters(parameters)
    if wanted.runs == 0 or not continues(call.agent, call.session, call.agent.thread_uuid):
        return []
    earlier = list(_earlier(call, wanted))[: wanted.runs]
    keys: list[reads.Key] = [
        (models.SessionAgent, run.session_uuid, run.session_agent_uuid) for run in earlier
    ]
    found = reads.batch_get(keys, tenant=call.agent.partition_key, context=call.context)
    agents = [
        agent
        for run, agent in zip(earlier, found, strict=True)
        if agent is not None and agent.current_run_uuid == run.run_uuid
    ]
    return _turns(call, _as_much_as_fits(call, agents, wanted.bytes))


def continues(agent: models.SessionAgent, session: models.Session, thread: str | None) -> bool:
    """Whether others may have said something in the agent's thread before it."""
    if thread is None or agent.thread_from == graph.OWN_THREAD:
        return False
    return agent.thread_from != graph.SESSION_THREAD or session.thread_uuid is not None


def _earlier(call: Call, wanted: _Wanted) -> Iterator[models.SessionRun]:
    """The runs of the thread that completed before this one, newest first."""
    agent = call.agent
    key = models.tenant_thread(agent.partition_key, agent.thread_uuid)
    page = reads.page(
        models.SessionRun,
        str(key),
        PageRequest(RUNS_READ, call.run_uuid, newest_first=True),
        tenant=agent.partition_key,
        index=models.SessionRun.of_thread,
    )
    keys: list[reads.Key] = [
        (models.SessionRun, row.session_uuid, row.run_uuid) for row in page.rows
    ]
    told = {before.session_agent_uuid for before in call.predecessors}
    for run in reads.batch_get(keys, tenant=agent.partition_key, context=call.context):
        if run is None or run.outcome != RunOutcome.COMPLETED or run.session_agent_uuid is None:
            continue
        if run.session_agent_uuid not in told and (wanted.of == ALL or _is_of(run, agent)):
            yield run


def _is_of(earlier: models.SessionRun | models.SessionAgent, agent: models.SessionAgent) -> bool:
    """Whether it is of the same member."""
    return (earlier.coordination_uuid, earlier.agent_uuid) == (
        agent.coordination_uuid,
        agent.agent_uuid,
    )


def _as_much_as_fits(
    call: Call, agents: Sequence[models.SessionAgent], most_bytes: int
) -> list[models.SessionAgent]:
    """The newest agents whose texts fit together, oldest first."""
    fitting: list[models.SessionAgent] = []
    left = most_bytes
    for agent in agents:
        left -= sum(texts.size(text) for text in _texts(agent, call.agent))
        if left < 0:
            break
        fitting.insert(0, agent)
    return fitting


def _texts(agent: models.SessionAgent, reader: models.SessionAgent) -> list[models.Text]:
    """What was said to the reader's own member, and what an agent answered."""
    answer = agent.agent_output or ""
    return [agent.agent_input or "", answer] if _is_of(agent, reader) else [answer]


def _turns(call: Call, agents: Sequence[models.SessionAgent]) -> list[Turn]:
    wanted = [text for agent in agents for text in _texts(agent, call.agent)]
    found = iter(texts.read_all(call.agent.partition_key, wanted))
    turns: list[Turn] = []
    for agent in agents:
        if _is_of(agent, call.agent):
            turns += [Turn(by_model=False, text=next(found)), Turn(by_model=True, text=next(found))]
        else:
            said = f"{agent.member.agent_name}: {next(found)}"
            turns.append(Turn(by_model=False, text=said))
    return turns
