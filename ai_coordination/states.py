"""The states of sessions and session agents, the legal moves between them, and other enums.

Names are those of the GraphQL API. Values are what is stored.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar


class SessionStatus(StrEnum):
    INITIAL = "initial"
    IN_PROGRESS = "in_progress"
    # Not stored, so no move has it. It is derived when a session in progress waits for a person.
    WAITING_FOR_INPUT = "waiting_for_input"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SessionAgentState(StrEnum):
    INITIAL = "initial"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_INPUT = "waiting_for_input"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class RunOutcome(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    INPUT_REQUIRED = "input_required"
    DELEGATED = "delegated"


class ScheduleStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"


class FailurePolicy(StrEnum):
    FAIL_SESSION = "fail_session"
    SKIP_SUCCESSORS = "skip_successors"
    CONTINUE = "continue"


class UserInTheLoop(StrEnum):
    INPUT = "input"
    APPROVAL = "approval"
    CHOICE = "choice"


class TimeoutPolicy(StrEnum):
    FAIL = "fail"
    DEFAULT = "default"


class RejectionPolicy(StrEnum):
    FAIL = "fail"
    CONTINUE = "continue"


class AgentRuntimeKind(StrEnum):
    ECHO = "echo"
    LAMBDA = "lambda"
    EXTERNAL = "external"
    PASS = "pass"  # noqa: S105 - a kind, not a password
    OPENAI = "openai"
    BEDROCK = "bedrock"
    HTTP = "http"
    A2A = "a2a"


class LogLevel(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


State = TypeVar("State", SessionStatus, SessionAgentState)
Moves = frozenset[tuple[State, State]]

TERMINAL_SESSION: Final = frozenset(
    {SessionStatus.COMPLETED, SessionStatus.FAILED, SessionStatus.CANCELLED}
)
TERMINAL_AGENT: Final = frozenset(
    {
        SessionAgentState.COMPLETED,
        SessionAgentState.FAILED,
        SessionAgentState.SKIPPED,
        SessionAgentState.CANCELLED,
    }
)


def _moves(table: Mapping[State, set[State]]) -> Moves[State]:
    return frozenset((before, after) for before, afters in table.items() for after in afters)


SESSION_MOVES: Final = _moves(
    {
        SessionStatus.INITIAL: {
            SessionStatus.IN_PROGRESS,
            SessionStatus.FAILED,
            SessionStatus.CANCELLED,
        },
        SessionStatus.IN_PROGRESS: {
            SessionStatus.COMPLETED,
            SessionStatus.FAILED,
            SessionStatus.CANCELLED,
        },
    }
)
AGENT_MOVES: Final = _moves(
    {
        SessionAgentState.INITIAL: {
            SessionAgentState.IN_PROGRESS,
            SessionAgentState.SKIPPED,
            SessionAgentState.CANCELLED,
            SessionAgentState.FAILED,
        },
        SessionAgentState.IN_PROGRESS: {
            SessionAgentState.INITIAL,
            SessionAgentState.WAITING_FOR_INPUT,
            SessionAgentState.COMPLETED,
            SessionAgentState.FAILED,
            SessionAgentState.CANCELLED,
        },
        SessionAgentState.WAITING_FOR_INPUT: {
            SessionAgentState.INITIAL,
            SessionAgentState.COMPLETED,
            SessionAgentState.FAILED,
            SessionAgentState.CANCELLED,
        },
    }
)

# Only `retrySession` makes these moves. In a common table they would also allow a normal start of a
# session that has ended. A completed agent is reset if it is downstream of one that is retried.
SESSION_RETRIES: Final = _moves(
    {
        SessionStatus.COMPLETED: {SessionStatus.IN_PROGRESS},
        SessionStatus.FAILED: {SessionStatus.IN_PROGRESS},
        SessionStatus.CANCELLED: {SessionStatus.IN_PROGRESS},
    }
)
AGENT_RETRIES: Final = _moves(
    {
        SessionAgentState.COMPLETED: {SessionAgentState.INITIAL},
        SessionAgentState.FAILED: {SessionAgentState.INITIAL},
        SessionAgentState.SKIPPED: {SessionAgentState.INITIAL},
        SessionAgentState.CANCELLED: {SessionAgentState.INITIAL},
    }
)


def _table(state: State, retry: bool) -> Moves[State]:
    # By type: members of the two enums with the same value are equal.
    if isinstance(state, SessionStatus):
        return SESSION_RETRIES if retry else SESSION_MOVES
    return AGENT_RETRIES if retry else AGENT_MOVES


def may_move(before: State, after: State, *, retry: bool = False) -> bool:
    """Return whether a session or an agent may move from `before` to `after`.

    Staying in a state is not a move. `retry` selects the moves of `retrySession` instead of those
    of all other operations.
    """
    return (before, after) in _table(after, retry)


def sources(after: State, *, retry: bool = False) -> frozenset[State]:
    """Return the states from which a move to `after` is legal. `retry` is as in `may_move`."""
    return frozenset(before for before, target in _table(after, retry) if target == after)
