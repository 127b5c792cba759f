"""A worker dies at each moment of a session whose agent delegates work, in one write or in many."""

import json

import pytest

from ai_coordination import texts
from ai_coordination.engine.agent.growth import grow, rest
from ai_coordination.runtimes import delegations
from ai_coordination.runtimes.base import Answer, Call, Delegation, Result, RunFailed, Usage
from ai_coordination.runtimes.delegations import Work
from tests.simulation.blueprints import LARGE, Blueprint, member
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    is_spoilt_at_each_write,
    sampled,
    two_die,
)
from tests.simulation.simulator import TENANT
from tests.simulation.snapshot import Snapshot

POINTS, POINTS_OF_CHUNKS = 110, 116
BLUEPRINT = Blueprint(
    members=[member("boss"), member("fine"), member("weak"), member("last")],
    actions=[
        {
            "agent_uuid": "boss",
            "retry": {"max_attempts": 2, "interval_seconds": 1},
            "delegates_to": ["fine", "weak"],
            "max_turns": 3,
        },
        {"agent_uuid": "last", "predecessors": ["boss"]},
    ],
    queries=[],
    budget={"tokens": 200_000},
)
USED = Usage(input_tokens=3, output_tokens=4)
FIRST = [Work("fine", f"Find it {LARGE}"), Work("weak", "Price it"), Work("fine", "Sum", (0, 1))]
SECOND = [Work("fine", "Check it")]


class Delegating(Started):
    """The boss delegates in its first turn, after a failed attempt, and again in its second. One
    piece of work fails for good. The third turn is its last one.
    """

    blueprint = BLUEPRINT

    def answer(self, call: Call) -> Result:
        if call.agent.agent_uuid == "weak":
            raise RunFailed("No price", retryable=False, usage=USED)
        if call.agent.agent_uuid != "boss":
            return Answer(f"Done: {texts.read(TENANT, call.agent.subtask_query)}", USED)
        told = [(one.place, one.state.name, one.notes) for one in call.delegated]
        before = [(one.turn, one.place) for one in call.delegated_before]
        if call.turn == 1:
            assert (call.resume, told, before) == (None, [], [])
            if call.attempt == 1:
                raise RunFailed("Not yet", usage=USED)
            return Delegation(FIRST, {"page": LARGE}, USED)
        if call.turn == 2:
            assert call.resume == {"page": LARGE}
            states = [(0, "COMPLETED", None), (1, "FAILED", "No price"), (2, "COMPLETED", None)]
            assert (told, before) == (states, [])
            return Delegation(SECOND, None, USED)
        assert (call.resume, told) == (None, [(0, "COMPLETED", None)])
        assert before == [(1, 0), (1, 1), (1, 2)]
        assert (list(call.delegates), call.is_last_turn) == ([], True)
        return Answer("The end", USED)

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        assert len(now.agents) == now.session.graph_size == now.session.next_ordinal == 6
        boss, *others = now.agents
        assert [one.agent_uuid for one in others] == ["last", "fine", "weak", "fine", "fine"]
        assert [one.state for one in others] == ["completed"] * 2 + ["failed"] + ["completed"] * 2
        assert [one.parent_ordinal for one in others] == [None, *[boss.ordinal] * 4]
        assert (boss.turn, boss.attempt) == (3, 1)
        assert boss.resume is None
        assert boss.growing is None
        runs = sorted(now.runs_of(boss), key=lambda run: str(run.run_uuid))
        assert [(run.turn, run.attempt, run.outcome) for run in runs] == [
            (None, 1, "failed"),
            (None, 2, "delegated"),
            (2, 1, "delegated"),
            (3, 1, "completed"),
        ]
        said = [texts.read(TENANT, run.output) for run in runs[1:3]]
        assert [json.loads(str(one)) for one in said] == [
            delegations.to_json(work) for work in (FIRST, SECOND)
        ]
        assert len(now.runs) == 4 + len(others)
        assert now.session.used_input_tokens == 3 * len(now.runs)


@pytest.fixture
def chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Growths of more than one agent are large, and are written in chunks of two."""
    monkeypatch.setattr(grow, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(rest, "CHUNK", 2)


often = sampled(29)


@often
def test_a_session_that_delegates_ends_right_wherever_its_worker_dies(every: int) -> None:
    dies_at_each_point(Delegating, POINTS, every=every)


@often
@pytest.mark.usefixtures("chunks")
def test_a_large_delegation_ends_right_wherever_its_worker_dies(every: int) -> None:
    dies_at_each_point(Delegating, POINTS_OF_CHUNKS, first=min(every, 2), every=every)


@pytest.mark.stress
@pytest.mark.parametrize("spoilt", ["answer lost", "conflict"])
def test_a_session_that_delegates_ends_right_whichever_write_is_spoilt(spoilt: str) -> None:
    is_spoilt_at_each_write(Delegating, spoilt)


@pytest.mark.stress
@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("spoilt", ["answer lost", "conflict"])
def test_a_large_delegation_ends_right_whichever_write_is_spoilt(spoilt: str) -> None:
    is_spoilt_at_each_write(Delegating, spoilt)


@pytest.mark.stress
def test_a_session_that_delegates_ends_right_wherever_two_workers_die() -> None:
    two_die(Delegating, (1, 2, 3, 5, 8, 13))
