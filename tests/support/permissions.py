"""The permissions that a function's calls need, and those that the template grants."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple
from unittest.mock import patch

from botocore.client import BaseClient

from ai_coordination import models, worker
from ai_coordination.config import Settings, settings
from tests.support.templates import ARN_OF_BUCKET, ARN_OF_ROLE, ARN_OF_SCHEDULES, ARN_OF_TABLES

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


class Permission(NamedTuple):
    """An action, and what it is done to: by the template's names of its resources."""

    action: str
    resource: str


# The actions of a transaction are those of its parts.
_PARTS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_OTHERS = {
    ("events", "PutEvents"): [("events:PutEvents", "EventBus")],
    ("lambda", "Invoke"): [("lambda:InvokeFunction", "${AgentFunctionPrefix}*")],
    ("s3", "DeleteObjects"): [("s3:DeleteObject", "Texts/*")],
    # Without the right to list a bucket, a missing text is reported as forbidden.
    ("s3", "GetObject"): [("s3:GetObject", "Texts/*"), ("s3:ListBucket", "Texts")],
    ("s3", "ListObjectsV2"): [("s3:ListBucket", "Texts")],
    ("s3", "PutObject"): [("s3:PutObject", "Texts/*")],
    ("scheduler", "CreateSchedule"): [
        ("scheduler:CreateSchedule", "Schedules/*"),
        ("iam:PassRole", "ScheduleRole"),
    ],
    ("scheduler", "DeleteSchedule"): [("scheduler:DeleteSchedule", "Schedules/*")],
}
_OF_QUEUES = {
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "SendMessage": "sqs:SendMessage",
    "SendMessageBatch": "sqs:SendMessage",
}
_ARNS = {ARN_OF_BUCKET: "Texts", ARN_OF_SCHEDULES: "Schedules", ARN_OF_ROLE: "ScheduleRole"}
# Lambda itself writes logs, receives the worker's messages, and stores failed ones.
_LAMBDAS_OWN = {"Failed", "Logs", "Work"}
# What Lambda itself does with the queue, and the tests with what they look at.
_OF_OTHERS = {
    ("sqs", "ReceiveMessage"),
    ("sqs", "DeleteMessageBatch"),
    ("scheduler", "GetSchedule"),
    ("scheduler", "ListSchedules"),
}


@dataclass
class UsedBy:
    """What one function has needed so far, and which settings it has read."""

    permissions: set[Permission] = field(default_factory=set)
    settings: set[str] = field(default_factory=set)


class Used:
    """What each function has needed so far. Outside of the others' events it is the API."""

    def __init__(self) -> None:
        self.api = UsedBy()
        self.worker = UsedBy()
        self.caller = UsedBy()
        self._now = self.api

    def apart(self, handler: Handler) -> Handler:
        """The handler of worker and caller, the calls of each recorded apart."""

        def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            records = event.get("Records", ())
            self._now = self.caller if any(map(_is_call, records)) else self.worker
            try:
                return handler(event, context)
            finally:
                self._now = self.api

        return handle

    def read(self, setting: str) -> None:
        if setting in Settings._fields:
            self._now.settings.add(setting)

    def note(self, client: Any, operation: str, parameters: Mapping[str, Any]) -> None:
        service = client.meta.service_model.service_name
        if (service, operation) not in _OF_OTHERS:
            self._now.permissions.update(_needed(service, operation, parameters))


def _is_call(record: Mapping[str, Any]) -> bool:
    """Whether a record is from the queue of calls. The development server does not say so."""
    queue = str(settings().calls_queue_url).rpartition("/")[2]
    return record.get("eventSourceARN", "").endswith(queue) or '"calls"' in record["body"]


@contextmanager
def used_permissions() -> Iterator[Used]:
    """What every call inside the block needs to be allowed, and which settings are read for it."""
    used = Used()
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def note_and_call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        used.note(client, operation, parameters)
        return original(client, operation, parameters)

    def note_and_read(settings: Settings, name: str) -> Any:
        used.read(name)
        return object.__getattribute__(settings, name)

    with (
        patch.object(Settings, "__getattribute__", note_and_read),
        patch.object(BaseClient, "_make_api_call", note_and_call),
        patch.object(worker, "handler", used.apart(worker.handler)),
    ):
        yield used


def _needed(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Permission]:
    if service == "sqs":
        lane = "Calls" if parameters["QueueUrl"] == settings().calls_queue_url else "Messages"
        yield Permission(_OF_QUEUES[operation], lane)
    elif service != "dynamodb":
        yield from (Permission(*one) for one in _OTHERS[service, operation])
    elif operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            for part, of_part in item.items():
                yield Permission(f"dynamodb:{_PARTS[part]}", _table(of_part["TableName"]))
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for table in parameters["RequestItems"]:
            yield Permission(f"dynamodb:{operation}", _table(table))
    else:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield Permission(f"dynamodb:{operation}", _table(parameters["TableName"]) + index)


def _table(name: str) -> str:
    """Return a table's name without the prefix, as `_short` does for the template's ARNs."""
    own = {table.Meta.table_name.removeprefix("ai-coordination-") for table in models.TABLES}
    short = name.removeprefix("ai-coordination-")
    assert short in own
    return short


def granted(statements: Sequence[Mapping[str, Any]]) -> set[Permission]:
    """What a role's statements allow the code: not what Lambda itself does in the role."""
    own = [one for one in statements if one["Sid"] not in _LAMBDAS_OWN]
    pairs = ((_listed(one["Action"]), _listed(one["Resource"])) for one in own)
    return {
        Permission(action, _short(resource))
        for actions, resources in pairs
        for action, resource in product(actions, resources)
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _short(resource: Mapping[str, str]) -> str:
    """What an ARN of the template names: a table without its prefix, Texts/*, or the last part."""
    written = next(iter(resource.values()))
    if written.startswith(ARN_OF_TABLES):
        return written.removeprefix(ARN_OF_TABLES + "${TablePrefix}")
    for arn, name in _ARNS.items():
        if written.startswith(arn):
            return written.replace(arn, name)
    if written.startswith("arn:"):
        last = re.split(r"[:/](?=\$\{\w+\})", written)[-1]
        return last if "Prefix" in last else re.sub(r"[${}]", "", last)
    return re.sub(r"[${}]|\.Arn", "", written)
