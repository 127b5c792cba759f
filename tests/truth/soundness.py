"""What has to hold of everything that is stored of a tenant, at any time."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.truth.tenants import Items

Item = dict[str, Any]

OWN_UUID = {
    "coordinations": "coordination_uuid",
    "tasks": "task_uuid",
    "schedules": "schedule_uuid",
    "sessions": "session_uuid",
    "agents": "session_agent_uuid",
    "runs": "run_uuid",
}
# Parents, how they count, and what.
GUARDS = [
    ("coordinations", "task_count", "tasks"),
    ("coordinations", "session_count", "sessions"),
    ("tasks", "schedule_count", "schedules"),
    ("sessions", "agent_count", "agents"),
    ("sessions", "run_count", "runs of none"),
    ("agents", "run_count", "runs of an agent"),
]


def uuids(left: Items, kind: str) -> set[str]:
    """Those of all entities of a kind."""
    return {item[OWN_UUID[kind]]["S"] for item in left[kind]}


def unsound(left: Items) -> list[str]:
    """What is wrong: orphans, counts that are not the number of children, edges of one end."""
    runs = left["runs"]
    children = {
        **left,
        "runs of none": [run for run in runs if "session_agent_uuid" not in run],
        "runs of an agent": [run for run in runs if "session_agent_uuid" in run],
    }
    wrong = [one for guard in GUARDS for one in _miscounted(left, children, *guard)]
    return [*wrong, *_one_ended(left["agents"])]


def _miscounted(left: Items, children: Items, parents: str, count: str, kind: str) -> Iterable[str]:
    name = OWN_UUID[parents]
    there = Counter(item[name]["S"] for item in children[kind])
    counted = {item[name]["S"]: int(item[count]["N"]) for item in left[parents]}
    for uuid in there.keys() | counted.keys():
        if counted.get(uuid) != there[uuid]:
            yield f"{parents} {uuid} count {counted.get(uuid)} {kind}, and there are {there[uuid]}"


def _one_ended(agents: Iterable[Item]) -> Iterable[str]:
    ahead = {(item["ordinal"]["N"], one) for item in agents for one in _set(item, "successors")}
    back = {(one, item["ordinal"]["N"]) for item in agents for one in _set(item, "predecessors")}
    return [f"only one end knows the edge {edge}" for edge in ahead ^ back]


def _set(item: Item, attribute: str) -> list[str]:
    return list(item.get(attribute, {"NS": []})["NS"])
