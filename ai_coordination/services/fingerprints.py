"""Fingerprints of inputs: whether a repeated key comes with the input that it came with first.

The record of a key names the version of the algorithm that made its fingerprint, and is compared by
that version: so neither a new member of an input nor a new algorithm makes the keys of last week a
conflict. A member that is null, or has its default, says the same as one that was left out.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ai_coordination.states import FailurePolicy

CURRENT = 2
OF_0_1_0 = 1

# Members that hold any JSON value: only in these does null say something else than nothing.
JSON_MEMBERS = frozenset({"parameters"})
# The schema's defaults in the objects of an input: GraphQL has put them in before anybody sees it.
# Those of the input's own members are the business of `Input`.
DEFAULTS: Mapping[str, Any] = {
    "predecessors": [],
    "primary_path": True,
    "on_failure": FailurePolicy.FAIL_SESSION,
    "max_attempts": 3,
    "interval_seconds": 1.0,
    "backoff_rate": 2.0,
}


@dataclass(frozen=True, slots=True)
class Input:
    """What a mutation was given: its members by name, None where they say the same as left out.

    `space` is the kind of what it creates: each kind has keys of its own.
    """

    space: str
    mutation: str
    members: Mapping[str, Any]


def of(given: Input) -> str:
    """The fingerprint by the current algorithm."""
    return _hashed([given.mutation, _stated(given.members)])


def is_same(given: Input, fingerprint: str, algorithm: int) -> bool:
    """Whether an input has this fingerprint, by the algorithm that made it.

    An algorithm of a later version cannot be judged by: then the key alone decides.
    """
    if algorithm == OF_0_1_0:
        return fingerprint == _of_0_1_0(given)
    return algorithm > CURRENT or fingerprint == of(given)


def _hashed(value: Any) -> str:
    written = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(written.encode()).hexdigest()


def _stated(value: Any) -> Any:
    """An input without what says nothing, at any depth but inside of JSON values."""
    if isinstance(value, Mapping):
        return {
            name: one if name in JSON_MEMBERS else _stated(one)
            for name, one in value.items()
            if one is not None and one != DEFAULTS.get(name)
        }
    if isinstance(value, list | tuple):
        return [_stated(one) for one in value]
    return value


# What version 0.1.0 made its fingerprints of: these members, in this order.
_MEMBERS: Mapping[str, Sequence[str]] = {
    "createCoordination": ("coordination_name", "coordination_description", "agents"),
    "createTask": (
        "coordination_uuid",
        "task_name",
        "task_description",
        "initial_task_query",
        "subtask_queries",
        "agent_actions",
    ),
    "createTaskSchedule": ("coordination_uuid", "task_uuid", "schedule", "timezone", "status"),
    "createSession": (
        "coordination_uuid",
        "task_uuid",
        "user_id",
        "task_query",
        "input_files",
        "subtask_queries",
    ),
    "startSession": (
        "coordination_uuid",
        "task_uuid",
        "user_id",
        "task_query",
        "input_files",
        "subtask_queries",
        "thread_uuid",
    ),
    "createSessionAgent": (
        "coordination_uuid",
        "session_uuid",
        "agent_uuid",
        "predecessors",
        "rules",
        "subtask_query",
        "user_input",
        "agent_input",
        "notes",
    ),
    "recordSessionRun": (
        "coordination_uuid",
        "session_uuid",
        "agent_uuid",
        "thread_uuid",
        "async_task_uuid",
        "session_agent_uuid",
        "outcome",
        "notes",
        "usage",
        "finished_at",
    ),
}
# The schema's defaults of then, which were part of what was given.
_RULES: Mapping[str, Any] = {
    "primary_path": True,
    "timeout_seconds": 300,
    "on_failure": FailurePolicy.FAIL_SESSION,
}
_RETRY: Mapping[str, Any] = {"max_attempts": 3, "interval_seconds": 1.0, "backoff_rate": 2.0}


def _of_0_1_0(given: Input) -> str:
    values = {
        **given.members,
        "agent_actions": [
            {"predecessors": [], **_rules_of_0_1_0(one)}
            for one in given.members.get("agent_actions") or ()
        ],
        "rules": _rules_of_0_1_0(given.members.get("rules") or {}),
    }
    return _hashed(_without_nulls([values.get(name) for name in _MEMBERS[given.mutation]]))


def _rules_of_0_1_0(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rules with the defaults of then, and not of now; none where no rules were given."""
    if not rules:
        return rules
    retry = rules.get("retry")
    told = {name: one for name, one in rules.items() if one is None or one != DEFAULTS.get(name)}
    return {**_RULES, **told, "retry": None if retry is None else {**_RETRY, **retry}}


def _without_nulls(value: Any) -> Any:
    """As version 0.1.0 had it: a null inside of a JSON value was dropped too."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(one) for one in value]
    return value
