"""The calls of a BEDROCK agent's model."""

from collections.abc import Mapping
from typing import Any, Final

from ai_coordination.clients import bedrock
from ai_coordination.clients.bedrock import Invalid, Rejected
from ai_coordination.clients.http import NotAnswered
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import bedrock_reply, bedrock_request, headings, model_calls
from ai_coordination.runtimes.base import Answer, Call, Delegation, Question, RunFailed
from ai_coordination.runtimes.bedrock_conversation import Converse
from ai_coordination.runtimes.bedrock_parameters import ANSWER_TOOL, TOOL
from ai_coordination.runtimes.model_reply import Completion
from ai_coordination.runtimes.tools import loop
from ai_coordination.runtimes.tools.progress import Progress

ALONE: Final = "This tool is called alone, with the answer, after all the others"


def answer(call: Call) -> Answer | Question | Delegation:
    """Return the model's answer, its question or its delegation.

    Raises RunFailed, TextUnavailable, Throttled.
    """
    # From here on: files and earlier turns are read in the same time.
    ends_at = call.context.within(max(call.seconds, 1.0))
    parameters: Mapping[str, Any] = call.parameters or {}
    known = {"gen_ai.provider.name": "aws.bedrock", "gen_ai.request.model": call.target}

    def send(request: Mapping[str, Any], ends_at: InvocationContext) -> Completion:
        def ask(facts: dict[str, Any]) -> Completion:
            return _complete(call, parameters, request, ends_at, facts)

        return model_calls.observed(call, known, ask)

    progress = Progress.of(call, Converse.protocol)
    knows_schema = "outputSchema" in parameters
    takes_answer = knows_schema and parameters.get("structured") == TOOL
    told = headings.with_sections(call, progress.input, knows_schema=knows_schema)
    request = bedrock_request.build(call, parameters, told)
    conversation = Converse(request, parameters, send)
    reserved = {ANSWER_TOOL: ALONE} if takes_answer else {}
    return loop.run(call, conversation, progress, parameters, ends_at, reserved)


def _complete(
    call: Call,
    parameters: Mapping[str, Any],
    request: Mapping[str, Any],
    ends_at: InvocationContext,
    facts: dict[str, Any],
) -> Completion:
    """Ask the model once. Raises RunFailed."""
    try:
        response = bedrock.converse(request, ends_at.seconds_left(), context=call.context)
    except Rejected as rejected:
        facts[model_calls.ERROR] = rejected.code
        raise bedrock_reply.failure(rejected, parameters) from rejected
    except Invalid as invalid:
        raise RunFailed(f"Converse does not accept this: {invalid}", retryable=False) from None
    except NotAnswered as error:
        notes = error.notes_of("Bedrock")
        if error.timed_out:
            notes = f"The model has not answered within {call.seconds:.0f} s"
        raise RunFailed(notes, retryable=error.retryable, timed_out=error.timed_out) from error
    return bedrock_reply.read(response, parameters, call.target)
