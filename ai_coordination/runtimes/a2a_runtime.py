"""The runtime A2A: an agent behind a server that speaks the Agent2Agent protocol."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from ai_coordination import agent_hosts
from ai_coordination.config import settings
from ai_coordination.messages import Lane
from ai_coordination.runtimes import a2a_parameters, model_parameters
from ai_coordination.runtimes.base import Call, Result, Runtime
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Problem
from ai_coordination.states import AgentRuntimeKind

OFF: Final = "The kind A2A is off. The setting AI_COORDINATION_AGENT_HOSTS turns it on"


class A2a(Runtime):
    """Sends the agent's input as a message, and follows the task that the agent makes of it."""

    kind = AgentRuntimeKind.A2A
    description = (
        "The engine calls an agent that speaks the A2A protocol, version 1.0 or 0.3. `target` is"
        " the agent's base URL, or the URL of its card (`….json`). `parameters` may have members"
        " that the guide of this kind lists, and no more."
    )
    parameters_schema: ClassVar[Schema] = a2a_parameters.SCHEMA

    def check(self, target: str | None, parameters: Any) -> Iterable[Problem]:
        found = list(super().check(target, parameters))
        # What follows relies on the types.
        return found or list(a2a_parameters.problems(parameters or {}))

    def off_reason(self) -> str | None:
        return None if settings().agent_hosts else OFF

    def target_problem(self, target: str | None) -> str | None:
        if target is None:
            return "An A2A agent needs its base URL, or the URL of its card"
        if model_parameters.has_key(target.partition("?")[2]):
            return "A key is not part of the URL. Name a secret with apiKeySecret instead"
        return agent_hosts.refusal(target, settings().agent_hosts)

    def lane(self, parameters: Any) -> Lane:
        return Lane.CALLS

    def invoke(self, call: Call) -> Result:
        # Only workers that call an agent need it, and it would make every cold start longer.
        from ai_coordination.runtimes import a2a_call  # noqa: PLC0415 - see above

        return a2a_call.invoke(call)

    def poll(self, call: Call) -> Result:
        from ai_coordination.runtimes import a2a_call  # noqa: PLC0415 - as above

        return a2a_call.poll(call)

    def cancel(self, call: Call) -> None:
        from ai_coordination.runtimes import a2a_call  # noqa: PLC0415 - as above

        a2a_call.cancel(call)


RUNTIME = A2a()
