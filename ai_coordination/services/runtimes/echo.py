"""The runtime ECHO: `seconds`, how long it waits, and `fail`, whether and how often it fails."""

from collections.abc import Iterator, Mapping
from typing import Any

from ai_coordination.services.runtimes.problems import Problem, no_target, unknown

LONGEST_SECONDS = 365 * 24 * 3600
MOST_ATTEMPTS = 100
SECONDS = "parameters", "seconds"


def problems(target: str | None, parameters: Any) -> Iterator[Problem]:
    """Other parameters than these two may be there: an ECHO agent often stands in for another."""
    yield from no_target(target)
    given = parameters if isinstance(parameters, Mapping) else {}
    yield from _seconds(given.get("seconds"))
    yield from _fail(given.get("fail"))


def _seconds(seconds: Any) -> Iterator[Problem]:
    if seconds is None:
        return
    if not _is_number(seconds) or not 0 <= seconds <= LONGEST_SECONDS:
        message = f"This is a number of seconds from 0 to {LONGEST_SECONDS}"
        yield Problem(message, SECONDS)


def waits(parameters: Mapping[str, Any]) -> float:
    """How many seconds pass before the answer. What is no number means none."""
    seconds: Any = parameters.get("seconds")
    return float(seconds) if _is_number(seconds) else 0.0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fail(fail: Any) -> Iterator[Problem]:
    if fail is None or isinstance(fail, str):
        return
    place = "parameters", "fail"
    if not isinstance(fail, Mapping):
        yield Problem("This is a text, or an object with `attempts` and `notes`", place)
        return
    yield from unknown(fail, ("attempts", "notes"), *place)
    attempts = fail.get("attempts", 0)
    if type(attempts) is not int or not 0 <= attempts <= MOST_ATTEMPTS:
        message = f"This is a whole number from 0 to {MOST_ATTEMPTS}"
        yield Problem(message, (*place, "attempts"))
    if not isinstance(fail.get("notes", ""), str):
        yield Problem("This is a text", (*place, "notes"))
