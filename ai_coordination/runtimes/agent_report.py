"""What an agent says over HTTP, in the answer to a request or in a callback.

docs/guides/http-agents.md has the bodies: a text; or a JSON object with one of the members
`agentOutput`, `question`, `delegate`, `accepted`, `failed` and `heartbeat`. Unknown members are
ignored.
"""

import json
from collections.abc import Callable, Mapping
from email.message import Message
from typing import Any, Final, NamedTuple, NoReturn

from ai_coordination.runtimes import delegations
from ai_coordination.runtimes.base import Accepted, Answer, Delegation, Question, Usage
from ai_coordination.runtimes.delegations import NotWork
from ai_coordination.runtimes.token_usage import usage_of

TEXT: Final = "text/plain"
JSON: Final = "application/json"
WITHOUT_NOTES: Final = "The agent has failed"
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})


class Failed(NamedTuple):
    """The agent says that this attempt has failed."""

    notes: str
    retryable: bool
    usage: Usage | None


class Heartbeat(NamedTuple):
    """The agent is still at work. Only a callback can say so."""

    note: str | None
    percent: int | None


Report = Heartbeat | Answer | Question | Delegation | Accepted | Failed


class Malformed(Exception):
    """The body is no report. `path` is the place in it."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    @property
    def is_about_delegation(self) -> bool:
        """Whether only the delegated work is wrong: an agent that is told so may correct it."""
        return self.path[:1] == (delegations.MEMBER,)


class UnknownType(Malformed):
    """The body is neither text nor JSON in UTF-8."""


def read(content_type: str | None, body: bytes) -> Report:
    """The report in a body. Its texts and values are checked where they are stored.

    Raises Malformed.
    """
    kind = _type(content_type)
    try:
        # Some programs begin each text with a mark of the byte order.
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("The body is not valid UTF-8") from None
    return Answer(text) if kind == TEXT else _of_json(text)


def _type(content_type: str | None) -> str:
    header = Message()
    header["content-type"] = content_type or "none/none"
    kind = header.get_content_type()
    if kind not in (TEXT, JSON):
        raise UnknownType(f"The content type is neither {TEXT} nor {JSON}")
    if str(header.get_param("charset", "utf-8")).lower() not in _CHARSETS:
        raise UnknownType("The charset of the content type is not utf-8")
    return kind


def _of_json(text: str) -> Report:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Malformed("The body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object")
    given = [name for name in _READERS if value.get(name) is not None]
    if len(given) != 1:
        raise Malformed(f"The body must have exactly one of the members {', '.join(_READERS)}")
    return _READERS[given[0]](value)


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity, which Python reads, are not JSON."""
    raise ValueError(constant)


def _answer(value: Mapping[str, Any]) -> Answer:
    return Answer(_text(value, "agentOutput"), usage_of(value.get("usage")))


def _question(value: Mapping[str, Any]) -> Question:
    text, usage = _text(value, "question"), usage_of(value.get("usage"))
    return Question(text, value.get("resume"), value.get("form"), usage)


def _delegation(value: Mapping[str, Any]) -> Delegation:
    try:
        work = delegations.read(value[delegations.MEMBER])
    except NotWork as wrong:
        raise Malformed(wrong.message, delegations.MEMBER, *wrong.path) from None
    return Delegation(work, value.get("resume"), usage_of(value.get("usage")))


def _accepted(value: Mapping[str, Any]) -> Accepted:
    if value["accepted"] is not True:
        raise Malformed("This must be true", "accepted")
    task_id = value.get("asyncTaskUuid")
    if task_id is not None and not isinstance(task_id, str):
        raise Malformed("This must be a text", "asyncTaskUuid")
    return Accepted(task_id=task_id)


def _failed(value: Mapping[str, Any]) -> Failed:
    failed = value["failed"]
    if not isinstance(failed, dict):
        raise Malformed("This must be an object with notes", "failed")
    retryable = failed.get("retryable", True)
    if not isinstance(retryable, bool):
        raise Malformed("This must be true or false", "failed", "retryable")
    notes = _text(failed, "notes", "failed") or WITHOUT_NOTES
    return Failed(notes, retryable, usage_of(value.get("usage")))


def _heartbeat(value: Mapping[str, Any]) -> Heartbeat:
    heartbeat = value["heartbeat"]
    if not isinstance(heartbeat, dict):
        raise Malformed("This must be an object", "heartbeat")
    percent = heartbeat.get("percent")
    if percent is not None and type(percent) is not int:
        raise Malformed("This must be a whole number", "heartbeat", "percent")
    has_note = heartbeat.get("note") is not None
    return Heartbeat(_text(heartbeat, "note", "heartbeat") if has_note else None, percent)


def _text(value: Mapping[str, Any], name: str, *parents: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise Malformed("This must be a text", *parents, name)
    return text


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Report]]] = {
    "agentOutput": _answer,
    "question": _question,
    delegations.MEMBER: _delegation,
    "accepted": _accepted,
    "failed": _failed,
    "heartbeat": _heartbeat,
}
MEMBERS: Final = tuple(_READERS)
