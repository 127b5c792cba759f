"""What Converse answers: a completion, or an error that is a failure of the attempt."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ai_coordination.clients.bedrock import Rejected
from ai_coordination.runtimes.base import THROTTLE_SECONDS, RunFailed, Usage
from ai_coordination.runtimes.bedrock_conversation import packed
from ai_coordination.runtimes.bedrock_parameters import ANSWER_TOOL
from ai_coordination.runtimes.model_calls import short
from ai_coordination.runtimes.model_reply import (
    LONGEST_MESSAGE,
    Completion,
    Stop,
    is_too_long,
)
from ai_coordination.runtimes.token_usage import facts_of, is_count

_STOPS: Final[Mapping[str, Stop]] = {
    "end_turn": Stop.DONE,
    "stop_sequence": Stop.DONE,
    "tool_use": Stop.TOOL,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "guardrail_intervened": Stop.REFUSED,
    "content_filtered": Stop.REFUSED,
    "malformed_model_output": Stop.MALFORMED,
    "malformed_tool_use": Stop.MALFORMED,
}
_THROTTLES: Final = frozenset({"ThrottlingException", "TooManyRequestsException"})
_RETRYABLE: Final = frozenset({"ModelErrorException", "ModelNotReadyException"})
# Their messages name roles and accounts, or repeat a part of a key.
_NOT_SHOWN: Final[Mapping[str, str]] = {
    "AccessDeniedException": "the engine may not invoke this model, or the account has no access",
    "ExpiredTokenException": "the engine's credentials have expired",
    "InvalidSignatureException": "the engine's credentials are not accepted",
    "UnrecognizedClientException": "the engine's credentials are not accepted",
}


def read(
    response: Mapping[str, Any], parameters: Mapping[str, Any], model: str | None
) -> Completion:
    """The completion in a response. Raises RunFailed if there is none."""
    content = response.get("output", {}).get("message", {}).get("content")
    if content is None:
        raise RunFailed("Bedrock answered without a message")
    reason = response.get("stopReason")
    stop = _STOPS.get(reason or "", Stop.DONE)
    text = _text(content)
    answers = [block["toolUse"] for block in content if "toolUse" in block]
    if parameters.get("structured") and [tool["name"] for tool in answers] == [ANSWER_TOOL]:
        # Models that are forced to call a tool give different reasons for having stopped.
        stop = Stop.DONE if stop is Stop.TOOL else stop
        text = json.dumps(answers[0]["input"], ensure_ascii=False)
    refusal = None
    if reason == "guardrail_intervened":
        refusal = f"the guardrail intervened. {text}".rstrip()
    usage = _usage(response.get("usage", {}), short(model))
    return Completion(
        text=text,
        stop=stop,
        refusal=refusal,
        usage=usage,
        message=packed(content),
        facts={
            "gen_ai.response.id": short(response.get("ResponseMetadata", {}).get("RequestId")),
            "gen_ai.response.finish_reasons": [short(reason)],
            **facts_of(usage),
        },
    )


def _text(content: list[dict[str, Any]]) -> str:
    """The text of a message, without the model's thoughts."""
    parts: list[Mapping[str, Any]] = []
    for block in content:
        parts += [block, *block.get("citationsContent", {}).get("content", ())]
    return "".join(part.get("text", "") for part in parts)


def _usage(usage: Mapping[str, Any], model: str | None) -> Usage | None:
    """The tokens. Converse counts those that are read from and written to the cache apart."""
    read, written = usage.get("cacheReadInputTokens", 0), usage.get("cacheWriteInputTokens", 0)
    counts = [usage.get("inputTokens"), read, written]
    output = usage.get("outputTokens")
    if not all(map(is_count, counts)) or not is_count(sum(counts)) or not is_count(output):
        return None
    return Usage(
        input_tokens=sum(counts),
        output_tokens=output,
        cache_read_input_tokens=read,
        cache_write_input_tokens=written,
        model=model,
    )


def failure(rejected: Rejected, parameters: Mapping[str, Any]) -> RunFailed:
    """The failure that an error is: docs/guides/bedrock-agents.md has the table."""
    code, status = rejected.code, rejected.status
    said = _NOT_SHOWN.get(code, rejected.message[:LONGEST_MESSAGE])
    if code == "ValidationException" and is_too_long(rejected.message):
        said = f"the input is too long for the model. {said}"
    throttled = code in _THROTTLES
    return RunFailed(
        f"Bedrock answered {code}: {said}" if said else f"Bedrock answered {code}",
        retryable=throttled or code in _RETRYABLE or status == 408 or status >= 500,
        timed_out=status == 408,
        throttled=throttled,
        after_seconds=rejected.after_seconds if throttled else None,
        throttle_seconds=parameters.get("throttleSeconds", THROTTLE_SECONDS),
    )
