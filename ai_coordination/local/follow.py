"""Follow a session, and print its events as lines for a terminal."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from ai_coordination.local import questions
from ai_coordination.local.client import Client, Refused
from ai_coordination.local.names import names
from ai_coordination.local.people import Unanswered
from ai_coordination.local.questions import Ask
from ai_coordination.local.terminal import harmless

SECONDS_BETWEEN_LOOKS = 0.3
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
# Agents in these states have nothing to show yet, or are shown by their runs.
QUIET = frozenset({"INITIAL", "IN_PROGRESS"})
SHOWN_BY_AGENT = frozenset({"COMPLETED", "INPUT_REQUIRED"})
ANSWERED = frozenset({"WAITING_FOR_INPUT", "COMPLETED"})

LIVE = """query Live($coordination: ID!, $session: ID!, $agents: String, $runs: String) {
  session(coordinationUuid: $coordination, sessionUuid: $session) {
    status startedAt finishedAt logs { level message }
    sessionAgents(first: 100, after: $agents) {
      nodes {
        sessionAgentUuid agentUuid parentUuid round itemIndex superseded state turn attempt notes
        updatedAt successorUuids
        agent { agentName runtime { kind target } }
        currentRun { runUuid }
        ask { kind claimedBy }
      }
      pageInfo { hasNextPage endCursor }
    }
    sessionRuns(first: 100, after: $runs) {
      nodes { runUuid sessionAgentUuid turn attempt outcome createdAt finishedAt notes }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
OUTPUT = """query Output($session: ID!, $agent: ID!) {
  sessionAgent(sessionUuid: $session, sessionAgentUuid: $agent) { agentOutput }
}"""

SESSION_OUTPUT = """query SessionOutput($coordination: ID!, $session: ID!) {
  session(coordinationUuid: $coordination, sessionUuid: $session) { output }
}"""


class Place(NamedTuple):
    """The key of a session."""

    coordination: str
    session: str

    def link(self, client: Client) -> str:
        """Return the address of the session in the console of the development server."""
        server = client.url.removesuffix("/graphql")
        return f"{server}/console/#/session/{self.coordination}/{self.session}"


@dataclass(frozen=True)
class Look:
    """A snapshot of a session."""

    status: str
    started_at: str | None
    finished_at: str | None
    agents: Sequence[Mapping[str, Any]]
    runs: Sequence[Mapping[str, Any]]
    reason: str | None = None
    """Why it has failed or was cancelled."""
    superseded: Collection[str] = ()
    """The UUIDs of agents that a retry has replaced. They are not among the agents."""

    @cached_property
    def names(self) -> dict[str, str]:
        """Return the agents' names by UUID."""
        return names(self.agents)

    def is_external(self, run: Mapping[str, Any]) -> bool:
        """Return whether a run is open that an external worker must report."""
        kinds = {
            agent["sessionAgentUuid"]: agent["agent"]["runtime"]["kind"]
            for agent in self.agents
            if agent["agent"]
        }
        return run["outcome"] is None and kinds.get(run["sessionAgentUuid"]) == "EXTERNAL"

    def seconds(self) -> float | None:
        """Return the duration of the session in seconds, None until it has ended."""
        return _seconds(self.started_at, self.finished_at)


def look(client: Client, place: Place) -> Look:
    """Return a snapshot of the session, with all its agents and runs."""
    agents: list[Any] = []
    runs: list[Any] = []
    after: dict[str, str | None] = {"agents": None, "runs": None}
    while True:
        session = client.execute(LIVE, **place._asdict(), **after)["session"]
        if session is None:
            raise RuntimeError(f"There is no session {place.session}")
        lists = {"agents": session["sessionAgents"], "runs": session["sessionRuns"]}
        agents += lists["agents"]["nodes"]
        runs += lists["runs"]["nodes"]
        pages = {name: page["pageInfo"] for name, page in lists.items()}
        if not any(page["hasNextPage"] for page in pages.values()):
            times = session["startedAt"], session["finishedAt"]
            present = [agent for agent in agents if not agent["superseded"]]
            past = {agent["sessionAgentUuid"] for agent in agents if agent["superseded"]}
            return Look(session["status"], *times, present, runs, _reason(session), past)
        after = {name: page["endCursor"] or after[name] for name, page in pages.items()}


def _reason(session: Mapping[str, Any]) -> str | None:
    if session["status"] not in ENDED - {"COMPLETED"}:
        return None
    said = [entry["message"] for entry in session["logs"] if entry["level"] != "INFO"]
    return str(said[-1]) if said else None


class Line(NamedTuple):
    """An event of an agent."""

    at: str
    agent: str
    state: str
    attempt: int
    seconds: float | None
    notes: str | None
    turn: int = 1


@dataclass
class Lines:
    """Converts snapshots of a session to events, each of which is shown once."""

    _shown: set[tuple[str, str]] = field(default_factory=set)

    def new(self, look: Look) -> list[Line]:
        """Return the events since the last snapshot, in order of time."""
        runs = {run["runUuid"]: run for run in look.runs}
        present = (run for run in look.runs if run["sessionAgentUuid"] not in look.superseded)
        lines = [line for run in present for line in self._of_run(look, run)]
        for agent in look.agents:
            current = agent["currentRun"] or {}
            lines += self._of_agent(look, agent, runs.get(current.get("runUuid")))
        return sorted(lines, key=lambda line: line.at)

    def _is_new(self, uuid: str, state: str) -> bool:
        is_new = (uuid, state) not in self._shown
        self._shown.add((uuid, state))
        return is_new

    def _of_run(self, look: Look, run: Mapping[str, Any]) -> Iterator[Line]:
        """Yield the event of an open or failed run. Others are shown by the agent's state."""
        state = run["outcome"] or "IN_PROGRESS"
        if state not in SHOWN_BY_AGENT and self._is_new(run["runUuid"], state):
            name = look.names.get(run["sessionAgentUuid"], "An agent")
            at = run["finishedAt"] or run["createdAt"]
            seconds = _seconds(run["createdAt"], run["finishedAt"])
            notes = run["notes"] or (look.is_external(run) and "waits for an external worker")
            yield Line(at, name, state, run["attempt"], seconds, notes or None, run["turn"])

    def _of_agent(
        self, look: Look, agent: Mapping[str, Any], run: Mapping[str, Any] | None
    ) -> Iterator[Line]:
        state = agent["state"]
        # The last attempt that timed out is shown by its run.
        timed_out = state == "FAILED" and run is not None and run["outcome"] == "TIMED_OUT"
        if state in QUIET or timed_out:
            return
        # The run is sealed after the agent has ended, so the next snapshot has its duration.
        if run and run["finishedAt"] is None and state in ENDED and look.status not in ENDED:
            return
        uuid = agent["sessionAgentUuid"]
        if self._is_new(run["runUuid"] if run else uuid, state):
            seconds = _seconds(run["createdAt"], run["finishedAt"]) if run else None
            # An agent that has answered keeps the notes of the attempts that failed before.
            notes = None if state in ANSWERED else agent["notes"]
            at, name = agent["updatedAt"], look.names[uuid]
            yield Line(at, name, state, agent["attempt"], seconds, notes, agent["turn"])


def _seconds(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def printed(line: Line, width: int) -> str:
    """Format an event as a line for the terminal."""
    at = datetime.fromisoformat(line.at).astimezone().strftime("%H:%M:%S")
    attempt = f"attempt {line.attempt}" if line.attempt else ""
    if line.turn > 1 and attempt:
        # The first attempt goes without saying, so that the columns stay where they are.
        attempt = f"turn {line.turn}" + (f", {attempt}" if line.attempt > 1 else "")
    seconds = "" if line.seconds is None else f"{line.seconds:.1f} s"
    notes = f"  {' '.join(line.notes.split())}" if line.notes else ""
    columns = f"{line.agent:{width}}  {line.state:17}  {attempt:10}  {seconds:>7}"
    return harmless(f"  {at}  {columns}{notes}".rstrip())


def follow(client: Client, place: Place, ask: Ask, seconds: float | None = None) -> Look:
    """Show a session until it has ended, and call `ask` with its agents' questions.

    Raises RuntimeError if it has not ended within `seconds`, and whatever `ask` raises;
    Unanswered if a question is to others than the caller.
    """
    lines = Lines()
    ends_at = None if seconds is None else time.monotonic() + seconds
    while ends_at is None or time.monotonic() < ends_at:
        seen = look(client, place)
        width = max(map(len, seen.names.values()), default=0)
        for line in lines.new(seen):
            print(printed(line, width), flush=True)
        if seen.status in ENDED:
            return seen
        waiting = [agent for agent in seen.agents if agent["state"] == "WAITING_FOR_INPUT"]
        # Who has claimed a question answers it elsewhere.
        asked = [agent for agent in waiting if not agent["ask"]["claimedBy"]]
        for agent in asked:
            _answer(client, place, agent, seen.names[agent["sessionAgentUuid"]], ask)
        if not asked:
            time.sleep(SECONDS_BETWEEN_LOOKS)
    raise RuntimeError(f"The session did not end within {seconds:.0f} s")


def output(client: Client, place: Place, session_agent_uuid: str) -> str:
    """Return the output of an agent, an empty text if it has none."""
    agent = client.execute(OUTPUT, session=place.session, agent=session_agent_uuid)["sessionAgent"]
    return str((agent or {}).get("agentOutput") or "")


def session_output(client: Client, place: Place) -> str:
    """Return the output of a session, an empty text if it has none."""
    session = client.execute(SESSION_OUTPUT, **place._asdict())["session"]
    return str((session or {}).get("output") or "")


def _answer(client: Client, place: Place, agent: Mapping[str, Any], name: str, ask: Ask) -> None:
    uuid = agent["sessionAgentUuid"]
    question = questions.read(client, place.session, uuid, name)
    if question is None:
        return
    key = {
        "sessionUuid": place.session,
        "sessionAgentUuid": uuid,
        "runUuid": agent["currentRun"]["runUuid"],
    }
    answer = {**key, **ask(question).as_input()}
    try:
        client.mutate("answerSessionAgent", "sessionAgent { state }", answer)
    except Refused as refused:
        if refused.code == "FORBIDDEN":
            raise Unanswered(f"{name} waits: {refused}") from refused
        # It was answered by another caller, or too late; or it is the agent's last turn, and the
        # output cannot be sent back. The next snapshot shows which.
        if refused.code != "INVALID_STATE":
            raise
        print(f"  {name} does not take this answer: {refused}")
