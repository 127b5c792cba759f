"""What every kind of runtime has: the class Runtime, and the call and answers that it exchanges."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from ai_coordination import models
from ai_coordination.context import InvocationContext
from ai_coordination.messages import Lane
from ai_coordination.runtimes import json_schema
from ai_coordination.runtimes.delegations import Delegate, Delegated, Work
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Path, Problem
from ai_coordination.states import AgentRuntimeKind, RunOutcome

DEFAULT_TIMEOUT_SECONDS = 300
THROTTLE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Callback:
    """Where an agent may report its run with this token, and until when. The token is a secret."""

    url: str
    token: str = field(repr=False)
    expires_at: str


class Call(NamedTuple):
    """One invocation of an agent.

    `run_uuid` is its idempotency key. The attempt is over at `deadline_at`; the worker can wait
    for `seconds` at most, which may be less. `parameters` are all parameters of the member, and
    those of `agent` only the ones that the item itself stores. `predecessors` are empty in a poll
    and in a cancellation.

    `turn` is 1, and one more after each question or delegation of the agent. `resume` is what the
    runtime gave with its last question, delegation or checkpoint. If the last turn ended with a
    question, `reply` is what the person said to it; if it ended with a delegation, `delegated` is
    what came of the work. `delegated_before` is that of the turns before it. All of these are the
    same in each attempt of a turn. The agent may delegate to the `delegates`.

    `last_failure` says why the attempt before this one failed; None in the first attempt of a turn.
    An output must fit the `output_schema` of the action, if there is one. A poll has neither.

    `remote` is what the runtime gave with its last acceptance of this run. `is_takeover` says that
    another worker may have invoked the agent for this run already, so that its work may exist.

    `reserve(told, answered)` sets more of the session's budget aside, before a call of a model that
    is not the first one of the run: so many tokens of its input, and of its answer. It raises
    RunFailed if they are not left.

    `cover(told)` does so before the first call of the model, which is told so many bytes of its
    thread and of input files: whatever exceeds what the claim has reserved for them. Raises alike.

    `checkpoint(resume)` stores a new `resume` in the middle of a call, and returns whether that
    landed. From then on a takeover, or the next attempt of the turn, gets this one. It does not
    land if the run is over or another worker has taken it over: then nobody needs the result of
    this call. It raises RunFailed if `resume` is no JSON or larger than 2 MB, and Throttled.

    `callback()` issues a callback of the run; None if this deployment has no address for it. Those
    of earlier calls of the run remain valid. It raises RunFailed if the run is over, and Throttled.
    """

    session: models.Session
    agent: models.SessionAgent
    run_uuid: str
    attempt: int
    deadline_at: str
    seconds: float
    predecessors: Sequence[models.SessionAgent]
    parameters: Any
    context: InvocationContext
    turn: int = 1
    resume: Any = None
    reply: "Reply | None" = None
    delegates: Sequence[Delegate] = ()
    delegated: Sequence[Delegated] = ()
    delegated_before: Sequence[Delegated] = ()
    last_failure: str | None = None
    output_schema: Schema | None = None
    remote: Any = None
    is_takeover: bool = False
    checkpoint: Callable[[Any], bool] = lambda resume: False
    reserve: Callable[[int, int], None] = lambda told, answered: None
    cover: Callable[[int], None] = lambda told: None
    callback: Callable[[], Callback | None] = lambda: None

    @property
    def target(self) -> str | None:
        """The target of the agent's member."""
        target: str | None = self.agent.member.runtime.target
        return target

    @property
    def is_last_turn(self) -> bool:
        """Whether the agent has to answer: another question or delegation would fail it."""
        return self.turn >= int(self.agent.agent_action.max_turns)


