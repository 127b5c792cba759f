"""A worker dies at each moment of a session in which nobody answers, and the defaults count."""

import pytest

from ai_coordination import models, texts
from ai_coordination.runtimes.base import Answer, Call, Result
from ai_coordination.states import RejectionPolicy, TimeoutPolicy, UserInTheLoop
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.cases import Started, dies_at_each_point, is_spoilt_at_each_write, two_die
from tests.simulation.simulator import TENANT
from tests.simulation.snapshot import Snapshot

POINTS = 60
DEFAULT = {"on_timeout": TimeoutPolicy.DEFAULT}
BLUEPRINT = Blueprint(
    members=[member("writer"), member("judged"), member("last")],
    actions=[
        {
            "agent_uuid": "writer",
            "answer_timeout_seconds": 60,
            "ask": {
                "kind": UserInTheLoop.CHOICE,
                "options": ["Red", "Green"],
                "default": "Green",
                **DEFAULT,
            },
        },
        {
            "agent_uuid": "judged",
            "predecessors": ["writer"],
            "answer_timeout_seconds": 60,
            "ask": {
                "kind": UserInTheLoop.APPROVAL,
                "on_rejection": RejectionPolicy.CONTINUE,
                "default": False,
                **DEFAULT,
            },
        },
        {"agent_uuid": "last", "predecessors": ["judged"]},
    ],
    queries=[],
)


class NobodyAnswers(Started):
    """The first agent asks for a choice, the second for an approval, and nobody is there."""

    blueprint = BLUEPRINT

    def answer(self, call: Call) -> Result:
        return Answer(f"Output {call.agent.ordinal}")

    def approve(self) -> None:
        """Nobody does."""

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        writer, judged, last = now.agents
        assert (writer.state, writer.choice, writer.answered_by) == ("completed", "Green", "engine")
        assert (judged.state, judged.approved, judged.answered_by) == ("completed", False, "engine")
        assert "A person's choice, after agent WRITER\nGreen" in _told(judged)
        assert "A person, who rejected the answer of agent JUDGED" in _told(last)
        assert [one.run_count for one in now.agents] == [1, 1, 1]


def _told(agent: models.SessionAgent) -> str:
    return texts.read(TENANT, agent.agent_input) or ""


# A sixth every day, and the rest in the long run.
def test_a_default_is_taken_once_where_the_worker_dies() -> None:
    dies_at_each_point(NobodyAnswers, POINTS, 2, every=6)


@pytest.mark.stress
def test_a_default_is_taken_once_wherever_the_worker_dies() -> None:
    dies_at_each_point(NobodyAnswers, POINTS)


@pytest.mark.stress
@pytest.mark.parametrize("spoilt", ["answer lost", "conflict"])
def test_a_default_is_taken_once_whichever_write_is_spoilt(spoilt: str) -> None:
    is_spoilt_at_each_write(NobodyAnswers, spoilt)


@pytest.mark.stress
def test_a_default_is_taken_once_wherever_two_workers_die() -> None:
    two_die(NobodyAnswers, (1, 2, 3, 5, 8))
