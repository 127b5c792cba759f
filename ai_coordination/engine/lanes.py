"""Two lanes of messages: steps, which are done at once, and calls, which a worker waits for.

Each has a queue and workers of its own, so that slow agents keep nobody else waiting. A message
says when it belongs to the lane of calls, and an agent is waited for by who has such a message.
"""

from ai_coordination import models
from ai_coordination.messages import Lane
from ai_coordination.runtimes import registry


class OtherLane(Exception):
    """The agent's call is waited for, and this worker does not wait: its message is sent again."""


def has_answered(agent: models.SessionAgent) -> bool:
    """Whether an agent that starts or is in progress keeps an answer of an earlier iteration."""
    return agent.agent_output is not None


def waits(agent: models.SessionAgent) -> bool:
    """Whether a worker that invokes the agent waits for its answer."""
    runtime = agent.agent.runtime
    lane = registry.of(runtime.kind).lane(runtime.parameters)
    return lane is Lane.CALLS and not has_answered(agent)


def is_pulled(agent: models.SessionAgent) -> bool:
    """Whether an external worker does the agent's work, so that nothing is invoked."""
    return registry.of(agent.agent.runtime.kind).is_pulled and not has_answered(agent)


def lane_of(agent: models.SessionAgent) -> Lane:
    """The lane of an agent's messages.

    Steps, if the agent was read without its member: the worker that reads the message sends it to
    the right lane.
    """
    return Lane.CALLS if agent.agent is not None and waits(agent) else Lane.STEPS
