"""Read the agents of a batch of messages in one call, instead of each in a call of its own.

An agent is then a little older when its message is handled: other messages of the batch came
first. That is as if the worker had been slower: whatever it writes has the state that it has read
as its condition. And what a message is about was written before the message was sent, so it was
read.
"""

from collections.abc import Iterable
from typing import Final

from ai_coordination import models, telemetry
from ai_coordination.context import InvocationContext
from ai_coordination.messages import AgentMessage, Message, RuntimeMessage
from ai_coordination.models import reads

# Messages of a batch may wait for agents. What was read before is not worth much then.
LONGEST_SECONDS: Final = 5.0

OfAgent = AgentMessage | RuntimeMessage


class ReadAhead:
    """The agents that were read, each for one message: the next one about it reads it anew."""

    def __init__(self, agents: dict[reads.Key, models.SessionAgent], until: float) -> None:
        """They are of use until then, in seconds of the monotonic clock."""
        self._agents = agents
        self._until = until

    def take(self, message: OfAgent, context: InvocationContext) -> models.SessionAgent | None:
        """The agent of a message, None if it must be read."""
        agent = self._agents.pop(_key(message), None)
        if agent is None or context.monotonic() > self._until:
            return None
        return agent if agent.partition_key == message.tenant else None


def read(messages: Iterable[Message], context: InvocationContext) -> ReadAhead | None:
    """Read the agents of all messages. None if there are not several, or they cannot be read.

    Then each message reads its own, so that an agent whose item is broken affects no other.
    """
    keys = {_key(message) for message in messages if isinstance(message, OfAgent)}
    if len(keys) < 2:
        return None
    until = context.monotonic() + LONGEST_SECONDS
    try:
        return ReadAhead(reads.batch_get_of_tenants(keys, context=context), until)
    except Exception:  # noqa: BLE001 - see above
        telemetry.logger.warning("read ahead", exc_info=True, extra={"agents": len(keys)})
        return None


def _key(message: OfAgent) -> reads.Key:
    return models.SessionAgent, message.session_uuid, message.session_agent_uuid
