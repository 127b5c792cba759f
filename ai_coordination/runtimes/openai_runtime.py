"""The runtime OPENAI: a model behind a server that speaks OpenAI's chat completions."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from ai_coordination import agent_hosts
from ai_coordination.config import settings
from ai_coordination.messages import Lane
from ai_coordination.runtimes import openai_parameters
from ai_coordination.runtimes.base import Call, Result, Runtime
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Problem
from ai_coordination.states import AgentRuntimeKind

OFF: Final = "The kind OPENAI is off. The setting AI_COORDINATION_AGENT_HOSTS turns it on"


class OpenAi(Runtime):
    """Sends the agent's input to a model, and waits for its answer."""

    kind = AgentRuntimeKind.OPENAI
    description = (
        "The engine calls a model behind a server that speaks OpenAI's chat completions. `target`"
        " is the server's base URL, up to `/v1`. `parameters` has the `model`, its `instructions`"
        " and other members that the guide of this kind lists, and no more."
    )
    spends = True
    parameters_schema: ClassVar[Schema] = openai_parameters.SCHEMA

    def model_of(self, target: str | None, parameters: Any) -> str | None:
        return parameters.get("model") if isinstance(parameters, Mapping) else None

    def check(self, target: str | None, parameters: Any) -> Iterable[Problem]:
        found = list(super().check(target, parameters))
        # What follows relies on the types.
        return found or list(openai_parameters.problems(parameters))

    def off_reason(self) -> str | None:
        return None if settings().agent_hosts else OFF

    def target_problem(self, target: str | None) -> str | None:
        if target is None:
            return "An OPENAI agent needs the base URL of its server, such as https://…/v1"
        if "?" in target:
            return "The URL must not have a query. The parameter query is for that"
        return agent_hosts.refusal(target, settings().agent_hosts)

    def lane(self, parameters: Any) -> Lane:
        return Lane.CALLS

    def invoke(self, call: Call) -> Result:
        # Only workers that call a model need it, and it would make every cold start longer.
        from ai_coordination.runtimes import openai_call  # noqa: PLC0415 - see above

        return openai_call.answer(call)


RUNTIME = OpenAi()
