"""Two lanes of messages: steps, which are done at once, and calls, which a worker waits for.

Each has a queue and workers of its own, so that slow agents keep nobody else waiting. A message
says when it belongs to the lane of calls, and an agent is waited for by who has such a message.
"""

from ai_coordination import models
from ai_coordination.messages import Lane
from ai_coordination.services.runtimes import function
from ai_coordination.states import AgentRuntimeKind


class OtherLane(Exception):
    """The agent's call is waited for, and this worker does not wait: its message is sent again."""


def has_answered(agent: models.SessionAgent) -> bool:
    """Whether an agent that starts or is in progress keeps an answer of an earlier iteration."""
    return agent.agent_output is not None


def waits(agent: models.SessionAgent) -> bool:
    """Whether the worker waits for the return value of the agent's function."""
    runtime = agent.agent.runtime
    parameters = runtime.parameters if isinstance(runtime.parameters, dict) else {}
    is_function = runtime.kind == AgentRuntimeKind.LAMBDA.value and not has_answered(agent)
    return is_function and parameters.get("invocation") == function.WAITS


def lane_of(agent: models.SessionAgent) -> Lane:
    """The lane of an agent's messages.

    Steps, if the agent was read without its member: the worker that reads the message sends it to
    the right lane.
    """
    return Lane.CALLS if agent.agent is not None and waits(agent) else Lane.STEPS
