"""Of two delegations of one run one wins whole, and the other leaves nothing."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.engine import message_handler, session_commands
from ai_coordination.engine.agent import delegation
from ai_coordination.models import reads
from ai_coordination.runtimes import delegations
from ai_coordination.runtimes.base import Delegation
from ai_coordination.runtimes.delegations import Work
from ai_coordination.states import AgentRuntimeKind
from tests.dynamodb_local.collecting_worker import Worker
from tests.dynamodb_local.tenant_data import new_tenant
from tests.dynamodb_local.threads import assert_each_wins

WriteLine = Callable[[str], None]

# So many pieces that they are one transaction, and so many that they are written in chunks.
FEW, MANY = 3, 100
SIZES = [(FEW, FEW), (FEW, MANY), (MANY, MANY)]


class Delegating:
    """A task whose one agent, EXTERNAL, may delegate."""

    def __init__(self) -> None:
        self.caller: Caller = new_tenant()
        self.worker = Worker()
        external = {"kind": AgentRuntimeKind.EXTERNAL}
        members = [
            {"agent_uuid": name, "agent_name": name, "runtime": external} for name in ("a", "b")
        ]
        coordination = services.coordination.create(
            self.caller, coordination_name="Offers", agents=members
        )
        self.task = services.task.create(
            self.caller,
            coordination_uuid=coordination.coordination_uuid,
            task_name="Delegate",
            agent_actions=[{"agent_uuid": "a", "delegates_to": ["b"]}],
        )

    def begin(self) -> tuple[models.Session, models.SessionAgent]:
        """A session whose agent is in progress, and that agent."""
        started = session_commands.start(
            self.worker.engine,
            self.caller,
            coordination_uuid=self.task.coordination_uuid,
            task_uuid=self.task.task_uuid,
        )
        for message in self.worker.taken():
            message_handler.work(self.worker.engine, message)
        session = services.session.get(self.caller, started.coordination_uuid, started.session_uuid)
        assert session is not None
        (agent,) = self.agents(session)
        assert agent.state == "in_progress"
        return session, agent

    def agents(self, session: models.Session) -> list[Any]:
        key = session.session_uuid
        return list(services.session_agent.page(self.caller, key, reads.PageRequest(300)).rows)

    def race(self, sizes: tuple[int, int]) -> int:
        """Two workers answer one run. Returns which one has won."""
        session, agent = self.begin()
        given = [
            Delegation([Work("b", f"{number}: {piece}") for piece in range(size)])
            for number, size in enumerate(sizes)
        ]
        start = Barrier(len(given), timeout=60)

        def answer(one: Delegation) -> None:
            start.wait()
            delegation.delegate(self.worker.engine, session, agent, one)

        with ThreadPoolExecutor(len(given)) as workers:
            list(workers.map(answer, given))
        return self.judge(session, agent, given)

    def judge(
        self, before: models.Session, agent: models.SessionAgent, given: list[Delegation]
    ) -> int:
        key = before.coordination_uuid, before.session_uuid
        session = services.session.get(self.caller, *key)
        assert session is not None
        run = services.session_run.get(self.caller, before.session_uuid, agent.current_run_uuid)
        assert run is not None
        parent, *children = self.agents(session)
        (winner,) = [
            number
            for number, one in enumerate(given)
            if json.loads(str(run.output)) == delegations.to_json(one.work)
        ]
        won = given[winner].work
        assert run.outcome == "delegated"
        assert [child.subtask_query for child in children] == [one.subtask_query for one in won]
        assert session.agent_count == session.graph_size == session.next_ordinal == 1 + len(won)
        assert parent.waiting_on == {child.ordinal for child in children}
        assert (parent.state, parent.turn, parent.attempt) == ("initial", 2, 0)
        assert (parent.growing, parent.due_at, len(parent.grew)) == (None, None, 1)
        # Each piece is done once.
        messages = [one for one in self.worker.taken() if one.session_uuid == session.session_uuid]
        assert len(messages) == len(won)
        return winner


@pytest.mark.parametrize("often", ["some", pytest.param("many", marks=pytest.mark.stress)])
@pytest.mark.parametrize("sizes", SIZES)
def test_of_two_delegations_of_one_run_one_wins_whole_and_the_other_leaves_nothing(
    sizes: tuple[int, int], often: str, races: int, write_line: WriteLine
) -> None:
    delegating = Delegating()

    wins = [delegating.race(sizes) for _ in range(races if sizes == SIZES[0] else races // 5)]

    if often == "many":
        write_line(f"delegations of {sizes}: {len(wins)} races, {wins.count(0)} won by the first")
        if sizes[0] == sizes[1]:
            assert_each_wins([0, 1], wins)
