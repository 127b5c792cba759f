"""The rounds of an agent that is a model: it is asked, calls tools, and is asked again.

Every round is kept by a checkpoint, before its tools are called and after them. So a takeover, or
the next attempt, calls the model again only for the round in which the worker died.
"""

import json
from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from ai_coordination import telemetry
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import memory, model_reply
from ai_coordination.runtimes.base import Answer, Call, Delegation, Question, RunFailed
from ai_coordination.runtimes.delegations import Work
from ai_coordination.runtimes.model_reply import Stop
from ai_coordination.runtimes.tools import tool_calls
from ai_coordination.runtimes.tools.conversation import (
    Asked,
    Conversation,
    Message,
    Outcome,
    ToolCall,
    ToolResult,
)
from ai_coordination.runtimes.tools.estimate import Estimate
from ai_coordination.runtimes.tools.progress import Progress
from ai_coordination.runtimes.tools.toolbox import Toolbox, toolbox_of

DEFAULT_ROUNDS: Final = 8
MOST_CALLS: Final = 32
LARGEST_KEPT_BYTES: Final = 2_000_000
ONE_QUESTION: Final = ToolResult(
    "Error: One question at a time. This one was not asked: ask it again after the others",
    is_error=True,
)
TOO_MANY: Final = ToolResult(
    f"Error: This was not called. In one round at most {MOST_CALLS} tools are", is_error=True
)
NO_QUESTION: Final = ToolResult(
    "Error: Nobody can be asked now. Continue with what you know", is_error=True
)


def run(
    call: Call,
    conversation: Conversation,
    progress: Progress,
    parameters: Mapping[str, Any],
    ends_at: InvocationContext,
    reserved: Mapping[str, str] = MappingProxyType({}),
) -> Answer | Question | Delegation:
    """Let a model answer, with the tools of its agent. Raises RunFailed, Throttled.

    `reserved` is as in `toolbox_of`.
    """
    try:
        toolbox = toolbox_of(call, parameters, ends_at, reserved)
        try:
            return Rounds(call, conversation, progress, toolbox, parameters, ends_at).run()
        finally:
            toolbox.close()
    except RunFailed as failed:
        failed.usage = progress.usage
        raise


