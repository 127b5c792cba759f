"""A retry resets a completed agent whose worker has died before the session was charged."""

from typing import Any

from ai_coordination.engine import session_commands
from ai_coordination.runtimes.base import Answer, Call
from ai_coordination.states import AgentRuntimeKind, SessionAgentState
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.callers import insist
from tests.simulation.cases import Started, kept
from tests.simulation.simulator import Died
from tests.simulation.snapshot import Snapshot

MODEL, NEXT = "model", "next"


class Unsettled(Started):
    """The worker of a model dies once it has completed it. Then the session is cancelled."""

    blueprint = Blueprint(
        members=[member(MODEL, AgentRuntimeKind.OPENAI), member(NEXT)],
        actions=[{"agent_uuid": MODEL}, {"agent_uuid": NEXT, "predecessors": [MODEL]}],
        queries=[],
        budget={"tokens": 200_000},
    )
    query = "What is new?"
    has_died = False

    def answer(self, call: Call) -> Answer:
        return kept(call, "Nothing")

    def meets(self, point: str) -> None:
        now = self.monitor.look()
        completed = now is not None and now.agents[0].state == SessionAgentState.COMPLETED
        if completed and not self.has_died:
            self.has_died = True
            raise Died(point)

    def begin(self) -> None:
        super().begin()
        while not self.has_died:
            self.world.step()
        self.before = self._now()
        key: dict[str, Any] = {
            "coordination_uuid": self.before.session.coordination_uuid,
            "session_uuid": self.before.session.session_uuid,
        }
        engine, caller = self.world.engine(), self.world.caller
        insist(lambda: session_commands.cancel(engine, caller, **key))
        self.world.named = {0}
        named = [self.before.agents[0].session_agent_uuid]
        insist(lambda: session_commands.retry(engine, caller, **key, session_agent_uuids=named))
        self.after = self._now()

    def _now(self) -> Snapshot:
        now = self.monitor.look()
        assert now is not None
        return now


def test_a_retry_gives_back_what_an_agent_has_reserved_and_charges_what_it_has_used() -> None:
    case = Unsettled()

    end = case.run()

    model = case.before.agents[0]
    assert (model.reserved_tokens is not None, model.unsettled_usage is not None) == (True, True)
    again = case.after.agents[0]
    assert again.state == SessionAgentState.INITIAL
    assert again.reserved_tokens is None
    then = case.after.session
    assert (then.used_input_tokens, then.used_output_tokens, then.committed_tokens) == (
        100,
        10,
        110,
    )
    assert (end.session.status, end.session.committed_tokens) == ("completed", 3 * 110)
