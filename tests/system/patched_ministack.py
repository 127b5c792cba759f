"""MiniStack, with what the template needs and it lacks: run in its own environment, with `-P`.

Each patch says what AWS does. docs/guides/operate.md lists them, for none of this was tried on AWS.
"""

import json
from datetime import UTC, datetime
from typing import Any

from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_actions  # type: ignore[import-not-found]
from ministack.services import eventbridge, lambda_svc  # type: ignore[import-not-found]

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"

_concurrency = lambda_svc._sqs_esm_concurrency
_invoke_target = eventbridge._invoke_target
_action = iam_actions.extract_iam_action
_resource = iam_actions.extract_resource_arn


def concurrency(mapping: dict[str, Any], *rest: Any) -> Any:
    """Read a number from a stack's parameter as a number."""
    scaling = mapping.get("ScalingConfig")
    if scaling:
        mapping["ScalingConfig"] = {name: int(value) for name, value in scaling.items()}
    return _concurrency(mapping, *rest)


def invoke_target(target: dict[str, Any], event: dict[str, Any], *rest: Any) -> None:
    """EventBridge Scheduler writes the time of a firing where its target's input asks for it."""
    if SCHEDULED_TIME in target.get("Input", ""):
        time = datetime.fromtimestamp(event["Time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        target = {**target, "Input": target["Input"].replace(SCHEDULED_TIME, time)}
    _invoke_target(target, event, *rest)


def action(*request: Any) -> Any:
    """Who may do something with a message of SQS may do it with a batch: no action is named so."""
    found = _action(*request)
    is_batch = isinstance(found, str) and found.startswith("sqs:")
    return found.removesuffix("Batch") if is_batch else found


def resource(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
    """The ARN of a schedule names its group."""
    arn = _resource(service, method, path, headers, body, *rest)
    if service != "scheduler" or ":schedule/default/" not in arn:
        return arn
    asked = rest[0].get("groupName") or json.loads(body or b"{}").get("GroupName") or "default"
    group = asked[0] if isinstance(asked, list) else asked
    return arn.replace(":schedule/default/", f":schedule/{group}/")


if __name__ == "__main__":
    lambda_svc._sqs_esm_concurrency = concurrency
    eventbridge._invoke_target = invoke_target
    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource
    app._port_is_bindable = lambda *_: False  # it would take 443 as well, where it may
    app.main()
