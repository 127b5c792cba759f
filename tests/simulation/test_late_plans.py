"""The text of a retry's plan is lost, and a worker that has found it so, or not, is late."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models
from ai_coordination.engine import message_handler, session_commands
from ai_coordination.engine.context import message
from ai_coordination.engine.session import retry, retry_plan
from ai_coordination.texts import LARGEST_INLINE_BYTES
from tests.simulation.late_write import LateWrite
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

ONE: list[dict[str, Any]] = [{"agent_uuid": "one", "retry": {"max_attempts": 1}}]


@pytest.fixture
def world() -> Iterator[Simulator]:
    """Each plan is a text in the bucket, and none is like another."""
    world, dump, plans = Simulator(), retry_plan.dump, count(LARGEST_INLINE_BYTES)

    def large(plan: retry_plan.Plan) -> str:
        return dump(plan) + next(plans) * " "

    with world.running(), patch.object(retry_plan, "dump", large):
        yield world


@pytest.fixture
def failed(world: Simulator) -> SlowRequest:
    """A session that has failed. The monitor does not watch it: it reads the plan itself."""
    slow = SlowRequest(world, ONE)
    slow.fail_all()
    world.landed = lambda: None
    return slow


def session_in(world: Simulator) -> models.Session:
    (session,) = models.Session.scan()
    return session


def look(world: Simulator) -> None:
    """Another worker finds the mark."""
    survives(lambda: message_handler.work(world.engine(), message(session_in(world))))


def die() -> None:
    raise Died("before the write")


def begin_to_retry(slow: SlowRequest) -> None:
    """The retry is marked, and its worker dies."""
    with patch.object(retry, "resume", lambda *given: die()):
        assert not survives(lambda: slow.ask(session_commands.retry))


def replace_the_plan(slow: SlowRequest) -> None:
    """Another worker replaces the plan that is lost, and dies."""
    LateWrite(slow.world, die, "started_at")
    look(slow.world)
    assert session_in(slow.world).operation == "retry-plan"


def retry_anew(slow: SlowRequest) -> None:
    """Another worker has finished the retry, and a caller has begun another one."""
    look(slow.world)
    session = session_in(slow.world)
    assert (session.status, session.iteration_count) == ("in_progress", 2)
    slow.ask(session_commands.cancel)
    begin_to_retry(slow)


def test_a_plan_that_was_replaced_meanwhile_begins_no_iteration(failed: SlowRequest) -> None:
    world = failed.world

    def others() -> None:
        world.bucket.texts.clear()
        replace_the_plan(failed)

    late = LateWrite(world, others, "started_at")
    failed.ask(session_commands.retry)

    assert late.landed is False
    look(world)
    assert session_in(world).iteration_count == 2


@pytest.mark.parametrize(
    ("others", "operation"), [(replace_the_plan, None), (retry_anew, "retry-plan")]
)
def test_a_plan_that_is_lost_is_replaced_once_and_by_none_of_another_retry(
    failed: SlowRequest, others: Callable[[SlowRequest], None], operation: str | None
) -> None:
    world = failed.world
    begin_to_retry(failed)
    world.bucket.texts.clear()

    late = LateWrite(world, lambda: others(failed), "retry_plan", without="due_at")
    look(world)

    assert late.landed is False
    session = session_in(world)
    assert (session.iteration_count, session.operation) == (2, operation)
