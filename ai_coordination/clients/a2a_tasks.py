"""What an A2A agent answers: a task or a message, read in the form of either version.

Servers mix the forms, so the version that was asked in does not say which one comes back.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from ai_coordination.clients import a2a_replies

LONGEST_ID: Final = 256

_TEXTS: Final = ("text/", "application/json")


class TaskState(StrEnum):
    """The states of a task. Servers may have others, which are read as `unknown`."""

    SUBMITTED = "submitted"
    WORKING = "working"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    INPUT_REQUIRED = "input-required"
    AUTH_REQUIRED = "auth-required"
    UNKNOWN = "unknown"

    @classmethod
    def read(cls, value: Any) -> Self:
        """The state as either version writes it."""
        text = str(value).removeprefix("TASK_STATE_").lower().replace("_", "-")
        text = "canceled" if text == "cancelled" else text
        return cls(text) if text in set(cls) else cls("unknown")


class Malformed(Exception):
    """The answer is neither a task nor a message."""


class Said(NamedTuple):
    """A message instead of a task: the agent has answered at once. `usage` is as it is reported."""

    text: str
    usage: Any = None


class Task(NamedTuple):
    """A task as the agent has it now.

    `said` is the text that its status has, or else the agent's last message. `output` is the text
    of its artifacts, or else `said`. `mark` changes when the agent says something new. `awaited` is
    what a reply must name. `message_ids` are those of its history. `usage` is as it is reported.
    """

    task: str
    context: str | None
    state: TaskState
    said: str
    output: str
    mark: str | None
    awaited: Sequence[Mapping[str, str]]
    message_ids: frozenset[str]
    usage: Any = None


def read(result: Any) -> Task | Said:
    """The task or message that a result is. Raises Malformed."""
    given = _object(result)
    inner = _object(given.get("task") or given.get("message"))
    found = given if "status" in given or "parts" in given else inner
    if "status" in found:
        return _task(found)
    if isinstance(found.get("parts"), list):
        return Said(text_of(found["parts"]), _usage([found]))
    raise Malformed


def listed(result: Any) -> Iterator[Task]:
    """The tasks of a list. What is none is left out."""
    for given in _list(_object(result).get("tasks")):
        try:
            yield _task(_object(given))
        except Malformed:
            continue


def text_of(parts: Any) -> str:
    """The text of parts: JSON of data, and of files their names and addresses."""
    texts = [_text(_object(part)) for part in _list(parts)]
    return "\n".join(text for text in texts if text is not None)


def _task(given: Mapping[str, Any]) -> Task:
    task, context = given.get("id"), given.get("contextId")
    if not isinstance(task, str) or not 0 < len(task) <= LONGEST_ID:
        raise Malformed
    status = _object(given.get("status"))
    message = _object(status.get("message"))
    history = [_object(one) for one in _list(given.get("history"))]
    artifacts = [_object(one) for one in _list(given.get("artifacts"))]
    said = text_of(message.get("parts")) or _last_of_agent(history)
    outputs = [text_of(artifact.get("parts")) for artifact in artifacts]
    return Task(
        task=task,
        context=context if isinstance(context, str) and len(context) <= LONGEST_ID else None,
        state=TaskState.read(status.get("state")),
        said=said,
        output="\n\n".join(text for text in outputs if text) or said,
        mark=_mark(message.get("messageId"), status.get("timestamp")),
        awaited=a2a_replies.awaited([_object(part) for part in _list(message.get("parts"))]),
        message_ids=frozenset(str(one["messageId"]) for one in history if "messageId" in one),
        usage=_usage([given, status, message, *artifacts]),
    )


def _mark(*candidates: Any) -> str | None:
    known = [one for one in candidates if isinstance(one, str) and one]
    return known[0][:LONGEST_ID] if known else None


def _last_of_agent(history: Sequence[Mapping[str, Any]]) -> str:
    own = [one for one in history if one.get("role") in ("agent", "ROLE_AGENT")]
    return text_of(own[-1].get("parts")) if own else ""


def _text(part: Mapping[str, Any]) -> str | None:
    if isinstance(part.get("text"), str):
        # What ADK's models think is not what they answer.
        is_thought = bool(_object(part.get("metadata")).get("adk_thought"))
        return None if is_thought else str(part["text"])
    if "data" in part:
        return a2a_replies.described(part)
    # The file of 0.3 is an object in the part; in 1.0 the part itself is the file.
    file = _object(part.get("file")) or part
    name = file.get("name") or file.get("filename")
    media_type = file.get("mimeType") or file.get("mediaType")
    url, content = file.get("uri") or file.get("url"), file.get("bytes") or file.get("raw")
    if isinstance(content, str) and (text := _decoded(content, media_type)) is not None:
        return text
    known = [str(one) for one in (name, media_type, url) if isinstance(one, str) and one]
    return f"[File: {', '.join(known)}]" if known else None


def _decoded(content: str, media_type: Any) -> str | None:
    """The text that a file is, if it is one."""
    if not isinstance(media_type, str) or not media_type.startswith(_TEXTS):
        return None
    try:
        return base64.b64decode(content, validate=True).decode()
    except ValueError:
        return None


# What agents call the counts of tokens in their metadata.
_COUNTS: Final = (
    ("inputTokens", "outputTokens"),
    ("input_tokens", "output_tokens"),
    ("prompt_tokens", "completion_tokens"),
    ("promptTokenCount", "candidatesTokenCount"),
)


def _usage(holders: Sequence[Mapping[str, Any]]) -> Any:
    """The usage in the metadata of the first that has one, with the two counts as we name them."""
    for holder in holders:
        metadata = _object(holder.get("metadata"))
        usage = _object(metadata.get("usage") or metadata.get("adk_usage_metadata"))
        for read, written in _COUNTS:
            if read in usage and written in usage:
                counts = {"inputTokens": usage[read], "outputTokens": usage[written]}
                return {**usage, **{name: _whole(count) for name, count in counts.items()}}
    return None


def _whole(count: Any) -> Any:
    """A number of a protocol buffer's JSON is always a float."""
    return int(count) if isinstance(count, float) and count.is_integer() else count


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
