"""What a test sees of a session: its status, its agents and their runs, read through the API."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from ai_coordination.local import follow
from ai_coordination.local.client import Client
from ai_coordination.testing.errors import TestingError

_TEXTS = """query Texts($session: ID!, $agent: ID!) {
  sessionAgent(sessionUuid: $session, sessionAgentUuid: $agent) {
    agentInput agentOutput ask { approved choice answer answeredBy }
  }
}"""


class Blueprint(NamedTuple):
    """A coordination and a task that `Engine.load` has created."""

    coordination_uuid: str
    task_uuid: str
    name: str
    """That of the task."""


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt of an agent. `outcome` is None while it is open."""

    run_uuid: str
    attempt: int
    outcome: str | None
    notes: str | None
    seconds: float | None
    """The virtual seconds that it took. None while it is open."""


class Agent:
    """An agent of a session, as it was when the test asked for it."""

    def __init__(
        self, session: "Session", name: str, fields: Mapping[str, Any], runs: Sequence[Run]
    ) -> None:
        self._session = session
        self.name = name
        self.runs = tuple(runs)
        """Its attempts in their order, those of earlier iterations included."""
        self.session_agent_uuid: str = fields["sessionAgentUuid"]
        self.state: str = fields["state"]
        """As the API names it: INITIAL, IN_PROGRESS, WAITING_FOR_INPUT, COMPLETED, …"""
        self.notes: str | None = fields["notes"]

    @property
    def attempts(self) -> int:
        """How many attempts it has had."""
        return len(self.runs)

    @property
    def input(self) -> str | None:
        """The text passed to its last attempt. None before the first."""
        text: str | None = self._texts["agentInput"]
        return text

    @property
    def output(self) -> str | None:
        """Its output. None if it has none."""
        text: str | None = self._texts["agentOutput"]
        return text

    @property
    def approved(self) -> bool | None:
        """Whether a person approved its output. None before that, and if it asks otherwise."""
        approved: bool | None = self._said("approved")
        return approved

    @property
    def choice(self) -> str | None:
        """The option that a person chose. None before that, and if it asks otherwise."""
        choice: str | None = self._said("choice")
        return choice

    @property
    def answer(self) -> Any:
        """What a person said last: a text, or the value for a form. None before that."""
        return self._said("answer")

    @property
    def answered_by(self) -> str | None:
        """The user who answered last; `engine` if the answer is the default."""
        user: str | None = self._said("answeredBy")
        return user

    def _said(self, name: str) -> Any:
        return (self._texts["ask"] or {}).get(name)

    @cached_property
    def _texts(self) -> Mapping[str, Any]:
        return self._session.read_texts(self.session_agent_uuid)

    def __repr__(self) -> str:
        return f"<Agent {self.name} {self.state} attempts={self.attempts}>"


