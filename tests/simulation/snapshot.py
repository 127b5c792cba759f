"""A session with its agents and runs, as the store holds them at one moment."""

from collections import defaultdict
from dataclasses import dataclass

from ai_coordination import models
from ai_coordination.states import TERMINAL_AGENT, SessionAgentState
from ai_coordination.testing.records import Records
from tests.simulation.store import Store


@dataclass(frozen=True)
class Snapshot:
    """The session, its agents in their order, and its runs."""

    session: models.Session
    agents: list[models.SessionAgent]
    runs: list[models.SessionRun]
    by_ordinal: dict[int, models.SessionAgent]
    by_agent: dict[str | None, list[models.SessionRun]]

    def before(self, agent: models.SessionAgent) -> list[models.SessionAgent]:
        """The predecessors that are there: while a session is being started, some are not."""
        found = (self.by_ordinal.get(int(one)) for one in agent.predecessors or ())
        return [one for one in found if one is not None]

    def inputs(self, agent: models.SessionAgent) -> list[models.SessionAgent]:
        """The predecessors and the children that are there."""
        children = [one for growth in agent.grew or () for one in self.of_growth(growth)]
        return [*self.before(agent), *children]

    def of_growth(self, growth: models.Growth) -> list[models.SessionAgent]:
        """The agents of a growth that are there."""
        places = range(int(growth.base), int(growth.base + growth.size))
        return [self.by_ordinal[one] for one in places if one in self.by_ordinal]

    def waits_for(self, agent: models.SessionAgent) -> set[int]:
        """The ordinals of all for which an agent waits before it starts, or goes on."""
        edges = {*(agent.predecessors or ()), *(agent.order_predecessors or ())}
        sinks = agent.grew[-1].sink_ordinals() if agent.grew else set()
        return {int(one) for one in edges} | sinks

    def after(self, agent: models.SessionAgent) -> list[models.SessionAgent]:
        """Those that an agent releases."""
        edges = {*(agent.successors or ()), *(agent.order_successors or ())}
        found = (self.by_ordinal.get(int(one)) for one in edges)
        return [one for one in found if one is not None]

    @property
    def is_being_purged(self) -> bool:
        return bool(self.session.operation == models.PURGE)

    def present(self) -> list[models.SessionAgent]:
        """The agents without superseded ones."""
        return [one for one in self.agents if not one.superseded]

    def runs_of(self, agent: models.SessionAgent) -> list[models.SessionRun]:
        return self.by_agent.get(agent.session_agent_uuid, [])

    def unfinished(self) -> set[int]:
        """The ordinals of the agents that have not ended."""
        return {int(one.ordinal) for one in self.agents if one.state not in TERMINAL_AGENT}

    def asking(self) -> set[int]:
        """The ordinals of the agents that ask a person."""
        waiting = SessionAgentState.WAITING_FOR_INPUT
        return {int(one.ordinal) for one in self.agents if one.state == waiting}

    def is_at_rest(self) -> bool:
        """Whether nothing is due, and no agent asks."""
        if self.session.awaiting_input or self.session.due_at:
            return False
        return not any(agent.due_at for agent in self.agents)


class StoreReader(Records):
    """Reads a store. An item that has not changed since the last look is not read again."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.database)
        self.store = store

    def session(self) -> Snapshot | None:
        """The only one that there is."""
        sessions = self.all_of(models.Session)
        if not sessions:
            return None
        agents = self.all_of(models.SessionAgent)
        by_ordinal = {int(agent.ordinal): agent for agent in agents}
        runs = self.all_of(models.SessionRun)
        by_agent: dict[str | None, list[models.SessionRun]] = defaultdict(list)
        for run in runs:
            by_agent[run.session_agent_uuid].append(run)
        return Snapshot(sessions[0], agents, runs, by_ordinal, dict(by_agent))
