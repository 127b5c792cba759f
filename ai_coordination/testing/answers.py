"""What agents and people answer in a test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ai_coordination.local.questions import Question

__all__ = [
    "Asked",
    "Decision",
    "Delegate",
    "Question",
    "Reply",
    "Work",
    "answer",
    "approve",
    "choose",
    "reject",
    "revise",
]


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
class Asked:
    """An agent's question to a person, after virtual `seconds`.

    With the answer the agent is called again, in its next turn. A handler finds the answer in
    `event["reply"]`, and `resume` in `event["resume"]`; a function of a text finds question and
    answer in its text. `form` is the JSON Schema of the answer; without one it is a text.
    """

    question: str
    form: Any = None
    resume: Any = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work for the agent with this agentUuid.

    `after` are the positions of earlier pieces whose results it needs.
    """

    agent: str
    text: str
    after: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Delegate:
    """Work that an agent delegates to other agents, after virtual `seconds`.

    Once it is done, the agent is called again, in its next turn. A handler finds the results in
    `event["delegated"]`, and `resume` in `event["resume"]`; a function of a text finds the results
    in its text.
    """

    work: Sequence[Work]
    resume: Any = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer, after virtual `seconds`. `approved` is None unless it is an approval.

    Create one by `approve`, `reject`, `revise`, `answer` or `choose`.
    """

    approved: bool | None
    text: str | None
    seconds: float = 0.0
    revise: bool = False
    value: Any = None
    choice: str | None = None


def approve(remark: str | None = None, *, seconds: float = 0.0) -> Decision:
    """Approve the agent's output, after so many virtual seconds."""
    return Decision(approved=True, text=remark, seconds=seconds)


def reject(remark: str | None = None, *, seconds: float = 0.0) -> Decision:
    """Reject the agent's output, or refuse to answer its question, after so many virtual seconds.

    The agent fails, unless its action says `onRejection: CONTINUE`.
    """
    return Decision(approved=False, text=remark, seconds=seconds)


def revise(remark: str | None = None, *, seconds: float = 0.0) -> Decision:
    """Send the agent's output back, after so many virtual seconds. The agent runs again."""
    return Decision(approved=False, text=remark, seconds=seconds, revise=True)


def answer(text: Any, *, seconds: float = 0.0) -> Decision:
    """Answer an agent that asks for INPUT or a question, after so many virtual seconds.

    If it asks with a form, the answer is the value that the form asks for.
    """
    if isinstance(text, str):
        return Decision(approved=None, text=text, seconds=seconds)
    return Decision(approved=None, text=None, seconds=seconds, value=text)


def choose(option: str, remark: str | None = None, *, seconds: float = 0.0) -> Decision:
    """Choose an option of an agent that asks for a CHOICE, after so many virtual seconds."""
    return Decision(approved=None, text=remark, seconds=seconds, choice=option)


AgentFunction = Callable[[str], Any] | Callable[[Any, Any], Any]
"""A function of the agent's input that returns its output, as text or a Reply, a question as Asked,
or work for others as Delegate; or a handler of an event and a context, as on Lambda."""
PersonFunction = Callable[[Question], "Decision | None"]
"""A function of the question. None: the person never answers it, and `onTimeout` applies."""
