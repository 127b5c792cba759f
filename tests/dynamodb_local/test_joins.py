"""Many predecessors end at once, and their successor starts once."""

import os

import pytest

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.engine import agent_commands, message_handler, session_commands
from ai_coordination.models import reads
from ai_coordination.states import AgentRuntimeKind
from tests.dynamodb_local.collecting_worker import Worker
from tests.dynamodb_local.threads import side_by_side
from tests.support.contexts import SYSTEM

CALLER = Caller("acme", "sales", "u-17", context=SYSTEM)
WIDTH = 20
JOINS = int(os.environ.get("JOINS", "100"))


def new_task() -> models.Task:
    """WIDTH agents that work elsewhere, and one that waits for all of them."""
    first = [f"a{number}" for number in range(WIDTH)]
    external = {"kind": AgentRuntimeKind.EXTERNAL}
    agents = [{"agent_uuid": one, "agent_name": one, "runtime": external} for one in first]
    join = {"agent_uuid": "join", "agent_name": "Join", "runtime": {"kind": AgentRuntimeKind.ECHO}}
    coordination = services.coordination.create(
        CALLER, coordination_name="Wide", agents=[*agents, join]
    )
    return services.task.create(
        CALLER,
        coordination_uuid=coordination.coordination_uuid,
        task_name="Join",
        agent_actions=[
            *({"agent_uuid": one} for one in first),
            {"agent_uuid": "join", "predecessors": first},
        ],
    )


def joined_once(task: models.Task) -> None:
    """One session: all predecessors report at once, each twice; everything is delivered twice."""
    worker = Worker()
    session = session_commands.start(
        worker.engine,
        CALLER,
        coordination_uuid=task.coordination_uuid,
        task_uuid=task.task_uuid,
        task_query="Go",
    )
    side_by_side(lambda message: message_handler.work(worker.engine, message), worker.taken())
    agents = services.session_agent.page(CALLER, session.session_uuid, reads.PageRequest(100)).rows
    working_ones = [agent for agent in agents if agent.current_run_uuid]
    assert len(working_ones) == WIDTH

    def report(agent: models.SessionAgent) -> None:
        agent_commands.complete(
            worker.engine,
            CALLER,
            session_uuid=agent.session_uuid,
            session_agent_uuid=agent.session_agent_uuid,
            run_uuid=agent.current_run_uuid,
            agent_output="Done",
        )

    side_by_side(report, working_ones * 2)
    for _ in range(3):
        messages = worker.taken()
        side_by_side(lambda message: message_handler.work(worker.engine, message), messages * 2)

    found = reads.get(
        models.Session, session.coordination_uuid, session.session_uuid, tenant=CALLER.partition_key
    )
    assert found is not None
    runs = services.session_run.page(CALLER, session.session_uuid, reads.PageRequest(100)).rows
    join = next(run for run in runs if run.agent_uuid == "join")
    others = [run for run in runs if run.agent_uuid != "join"]
    assert found.status == "completed"
    assert len(runs) == WIDTH + 1
    assert worker.invoked == [join.run_uuid]
    assert all(run.outcome == "completed" for run in runs)
    assert all(run.created_at < join.created_at for run in others)


def test_a_successor_starts_once_however_many_predecessors_end_at_once() -> None:
    joined_once(new_task())


@pytest.mark.stress
def test_a_successor_starts_once_in_many_joins() -> None:
    task = new_task()

    for _ in range(JOINS):
        joined_once(task)
