"""The runtime LAMBDA: its target, and `invocation`. Other parameters are for the function."""

from collections.abc import Iterator, Mapping
from typing import Any

from ai_coordination.services import functions
from ai_coordination.services.runtimes.problems import Problem, no_object

WAITS = "RequestResponse"
INVOCATIONS = (WAITS, "Event")


def problems(target: str | None, parameters: Any) -> Iterator[Problem]:
    if wrong := functions.why_not(target):
        yield Problem(wrong, ("target",))
    yield from no_object(parameters)
    given = parameters if isinstance(parameters, Mapping) else {}
    invocation = given.get("invocation")
    if invocation is not None and invocation not in INVOCATIONS:
        message = f"This is {' or '.join(map(repr, INVOCATIONS))}, or left out"
        yield Problem(message, ("parameters", "invocation"))
