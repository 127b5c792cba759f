"""Every edge of a session agent's state diagram, once.

An edge is a function that returns a Transition: what its write changes, and on what condition.
Nothing is written here. `apply` writes a transition, and adds what all of them share.
docs/internals/execution-protocol.md has the same edges as a table.
"""

from ai_coordination.engine.agent.transitions.answers import (
    to_answered,
    to_next_turn,
)
from ai_coordination.engine.agent.transitions.resets import (
    to_cancelled,
    to_next_iteration,
)
from ai_coordination.engine.agent.transitions.runs import (
    to_asking,
    to_completed,
    to_delegated,
    to_failed,
    to_next_attempt,
    to_same_attempt,
    to_waiting,
)
from ai_coordination.engine.agent.transitions.starts import (
    to_failed_unstarted,
    to_grown,
    to_handed_over,
    to_in_progress,
    to_skipped,
)

__all__ = [
    "to_answered",
    "to_asking",
    "to_cancelled",
    "to_completed",
    "to_delegated",
    "to_failed",
    "to_failed_unstarted",
    "to_grown",
    "to_handed_over",
    "to_in_progress",
    "to_next_attempt",
    "to_next_iteration",
    "to_next_turn",
    "to_same_attempt",
    "to_skipped",
    "to_waiting",
]
