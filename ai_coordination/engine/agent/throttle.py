"""Make an attempt again that was throttled: a throttled run does not count as an attempt.

An agent is throttled if the other side refuses the call because it has too much to do. A policy of
a few attempts within seconds would be over before a quota for each minute is free again. So the
agent returns to INITIAL with the attempts that it had before, and waits for as long as the other
side says, or longer each time. That is tolerated for a while after an attempt was first throttled.
Then the attempt has failed.
"""

from datetime import timedelta

from pynamodb.expressions.condition import Condition

from ai_coordination import models, telemetry, texts, timestamps
from ai_coordination.engine.agent import spending, transitions
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.context import Engine
from ai_coordination.runtimes.base import RunFailed

# After the first throttled run of an attempt, the second, and so on. The last one is repeated.
WAITS_SECONDS = (5.0, 10.0, 20.0, 40.0, 60.0)
LONGEST_WAIT_SECONDS = 24 * 3600.0
# Agents that were throttled together do not all come back at the same moment.
SPREAD = 0.1
NOTES = "Throttled: {}"


def is_tolerated(engine: Engine, agent: models.SessionAgent, failed: RunFailed) -> bool:
    """Whether a run does not count as an attempt, because it was throttled."""
    if not failed.throttled or failed.throttle_seconds <= 0:
        return False
    if agent.throttled_since is None:
        return True
    ends_at = timestamps.parse(agent.throttled_since) + timedelta(seconds=failed.throttle_seconds)
    return engine.context.utc() <= ends_at


def repeat_later(
    engine: Engine, agent: models.SessionAgent, failed: RunFailed, fence: Condition
) -> None:
    """End a throttled run, and make the same attempt again after a wait, with another run.

    The run is the record of a call that was refused, so it is sealed as FAILED.
    """
    wait = _wait_seconds(engine, agent, failed.after_seconds)
    notes = texts.store(texts.Owner.of(agent), NOTES.format(failed.notes))
    transition = transitions.to_same_attempt(engine, agent, notes, fence, wait)
    again = apply(engine, spending.charged(transition, failed.usage))
    if again is not None:
        times = int(again.throttles)
        telemetry.logger.info("throttled", extra={"throttles": times, "wait_seconds": wait})
        engine.send(again, delay_seconds=wait)


def _wait_seconds(engine: Engine, agent: models.SessionAgent, after_seconds: float | None) -> float:
    """How long to wait: as the other side says, but longer each time."""
    times = int(agent.throttles or 0)
    least = WAITS_SECONDS[min(times, len(WAITS_SECONDS) - 1)]
    return spread(engine, max(least, after_seconds or 0.0))


def spread(engine: Engine, seconds: float) -> float:
    """A wait of these seconds or up to a tenth more, at most a day."""
    return min(seconds * (1 + SPREAD * engine.context.random()), LONGEST_WAIT_SECONDS)