class Rounds:
    """The rounds of one invocation."""

    def __init__(
        self,
        call: Call,
        conversation: Conversation,
        progress: Progress,
        toolbox: Toolbox,
        parameters: Mapping[str, Any],
        ends_at: InvocationContext,
    ) -> None:
        self._call = call
        self._conversation = conversation
        self._toolbox = toolbox
        self._parameters = parameters
        self._ends_at = ends_at
        self._progress = progress
        # How many bytes of the process's memory the conversation has taken.
        self._held = 0
        self._estimate = Estimate(call, parameters)

    def run(self) -> Answer | Question | Delegation:
        """Continue until the model answers or delegates, or a person is asked. Raises RunFailed."""
        if self._progress.messages:
            self._hold(_size(self._kept()))
        while True:
            if self._progress.is_open and (end := self._finish_round()):
                return end
            if answer := self._ask():
                return answer

    def _ask(self) -> Answer | None:
        """The model's answer. None if it calls tools: then a round is open. Raises RunFailed."""
        progress = self._progress
        self._check_tokens()
        specs = self._toolbox.specs
        self._estimate.reserve(progress.messages, specs)
        completion = self._conversation.ask(progress.messages, specs, self._ends_at)
        self._estimate.add(completion.usage, len(progress.messages))
        progress.add(completion.usage)
        if completion.stop is not Stop.TOOL or not specs:
            answer = model_reply.answer(completion, self._parameters)
            return replace(answer, usage=progress.usage)
        message = completion.message
        if message is None or not (calls := self._conversation.calls(message)):
            raise RunFailed("The model calls a tool, and does not say which one")
        most = self._parameters.get("maxRounds", DEFAULT_ROUNDS)
        # A round that only delegates is a turn, and maxTurns limits those.
        counts = not all(self._toolbox.delegates(call) for call in calls)
        if counts and progress.rounds >= most:
            notes = f"The model still calls tools after {most} rounds (maxRounds)"
            raise RunFailed(notes, retryable=False)
        progress.open(_storable(message), self._call.run_uuid, counts=counts)
        telemetry.count("Rounds")
        if not all(map(self._toolbox.ends_the_turn, calls)):
            # From here on, whichever worker makes the calls, they have the same ids.
            self._keep()
        return None

    def _check_tokens(self) -> None:
        most = self._parameters.get("maxTotalTokens")
        used = self._progress.tokens
        if most is not None and used >= most:
            notes = f"The agent has used {used:,} tokens, and has {most:,} of them (maxTotalTokens)"
            raise RunFailed(notes, retryable=False)

    def _finish_round(self) -> Question | Delegation | None:
        """Call the tools of the open round.

        A question if one of them needs a person first. A delegation if work is delegated and
        everything else has its result.
        """
        progress = self._progress
        calls = self._conversation.calls(progress.messages[-1])
        asked: tuple[int, Asked] | None = None
        work: dict[int, Work] = {}
        for place, outcome in self._outcomes(calls).items():
            if isinstance(outcome, ToolResult):
                progress.results[place] = outcome
            elif isinstance(outcome, Work):
                work[place] = outcome
            elif self._call.is_last_turn:
                progress.results[place] = NO_QUESTION
            elif asked is None:
                asked = place, outcome
            else:
                progress.results[place] = ONE_QUESTION
        if asked is not None:
            return self._question(*asked)
        if self._ends_at.is_over():
            # A tool that was cut short by this is called again by the next attempt.
            notes = "The time of the attempt has ended while its tools were called"
            raise RunFailed(notes, timed_out=True)
        if work:
            progress.delegated = sorted(work)
            pieces = [work[place] for place in progress.delegated]
            return Delegation(pieces, self._kept(), progress.usage)
        results = [progress.results[place] for place in range(len(calls))]
        progress.close(self._conversation.results(calls, results))
        self._keep()
        return None

    def _outcomes(self, calls: list[ToolCall]) -> dict[int, Outcome]:
        """The outcomes of the calls that have none yet, in the calls' order."""
        progress = self._progress
        for place in range(MOST_CALLS, len(calls)):
            progress.results[place] = TOO_MANY
        missing = [place for place in range(len(calls)) if place not in progress.results]

        def outcome(place: int) -> tool_calls.Timed:
            key = f"{progress.opened_by}:{calls[place].id}"
            asked = progress.asked
            if asked is None or asked["place"] != place:
                return self._toolbox.call(calls[place], key, self._ends_at)
            return self._toolbox.resume(calls[place], key, self._ends_at, asked, self._call.reply)

        # Each thread has a copy of the log's keys.
        jobs = [(copy_context(), place) for place in missing]
        timed = self._call.context.map(
            lambda job: job[0].run(outcome, job[1]), jobs, tool_calls.THREADS, "tool"
        )
        for place, one in zip(missing, timed, strict=True):
            tool_calls.log(self._call, calls[place], one)
        return {place: one.outcome for place, one in zip(missing, timed, strict=True)}

    def _question(self, place: int, asked: Asked) -> Question:
        progress = self._progress
        progress.asked = {
            "place": place,
            "state": asked.state,
            "text": asked.text,
            "form": asked.form,
        }
        return Question(asked.text, self._kept(), asked.form, progress.usage)

    def _keep(self) -> None:
        """Make a checkpoint. Raises RunFailed if this worker is no longer needed."""
        kept = self._kept()
        size = _size(kept)
        if size <= LARGEST_KEPT_BYTES:
            self._store(kept)
        else:
            telemetry.logger.warning("checkpoint", extra={"bytes": size})
        # Afterwards: if there is no memory for it, the next run continues from here.
        self._hold(size)

    def _kept(self) -> dict[str, Any]:
        return self._progress.to_json(self._call, self._conversation.protocol)

    def _hold(self, size: int) -> None:
        """Take memory for a conversation of this size. Raises RunFailed if there is none."""
        memory.calls.take(max(size - self._held, 0))
        self._held = max(size, self._held)

    def _store(self, kept: Mapping[str, Any]) -> None:
        try:
            landed = self._call.checkpoint(kept)
        except RunFailed as failed:
            # It is for a worker that dies. This one lives, and can continue.
            telemetry.logger.warning("checkpoint", extra={"reason": failed.notes})
            return
        if not landed:
            raise RunFailed("The run is over, or another worker has taken it over")


def _size(kept: Mapping[str, Any]) -> int:
    return len(json.dumps(kept, ensure_ascii=False).encode(errors="replace"))


def _storable(message: Message) -> Message:
    """A message without half surrogate pairs, which JSON may have and nothing stores."""
    text = json.dumps(message, ensure_ascii=False).encode(errors="replace")
    stored: Message = json.loads(text)
    return stored
