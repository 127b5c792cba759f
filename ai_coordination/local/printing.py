"""What the development server prints while it works."""

import json
import math
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ai_coordination import ids, models, telemetry
from ai_coordination.local.terminal import harmless
from ai_coordination.states import AgentRuntimeKind, SessionAgentState

_OPERATION = re.compile(r"^\s*(?:query|mutation)\s+(\w+)", re.MULTILINE)
_FIELD = re.compile(r"{\s*(?:\w+\s*:\s*)?(\w+)")
# Of the states that an agent may be in after a step, those in which the step has ended.
_SHOWN = frozenset(
    {
        SessionAgentState.WAITING_FOR_INPUT,
        SessionAgentState.COMPLETED,
        SessionAgentState.FAILED,
        SessionAgentState.SKIPPED,
        SessionAgentState.CANCELLED,
    }
)


LONGEST_QUESTION = 200
# Of a log line: what each line has, and what is shown otherwise.
_HIDDEN = frozenset(
    {
        *("level", "message", "location", "timestamp", "service", "kind"),
        *("tenant", "coordination", "request_id", "correlation_id", "message_id"),
        *("exception", "exception_name", "stack_trace"),
    }
)
# A client that polls asks the same at least so often.
POLLING_SECONDS = 5.0
MOST_POLLS = 1_000


def say(text: str) -> None:
    """Print a line with the time. Further lines of the text are indented."""
    line = f"{time.strftime('%H:%M:%S')} " + text.replace("\n", "\n         ") + "\n"
    # In one piece, unlike print: several threads say something.
    sys.stdout.write(line)
    sys.stdout.flush()


@contextmanager
def log_lines_for_people() -> Iterator[None]:
    """Within the block, what the functions log is not JSON."""
    formatter: Any = telemetry.logger.registered_formatter
    as_json, formatter.json_serializer = formatter.json_serializer, log_line
    try:
        yield
    finally:
        formatter.json_serializer = as_json


def log_line(log: Mapping[str, Any]) -> str:
    """A log line of the functions for people: what has happened, with the facts."""
    facts = "".join(
        f" {key}={value}" for key, value in log.items() if key not in _HIDDEN and value is not None
    )
    text = f"{log['level']} {log['message']}:{facts}"
    if isinstance(trace := log.get("exception"), str):
        text += f"\n{trace}"
    return f"{time.strftime('%H:%M:%S')} " + harmless(text).replace("\n", "\n         ")


def say_of(name: str, text: str) -> None:
    """Print what a function or file has printed."""
    say(f"[{name}] {text}")


def operation_of(body: str) -> str | None:
    """The name of a request's operation, or the first field that it asks for."""
    try:
        request = json.loads(body)
        query, name = request["query"], request.get("operationName")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if isinstance(name, str):
        return name
    if not isinstance(query, str):
        return None
    match = _OPERATION.search(query) or _FIELD.search(query)
    return match[1] if match else None


def is_query(body: str) -> bool:
    """Whether a request of GraphQL only reads."""
    try:
        query = json.loads(body)["query"].lstrip()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
    return bool(query.startswith(("query", "{")))


class Polls:
    """Requests that clients repeat every few seconds. It may be used by several threads."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._lock = threading.Lock()

    def is_repeat(self, request: str, now: float) -> bool:
        """Whether the same was requested within the last seconds, by any client."""
        with self._lock:
            if len(self._seen) >= MOST_POLLS:
                self._seen.clear()
            # Its hash, because a request may be large.
            before = self._seen.get(hash(request), -math.inf)
            self._seen[hash(request)] = now
            return now - before < POLLING_SECONDS


def say_step(agent: models.SessionAgent) -> None:
    """Print that a step has ended, that an external worker has to make it, or that another run
    follows: the last one failed, or was throttled.
    """
    state = SessionAgentState(agent.state)
    name = agent.member.agent_name if agent.member is not None else agent.agent_uuid
    if state in _SHOWN:
        more = _question(agent) if agent.has_open_question else _notes(agent, state)
        say(harmless(f"{name} {state.name}{_attempt(agent)}{more}"))
    elif state is SessionAgentState.IN_PROGRESS and _is_external(agent):
        say(f"{name} waits for an external worker")
    elif state is SessionAgentState.INITIAL and agent.throttles:
        say(harmless(f"{name} waits{_notes(agent, SessionAgentState.FAILED)}"))
    elif state is SessionAgentState.INITIAL and agent.attempt:
        notes = _notes(agent, SessionAgentState.FAILED)
        say(harmless(f"{name} failed{_attempt(agent)}{notes}"))


def _attempt(agent: models.SessionAgent) -> str:
    if not agent.attempt or agent.current_run_uuid is None:
        return ""
    seconds = time.time() - ids.milliseconds_of(agent.current_run_uuid) / 1000
    turn = f", turn {int(agent.turn)}" if (agent.turn or 1) > 1 else ""
    return f"{turn}, attempt {int(agent.attempt)}, {seconds:.1f} s"


def _is_external(agent: models.SessionAgent) -> bool:
    member = agent.member
    return member is not None and member.runtime.kind == AgentRuntimeKind.EXTERNAL.value


def _question(agent: models.SessionAgent) -> str:
    if not isinstance(agent.question, str):
        return ""
    line = " ".join(agent.question.split())
    return f": {line if len(line) <= LONGEST_QUESTION else line[: LONGEST_QUESTION - 1] + '…'}"


def _notes(agent: models.SessionAgent, state: SessionAgentState) -> str:
    is_failed = state is SessionAgentState.FAILED
    return f": {agent.notes}" if is_failed and isinstance(agent.notes, str) else ""
