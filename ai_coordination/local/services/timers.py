"""EventBridge Scheduler: groups of schedules. It only holds them: `local/schedules.py` fires them.

Source: Amazon EventBridge Scheduler API Reference.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ai_coordination.local.errors import Refused
from ai_coordination.local.sqlite import File

CREATE = (
    "CREATE TABLE IF NOT EXISTS timer_groups (name TEXT PRIMARY KEY, created_at REAL NOT NULL)",
    """CREATE TABLE IF NOT EXISTS timers (
        number INTEGER PRIMARY KEY, grp TEXT NOT NULL, name TEXT NOT NULL, request TEXT NOT NULL,
        created_at REAL NOT NULL, UNIQUE (grp, name)
    )""",
)
DEFAULT_GROUP = "default"
MOST_OF_A_LIST = 100

Request = Mapping[str, Any]
Operation = Callable[[Request], dict[str, Any]]


class Timers:
    """All groups with their schedules. They are thread-safe."""

    def __init__(self, file: File, utc: Callable[[], datetime], region: str = "us-east-1") -> None:
        self._file = file
        self._utc = utc
        self._arn = f"arn:aws:scheduler:{region}:123456789012"
        file.create(*CREATE)
        self._operations: dict[str, Operation] = {
            "CreateSchedule": self._create,
            "CreateScheduleGroup": self._create_group,
            "DeleteSchedule": self._delete,
            "GetSchedule": self._get,
            "GetScheduleGroup": self._get_group,
            "ListSchedules": self._list,
        }

    def call(self, operation: str, request: Request) -> dict[str, Any]:
        """The answer to a request. Raises Refused where EventBridge answers with an error."""
        if operation not in self._operations:
            what = f"{operation} is not supported by the embedded EventBridge Scheduler"
            raise Refused("ValidationException", what)
        with self._file.transaction():
            return self._operations[operation](request)

    def _create_group(self, request: Request) -> dict[str, Any]:
        name = request["Name"]
        if self._group_time(name) is not None:
            raise Refused("ConflictException", f"Schedule group {name} already exists.", 409)
        now = self._utc().timestamp()
        self._file.rows("INSERT INTO timer_groups VALUES (?, ?)", (name, now))
        return {"ScheduleGroupArn": f"{self._arn}:schedule-group/{name}"}

    def _group_time(self, name: str) -> float | None:
        """When a group was created; None where there is none. The default group always is."""
        found = self._file.first("SELECT created_at FROM timer_groups WHERE name = ?", (name,))
        if found is None:
            return 0.0 if name == DEFAULT_GROUP else None
        return float(found[0])

    def _get_group(self, request: Request) -> dict[str, Any]:
        name = request["Name"]
        at = self._group_time(name)
        if at is None:
            raise _no_such(f"Schedule group {name}")
        return {
            "Name": name,
            "State": "ACTIVE",
            "Arn": f"{self._arn}:schedule-group/{name}",
            "CreationDate": _time(at),
        }

    def _create(self, request: Request) -> dict[str, Any]:
        group, name = _place(request)
        if self._group_time(group) is None:
            raise _no_such(f"Schedule group {group}")
        if self._held(group, name) is not None:
            raise Refused("ConflictException", f"Schedule {name} already exists.", 409)
        written = {key: value for key, value in request.items() if key != "ClientToken"}
        self._file.rows(
            "INSERT INTO timers (grp, name, request, created_at) VALUES (?, ?, ?, ?)",
            (group, name, json.dumps(written, default=_written_time), self._utc().timestamp()),
        )
        return {"ScheduleArn": f"{self._arn}:schedule/{group}/{name}"}

    def _held(self, group: str, name: str) -> tuple[str, float] | None:
        held: tuple[str, float] | None = self._file.first(
            "SELECT request, created_at FROM timers WHERE grp = ? AND name = ?", (group, name)
        )
        return held

    def _get(self, request: Request) -> dict[str, Any]:
        group, name = _place(request)
        held = self._held(group, name)
        if held is None:
            raise _no_such(f"Schedule {name}")
        return self._shown(group, name, *held)

    def all(self, group: str) -> list[dict[str, Any]]:
        """All schedules of a group as GetSchedule shows them, in the order of their creation."""
        with self._file.turn():
            found = self._file.rows(
                "SELECT name, request, created_at FROM timers WHERE grp = ? ORDER BY number",
                (group,),
            )
        return [self._shown(group, name, written, at) for name, written, at in found]

    def _shown(self, group: str, name: str, written: str, created_at: float) -> dict[str, Any]:
        return {
            "State": "ENABLED",
            "ScheduleExpressionTimezone": "UTC",
            **_read(written),
            "GroupName": group,
            "Arn": f"{self._arn}:schedule/{group}/{name}",
            "CreationDate": _time(created_at),
            "LastModificationDate": _time(created_at),
        }

    def _delete(self, request: Request) -> dict[str, Any]:
        group, name = _place(request)
        deleted = self._file.count("DELETE FROM timers WHERE grp = ? AND name = ?", (group, name))
        if not deleted:
            raise _no_such(f"Schedule {name}")
        return {}

    def _list(self, request: Request) -> dict[str, Any]:
        """The schedules in the order in which they were created."""
        group, prefix = request.get("GroupName"), request.get("NamePrefix") or ""
        if group is not None and self._group_time(group) is None:
            raise _no_such(f"Schedule group {group}")
        most = request.get("MaxResults") or MOST_OF_A_LIST
        found = self._file.rows(
            "SELECT number, grp, name, request, created_at FROM timers"
            " WHERE (?1 IS NULL OR grp = ?1) AND substr(name, 1, length(?2)) = ?2 AND number > ?3"
            " ORDER BY number LIMIT ?4",
            (group, prefix, int(request.get("NextToken") or 0), most + 1),
        )
        schedules = [
            {
                "Arn": f"{self._arn}:schedule/{of}/{name}",
                "CreationDate": _time(at),
                "GroupName": of,
                "LastModificationDate": _time(at),
                "Name": name,
                "State": "ENABLED",
                "Target": {"Arn": json.loads(written)["Target"]["Arn"]},
            }
            for _, of, name, written, at in found[:most]
        ]
        more = {"NextToken": str(found[most - 1][0])} if len(found) > most else {}
        return {"Schedules": schedules, **more}


def _place(request: Request) -> tuple[str, str]:
    return request.get("GroupName") or DEFAULT_GROUP, request["Name"]


def _no_such(what: str) -> Refused:
    return Refused("ResourceNotFoundException", f"{what} does not exist.", 404)


def _written_time(value: datetime) -> float:
    return value.timestamp()


def _read(written: str) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(written)
    for name in ("StartDate", "EndDate"):
        if name in request:
            request[name] = _time(request[name])
    return request


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
