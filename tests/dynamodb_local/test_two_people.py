"""Two people want one question at the same moment: one has it, and the other is told who."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from ai_coordination import models, services
from ai_coordination.engine import (
    agent_commands,
    claim_commands,
    message_handler,
    session_commands,
)
from ai_coordination.errors import InvalidState
from ai_coordination.models import reads
from ai_coordination.states import AgentRuntimeKind, UserInTheLoop
from tests.dynamodb_local.collecting_worker import Worker
from tests.dynamodb_local.tenant_data import new_tenant
from tests.dynamodb_local.threads import side_by_side

# A session has at most 1,000 agents.
MOST_QUESTIONS = 500
Command = Callable[..., models.SessionAgent]
YES: dict[str, Any] = {"approved": True}
NO: dict[str, Any] = {"approved": False}


class Desk:
    """A session with many questions to a group, and two members of it."""

    def __init__(self, questions: int) -> None:
        caller = new_tenant()
        self.mia, self.max = (
            replace(caller, user_id=name, groups=("finance",)) for name in ("mia", "max")
        )
        self.worker = Worker()
        runtime = {"kind": AgentRuntimeKind.EXTERNAL}
        coordination = services.coordination.create(
            caller,
            coordination_name="Invoices",
            agents=[{"agent_uuid": "a", "agent_name": "A", "runtime": runtime}],
        )
        uuid = coordination.coordination_uuid
        ask = {"kind": UserInTheLoop.APPROVAL, "group": "finance"}
        queries = [{"agent_uuid": "a", "subtask_query": f"{n}"} for n in range(questions)]
        task = services.task.create(
            caller,
            coordination_uuid=uuid,
            task_name="Pay",
            agent_actions=[{"agent_uuid": "a", "ask": ask}],
            subtask_queries=queries,
        )
        self.session = session_commands.start(
            self.worker.engine, caller, coordination_uuid=uuid, task_uuid=task.task_uuid
        )
        self.work_off()
        side_by_side(self._output, [self._key(agent) for agent in self.agents()])

    def work_off(self) -> None:
        work = self.worker.taken()
        side_by_side(lambda message: message_handler.work(self.worker.engine, message), work)

    def agents(self) -> list[models.SessionAgent]:
        key = self.session.session_uuid
        tenant = self.mia.partition_key
        return reads.all_rows(models.SessionAgent, key, tenant=tenant)

    def agent(self, key: dict[str, Any]) -> Any:
        return services.session_agent.get(self.mia, key["session_uuid"], key["session_agent_uuid"])

    def questions(self) -> list[dict[str, Any]]:
        return [self._key(agent) for agent in self.agents()]

    def _key(self, agent: models.SessionAgent) -> dict[str, Any]:
        names = ("session_uuid", "session_agent_uuid")
        return {
            **{name: getattr(agent, name) for name in names},
            "run_uuid": agent.current_run_uuid,
        }

    def _output(self, key: dict[str, Any]) -> None:
        agent_commands.complete(self.worker.engine, self.mia, **key, agent_output="A-17")

    def told(self, caller: Any, command: Command, **given: Any) -> str:
        """What a person is told: DONE, or the message of the refusal."""
        try:
            command(self.worker.engine, caller, **given)
        except InvalidState as refused:
            return refused.message
        return "DONE"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def at_once(pool: ThreadPoolExecutor, *works: Callable[[], str]) -> Sequence[str]:
    """Let two people act in the same moment."""
    start = Barrier(len(works), timeout=60)

    def begin(work: Callable[[], str]) -> str:
        start.wait()
        return work()

    return [future.result() for future in [pool.submit(begin, work) for work in works]]


@pytest.mark.parametrize("is_long", [False, pytest.param(True, marks=pytest.mark.stress)])
def test_two_people_who_want_one_question_never_both_have_it(
    is_long: bool, races: int, pool: ThreadPoolExecutor, write_line: Callable[[str], None]
) -> None:
    """Four kinds of races, so many times each: a few every day, many in the long run."""
    times = max(10, min(races, MOST_QUESTIONS) // 2) if is_long else 4
    desk = Desk(4 * times)
    answer, claim, release = agent_commands.answer, claim_commands.claim, claim_commands.release
    won = {"mia": 0, "max": 0}

    for number, key in enumerate(desk.questions()):
        race = number % 4
        if race == 3:
            assert desk.told(desk.max, claim, **key) == "DONE"
        first: tuple[Command, dict[str, Any]] = (claim, {}) if race in (1, 2) else (answer, YES)
        # Both may say the same, or the opposite.
        said = YES if number % 8 < 4 else NO
        second: dict[int, tuple[Command, dict[str, Any]]] = {
            0: (answer, said),
            1: (claim, {}),
            2: (answer, said),
            3: (release, {}),
        }
        mias, maxs = at_once(
            pool,
            lambda: desk.told(desk.mia, first[0], **key, **first[1]),  # noqa: B023 - at once
            lambda: desk.told(desk.max, second[race][0], **key, **second[race][1]),  # noqa: B023
        )
        _is_decided(race, desk.agent(key), mias, maxs)
        won["mia" if mias == "DONE" else "max"] += 1

    write_line(f"two people, {4 * times} questions: {won}")
    desk.work_off()


def _is_decided(race: int, agent: Any, mias: str, maxs: str) -> None:
    """Exactly one has what both wanted, and the other is told who: so says the item too."""
    has_answered = "'{}' has answered this question".format
    has_claimed = "'{}' has claimed this question".format
    if race == 3:
        # Mia's answer lands after the release, or is refused before it.
        assert maxs == "DONE"
        assert mias in ("DONE", has_claimed("max"))
        assert (agent.answered_by, agent.claimed_by) == (("mia" if mias == "DONE" else None), None)
        return
    assert sorted([mias, maxs]).count("DONE") == 1
    winner, told = ("mia", maxs) if mias == "DONE" else ("max", mias)
    is_answered = race == 0 or (race == 2 and winner == "max")
    assert told == (has_answered if is_answered else has_claimed)(winner)
    expected = (winner, None) if is_answered else (None, winner)
    assert (agent.answered_by, agent.claimed_by) == expected
    assert agent.state in ("completed", "failed") if is_answered else "waiting_for_input"
