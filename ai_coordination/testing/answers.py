"""What agents and people answer in a test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ai_coordination.local.follow import Question

__all__ = ["Decision", "Question", "Reply", "answer", "approve", "reject"]


@dataclass(frozen=True, slots=True)
class Reply:
    """An agent's answer: its output, and the virtual `seconds` that the agent needs for it.

    Tokens are reported as the run's usage if both counts are set. `input_tokens` include those of
    the cache, and `output_tokens` those of reasoning.
    """

    output: str
    seconds: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer, after virtual `seconds`. `approved` is None for an agent that asks INPUT.

    Create one by `approve`, `reject` or `answer`.
    """

    approved: bool | None
    text: str | None
    seconds: float = 0.0


def approve(remark: str | None = None, *, seconds: float = 0.0) -> Decision:
    """Approve the agent's output, after so many virtual seconds."""
    return Decision(approved=True, text=remark, seconds=seconds)


def reject(remark: str | None = None, *, seconds: float = 0.0) -> Decision:
    """Reject the agent's output, after so many virtual seconds. The agent fails."""
    return Decision(approved=False, text=remark, seconds=seconds)


def answer(text: str, *, seconds: float = 0.0) -> Decision:
    """Answer an agent that asks for INPUT, after so many virtual seconds."""
    return Decision(approved=None, text=text, seconds=seconds)


AgentFunction = Callable[[str], Any] | Callable[[Any, Any], Any]
"""A function of the agent's input that returns its output, as text or a Reply; or a handler of an
event and a context, as on Lambda."""
PersonFunction = Callable[[Question], "Decision | None"]
"""A function of the question. None: the person never answers it."""