class Session:
    """A session of a test. Each property is read anew from the engine."""

    def __init__(self, client: Client, place: follow.Place, now: Callable[[], datetime]) -> None:
        self._client = client
        self._place = place
        self._now = now

    @property
    def coordination_uuid(self) -> str:
        """UUID of its coordination."""
        return self._place.coordination

    @property
    def session_uuid(self) -> str:
        """Its UUID."""
        return self._place.session

    @property
    def status(self) -> str:
        """As the API names it: IN_PROGRESS, WAITING_FOR_INPUT, COMPLETED, FAILED or CANCELLED."""
        return self._look().status

    @property
    def output(self) -> str | None:
        """Its output, once it is COMPLETED: a text, or JSON as text."""
        return follow.session_output(self._client, self._place) or None

    @property
    def seconds(self) -> float:
        """The virtual seconds from its start to its end, or until now."""
        look = self._look()
        ended = look.seconds()
        return self._since(look.started_at, None) if ended is None else ended

    @property
    def runs(self) -> tuple[Run, ...]:
        """All attempts of all agents, in the order in which they began."""
        return tuple(_run(run) for run in _sorted(self._look().runs))

    @property
    def agents(self) -> tuple[Agent, ...]:
        """All agents, in the order of the blueprint."""
        look = self._look()
        return tuple(self._agent(look, fields) for fields in look.agents)

    def agent(self, name: str) -> Agent:
        """The agent with this agentName or agentUuid. An agent that takes part twice has a number.

        Raises TestingError if there is none.
        """
        look = self._look()
        for fields in look.agents:
            shown = look.names[fields["sessionAgentUuid"]]
            if name in (shown, fields["agentUuid"]):
                return self._agent(look, fields)
        names = ", ".join(look.names.values())
        raise TestingError(f"The session has no agent {name!r}. Its agents: {names}")

    def report(self) -> str:
        """Return the session's steps as text: a line for each attempt, answer and state."""
        look = self._look()
        width = max(map(len, look.names.values()), default=0)
        ends = f"Session {self.session_uuid}: {look.status} after {self.seconds:g} s"
        return "\n".join([ends, *self._lines(look, width)])

    def waits_for(self) -> list[str]:
        """Return what it waits for, a line for each agent. Empty if it has ended."""
        look = self._look()
        if look.status in follow.ENDED:
            return []
        return [line for agent in look.agents if (line := _wait(look, agent))]

    def read_texts(self, session_agent_uuid: str) -> Mapping[str, Any]:
        """Return an agent's input and output, and what a person said.

        Raises TestingError if it was deleted.
        """
        key = {"session": self.session_uuid, "agent": session_agent_uuid}
        agent = self._client.execute(_TEXTS, **key)["sessionAgent"]
        if agent is None:
            raise TestingError(f"There is no session agent {session_agent_uuid}")
        fields: Mapping[str, Any] = agent
        return fields

    def _look(self) -> follow.Look:
        return follow.look(self._client, self._place)

    def _agent(self, look: follow.Look, fields: Mapping[str, Any]) -> Agent:
        uuid = fields["sessionAgentUuid"]
        runs = [_run(run) for run in _sorted(look.runs) if run["sessionAgentUuid"] == uuid]
        return Agent(self, look.names[uuid], fields, runs)

    def _since(self, start: str | None, end: str | None) -> float:
        if start is None:
            return 0.0
        moment = self._now() if end is None else datetime.fromisoformat(end)
        return (moment - datetime.fromisoformat(start)).total_seconds()

    def _lines(self, look: follow.Look, width: int) -> Iterator[str]:
        for line in follow.Lines().new(look):
            at = f"{self._since(look.started_at, line.at):g} s"
            attempt = f"attempt {line.attempt}" if line.attempt else ""
            notes = f"  {' '.join(line.notes.split())}" if line.notes else ""
            yield f"{at:>12}  {line.agent:{width}}  {line.state:17}  {attempt:10}{notes}".rstrip()
        yield from (f"{'':14}{line}" for line in self.waits_for())

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        return f"<Session {self.session_uuid} {self.status}>"


def _sorted(runs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(runs, key=lambda run: (run["createdAt"], run["runUuid"]))


def _run(run: Mapping[str, Any]) -> Run:
    seconds = None
    if run["finishedAt"] is not None:
        began = datetime.fromisoformat(run["createdAt"])
        seconds = (datetime.fromisoformat(run["finishedAt"]) - began).total_seconds()
    return Run(run["runUuid"], run["attempt"], run["outcome"], run["notes"], seconds)


def _wait(look: follow.Look, agent: Mapping[str, Any]) -> str | None:
    name, asks = look.names[agent["sessionAgentUuid"]], agent["ask"] and agent["ask"]["kind"]
    kind = agent["agent"] and agent["agent"]["runtime"]["kind"]
    match agent["state"]:
        case "WAITING_FOR_INPUT":
            return f"{name} waits for a person ({asks}): see Engine.person"
        case "IN_PROGRESS" if kind == "EXTERNAL":
            return f"{name} waits for an external worker: see Engine.agent"
        case "IN_PROGRESS":
            return f"{name} is at work"
        case "INITIAL":
            return f"{name} has not begun"
    return None
