"""The engine's messages and their codec.

A message says only where to look, so it may arrive twice, late or never. Its JSON is readable in
a queue's console, and stays compatible in both directions: a deployment runs workers of two
versions for a while, and messages of the older one wait in the queue.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from ai_coordination import ids
from ai_coordination.states import AgentRuntimeKind


class Lane(StrEnum):
    """Which queue a message goes to: steps return at once, calls keep their worker waiting."""

    STEPS = "steps"
    CALLS = "calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    tenant: str
    # How long the sender wanted the message to wait. SQS does not report it to the receiver.
    delay_seconds: int = 0
    lane: Lane = Lane.STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMessage(_Message):
    """Perform the outstanding work of a session agent, if it is still in this iteration.

    `due_at` is set by a sweep, to the time at which the sweep will find the item again.
    """

    kind: ClassVar[str] = "agent"
    session_uuid: str
    session_agent_uuid: str
    iteration: int
    due_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMessage(_Message):
    """Perform the outstanding work of a session, if it is still in this iteration.

    `due_at` is as in AgentMessage.
    """

    kind: ClassVar[str] = "session"
    coordination_uuid: str
    session_uuid: str
    iteration: int
    due_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeMessage(_Message):
    """Let the runtime of this kind look at a run, if it is still the agent's current one.

    Earlier versions send it, and this one only reads it: it sends an AgentMessage for each poll.
    """

    kind: AgentRuntimeKind
    session_uuid: str
    session_agent_uuid: str
    iteration: int
    run_uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelMessage(_Message):
    """Let the runtime of a kind cancel work of a run that is over: see `agent/abandon.py`."""

    kind: ClassVar[str] = "cancel"
    session_uuid: str
    session_agent_uuid: str
    run_uuid: str
    runtime: str
    # JSON of the runtime, at most 2 KB.
    remote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupMessage(_Message):
    """Delete the large texts of a session, or of a coordination, if that does not exist."""

    kind: ClassVar[str] = "texts"
    coordination_uuid: str
    session_uuid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringMessage(_Message):
    """Start a session of a schedule, if the schedule still names the timer of this token.

    EventBridge Scheduler invokes the worker with it and fills in `scheduled_at`. `version` is of
    the schedule as it names the timer, `created_at` the time at which the timer was created.
    """

    kind: ClassVar[str] = "schedule"
    coordination_uuid: str
    task_uuid: str
    schedule_uuid: str
    token: str
    version: int
    created_at: str
    scheduled_at: str


Message = AgentMessage | SessionMessage | RuntimeMessage | CancelMessage | CleanupMessage
M = TypeVar("M", bound=_Message)

_CLASSES: Final[Mapping[str, type[Message]]] = {
    **{kind.value: RuntimeMessage for kind in AgentRuntimeKind},
    AgentMessage.kind: AgentMessage,
    SessionMessage.kind: SessionMessage,
    CancelMessage.kind: CancelMessage,
    CleanupMessage.kind: CleanupMessage,
}


class Unreadable(Exception):
    """This is not a message of the engine. The text says why, and contains nothing of it."""


def encode(message: Message | FiringMessage) -> str:
    """The message as JSON."""
    return json.dumps(as_json(message))


def as_json(message: Message | FiringMessage) -> dict[str, Any]:
    """The members of the message's JSON. What has its default is left out."""
    members: dict[str, Any] = {"kind": str(message.kind)}
    for field in fields(message):
        value = getattr(message, field.name)
        if value != field.default:
            members[_MEMBERS[field.name].name] = value
    return members


def decode(body: str) -> Message:
    """The message in a queue record's body. Raises Unreadable."""
    try:
        members = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    if not isinstance(members, dict):
        raise Unreadable("not an object")
    kind = members.get("kind")
    if not isinstance(kind, str) or kind not in _CLASSES:
        raise Unreadable("of an unknown kind")
    return _read(_CLASSES[kind], members)


def decode_firing(members: Mapping[str, Any]) -> FiringMessage:
    """The firing in the event of an invocation. Raises Unreadable."""
    return _read(FiringMessage, members)


def _read(message_class: type[M], members: Mapping[str, Any]) -> M:
    values: dict[str, Any] = {}
    invalid = []
    for field in fields(message_class):
        name, parse = _MEMBERS[field.name]
        if name not in members and field.default is not MISSING:
            continue
        try:
            values[field.name] = parse(members.get(name))
        except ValueError:
            invalid.append(name)
    if invalid:
        raise Unreadable(f"{members['kind']} without a valid {', '.join(invalid)}")
    return message_class(**values)


class _Invalid(ValueError):
    """A member has a wrong type or form."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Invalid
    return value


def _uuid(value: Any) -> str:
    if not ids.is_uuid(_text(value)):
        raise _Invalid
    return str(value)


def _tenant(value: Any) -> str:
    if _text(value).count("#") != 1:
        raise _Invalid
    return str(value)


def _number(value: Any) -> int:
    # Neither 1.0 nor True.
    if type(value) is not int:
        raise _Invalid
    return value


def _lane(value: Any) -> Lane:
    # Another version may know more lanes. Its message is a step here, which hands it on.
    return Lane.CALLS if value == Lane.CALLS else Lane.STEPS


class _Member(NamedTuple):
    """A member of the JSON: its name there, and a function that raises ValueError."""

    name: str
    parse: Callable[[Any], Any]


_MEMBERS: Final[Mapping[str, _Member]] = {
    "kind": _Member("kind", AgentRuntimeKind),
    "tenant": _Member("tenant", _tenant),
    "coordination_uuid": _Member("coordination", _uuid),
    "session_uuid": _Member("session", _uuid),
    "session_agent_uuid": _Member("agent", _uuid),
    "run_uuid": _Member("run", _uuid),
    "iteration": _Member("iteration", _number),
    "lane": _Member("lane", _lane),
    "due_at": _Member("due", _text),
    "delay_seconds": _Member("delay", _number),
    "task_uuid": _Member("task", _uuid),
    "schedule_uuid": _Member("schedule", _uuid),
    "token": _Member("token", _text),
    "runtime": _Member("runtime", _text),
    "remote": _Member("remote", _text),
    "version": _Member("version", _number),
    "created_at": _Member("made", _text),
    "scheduled_at": _Member("time", _text),
}
