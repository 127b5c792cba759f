"""The reply to a chat completion: an answer, or why there is none."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ai_coordination.clients.http import Reply
from ai_coordination.runtimes.base import THROTTLE_SECONDS, RunFailed, Usage
from ai_coordination.runtimes.model_calls import short
from ai_coordination.runtimes.model_reply import (
    LONGEST_MESSAGE,
    Completion,
    Stop,
    is_too_long,
)
from ai_coordination.runtimes.token_usage import facts_of, is_count

_RETRYABLE: Final = frozenset({408, 409, 425, 429})


def read(reply: Reply, parameters: Mapping[str, Any], now: datetime) -> Completion:
    """The completion in a reply. Raises RunFailed for every other reply."""
    body = _json(reply.body)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if reply.status != 200 or not isinstance(choice, dict):
        raise _error(reply, body, parameters, now)
    message = _object(choice.get("message"))
    usage = _usage(_object(body.get("usage")), short(_string(body.get("model"))))
    refusal = _string(message.get("refusal")) or None
    return Completion(
        text=_text(message.get("content")),
        stop=_stop(choice, message, refusal),
        refusal=refusal,
        usage=usage,
        message={"role": "assistant", **message},
        facts={
            "gen_ai.response.model": short(_string(body.get("model"))),
            "gen_ai.response.id": short(_string(body.get("id"))),
            "gen_ai.response.finish_reasons": [short(_string(choice.get("finish_reason")))],
            **facts_of(usage),
        },
    )


def _stop(choice: Mapping[str, Any], message: Mapping[str, Any], refusal: str | None) -> Stop:
    """Why the model has stopped. Some servers give another reason next to a call of a tool."""
    reason = choice.get("finish_reason")
    if reason == "content_filter" or refusal:
        return Stop.REFUSED
    if message.get("tool_calls") or message.get("function_call"):
        return Stop.TOOL
    return Stop.LENGTH if reason == "length" else Stop.DONE


def _usage(usage: Mapping[str, Any], model: str | None) -> Usage | None:
    """The tokens, if the server counts them. Its input tokens include those of the cache."""
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not (is_count(read) and is_count(written)):
        return None
    return Usage(
        input_tokens=read,
        output_tokens=written,
        cache_read_input_tokens=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning_tokens=_count(usage.get("completion_tokens_details"), "reasoning_tokens"),
        model=model,
    )


def _count(details: Any, name: str) -> int | None:
    value = details.get(name) if isinstance(details, Mapping) else None
    return value if is_count(value) else None


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
    if status == 413 or (status == 400 and is_too_long(said)):
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
