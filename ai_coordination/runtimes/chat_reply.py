"""The reply to a chat completion: an answer, or why there is none."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ai_coordination.clients.http import Reply
from ai_coordination.runtimes import output_schema
from ai_coordination.runtimes.base import THROTTLE_SECONDS, Answer, RunFailed
from ai_coordination.runtimes.model_parameters import FAIL, TAKE

LONGEST_MESSAGE: Final = 500
MOST_TOKENS: Final = 2**31 - 1

_RETRYABLE: Final = frozenset({408, 409, 425, 429})
_CONTEXT = re.compile(
    r"context[ _](length|window|size)|maximum context|too many (input )?tokens|exceed_context",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Completion:
    """What is taken from a reply with status 200."""

    text: str
    finish_reason: str | None
    refusal: str | None
    calls_tools: bool
    input_tokens: int | None
    output_tokens: int | None
    usage: Mapping[str, Any]
    model: str | None
    id: str | None


def read(reply: Reply, parameters: Mapping[str, Any], now: datetime) -> Completion:
    """The completion in a reply. Raises RunFailed for every other reply."""
    body = _json(reply.body)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if reply.status != 200 or not isinstance(choice, dict):
        raise _error(reply, body, parameters, now)
    message = _object(choice.get("message"))
    usage = _object(body.get("usage"))
    counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
    counted = all(type(count) is int and 0 <= count <= MOST_TOKENS for count in counts)
    return Completion(
        text=_text(message.get("content")),
        finish_reason=_string(choice.get("finish_reason")),
        refusal=_string(message.get("refusal")) or None,
        calls_tools=bool(message.get("tool_calls") or message.get("function_call")),
        input_tokens=counts[0] if counted else None,
        output_tokens=counts[1] if counted else None,
        usage=usage,
        model=_string(body.get("model")),
        id=_string(body.get("id")),
    )


def answer(completion: Completion, parameters: Mapping[str, Any]) -> Answer:
    """The agent's answer. Raises RunFailed if the completion is none."""
    if completion.finish_reason == "content_filter" or completion.refusal:
        reason = f": {completion.refusal[:LONGEST_MESSAGE]}" if completion.refusal else ""
        raise RunFailed(f"The model refuses to answer{reason}", retryable=False)
    if completion.calls_tools:
        raise RunFailed("The model called a tool, and the agent has none", retryable=False)
    if completion.finish_reason == "length" and parameters.get("onLength", FAIL) != TAKE:
        notes = "The model's answer was cut off: it needs more than maxTokens, or than its context"
        raise RunFailed(notes, retryable=False)
    text = completion.text
    if "outputSchema" in parameters:
        text = output_schema.json_of(text)
    if not text.strip():
        raise RunFailed("The model has answered nothing")
    if "outputSchema" in parameters:
        problem = output_schema.problem_of(parameters["outputSchema"], text)
        if problem is not None:
            raise RunFailed(problem)
    return Answer(text, completion.input_tokens, completion.output_tokens)


def _error(
    reply: Reply, body: Mapping[str, Any], parameters: Mapping[str, Any], now: datetime
) -> RunFailed:
    """The failure that a reply without an answer is: docs/guides/openai-agents.md has the table."""
    status = reply.status
    said = _said(body)
    notes = f"The model's server answered {status}"
    if status in (401, 403):
        # Its text may repeat a part of the key.
        return RunFailed(f"{notes}: it does not accept the key, or not for this", retryable=False)
    if 300 <= status < 400:
        return RunFailed(f"{notes}, a redirect, which is not followed", retryable=False)
    if status == 200:
        return RunFailed(f"{notes} without a completion{said}")
    if status == 413 or (status == 400 and _CONTEXT.search(said)):
        return RunFailed(f"{notes}: the input is too long for the model{said}", retryable=False)
    error = _object(body.get("error"))
    out_of_quota = "insufficient_quota" in (error.get("code"), error.get("type"))
    retryable = (status in _RETRYABLE or status >= 500) and not out_of_quota
    after_seconds = reply.retry_after(now) if retryable else None
    # A server that is down answers 503 too, but does not know for how long.
    is_busy = status == 429 or (status == 503 and after_seconds is not None)
    return RunFailed(
        f"{notes}{said}",
        retryable=retryable,
        timed_out=status == 408,
        throttled=retryable and is_busy,
        after_seconds=after_seconds,
        throttle_seconds=parameters.get("throttleSeconds", THROTTLE_SECONDS),
    )


def _said(body: Mapping[str, Any]) -> str:
    """The server's own words, shortened, with a colon before them."""
    error = body.get("error")
    found = _object(error)
    message = error if isinstance(error, str) else found.get("message") or body.get("message")
    kinds = [found.get("type"), found.get("code")]
    words = [word for word in [*kinds, message] if isinstance(word, str) and word]
    text = " ".join(dict.fromkeys(words)).encode(errors="replace").decode()
    return f": {text[:LONGEST_MESSAGE]}" if text else ""


def _json(content: bytes) -> dict[str, Any]:
    try:
        return _object(json.loads(content))
    except (ValueError, RecursionError):
        return {}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _text(content: Any) -> str:
    """The text of a message, which some servers divide into parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(_string(_object(part).get("text")) or "" for part in parts)
