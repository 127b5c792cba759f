"""A worker dies before and after each write and message of a session with branches and a delay."""

import json
from collections.abc import Callable

import pytest

from ai_coordination import texts
from ai_coordination.runtimes.base import Answer, Call
from ai_coordination.states import FailurePolicy
from tests.simulation.blueprints import LARGE, Blueprint, member
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    is_spoilt_at_each_write,
    kept,
    sampled,
    spoilt_by,
    two_die,
)
from tests.simulation.simulator import START, TENANT
from tests.simulation.snapshot import Snapshot

POINTS = 98
DELAY_SECONDS = 100
ENDS = {
    "first": "completed",
    "left": "skipped",
    "behind": "skipped",
    "right": "completed",
    "broken": "failed",
    "after": "skipped",
    "join": "completed",
    "last": "completed",
}
NOTES = {
    "left": 'Skipped: `when` is false: outputs."first".done',
    "behind": "Skipped: all its predecessors were skipped",
    "broken": (
        "`when` has failed: it gives an object, and a condition gives true or false. Its expression"
        ' is: outputs."first"'
    ),
    "after": "Skipped: BROKEN has failed",
}
BLUEPRINT = Blueprint(
    members=[member(name) for name in ENDS],
    actions=[
        {"agent_uuid": "first"},
        {
            "agent_uuid": "left",
            "predecessors": ["first"],
            "when": 'outputs."first".done',
        },
        {"agent_uuid": "behind", "predecessors": ["left"]},
        {
            "agent_uuid": "right",
            "predecessors": ["first"],
            "when": "states.\"first\" == 'COMPLETED'",
            "delay_seconds": DELAY_SECONDS,
        },
        {
            "agent_uuid": "broken",
            "predecessors": ["first"],
            "when": 'outputs."first"',
            "on_failure": FailurePolicy.SKIP_SUCCESSORS,
        },
        {"agent_uuid": "after", "predecessors": ["broken"]},
        {
            "agent_uuid": "join",
            "predecessors": ["behind", "right"],
            "when": "states.\"behind\" != 'FAILED'",
            "input": "{right: outputs.right.said, behind: outputs.behind}",
        },
        {"agent_uuid": "last", "predecessors": ["join"]},
    ],
    queries=[],
    output="outputs.last.said",
)


class Branches(Started):
    """One way is not taken, and what follows it is dead; the other one is delayed. Then they join.

    The condition of a third way fails. The session has an output. The texts are large.
    """

    blueprint = BLUEPRINT

    def answer(self, call: Call) -> Answer:
        name = call.agent.agent_uuid
        if name == "right":
            waited = (self.world.clock - START).total_seconds()
            assert waited >= DELAY_SECONDS, "it has not waited"
        if name == "join":
            told = json.loads(texts.read(TENANT, call.agent.agent_input))
            assert told == {"right": f"right: {LARGE}", "behind": None}
        return kept(call, json.dumps({"done": False, "said": f"{name}: {LARGE}"}))

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        assert texts.read(TENANT, now.session.output) == f"last: {LARGE}"
        assert {agent.agent_uuid: agent.state for agent in now.agents} == ENDS
        assert {agent.agent_uuid: agent.notes for agent in now.agents if agent.notes} == NOTES
        assert all(agent.attempt == len(now.runs_of(agent)) for agent in now.agents)
        assert len(now.runs) == list(ENDS.values()).count("completed")


@sampled(19)
def test_branches_end_right_wherever_a_worker_dies(every: int) -> None:
    dies_at_each_point(Branches, POINTS, every=every)


@spoilt_by("answer lost", every=11)
def test_branches_end_right_whichever_write_is_spoilt(spoilt: str, every: int) -> None:
    is_spoilt_at_each_write(Branches, spoilt, every)


@pytest.mark.stress
def test_branches_end_right_wherever_two_workers_die(write_line: Callable[[str], None]) -> None:
    points = two_die(Branches, (1, 2, 3, 5, 8, 13, 21))

    write_line(f"crash matrix of conditions: {points} points")
