"""All kinds of runtimes. Adding one changes nothing here: its module is found by its name."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from ai_coordination import models
from ai_coordination.errors import BadUserInput
from ai_coordination.runtimes import json_schema, memory, output_schema
from ai_coordination.runtimes.base import Accepted, Call, Result, RunFailed, Runtime
from ai_coordination.states import AgentRuntimeKind


def _imported(kind: AgentRuntimeKind) -> Runtime:
    runtime: Runtime = import_module(f"{__package__}.{kind.value}_runtime").RUNTIME
    return runtime


RUNTIMES: Final[Mapping[str, Runtime]] = {kind.value: _imported(kind) for kind in AgentRuntimeKind}


# How long work of an unknown kind waits for a worker that knows it.
_UNKNOWN_SECONDS = 60.0


class _Unknown(Runtime):
    """A kind that another version has stored: during a deployment, or after a rollback."""

    def target_problem(self, target: str | None) -> str | None:
        return None

    def invoke(self, call: Call) -> Result:
        # Retryable: the next attempt may be made by a worker of the version that knows it.
        raise RunFailed("This version of the engine does not know this kind of runtime")

    def poll(self, call: Call) -> Result:
        # A worker of the version that knows it will look.
        return Accepted(poll_seconds=_UNKNOWN_SECONDS)


_UNKNOWN: Final = _Unknown()


def of(kind: str | None) -> Runtime:
    """The runtime of a kind, as items store it. Never raises."""
    return RUNTIMES.get(kind or "", _UNKNOWN)


def check(kind: AgentRuntimeKind, target: str | None, parameters: Any, *path: str | int) -> None:
    """Raise BadUserInput, at its place, for the first problem of a member that is written."""
    for problem in RUNTIMES[kind].check(target, parameters):
        raise BadUserInput(problem.message, *path, *problem.path)


def invoke(call: Call) -> Result:
    """Invoke an agent. Raises RunFailed."""
    runtime, checked = _checked(call)
    with memory.calls.held():
        memory.calls.take(_size(call.agent.agent_input))
        return runtime.invoke(checked)


def _size(text: models.Text | None) -> int:
    """The size of a text in bytes. One that the item stores is small, so characters will do."""
    return text.size if isinstance(text, models.LargeText) else len(text or "")


def poll(call: Call) -> Result:
    """Look at work that an agent has accepted. Raises RunFailed."""
    runtime, checked = _checked(call)
    return runtime.poll(checked)


def cancel(call: Call) -> None:
    """Stop work that an agent has accepted. Raises whatever goes wrong."""
    runtime, checked = _checked(call)
    runtime.cancel(checked)


def _checked(call: Call) -> tuple[Runtime, Call]:
    """The runtime of a call, and the call as the runtime gets it. Raises RunFailed.

    The member was checked when it was written, but perhaps by another version, or under other
    settings. So it is checked again.
    """
    runtime = of(call.agent.member.runtime.kind)
    for problem in runtime.check(call.target, call.parameters):
        if problem.path not in runtime.ignored_when_stored:
            place = ".".join(map(str, problem.path))
            raise RunFailed(f"{problem.message} (runtime.{place})", retryable=False)
    parameters = json_schema.with_whole_numbers(runtime.parameters_schema, call.parameters)
    if runtime.spends:
        parameters = _with_schema(call, parameters)
    return runtime, call._replace(parameters=parameters)


def _with_schema(call: Call, parameters: Any) -> Any:
    """The parameters of a model, which answers by the schema of its action if it has none itself.

    Providers take schemas of objects only.
    """
    schema = call.output_schema
    if schema is None or schema.get("type") != "object" or "outputSchema" in (parameters or {}):
        return parameters
    return {**(parameters or {}), "outputSchema": output_schema.without_bounds(schema)}
