"""Concurrent retries of one session that name different agents: one of them takes effect."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.engine import message_handler, session_commands
from ai_coordination.errors import InvalidState
from ai_coordination.models import reads
from ai_coordination.states import AgentRuntimeKind
from tests.dynamodb_local.collecting_worker import Worker
from tests.dynamodb_local.tenant_data import new_tenant
from tests.dynamodb_local.threads import THREADS, assert_each_wins, side_by_side, together

# Which agents the one half of the callers names, and which the other; and what follows each.
NAMED = ["left", "right"]
RESET = {"left": {"left", "after-left", "join"}, "right": {"right", "after-right", "join"}}
PREDECESSORS = {
    "left": [],
    "right": [],
    "after-left": ["left"],
    "after-right": ["right"],
    "join": ["left", "right"],
}


class Raced(NamedTuple):
    """Whose agents were done again, and how many callers got the session."""

    winner: str
    accepted: int


def two_retries(caller: Caller) -> Raced:
    """Eight callers name one agent of a completed session, and eight another."""
    worker = Worker()
    session = completed(worker, caller)
    addresses = {one.agent_uuid: one.session_agent_uuid for one in agents(caller, session)}

    def retry(number: int) -> str:
        try:
            after = session_commands.retry(
                worker.engine,
                caller,
                coordination_uuid=session.coordination_uuid,
                session_uuid=session.session_uuid,
                session_agent_uuids=[addresses[NAMED[number % 2]]],
            )
        except InvalidState as refused:
            return f"refused {refused.facts['state']}"
        return f"{after.status} {after.iteration_count}"

    answers = together(retry)

    assert set(answers) <= {"in_progress 2", "refused IN_PROGRESS"}
    iterations = {one.agent_uuid: int(one.iteration) for one in agents(caller, session)}
    again = {name for name, iteration in iterations.items() if iteration == 2}
    (winner,) = [name for name in NAMED if RESET[name] == again]
    assert set(iterations.values()) == {1, 2}
    work_off(worker)
    ended_once_more(caller, session, again)
    return Raced(winner, answers.count("in_progress 2"))


def completed(worker: Worker, caller: Caller) -> models.Session:
    """A session of five agents that have all answered."""
    echo = {"kind": AgentRuntimeKind.ECHO}
    coordination = services.coordination.create(
        caller,
        coordination_name="Retried",
        agents=[{"agent_uuid": name, "agent_name": name, "runtime": echo} for name in PREDECESSORS],
    )
    task = services.task.create(
        caller,
        coordination_uuid=coordination.coordination_uuid,
        task_name="Retried",
        agent_actions=[
            {"agent_uuid": name, "predecessors": before} for name, before in PREDECESSORS.items()
        ],
    )
    session = session_commands.start(
        worker.engine,
        caller,
        coordination_uuid=task.coordination_uuid,
        task_uuid=task.task_uuid,
        task_query="Go",
    )
    work_off(worker)
    assert {one.state for one in agents(caller, session)} == {"completed"}
    return session


def work_off(worker: Worker) -> None:
    """Each message comes twice, and at once."""
    while messages := worker.taken():
        side_by_side(lambda message: message_handler.work(worker.engine, message), messages * 2)


def agents(caller: Caller, session: models.Session) -> list[models.SessionAgent]:
    page = services.session_agent.page(caller, session.session_uuid, reads.PageRequest(100))
    return list(page.rows)


def ended_once_more(caller: Caller, session: models.Session, again: set[str]) -> None:
    """The session is completed in its second iteration, and each agent of that ran once more."""
    now = services.session.get(caller, session.coordination_uuid, session.session_uuid)
    assert now is not None
    assert (now.status, int(now.iteration_count)) == ("completed", 2)
    assert now.operation is None
    assert now.retry_plan is None
    for agent in agents(caller, session):
        assert (agent.state, agent.due_at, agent.waiting_on) == ("completed", None, None)
    runs = services.session_run.page(caller, session.session_uuid, reads.PageRequest(100)).rows
    assert sorted(run.agent_uuid for run in runs) == sorted([*PREDECESSORS, *again])
    assert {run.outcome for run in runs} == {"completed"}


def test_of_two_retries_at_once_one_is_done_whole(races: int) -> None:
    for _ in range(max(1, races // 10)):
        two_retries(new_tenant())


@pytest.mark.stress
def test_of_many_pairs_of_retries_each_is_won_by_one(
    races: int, write_line: Callable[[str], None]
) -> None:
    raced = [two_retries(new_tenant()) for _ in range(races)]

    winners = [one.winner for one in raced]
    accepted = sum(one.accepted for one in raced)
    assert_each_wins(NAMED, winners)
    write_line(
        f"two retries: {races} races, {winners.count('left')} won by the one and "
        f"{winners.count('right')} by the other; {accepted} of {races * THREADS} calls accepted"
    )
