"""The Lambda function of the worker: messages of the queue, firings, and the minute's sweep."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from ai_coordination import telemetry
from ai_coordination.services import timers
from ai_coordination.services.execution import engines, firing, releasing, sweeping, working
from ai_coordination.services.execution.engine import Engine

# What a step needs besides its agent's call; with less left it is not begun.
SECONDS_OF_A_STEP = 10.0


class LambdaContext(Protocol):
    """What is used of the object that Lambda passes beside the event."""

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Works off a batch of SQS, and says which messages have to come again; or fires; or sweeps."""
    engine = engines.of_a_worker(context.get_remaining_time_in_millis() / 1000)
    if event.get("kind") == timers.KIND:
        return {"firing": firing.fire(engine, timers.scheduler(), event)}
    records = event.get("Records")
    if records is None:
        return {"found": sweeping.sweep(engine)}
    if len(records) > 1:
        engine = replace(engine, gathered=[])
    failed = [record["messageId"] for record in records if not _worked(engine, record, context)]
    releasing.release_gathered(engine)
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def _worked(engine: Engine, record: Mapping[str, Any], context: LambdaContext) -> bool:
    """One message, which harms no neighbour: what it raises is logged, and it comes again."""
    if context.get_remaining_time_in_millis() < SECONDS_OF_A_STEP * 1000:
        return False
    try:
        working.work(engine, json.loads(record["body"]))
    except Exception:  # noqa: BLE001 - here it ends: the queue gives it again, and then puts it aside
        telemetry.logger.exception("message", extra={"message_id": record["messageId"]})
        return False
    return True
