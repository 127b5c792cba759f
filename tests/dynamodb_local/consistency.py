"""Invariants of everything that is stored of a tenant."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.dynamodb_local.tenant_data import Items

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
    """Return the UUIDs of all entities of a kind."""
    return {item[OWN_UUID[kind]]["S"] for item in left[kind]}


def inconsistencies(left: Items) -> list[str]:
    """List what is wrong: orphans, wrong counts of children, edges that only one end knows."""
    runs = left["runs"]
    children = {
        **left,
        "runs of none": [run for run in runs if "session_agent_uuid" not in run],
        "runs of an agent": [run for run in runs if "session_agent_uuid" in run],
    }
    counted = {**left, "coordinations": list(_counted(left))}
    wrong = [one for guard in GUARDS for one in _miscounted(counted, children, *guard)]
    return [*wrong, *_one_ended(left["agents"]), *_alone(left)]


def _counted(left: Items) -> Iterable[Item]:
    """The coordinations, each with the sum of its own counts and those in child_counts."""
    beside = {item["parent_uuid"]["S"]: item for item in left["counts"]}
    for item in left["coordinations"]:
        both = [item, beside.get(item["coordination_uuid"]["S"], {})]
        sums = {
            name: {"N": str(sum(int(one[name]["N"]) for one in both if name in one))}
            for name in ("task_count", "session_count")
        }
        yield {**item, **sums}


def _alone(left: Items) -> Iterable[str]:
    """List counts whose parent is deleted. A parent of version 0.1.0 may have no counts."""
    parents = uuids(left, "coordinations") | uuids(left, "tasks")
    for uuid in {item["parent_uuid"]["S"] for item in left["counts"]} - parents:
        yield f"{uuid} is gone, and its counts are not"


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
