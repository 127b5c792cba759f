"""Fingerprints of inputs: whether a key is used again with the same input.

A key's record names the version of its fingerprint's algorithm, and is compared by that version. So
neither a new member of an input nor a new algorithm makes last week's keys a conflict. A member
that is null or has its default counts as absent.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ai_coordination.states import FailurePolicy, RejectionPolicy, TimeoutPolicy

CURRENT = 2
OF_0_1_0 = 1

# Members that contain any JSON value. Only within these does null differ from absent.
JSON_MEMBERS = frozenset({"default", "form", "output_schema", "parameters"})
# The schema's defaults in the objects of an input, which GraphQL has filled in already. The creator
# of an `MutationInput` handles the defaults of its own members.
DEFAULTS: Mapping[str, Any] = {
    "predecessors": [],
    "primary_path": True,
    "on_failure": FailurePolicy.FAIL_SESSION,
    "max_attempts": 3,
    "interval_seconds": 1.0,
    "backoff_rate": 2.0,
    "max_turns": 10,
    "options": [],
    "on_timeout": TimeoutPolicy.FAIL,
    "on_rejection": RejectionPolicy.FAIL,
    "delay_seconds": 0,
    "max_rounds": 3,
    "delegates_to": [],
}


class MutationInput(NamedTuple):
    """A mutation's input: its members by name. None means the same as absent.

    `space` is the kind of entity that it creates. Each kind has its own keys.
    """

    space: str
    mutation: str
    members: Mapping[str, Any]


def of(mutation_input: MutationInput) -> str:
    """Return the fingerprint by the current algorithm."""
    return _hashed([mutation_input.mutation, _stated(mutation_input.members)])


def is_same(mutation_input: MutationInput, fingerprint: str, algorithm: int) -> bool:
    """Whether an input has this fingerprint, by the algorithm that created it.

    A later version's algorithm is unknown. Then the input counts as the same.
    """
    if algorithm == OF_0_1_0:
        return fingerprint == _of_0_1_0(mutation_input)
    return algorithm > CURRENT or fingerprint == of(mutation_input)


def _hashed(value: Any) -> str:
    written = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(written.encode()).hexdigest()


def _stated(value: Any) -> Any:
    """Return an input without absent members, at any depth except within JSON values."""
    if isinstance(value, Mapping):
        return {
            name: member if name in JSON_MEMBERS else _stated(member)
            for name, member in value.items()
            if member is not None and member != DEFAULTS.get(name)
        }
    if isinstance(value, list | tuple):
        return [_stated(element) for element in value]
    return value


# The members of version 0.1.0's fingerprints, in their order.
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
# The schema's defaults in version 0.1.0, which were part of the input.
_RULES: Mapping[str, Any] = {
    "primary_path": True,
    "timeout_seconds": 300,
    "on_failure": FailurePolicy.FAIL_SESSION,
}
_RETRY: Mapping[str, Any] = {"max_attempts": 3, "interval_seconds": 1.0, "backoff_rate": 2.0}


def _of_0_1_0(mutation_input: MutationInput) -> str:
    values = {
        **mutation_input.members,
        "agent_actions": [
            {"predecessors": [], **_rules_of_0_1_0(action)}
            for action in mutation_input.members.get("agent_actions") or ()
        ],
        "rules": _rules_of_0_1_0(mutation_input.members.get("rules") or {}),
    }
    return _hashed(_without_nulls([values.get(name) for name in _MEMBERS[mutation_input.mutation]]))


def _rules_of_0_1_0(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return rules with 0.1.0's defaults instead of today's. Absent rules stay absent."""
    if not rules:
        return rules
    retry = rules.get("retry")
    stated = {
        name: rule for name, rule in rules.items() if rule is None or rule != DEFAULTS.get(name)
    }
    return {**_RULES, **stated, "retry": None if retry is None else {**_RETRY, **retry}}


def _without_nulls(value: Any) -> Any:
    """Remove nulls as version 0.1.0 did, also within JSON values."""
    if isinstance(value, Mapping):
        return {
            name: _without_nulls(member) for name, member in value.items() if member is not None
        }
    if isinstance(value, list | tuple):
        return [_without_nulls(element) for element in value]
    return value
