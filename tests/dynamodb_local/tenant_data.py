"""New tenants, and everything that is stored of one."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

from pynamodb.models import Model

from ai_coordination import models
from ai_coordination.api.node import MODELS
from ai_coordination.caller import Caller
from tests.support.contexts import SYSTEM

Items = dict[str, list[dict[str, Any]]]

COUNT_OF_CHANGES = models.SessionAgent.change_count.attr_name

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
_HASH = r"\b(?:[0-9a-f]{64}|[0-9a-f]{16})\b"
# Ordinals of agents that were added by hand, and moments in seconds.
_LARGE_NUMBER = r"\b\d{5,}\b"
_NAMES = re.compile(f"{_INSTANT}|{_UUID}|{_HASH}|{_LARGE_NUMBER}")


def new_tenant() -> Caller:
    """A caller of a tenant that has nothing yet."""
    return Caller(str(uuid4()), "sales", "u-17", "request-1", context=SYSTEM)


def everything_of(caller: Caller, *known: str, keys: Iterable[str] = ()) -> Items:
    """All items of a tenant, orphans too where their parent's uuid is `known`.

    `keys` are the idempotency keys it may have used.
    """
    coordinations = _under(models.Coordination, caller.partition_key)
    uuids = sorted({*known, *_named(coordinations, "coordination_uuid")})
    tasks = _under(models.Task, *uuids)
    sessions = _under(models.Session, *uuids)
    task_uuids = sorted({*known, *_named(tasks, "task_uuid")})
    session_uuids = sorted({*known, *_named(sessions, "session_uuid")})
    return {
        "coordinations": coordinations,
        "counts": _under(models.ChildCounts, *uuids, *_named(tasks, "task_uuid")),
        "tasks": tasks,
        "schedules": _under(models.TaskSchedule, *task_uuids),
        "sessions": sessions,
        "agents": _under(models.SessionAgent, *session_uuids),
        "runs": _under(models.SessionRun, *session_uuids),
        "keys": list(_records(caller, keys)),
    }


def _under(kind: type[Model], *hash_keys: str) -> list[dict[str, Any]]:
    return [item for hash_key in hash_keys for item in _partition(kind, hash_key)]


def _partition(kind: type[Model], hash_key: str) -> list[dict[str, Any]]:
    answer = models.connection.query(kind.Meta.table_name, hash_key, consistent_read=True)
    assert "LastEvaluatedKey" not in answer
    return [_without_count(item) for item in answer["Items"]]


def _without_count(item: dict[str, Any]) -> dict[str, Any]:
    """An item without its count of changes: a repeated write counts once more, and does no harm."""
    return {name: value for name, value in item.items() if name != COUNT_OF_CHANGES}


def _named(items: list[dict[str, Any]], attribute: str) -> Iterator[str]:
    return (item[attribute]["S"] for item in items)


def _records(caller: Caller, keys: Iterable[str]) -> Iterator[dict[str, Any]]:
    for key in keys:
        for kind in MODELS.values():
            address = f"{caller.partition_key}#{kind.__name__}#{key}"
            yield from _partition(models.Idempotency, address)


def alike(value: Any) -> Any:
    """The same of every tenant and at every time: names and moments replaced by numbers."""
    numbers = count(1)
    names: dict[str, str] = {}
    number = partial(_number, names, numbers)
    return json.loads(_NAMES.sub(number, json.dumps(_readable(value), sort_keys=True)))


def _number(names: dict[str, str], numbers: Iterator[int], found: re.Match[str]) -> str:
    if re.fullmatch(_INSTANT, found[0]):
        return "instant"
    return names.setdefault(found[0], f"name-{next(numbers)}")


def _readable(value: Any, name: str = "") -> Any:
    """Sets in order, and the uuids in global ids to be seen."""
    if isinstance(value, dict):
        return {key: _readable(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return sorted(value, key=int) if name == "NS" else [_readable(one) for one in value]
    if name in ("id", "deletedId"):
        return base64.urlsafe_b64decode(value).decode()
    return value
