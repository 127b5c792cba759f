"""How long a call of a function may take, and how long its worker holds the lease."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.context import InvocationContext
from ai_coordination.engine import factory, message_handler
from ai_coordination.engine.agent import lease as leases
from ai_coordination.engine.context import Engine
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    blueprint,
    function,
    session,
    start,
    started,
)
from tests.support.contexts import SYSTEM, At
from tests.support.graph_api import Place
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.stored import everything_stored

pytestmark = pytest.mark.usefixtures("worked_queue")


class Slow:
    """A function that answers when it is told to, and not before."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.has_answered = False

    def __call__(self, event: Any) -> Reply:
        self.may_answer.wait(timeout=60)
        self.has_answered = True
        return returning("Too late")


@pytest.fixture
def slow(functions: LambdaService) -> Iterator[Slow]:
    function = Slow()
    functions.deploy(FUNCTION, function)
    yield function
    function.may_answer.set()


def test_a_call_is_cut_off_when_the_attempt_is_over(slow: Slow) -> None:
    place = started([function(**WAITS)], [after("a", timeoutSeconds=1, retry={"maxAttempts": 1})])

    agent = agents(place)["a"]
    notes = "The function has not answered within 1 s"
    assert (agent["state"], agent["notes"]) == ("FAILED", notes)
    assert agent["currentRun"]["outcome"] == "TIMED_OUT"
    assert not slow.has_answered


def test_a_call_is_cut_off_while_the_worker_can_still_write_what_came_of_it(slow: Slow) -> None:
    place = start(blueprint([function(**WAITS)]), taskQuery="Which?")

    message_handler.agent_work(waiting_worker(6.5), one_agent(place))

    assert not slow.has_answered
    found = agents(place)["a"]
    assert (found["state"], found["attempt"]) == ("INITIAL", 1)
    assert found["currentRun"]["outcome"] == "TIMED_OUT"


def waiting_worker(seconds: float, context: InvocationContext = SYSTEM) -> Engine:
    """A worker of the lane of calls."""
    return factory.of_a_worker(context, seconds)._replace(waits=True)


def one_agent(place: Place) -> models.SessionAgent:
    (agent,) = models.SessionAgent.query(place.session, consistent_read=True)
    return agent


@pytest.mark.parametrize(
    ("parameters", "left", "lease"),
    [(WAITS, 900, 330), (WAITS, 200, 230), ({}, 900, 60), (WAITS, 20, 50), ({}, 20, 50)],
)
def test_a_lease_outlasts_the_call(
    functions: LambdaService, parameters: dict[str, str], left: int, lease: int
) -> None:
    leases: list[str] = []

    def read(event: Any) -> Reply:
        leases.append(str(one_agent(place).lease_until))
        return returning("Done")

    functions.deploy(FUNCTION, read)
    place = start(blueprint([function(**parameters)]), taskQuery="Which?")
    now = datetime.now(UTC)
    worker = waiting_worker(left, At(moment=now))

    message_handler.agent_work(worker, one_agent(place))

    assert leases == [timestamps.to_text(now + timedelta(seconds=lease))]


def test_a_call_that_there_is_no_time_for_is_not_begun(functions: LambdaService) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    rules = [after("a", timeoutSeconds=10)]
    place = start(blueprint([function(**WAITS)], rules), taskQuery="Which?")
    before = everything_stored()
    now = datetime.now(UTC)
    fresh = waiting_worker(60, At(moment=now))
    late = fresh._replace(works_until=now + timedelta(seconds=14))

    with pytest.raises(leases.NoTime, match="14 s are left"):
        message_handler.agent_work(late, one_agent(place))
    assert (everything_stored(), functions.invocations) == (before, [])

    in_time = fresh._replace(works_until=now + timedelta(seconds=16))
    message_handler.agent_work(in_time, one_agent(place))
    assert session(place)["status"] == "COMPLETED"


def test_a_worker_that_has_all_its_time_begins_what_may_take_longer(
    functions: LambdaService,
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    place = start(blueprint([function(**WAITS)]), taskQuery="Which?")

    message_handler.agent_work(waiting_worker(20), one_agent(place))

    assert session(place)["status"] == "COMPLETED"
