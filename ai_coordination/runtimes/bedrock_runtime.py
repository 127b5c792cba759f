"""The runtime BEDROCK: a model of Amazon Bedrock, by its operation Converse."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from ai_coordination.config import settings
from ai_coordination.messages import Lane
from ai_coordination.runtimes import bedrock_parameters, bedrock_target
from ai_coordination.runtimes.base import Call, Result, Runtime
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Problem
from ai_coordination.states import AgentRuntimeKind

OFF: Final = (
    "The kind BEDROCK is off. The setting AI_COORDINATION_BEDROCK_MODELS turns it on (on your own"
    " machine: `make run MODELS=fake` or MODELS=aws)"
)


class Bedrock(Runtime):
    """Sends the agent's input to a model, and waits for its answer."""

    kind = AgentRuntimeKind.BEDROCK
    description = (
        "The engine calls a model of Amazon Bedrock. `target` is the ID or the ARN of a model or of"
        " an inference profile. `parameters` may have `instructions` and other members that the"
        " guide of this kind lists, and no more."
    )
    spends = True
    parameters_schema: ClassVar[Schema] = bedrock_parameters.SCHEMA

    def model_of(self, target: str | None, parameters: Any) -> str | None:
        return target

    def check(self, target: str | None, parameters: Any) -> Iterable[Problem]:
        found = list(super().check(target, parameters))
        # What follows relies on the types.
        return found or list(bedrock_parameters.problems(parameters or {}))

    def off_reason(self) -> str | None:
        return None if settings().bedrock_models else OFF

    def target_problem(self, target: str | None) -> str | None:
        return bedrock_target.refusal(target, settings().bedrock_models)

    def lane(self, parameters: Any) -> Lane:
        return Lane.CALLS

    def invoke(self, call: Call) -> Result:
        # Only workers that call a model need it, and it would make every cold start longer.
        from ai_coordination.runtimes import bedrock_call  # noqa: PLC0415 - see above

        return bedrock_call.answer(call)


RUNTIME = Bedrock()