class Usage(NamedTuple):
    """The tokens that one run used. `input_tokens` include those that a cache gave or took."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    model: str | None = None


class Reply(NamedTuple):
    """What a person said to an agent's question: a text, or the JSON value that its form wants."""

    text: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The agent has answered."""

    output: models.Text
    usage: Usage | None = None


class Accepted(NamedTuple):
    """The agent has accepted the work. Its answer arrives later: by a report, or by a poll.

    With `poll_seconds` the runtime's `poll` is called after so many seconds, 1 at least. Without,
    it is not called again. `remote` is what `poll` and `cancel` need to find the work: JSON of at
    most 2 KB, without secrets. With None the run keeps the one that it has. `task_id` is the name
    of the work on the other side. The run shows it, if this is its first acceptance.
    """

    remote: Any = None
    poll_seconds: float | None = None
    task_id: str | None = None


class Question(NamedTuple):
    """The agent asks a person. With the reply it is invoked again, in another run.

    `resume` is JSON of at most 2 MB that the next invocation gets. `form` is the JSON Schema of
    the reply; without one the reply is text. `remote` is what `cancel` needs if there will be no
    reply: JSON of at most 2 KB, without secrets. With None nothing continues elsewhere.
    """

    text: str
    resume: Any = None
    form: Schema | None = None
    usage: Usage | None = None
    remote: Any = None


class Delegation(NamedTuple):
    """The agent delegates work to others. With the results it is invoked again, in another run.

    `resume` is JSON of at most 2 MB that the next invocation gets. `notes` are for people.
    """

    work: Sequence[Work]
    resume: Any = None
    usage: Usage | None = None
    notes: str | None = None


Result = Answer | Accepted | Question | Delegation


class RunFailed(Exception):
    """The attempt has failed: the agent failed, could not be reached, or did not answer in time.

    `notes` are shown to the tenant, so they contain no secret and nothing of another tenant.
    `throttled` means that the other side has too much to do, and refused the call before it began
    any work: the attempt does not count. `after_seconds` is how long the other side wants to be
    left alone, if it says so: no attempt begins earlier. `throttle_seconds` is for how long after
    the first throttled run of an attempt further ones do not count. `usage` is what the run used
    before it failed. `output` is what the agent answered, if that is why it failed: the run keeps
    it.
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
        usage: Usage | None = None,
        output: models.Text | None = None,
    ) -> None:
        # What an agent or a server says may have half a surrogate pair, which nothing stores.
        notes = notes.encode(errors="replace").decode()
        if isinstance(output, str):
            output = output.encode(errors="replace").decode()
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable
        self.throttled = throttled
        self.after_seconds = after_seconds
        self.throttle_seconds = throttle_seconds
        self.usage = usage
        self.output = output
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
    # Whether a run uses tokens of a model that the engine calls: a budget reserves them.
    spends: ClassVar[bool] = False
    # Whether external workers find the work in `openSessionAgents`. Then nothing is invoked.
    is_pulled: ClassVar[bool] = False
    # Parameters that `lane` reads. Items store them also if all parameters together are large.
    inline_parameters: ClassVar[Collection[str]] = ()
    # Places in stored members where a problem is ignored, because earlier versions accepted it.
    ignored_when_stored: ClassVar[Collection[Path]] = ()

    def check(self, target: str | None, parameters: Any) -> Iterable[Problem]:
        """What is wrong with a member. Checked when it is written, and again when it is invoked."""
        if reason := self.off_reason() or self.target_problem(target):
            yield Problem(reason, ("target",))
        yield from json_schema.problems(self.parameters_schema, parameters, "parameters")

    def model_of(self, target: str | None, parameters: Any) -> str | None:
        """The model of a member, by which its tokens are priced; None for a kind that has none."""
        return None

    def off_reason(self) -> str | None:
        """Why no agent can be of this kind here: it names the setting that turns the kind on.

        None if the kind is on, as it is by default.
        """
        return None

    def target_problem(self, target: str | None) -> str | None:
        """What is wrong with a target of a kind that is on. By default a kind has none."""
        return None if target is None else "A runtime of this kind has no target"

    def lane(self, parameters: Any) -> Lane:
        """The lane of the agent's messages: CALLS if `invoke` waits for the agent's answer.

        `parameters` may be only those of `inline_parameters`.
        """
        return Lane.STEPS

    @abstractmethod
    def invoke(self, call: Call) -> Result:
        """Invoke the agent. Raises only RunFailed.

        It may be called twice for a run, with the same `run_uuid`. The member was checked.
        """

    def poll(self, call: Call) -> Result:
        """Look at work that was accepted with `poll_seconds`. Raises only RunFailed.

        Accepted means that it has no answer yet. Return it too if the other side could not be
        reached: RunFailed means that the work has failed, unless it is `throttled`. Then the work
        is polled again later, and the `usage` of the failure is left out: whichever poll ends the
        run says what the run used. A run may be polled twice at the same time.
        """
        return Accepted()

    def cancel(self, call: Call) -> None:
        """Stop work that was accepted with a `remote`, because nobody waits for its answer; or work
        that asks, because there will be no reply.

        Called with the `remote` of the acceptance or the question after the run has ended; perhaps
        twice, perhaps never.
        Whatever it raises is logged. `call.attempt` may be a later one by then.
        """
        return
