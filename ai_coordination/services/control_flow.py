"""Check the settings that decide whether, when and how often an agent runs, and on what.

What only the whole task can tell is checked in `task_graph`: whether expressions name agents that
they can see, whether tasks and members exist.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import models
from ai_coordination.errors import BadUserInput
from ai_coordination.expressions import MOST_CHARACTERS
from ai_coordination.runtimes import output_schema
from ai_coordination.services import validation

LONGEST_DELAY_SECONDS = 365 * 24 * 3600
MOST_AT_A_TIME = 1_000
MOST_TOLERATED_FAILURES = 1_000
DEFAULT_ROUNDS = 3
MOST_ROUNDS = 100
MOST_DELEGATES = 100


def settings(agent_uuid: str, rules: Mapping[str, Any], *path: str | int) -> dict[str, Any]:
    """Check and build the attributes of an action. One that is null or absent has its default.

    Raises BadUserInput and PayloadTooLarge.
    """
    delay = rules.get("delay_seconds") or 0
    for_each, repeat = rules.get("for_each"), rules.get("repeat")
    if for_each is not None and repeat is not None:
        raise BadUserInput("An action has `forEach` or `repeat`, not both", *path, "repeat")
    return {
        "when": expression(rules.get("when"), *path, "when"),
        "input": expression(rules.get("input"), *path, "input"),
        "output_schema": _schema(rules.get("output_schema"), *path, "output_schema"),
        "delay_seconds": validation.number(delay, 0, LONGEST_DELAY_SECONDS, *path, "delay_seconds"),
        "for_each": None if for_each is None else _for_each(for_each, *path, "for_each"),
        "repeat": None if repeat is None else _repeat(repeat, *path, "repeat"),
        "task_uuid": validation.optional_uuid(rules.get("task_uuid"), *path, "task_uuid"),
        "delegates_to": _delegates(
            agent_uuid, rules.get("delegates_to") or [], *path, "delegates_to"
        ),
    }


def expression(text: str | None, *path: str | int) -> str | None:
    """Check the length of an expression, or None. Its meaning is checked with the whole task."""
    if text is None:
        return None
    validation.text(text, *path)
    if len(text) > MOST_CHARACTERS:
        raise BadUserInput(
            f"An expression has at most {MOST_CHARACTERS:,} characters, and this one has"
            f" {len(text):,}",
            *path,
        )
    return text


def _schema(schema: Any, *path: str | int) -> str | None:
    if schema is None:
        return None
    validation.json_value(schema, *path)
    for problem in output_schema.problems(schema, *path, more=output_schema.BOUNDS, any_type=True):
        raise BadUserInput(problem.message, *problem.path)
    return json.dumps(schema, ensure_ascii=False)


def _for_each(for_each: Mapping[str, Any], *path: str | int) -> models.ForEach:
    at_a_time, tolerated = for_each.get("max_concurrency"), for_each.get("tolerated_failures")
    if at_a_time is not None:
        validation.number(at_a_time, 1, MOST_AT_A_TIME, *path, "max_concurrency")
    if tolerated is not None:
        validation.number(tolerated, 0, MOST_TOLERATED_FAILURES, *path, "tolerated_failures")
    return models.ForEach(
        items=expression(for_each["items"], *path, "items"),
        max_concurrency=at_a_time,
        tolerated_failures=tolerated,
    )


def _repeat(repeat: Mapping[str, Any], *path: str | int) -> models.Repeat:
    rounds = repeat.get("max_rounds")
    return models.Repeat(
        until=expression(repeat["until"], *path, "until"),
        max_rounds=validation.number(
            DEFAULT_ROUNDS if rounds is None else rounds, 1, MOST_ROUNDS, *path, "max_rounds"
        ),
    )


def _delegates(agent_uuid: str, delegates: Sequence[str], *path: str | int) -> list[str]:
    if len(delegates) > MOST_DELEGATES:
        message = f"An agent delegates to at most {MOST_DELEGATES} members, not {len(delegates):,}"
        raise BadUserInput(message, *path)
    uuids = [validation.agent_uuid(uuid, *path, index) for index, uuid in enumerate(delegates)]
    validation.distinct(uuids, *path)
    if agent_uuid in uuids:
        raise BadUserInput("An agent cannot delegate to itself", *path, uuids.index(agent_uuid))
    return uuids
