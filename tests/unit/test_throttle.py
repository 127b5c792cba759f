"""How long a throttled agent waits, and for how long that is tolerated."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from ai_coordination import models
from ai_coordination.engine.agent import throttle
from ai_coordination.engine.context import Engine
from ai_coordination.runtimes.base import RunFailed
from tests.support.contexts import At

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAY = 24 * 3600.0


@dataclass(frozen=True)
class Drawn(At):
    """A clock that stands still, and a random number that is known."""

    number: float = field(kw_only=True)

    def random(self) -> float:
        return self.number


def engine(number: float = 0.0, seconds: float = 0.0) -> Engine:
    moment = NOW + timedelta(seconds=seconds)
    return Engine(queue=None, context=Drawn(moment=moment, number=number))  # type: ignore[arg-type]


def agent(throttles: int | None) -> models.SessionAgent:
    since = None if throttles is None else NOW.isoformat(timespec="microseconds")
    return models.SessionAgent("s", "a", throttles=throttles, throttled_since=since)


def test_an_agent_waits_longer_each_time() -> None:
    waits = [throttle._wait_seconds(engine(), agent(times), None) for times in (None, *range(1, 8))]

    assert waits == [5, 10, 20, 40, 60, 60, 60, 60]


@pytest.mark.parametrize(
    ("after_seconds", "number", "waits"),
    [
        (None, 0.5, 10.5),
        (0.0, 0.0, 10.0),
        (9.0, 0.0, 10.0),
        (12.0, 0.0, 12.0),
        (12.0, 0.5, 12.6),
        (DAY - 1, 0.5, DAY),
        (float("inf"), 0.0, DAY),
    ],
)
def test_an_agent_waits_as_long_as_it_is_told_if_that_is_longer(
    after_seconds: float | None, number: float, waits: float
) -> None:
    seconds = throttle._wait_seconds(engine(number), agent(1), after_seconds)

    assert seconds == pytest.approx(waits)


BUSY = RunFailed("busy", throttled=True)


@pytest.mark.parametrize(
    ("failed", "throttles", "seconds", "is_tolerated"),
    [
        (BUSY, None, 9_999, True),
        (BUSY, 1, 0, True),
        (BUSY, 8, 300, True),
        (BUSY, 8, 300.001, False),
        (RunFailed("busy", throttled=True, throttle_seconds=1), 1, 1.001, False),
        (RunFailed("busy", throttled=True, throttle_seconds=0), None, 0, False),
        (RunFailed("no"), None, 0, False),
    ],
)
def test_a_throttled_run_is_tolerated_for_a_while_after_the_first_one(
    failed: RunFailed, throttles: int | None, seconds: float, is_tolerated: bool
) -> None:
    found = throttle.is_tolerated(engine(seconds=seconds), agent(throttles), failed)

    assert found == is_tolerated
