"""What the runtime of a member may say, by its kind: one file each.

It is checked when a member is written, and again when its agent is invoked: members of earlier
versions, or of other settings, may say what would be refused today.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ai_coordination.errors import BadUserInput
from ai_coordination.services.runtimes import echo, external, function
from ai_coordination.services.runtimes.problems import Problem
from ai_coordination.states import AgentRuntimeKind

Check = Callable[[str | None, Any], Iterator[Problem]]

CHECKS: Mapping[AgentRuntimeKind, Check] = {
    AgentRuntimeKind.ECHO: echo.problems,
    AgentRuntimeKind.EXTERNAL: external.problems,
    AgentRuntimeKind.LAMBDA: function.problems,
}


# What versions before took without a check, and read as if it were not there.
_IGNORED = {AgentRuntimeKind.ECHO: (echo.SECONDS, ("target",))}


def stored_problem(kind: str, target: str | None, parameters: Any) -> Problem | None:
    """The first thing for which the runtime of a stored member cannot be used, or None."""
    ignored = _IGNORED.get(AgentRuntimeKind(kind), ())
    found = CHECKS[AgentRuntimeKind(kind)](target, parameters)
    return next((one for one in found if one.path not in ignored), None)


def check(kind: AgentRuntimeKind, target: str | None, parameters: Any, *path: str | int) -> None:
    """Raises BadUserInput, at its place, for the first thing that is wrong with a runtime."""
    wrong = next(CHECKS[kind](target, parameters), None)
    if wrong is not None:
        raise BadUserInput(wrong.message, *path, *wrong.path)
