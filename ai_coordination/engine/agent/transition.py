"""The value of one edge of a session agent's state diagram: what its write changes, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.models import token_usage
from ai_coordination.states import TERMINAL_AGENT, RunOutcome
from ai_coordination.states import SessionAgentState as State

# Attributes of a session agent by name. None removes one.
Changes = Mapping[str, Any]

# Nobody works on the agent's run: neither a worker, nor anyone elsewhere.
NO_LEASE: Changes = dict.fromkeys(["lease_until", "lease_owner", "takeovers", "remote", "poll_at"])
# The agent's run has shown no sign of life. What the last run showed stays until the next claim.
NO_HEARTBEAT: Changes = dict.fromkeys(["alive_at", "heartbeat_note", "heartbeat_percent"])
# What is known of the throttled runs of an attempt is removed once the attempt has ended.
NO_THROTTLES: Changes = dict.fromkeys(["throttles", "throttled_since", "last_failure"])
# No worker has the agent, and no list of open work contains it. Its attempt has ended.
NO_WORK: Changes = {
    **NO_LEASE,
    **NO_THROTTLES,
    "deadline_at": None,
    "open_as": None,
    "open_since": None,
}
# No list of questions contains it, and nobody has claimed one.
NOT_ASKED: Changes = dict.fromkeys(
    ["asked_of", "asked_order", "asked_title", "claimed_by", "claimed_at"]
)
# What was said to the question before this one, or to the output before this one.
NO_ANSWER: Changes = {
    "approved": None,
    "choice": None,
    "answer_comment": None,
    "answered_at": None,
    "answered_by": None,
}
# Before an agent's first question, as after a reset.
FIRST_TURN: Changes = {
    **NO_ANSWER,
    "answer_mark": None,
    "turn": None,
    "resume": None,
    "asked_question": None,
    "question": None,
    "question_form": None,
    "asked_at": None,
    "reply": None,
}


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One edge, as a value. `agent` is as it was read, and stays so.

    `source` is None for a reset, which every ended state allows. `due_at` is when outstanding work
    is looked for; with None nothing is outstanding. `condition` is what the write requires in
    addition to state and iteration.

    The rest is written in the same transaction. `puts` are new agents. `run` is created, and
    counted. `outcome` seals the
    current run, with the output (or the question), notes and usage in `changes`; or with what was
    `said` where the agent keeps something else. `session` changes
    the session, which must be in progress in the agent's iteration and meet `session_condition`; an
    empty list only checks that. `used` is added to the agent's sum of usages, and `settled` charges
    the session, whatever its status: see `spending`. `event` is to be sent, and the agent is due
    until it is: see `events.outbox`.

    A transition without any of these is a single write. It costs half as much as a transaction, but
    does not know its own repeat: see `apply`.
    """

    agent: models.SessionAgent
    source: State | None
    to: State
    at: str
    due_at: str | None
    changes: Changes
    condition: Condition | None = None
    puts: Sequence[models.SessionAgent] = ()
    run: models.SessionRun | None = None
    outcome: RunOutcome | None = None
    said: Changes | None = None
    session: Sequence[Action] | None = None
    session_condition: Condition | None = None
    used: models.TokenUsage | None = None
    settled: Sequence[Action] | None = None
    event: str | None = None
    knows_its_repeat: bool = False

    def times(self) -> Changes:
        """When the agent has begun, if another run may follow; and when it has ended."""
        if self.source is None:
            return {"began_at": None, "finished_at": None}
        if self.to in TERMINAL_AGENT:
            return {"finished_at": self.at}
        return {"began_at": self.agent.started_at or self.at} if self.to is State.INITIAL else {}

    def result(self) -> models.SessionAgent:
        """The agent as this transition leaves it. What it does not change is as it was read.

        It is computed once, so nobody may change it.
        """
        return self._result

    @cached_property
    def _result(self) -> models.SessionAgent:
        state = {
            "state": self.to.value,
            "updated_at": self.at,
            "change_count": int(self.agent.change_count or 0) + 1,
            "due_at": self.due_at,
            **self.times(),
        }
        sums = {} if self.used is None else token_usage.with_usage(self.agent, self.used)
        unsent = set(self.agent.unsent_events or ()) | ({self.event} if self.event else set())
        events = {"unsent_events": unsent or None}
        return self.agent.changed({**state, **self.changes, **sums, **events})
