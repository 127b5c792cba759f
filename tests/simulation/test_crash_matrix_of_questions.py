"""A worker dies at each moment of a session whose agent asks a question and revises its output."""

from typing import Any

import pytest

from ai_coordination import texts
from ai_coordination.engine import agent_commands
from ai_coordination.runtimes.base import Answer, Call, Question, Reply, Result, RunFailed, Usage
from ai_coordination.states import SessionAgentState, UserInTheLoop
from tests.simulation.blueprints import FORM, LARGE, Blueprint, member
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    is_spoilt_at_each_write,
    sampled,
    spoilt_by,
    two_die,
)
from tests.simulation.simulator import TENANT
from tests.simulation.snapshot import Snapshot

POINTS = 68
BLUEPRINT = Blueprint(
    members=[member("writer"), member("last")],
    actions=[
        {
            "agent_uuid": "writer",
            "retry": {"max_attempts": 2, "interval_seconds": 1},
            "user_in_the_loop": UserInTheLoop.APPROVAL,
            "max_turns": 3,
        },
        {"agent_uuid": "last", "predecessors": ["writer"]},
    ],
    queries=[],
)
USED = Usage(input_tokens=3, output_tokens=4)
REPLY = {"said": LARGE}
PROGRESS = {"so far": "half"}


class Asking(Started):
    """The writer asks in its first turn. In the second it fails once after a checkpoint, and what
    it writes then is sent back. In the third it is approved.
    """

    blueprint = BLUEPRINT

    def answer(self, call: Call) -> Result:
        if call.agent.ordinal == 1:
            return Answer("The end", USED)
        if call.turn == 1:
            assert (call.resume, call.reply) == (None, None)
            return Question(f"How? {LARGE}", {"page": LARGE}, FORM, USED)
        if call.turn == 2:
            return self._second(call)
        assert (call.resume, call.reply) == (None, None)
        assert texts.read(TENANT, call.agent.rejected_output) == "A draft"
        assert call.agent.rejected_because == "Shorter"
        return Answer("Final", USED)

    def _second(self, call: Call) -> Result:
        assert call.reply == Reply(value=REPLY)
        if call.attempt == 1:
            # Of another worker there may be a checkpoint already.
            assert call.resume in ({"page": LARGE}, PROGRESS)
            assert call.checkpoint(PROGRESS)
            raise RunFailed("Not yet", usage=USED)
        assert call.resume == PROGRESS
        return Answer("A draft", USED)

    def approve(self) -> None:
        """Answer the question, send the draft back, and approve the last output."""
        now = self.monitor.look()
        for agent in now.agents if now else ():
            if agent.state == SessionAgentState.WAITING_FOR_INPUT:
                agent_commands.answer(
                    self.world.engine(),
                    self.world.caller,
                    session_uuid=agent.session_uuid,
                    session_agent_uuid=agent.session_agent_uuid,
                    run_uuid=agent.current_run_uuid,
                    **_said(agent),
                )

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        writer, last = now.agents
        assert (writer.agent_output, last.agent_output) == ("Final", "The end")
        assert (writer.turn, writer.attempt) == (3, 1)
        assert writer.resume is None
        runs = sorted(now.runs_of(writer), key=lambda run: str(run.run_uuid))
        assert [(run.turn, run.attempt, run.outcome) for run in runs] == [
            (None, 1, "input_required"),
            (2, 1, "failed"),
            (2, 2, "completed"),
            (3, 1, "completed"),
        ]
        outputs = [run.output and texts.read(TENANT, run.output) for run in runs]
        assert outputs == [f"How? {LARGE}", None, "A draft", "Final"]
        assert now.session.used_input_tokens == 3 * 5


def _said(agent: Any) -> dict[str, Any]:
    if agent.asked_question:
        return {"answer": REPLY}
    if agent.agent_output == "A draft":
        return {"approved": False, "revise": True, "user_input": "Shorter"}
    return {"approved": True}


@sampled(17)
def test_a_session_that_asks_ends_right_wherever_its_worker_dies(every: int) -> None:
    dies_at_each_point(Asking, POINTS, every=every)


@spoilt_by("answer lost", every=7)
def test_a_session_that_asks_ends_right_whichever_write_is_spoilt(spoilt: str, every: int) -> None:
    is_spoilt_at_each_write(Asking, spoilt, every)


@pytest.mark.stress
def test_a_session_that_asks_ends_right_wherever_two_workers_die() -> None:
    two_die(Asking, (1, 2, 3, 5, 8, 13))
