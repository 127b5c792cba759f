"""The form of a question: the JSON Schema of a person's reply, an object.

It may have more keywords than the schema of a model's answer: bounds, which are checked, and hints
for those who show the form (`default`, `format`), which are not.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ai_coordination.runtimes import json_schema, output_schema
from ai_coordination.runtimes.problems import Path, Problem

TOO_INTRICATE = "The reply cannot be checked, because the form is too intricate"


def problems(form: Any, *path: str | int) -> Iterator[Problem]:
    """What is wrong with a form that an agent gives."""
    yield from output_schema.problems(form, *path, more=_MORE)


def problem_of_reply(form: Any, value: Any, *path: str | int) -> Problem | None:
    """Why a reply does not fit the form: the first reason, at its place. None if it does."""
    try:
        return next(json_schema.problems(form, value, *path), None)
    except (json_schema.TooManySteps, RecursionError):
        return Problem(TOO_INTRICATE, Path(path))


_MORE: Final[Mapping[str, Callable[[Any], bool]]] = {
    "default": lambda value: True,
    "format": lambda value: isinstance(value, str),
    **output_schema.BOUNDS,
}
