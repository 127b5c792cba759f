"""Many models side by side, and a budget for a few: duplicates, and workers that die."""

import json
import random
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.engine import message_handler, session_commands
from ai_coordination.engine.agent import spending
from ai_coordination.engine.context import Engine, message
from ai_coordination.messages import Message
from ai_coordination.models import reads, token_usage
from ai_coordination.runtimes.base import Answer, Call, RunFailed, Usage
from ai_coordination.states import AgentRuntimeKind
from tests.dynamodb_local.collecting_worker import Worker
from tests.dynamodb_local.threads import side_by_side
from tests.support.contexts import SYSTEM, At

CALLER = Caller("acme", "sales", "u-17", context=SYSTEM)
# In the long run, and every day.
MODELS = 50
FEWER = 20
MOST_ROUNDS = 60
# In fewer trials, a model may fail most sessions by chance.
ENOUGH_TRIALS = 20
QUERY = "Go"
PARAMETERS = {"maxTokens": 1_000}
ESTIMATE = PARAMETERS["maxTokens"] + len(json.dumps(PARAMETERS)) + len(QUERY)
BUDGET = 10 * ESTIMATE


class Killed(BaseException):
    """The worker's process is gone."""


class Spending(Worker):
    """Its agents are models. Some are throttled or fail, and some workers die in their calls."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._draw = random.Random(seed)
        self._guard = threading.Lock()

    def invoke(self, call: Call) -> Answer:
        with self._guard:
            fate, used = self._draw.random(), self._draw.randint(200, ESTIMATE)
        if fate < 0.1:
            raise Killed
        usage = Usage(input_tokens=50, output_tokens=used - 50, model="nova")
        if fate < 0.2:
            raise RunFailed("It does not fit", usage=usage)
        if fate < 0.3:
            raise RunFailed("Busy", throttled=True)
        return Answer("Done", usage)


@pytest.fixture
def any_models(engine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "*")


def new_task(number: int) -> models.Task:
    """So many models side by side."""
    runtime = {
        "kind": AgentRuntimeKind.BEDROCK,
        "target": "amazon.nova-lite-v1:0",
        "parameters": PARAMETERS,
    }
    members = [
        {"agent_uuid": f"m{one}", "agent_name": f"M{one}", "runtime": runtime}
        for one in range(number)
    ]
    coordination = services.coordination.create(CALLER, coordination_name="Many", agents=members)
    return services.task.create(
        CALLER,
        coordination_uuid=coordination.coordination_uuid,
        task_name="All at once",
        budget={"tokens": BUDGET},
    )


def spent_within_the_budget(task: models.Task, seed: int) -> str:
    """Run one session until it has ended and is settled. Between rounds more than a lease passes.

    Each message is delivered twice, side by side. Returns what the session's log says last.
    """
    worker = Spending(seed)
    moment = SYSTEM.utc()
    session = session_commands.start(
        worker.engine,
        CALLER,
        coordination_uuid=task.coordination_uuid,
        task_uuid=task.task_uuid,
        task_query=QUERY,
    )
    for _ in range(MOST_ROUNDS):
        moment += timedelta(seconds=90)
        engine = worker.engine._replace(
            context=At(moment=moment),
            works_until=moment + timedelta(seconds=30),
            enough_seconds=10.0,
            waits=True,
        )
        worker.taken()
        due: list[Any] = [agent for agent in agents_of(session) if agent.due_at]
        session = read_again(session)
        due += [session] if session.due_at else []
        if not due:
            break
        side_by_side(partial(deliver, engine), [message(item) for item in due] * 2)
    is_right(session)
    return str(session.logs[-1].message)


def deliver(engine: Engine, sent: Message) -> None:
    with suppress(Killed):
        message_handler.work(engine, sent)


def agents_of(session: models.Session) -> Sequence[models.SessionAgent]:
    return reads.all_rows(models.SessionAgent, session.session_uuid, tenant=CALLER.partition_key)


def read_again(session: models.Session) -> models.Session:
    key = session.coordination_uuid, session.session_uuid
    found = reads.get(models.Session, *key, tenant=CALLER.partition_key)
    assert found is not None
    return found


def is_right(session: models.Session) -> None:
    """No more is used than the budget, every run is counted once, and nothing stays reserved."""
    runs = reads.all_rows(models.SessionRun, session.session_uuid, tenant=CALLER.partition_key)
    used = [token_usage.tokens_of(run.usage) for run in runs if run.usage is not None]
    assert session.status == "failed"
    assert sum(used) == token_usage.used(session, token_usage.TOKENS) == session.committed_tokens
    assert sum(used) <= BUDGET
    assert not any(spending.owes(agent) for agent in agents_of(session))


@pytest.mark.usefixtures("any_models")
def test_models_that_run_side_by_side_spend_no_more_than_the_budget() -> None:
    spent_within_the_budget(new_task(FEWER), seed=0)


@pytest.mark.stress
@pytest.mark.usefixtures("any_models")
def test_models_spend_no_more_than_the_budget_in_many_trials(races: int) -> None:
    task = new_task(MODELS)
    # 100 with the usual 500 races.
    trials = range(1, 1 + max(races // 5, 1))
    ends = [spent_within_the_budget(task, seed) for seed in trials]

    used_up = [end for end in ends if end.startswith("The session's budget of")]
    if len(ends) >= ENOUGH_TRIALS:
        assert len(used_up) >= len(ends) / 2, "some sessions may fail because a model has"
