"""What every kind of runtime has: the class Runtime, and the call and answers that it exchanges."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ai_coordination import models
from ai_coordination.context import InvocationContext
from ai_coordination.messages import Lane
from ai_coordination.runtimes import json_schema
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Path, Problem
from ai_coordination.states import AgentRuntimeKind, RunOutcome

DEFAULT_TIMEOUT_SECONDS = 300
THROTTLE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation of an agent.

    `run_uuid` is its idempotency key. The attempt is over at `deadline_at`; the worker can wait
    for `seconds` at most, which may be less. `parameters` are all parameters of the member, and
    those of `agent` only the ones that the item itself stores. `wake(seconds)` sends the run a
    message after so many seconds, at which the runtime's `on_wake` is called.
    """

    session: models.Session
    agent: models.SessionAgent
    run_uuid: str
    attempt: int
    deadline_at: str
    seconds: float
    predecessors: Sequence[models.SessionAgent]
    parameters: Any
    wake: Callable[[float], None]
    context: InvocationContext

    @property
    def target(self) -> str | None:
        """The target of the agent's member."""
        target: str | None = self.agent.member.runtime.target
        return target


@dataclass(frozen=True, slots=True)
class Answer:
    """The agent has answered."""

    output: models.Text
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The agent has accepted the work. Its answer arrives later, by a report or a message."""


class RunFailed(Exception):
    """The attempt has failed: the agent failed, could not be reached, or did not answer in time.

    `notes` are shown to the tenant, so they contain no secret and nothing of another tenant.
    `throttled` means that the other side has too much to do, and refused the call before it began
    any work: the attempt does not count. `after_seconds` is how long the other side wants to be
    left alone, if it says so: no attempt begins earlier. `throttle_seconds` is for how long after
    the first throttled run of an attempt further ones do not count.
    """

    def __init__(
        self,
        notes: str,
        *,
        retryable: bool = True,
        timed_out: bool = False,
        throttled: bool = False,
        after_seconds: float | None = None,
        throttle_seconds: float = THROTTLE_SECONDS,
    ) -> None:
        # What an agent or a server says may have half a surrogate pair, which nothing stores.
        notes = notes.encode(errors="replace").decode()
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable
        self.throttled = throttled
        self.after_seconds = after_seconds
        self.throttle_seconds = throttle_seconds
        self.outcome = RunOutcome.TIMED_OUT if timed_out else RunOutcome.FAILED


class Runtime(ABC):
    """One kind of runtime. It has no state: whatever an invocation needs is in its Call.

    To add a kind, add a member to AgentRuntimeKind and a module `<kind>_runtime.py` with a subclass
    of this class, and an instance of it named `RUNTIME`.
    """

    kind: ClassVar[AgentRuntimeKind]
    # Of the value of the API's enum.
    description: ClassVar[str]
    # What parameters may be. The default allows every value: external programs may read them.
    parameters_schema: ClassVar[Schema] = {}
    # The timeout of an attempt whose action sets none.
    timeout_seconds: ClassVar[int] = DEFAULT_TIMEOUT_SECONDS
    # Whether external workers find the work in `openSessionAgents`. Then nothing is invoked.
    is_pulled: ClassVar[bool] = False
    # Parameters that `lane` reads. Items store them also if all parameters together are large.
    inline_parameters: ClassVar[Collection[str]] = ()
    # Places in stored members where a problem is ignored, because earlier versions accepted it.
    ignored_when_stored: ClassVar[Collection[Path]] = ()

    def check(self, target: str | None, parameters: Any) -> Iterable[Problem]:
        """What is wrong with a member. Checked when it is written, and again when it is invoked."""
        if reason := self.target_problem(target):
            yield Problem(reason, ("target",))
        yield from json_schema.problems(self.parameters_schema, parameters, "parameters")

    def target_problem(self, target: str | None) -> str | None:
        """What is wrong with a target. By default a kind has none."""
        return None if target is None else "A runtime of this kind has no target"

    def lane(self, parameters: Any) -> Lane:
        """The lane of the agent's messages: CALLS if `invoke` waits for the agent's answer.

        `parameters` may be only those of `inline_parameters`.
        """
        return Lane.STEPS

    @abstractmethod
    def invoke(self, call: Call) -> Answer | Accepted:
        """Invoke the agent. Raises only RunFailed.

        It may be called twice for a run, with the same `run_uuid`. The member was checked.
        """

    def on_wake(self, agent: models.SessionAgent) -> Answer | Accepted:
        """Look at a run after `call.wake`, if it is still open. Raises only RunFailed.

        Accepted means that it has no answer yet.
        """
        return Accepted()
