"""What the agents of a session are called in a terminal."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Agent = Mapping[str, Any]


def names(agents: Sequence[Agent]) -> dict[str, str]:
    """Return the agents' names by UUID. Agents of the same name have numbers.

    An agent that another one has added is named after it: `Summary [0]` is the first element of a
    list, `Writer, round 2` a round, `Supervisor [0] > Analyst` the first piece of delegated work.
    """
    by_uuid = {agent["sessionAgentUuid"]: agent for agent in agents}
    found: dict[str, str] = {}
    for level in _levels(agents, by_uuid):
        wanted = [_wanted(agent, by_uuid, found) for agent in level]
        several = {name for name, count in Counter(wanted).items() if count > 1}
        numbers: Counter[str] = Counter()
        for agent, name in zip(level, wanted, strict=True):
            numbers[name] += 1
            shown = f"{name} {numbers[name]}" if name in several else name
            found[agent["sessionAgentUuid"]] = shown
    return found


def _levels(agents: Sequence[Agent], by_uuid: Mapping[str, Agent]) -> Iterable[list[Agent]]:
    """The agents of the task, then those that these have added, and so on."""
    left = list(agents)
    known: set[str | None] = {None}
    while left:
        # A parent may be on a page that was read before it was written.
        level = [one for one in left if one.get("parentUuid") in known or _is_lost(one, by_uuid)]
        yield level
        placed = {one["sessionAgentUuid"] for one in level}
        known |= placed
        left = [one for one in left if one["sessionAgentUuid"] not in placed]


def _is_lost(agent: Agent, by_uuid: Mapping[str, Agent]) -> bool:
    return agent.get("parentUuid") not in by_uuid


def _wanted(agent: Agent, by_uuid: Mapping[str, Agent], found: Mapping[str, str]) -> str:
    own = _own(agent)
    parent_uuid = str(agent.get("parentUuid"))
    if parent_uuid not in found:
        return own
    parent = found[parent_uuid]
    if agent.get("itemIndex") is not None:
        parent += f" [{agent['itemIndex']}]"
    elif agent.get("round") is not None:
        parent += f", round {agent['round']}"
    is_itself = agent["agentUuid"] == by_uuid[parent_uuid]["agentUuid"]
    return parent if is_itself else f"{parent} > {own}"


def _own(agent: Agent) -> str:
    member = agent["agent"]
    return str(member["agentName"]) if member else "An agent"
