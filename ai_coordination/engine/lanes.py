"""Two lanes of messages: steps, which end at once, and calls, for which a worker waits.

Each lane has its own queue and workers, so slow agents do not delay steps. A worker waits for an
agent only if the message is in the lane of calls.
"""

from ai_coordination import models
from ai_coordination.messages import Lane
from ai_coordination.runtimes import registry


class OtherLane(Exception):
    """A step's worker may not wait for this agent. Its message is sent again, as a call."""


def has_answered(agent: models.SessionAgent) -> bool:
    """Whether an agent that has not ended keeps its answer of an earlier iteration."""
    return agent.agent_output is not None


def is_asked(agent: models.SessionAgent) -> bool:
    """Whether the agent's next step asks its runtime, or an external worker, for an answer.

    Not if it adds other agents first, and not if its output is what those said.
    """
    adds_first = agent.has_rule and not agent.grown
    return not (has_answered(agent) or adds_first or agent.collects)


def waits(agent: models.SessionAgent) -> bool:
    """Whether a worker that invokes the agent waits for its answer."""
    runtime = agent.member.runtime
    lane = registry.of(runtime.kind).lane(runtime.parameters)
    return lane is Lane.CALLS and is_asked(agent)


def is_pulled(agent: models.SessionAgent) -> bool:
    """Whether an external worker does the agent's work, so that nothing is invoked."""
    return registry.of(agent.member.runtime.kind).is_pulled and is_asked(agent)


def lane_of(agent: models.SessionAgent) -> Lane:
    """The lane of an agent's messages.

    Steps, if the agent was read without its member: the worker that reads the message sends it to
    the right lane.
    """
    return Lane.CALLS if agent.member is not None and waits(agent) else Lane.STEPS
