"""The call of a BEDROCK agent's model: one request, and a log line."""

from collections.abc import Mapping
from typing import Any

from ai_coordination.clients import bedrock
from ai_coordination.clients.bedrock import Invalid, Rejected
from ai_coordination.clients.http import NotAnswered
from ai_coordination.runtimes import bedrock_reply, bedrock_request, model_calls, model_reply
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from ai_coordination.runtimes.model_reply import Completion


def answer(call: Call) -> Answer:
    """Ask the model, and return its answer. Raises RunFailed, TextUnavailable, Throttled."""
    # From here on: files and earlier turns are read in the same time.
    ends_at = call.context.within(max(call.seconds, 1.0))
    parameters: Mapping[str, Any] = call.parameters or {}
    request = bedrock_request.build(call, parameters)

    def ask(facts: dict[str, Any]) -> Completion:
        try:
            response = bedrock.converse(request, ends_at.seconds_left(), context=call.context)
        except Rejected as rejected:
            facts[model_calls.ERROR] = rejected.code
            raise bedrock_reply.failure(rejected, parameters) from rejected
        except Invalid as invalid:
            raise RunFailed(f"Converse does not accept this: {invalid}", retryable=False) from None
        except NotAnswered as error:
            notes = f"Bedrock could not be reached. {error.notes}"
            if error.timed_out:
                notes = f"The model has not answered within {call.seconds:.0f} s"
            raise RunFailed(notes, retryable=error.retryable, timed_out=error.timed_out) from error
        return bedrock_reply.read(response, parameters, call.target)

    known = {"gen_ai.provider.name": "aws.bedrock", "gen_ai.request.model": call.target}
    return model_reply.answer(model_calls.observed(call, known, ask), parameters)
