"""Checks the turns of agents: what they asked, what people replied, and what the next turn gets."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import models, texts
from ai_coordination.runtimes.base import Call
from ai_coordination.states import SessionAgentState
from tests.simulation.simulator import Simulator
from tests.simulation.snapshot import Snapshot

ASKED = "input_required"
DELEGATED = "delegated"
ENDS_OF_A_TURN = {ASKED, DELEGATED, "completed"}
WITHOUT_ANSWER = {"failed", "timed_out", "cancelled"}
WITHOUT_REPLY = {SessionAgentState.FAILED, SessionAgentState.CANCELLED}
Of = tuple[int, int, int]


class Turns:
    """Of one session. `iterations` says in which iteration of its agent a run was made."""

    def __init__(self, world: Simulator, iterations: Mapping[str, int]) -> None:
        self._world = world
        self._iterations = iterations
        # By the run of a question, the reply that its next turn got.
        self._replies: dict[str, Any] = {}
        # The checkpoints of a turn that a call may find, and the turns in which one has landed.
        self._checkpoints: dict[Of, list[Any]] = defaultdict(list)
        self._landed: set[Of] = set()

    def look(self, now: Snapshot, agent: models.SessionAgent) -> None:
        """Check an agent at any moment."""
        runs = self._runs(now, agent)
        turns = [turn_of(run) for run in runs]
        assert turns == sorted(turns), "a turn has gone back"
        assert all(turn <= turn_of(agent) for turn in turns), "a run of a turn to come"
        assert turn_of(agent) <= agent.agent_action.max_turns
        for turn in range(1, turn_of(agent)):
            of_turn = [run for run in runs if turn_of(run) == turn]
            if not of_turn:
                assert _was_delegated(agent, turn), "a turn is missing"
                continue
            *before, last = of_turn
            assert last.outcome in ENDS_OF_A_TURN, "a turn has followed a failure"
            assert {run.outcome for run in before} <= {"failed", "timed_out"}
        self._question_is_open(agent, runs)
        if agent.state == SessionAgentState.COMPLETED:
            assert agent.resume is None

    def _runs(self, now: Snapshot, agent: models.SessionAgent) -> list[models.SessionRun]:
        """Of the agent's iteration, in the order of their claims."""
        found = [
            run for run in now.runs_of(agent) if self._iterations[run.run_uuid] == agent.iteration
        ]
        return sorted(found, key=lambda run: str(run.run_uuid))

    def _question_is_open(self, agent: models.SessionAgent, runs: list[models.SessionRun]) -> None:
        """An agent that asks a question has no output, and its run is sealed with the question."""
        if agent.state != SessionAgentState.WAITING_FOR_INPUT:
            return
        assert bool(agent.asked_question) == (agent.agent_output is None)
        if agent.asked_question:
            current = runs[-1]
            assert (current.run_uuid, current.outcome) == (agent.current_run_uuid, ASKED)
            assert current.output == agent.question
            asked = self._world.asked[str(current.run_uuid)]
            assert any(texts.is_same(current.output, text) for text, _ in asked), "of another run"

    def called(self, now: Snapshot, call: Call) -> None:
        """Check what a call gets. It is of a worker that has the run."""
        agent = now.by_ordinal[int(call.agent.ordinal)]
        assert call.turn == turn_of(agent)
        before = [run for run in self._runs(now, agent) if turn_of(run) == call.turn - 1]
        stored = self._checkpoints[of(call)]
        continues = not before and call.turn > 1
        if continues:
            # A retry lets the agent continue in the turn after a delegation.
            before = [run for run in now.runs_of(agent) if turn_of(run) == call.turn - 1]
            before = sorted(before, key=lambda run: str(run.run_uuid))
            assert before[-1].outcome == DELEGATED, "a retry has kept a turn"
            stored = self._stored_ever(call)
        last = before[-1] if before else None
        given: list[Any] = [None]
        if last is not None and last.outcome == ASKED:
            self._replied(str(last.run_uuid), call)
            given = _given(last, self._world.asked)
        else:
            assert call.reply is None
        if last is not None and last.outcome == DELEGATED:
            given = _given(last, self._world.delegated)
        else:
            assert not call.delegated, "results of another turn"
        if of(call) in self._landed:
            given = []
        assert call.resume in [*given, *stored], "the resume of another turn"

    def _stored_ever(self, call: Call) -> list[Any]:
        """All checkpoints of a turn, also of earlier iterations."""
        at, _, turn = of(call)
        places = [place for place in self._checkpoints if (place[0], place[2]) == (at, turn)]
        return [one for place in places for one in self._checkpoints[place]]

    def _replied(self, question: str, call: Call) -> None:
        """Of all replies to a question, each attempt of the next turn gets the same one."""
        assert call.reply is not None, "the reply is lost"
        reply = call.reply.value if call.reply.text is None else call.reply.text
        assert reply in self._world.replied[question], "a reply that no person has given"
        assert self._replies.setdefault(question, reply) == reply, "two replies to one question"

    def cancelled(self, now: Snapshot, call: Call) -> None:
        """Check that nobody waits for the work that a call cancels.

        Its run has ended without an answer; or with a question, and then the agent has ended too,
        or begun anew, without a reply.
        """
        run = next((run for run in now.runs if run.run_uuid == call.run_uuid), None)
        if run is None or run.outcome in WITHOUT_ANSWER:
            return
        assert run.outcome == ASKED, "the run is in progress, or has an answer"
        assert run.run_uuid not in self._replies, "the work has gone on with a reply"
        agent = now.by_ordinal[int(call.agent.ordinal)]
        if self._iterations[call.run_uuid] == agent.iteration:
            assert agent.state in WITHOUT_REPLY, "a person may still reply"
            assert turn_of(agent) == turn_of(run), "a person has replied"

    def checkpoint(self, call: Call, resume: Any) -> bool:
        """Store a checkpoint as a runtime does it, and know from then on what may be found."""
        tried = self._checkpoints[of(call)]
        tried.append(resume)
        landed = call.checkpoint(resume)
        if landed:
            self._landed.add(of(call))
            # Another worker may have stored a later one before this one hears of its own.
            if resume in tried:
                del tried[: tried.index(resume)]
        return landed


def _was_delegated(agent: models.SessionAgent, turn: int) -> bool:
    """Whether a delegation, which a retry has kept, ended a turn or a later one."""
    return any(growth.turn is not None and growth.turn >= turn for growth in agent.grew or ())


def _given(run: models.SessionRun, said: Mapping[str, Sequence[tuple[str, Any]]]) -> list[Any]:
    """What may be given back to the turn after a run's."""
    return [resume for text, resume in said[run.run_uuid] if texts.is_same(run.output, text)]


def of(call: Call) -> Of:
    """Return what names a turn."""
    return int(call.agent.ordinal), int(call.agent.iteration), call.turn


def turn_of(item: models.SessionAgent | models.SessionRun) -> int:
    """Return the turn of an agent or a run, which only later turns store."""
    return int(item.turn or 1)
