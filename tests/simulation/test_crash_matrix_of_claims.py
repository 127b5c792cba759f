"""Workers and callers die at each moment of a session whose questions people claim and release."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import agent_commands, claim_commands
from ai_coordination.errors import InvalidState
from ai_coordination.runtimes.base import Answer, Call, Question, Result, Usage
from ai_coordination.states import SessionAgentState, UserInTheLoop
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    is_spoilt_at_each_write,
    sampled,
    spoilt_by,
    two_die,
)
from tests.simulation.people import GROUP, members
from tests.simulation.snapshot import Snapshot

POINTS = 40
BLUEPRINT = Blueprint(
    members=[member("payer")],
    actions=[
        {
            "agent_uuid": "payer",
            "ask": {"kind": UserInTheLoop.APPROVAL, "group": GROUP},
        }
    ],
    queries=[],
)
USED = Usage(input_tokens=3, output_tokens=4)


class Claiming(Started):
    """The agent asks a question of its own, then about its output. Of each question, Eve claims it
    and releases it, Max claims it and is the only one who can answer.
    """

    blueprint = BLUEPRINT

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._claimed: set[str] = set()
        self._released: set[str] = set()
        self._eve, self._max = members(self.world.caller)

    def answer(self, call: Call) -> Result:
        return Question("Which account?", usage=USED) if call.turn == 1 else Answer("Paid", USED)

    def approve(self) -> None:
        now = self.monitor.look()
        for agent in now.agents if now else ():
            if agent.state == SessionAgentState.WAITING_FOR_INPUT:
                self._decide(agent)

    def _decide(self, agent: models.SessionAgent) -> None:
        """People repeat what they do not know to be done."""
        run = str(agent.current_run_uuid)
        said: Mapping[str, Any] = (
            {"user_input": "The first"} if agent.asked_question else {"approved": True}
        )
        if run not in self._claimed:
            self._tell(claim_commands.claim, agent, self._eve)
            self._is_refused(agent_commands.answer, agent, **said)
            self._is_refused(claim_commands.claim, agent)
            self._claimed.add(run)
        if run not in self._released:
            self._tell(claim_commands.release, agent, self._eve)
            self._released.add(run)
        self._tell(claim_commands.claim, agent, self._max)
        self._tell(agent_commands.answer, agent, self._max, **said)

    def _tell(self, command: Any, agent: models.SessionAgent, caller: Any, **said: Any) -> Any:
        key = {"session_uuid": agent.session_uuid, "session_agent_uuid": agent.session_agent_uuid}
        run = agent.current_run_uuid
        return command(self.world.engine(), caller, **key, run_uuid=run, **said)

    def _is_refused(self, command: Any, agent: models.SessionAgent, **said: Any) -> None:
        with pytest.raises(InvalidState, match="'eve' has claimed this question"):
            self._tell(command, agent, self._max, **said)

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        (agent,) = now.agents
        assert now.session.status == "completed"
        assert (agent.agent_output, agent.answered_by, agent.turn) == ("Paid", "max", 2)
        # Each question was claimed twice and released once, however often that was tried.
        assert agent.version == 1 + 2 * 3
        outcomes = sorted(str(run.outcome) for run in now.runs)
        assert outcomes == ["completed", "input_required"]


@sampled(5)
def test_questions_are_claimed_and_answered_wherever_a_process_dies(every: int) -> None:
    dies_at_each_point(Claiming, POINTS, every=every)


@spoilt_by("answer lost", "conflict", every=5)
def test_questions_are_claimed_and_answered_whichever_write_is_spoilt(
    spoilt: str, every: int
) -> None:
    is_spoilt_at_each_write(Claiming, spoilt, every)


@pytest.mark.stress
def test_questions_are_claimed_and_answered_wherever_two_processes_die() -> None:
    two_die(Claiming, (1, 2, 3, 5, 8, 13))
