"""Where an agent's task is: what the engine keeps of it between two calls."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

from ai_coordination.clients.a2a_card import Interface, Version
from ai_coordination.clients.a2a_tasks import Task
from ai_coordination.runtimes.a2a_parameters import POLL_SECONDS
from ai_coordination.runtimes.base import Call

GROWTH: Final = 1.5
LONGEST_POLL_SECONDS: Final = 60.0
# After so many polls the wait no longer grows, whatever the first one is.
_MOST_GROWING: Final = 20


class Place(NamedTuple):
    """A task at an interface. `polls` were made, of which the last `misses` had no answer."""

    interface: Interface
    task: str
    context: str | None
    polls: int = 0
    misses: int = 0

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """The place that `stored` is, as `as_json` writes it."""
        interface = Interface(stored["url"], Version(stored["version"]), stored.get("tenant"))
        return cls(
            interface,
            stored["task"],
            stored.get("context"),
            stored.get("polls", 0),
            stored.get("misses", 0),
        )

    def as_json(self) -> dict[str, Any]:
        """What is kept of it."""
        known = {
            "task": self.task,
            "context": self.context,
            "url": self.interface.url,
            "version": self.interface.version.value,
            "tenant": self.interface.tenant,
            "polls": self.polls or None,
            "misses": self.misses or None,
        }
        return {name: value for name, value in known.items() if value is not None}

    def polled(self, *, missed: bool) -> Self:
        """The place after one more poll."""
        return self._replace(polls=self.polls + 1, misses=self.misses + 1 if missed else 0)

    def wait(self, parameters: Mapping[str, Any]) -> float:
        """The seconds until the next poll."""
        first = float(parameters.get("pollSeconds", POLL_SECONDS))
        grown = first * GROWTH ** min(self.polls, _MOST_GROWING)
        return min(grown, max(first, LONGEST_POLL_SECONDS))


def place_of(interface: Interface, task: Task, sent: str | None) -> Place:
    """The place of a task that was begun in the context that was `sent`."""
    return Place(interface, task.task, task.context or sent)


def context_of(call: Call) -> str:
    """The name of the conversation: the same in each run of the agent in a thread.

    The thread's own name must not be sent: agents continue a conversation for every client that
    names it, and callers choose the names of threads. A further attempt has a conversation of its
    own, because the one in which an attempt failed may be what made it fail.
    """
    agent = call.agent
    names = [agent.partition_key, agent.thread_uuid, agent.agent_uuid]
    digest = hashlib.sha256("#".join(map(str, names)).encode()).hexdigest()
    if call.attempt <= 1:
        return digest
    return f"{digest}#{call.attempt}" if call.turn == 1 else f"{digest}#{call.turn}.{call.attempt}"
