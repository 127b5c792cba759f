"""Agents whose work is accepted elsewhere, and looked at again."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ai_coordination.messages import Lane
from ai_coordination.runtimes.base import Accepted, Answer, Call, RunFailed
from ai_coordination.testing import Engine
from ai_coordination.testing.errors import WorkerDied
from tests.support.polled import Result, Script, elsewhere

REMOTE = {"task": "t-1", "polls": 0}
ONCE = {"retry": {"maxAttempts": 1}}
WEEK_SECONDS = 7 * 24 * 3600
LONGEST_SHOWN = "x" * 256
COMPLETE = """mutation ($input: CompleteSessionAgentInput!) {
    completeSessionAgent(input: $input) { sessionAgent { state } } }"""
ACCEPT = """mutation ($input: AcceptSessionAgentInput!) {
    acceptSessionAgent(input: $input) { sessionAgent { state } } }"""


Act = Result | BaseException | type[BaseException]


def saying(*acts: Act) -> Script:
    """One after another."""
    rest: Iterator[Act] = iter(acts)

    def say(call: Call) -> Result:
        act = next(rest)
        if isinstance(act, BaseException | type):
            raise act
        return act

    return say


def accepting(seconds: float | None = 10, **more: Any) -> Script:
    return lambda call: Accepted(REMOTE, seconds, **more)


def test_accepted_work_is_polled_until_it_has_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"task": "t-1", "polls": 1}
    polls = saying(Accepted(more, 20), Accepted(poll_seconds=0.1), Answer("Done"))
    with elsewhere(monkeypatch, accepting(), polls) as told:
        session = told.start()

        assert told.seconds() == [10, 30, 31]
        assert [call.remote for call in told.polled] == [REMOTE, more, more]
        assert {call.run_uuid for call in told.polled} == {told.invoked[0].run_uuid}
        assert len(told.invoked) == 1
        now = told.read(session)
        assert (now["status"], now["agent"]["agentOutput"]) == ("COMPLETED", "Done")
        assert [run["outcome"] for run in now["sessionRuns"]["nodes"]] == ["COMPLETED"]


@pytest.mark.parametrize("lane", Lane)
def test_a_poll_is_a_message_of_its_runtime_s_lane(
    monkeypatch: pytest.MonkeyPatch, lane: Lane
) -> None:
    with elsewhere(monkeypatch, accepting(), saying(Answer("Done")), lane=lane) as told:
        told.start()

        (poll,) = told.polled
        assert poll.seconds == (45 if lane is Lane.CALLS else pytest.approx(45, abs=1))
        assert told.seconds() == [10]


@pytest.mark.parametrize(
    ("seconds", "polled"), [(899.5, [900]), (900, [900]), (901, [960]), (86_390, [86_400])]
)
def test_a_poll_that_no_message_can_wait_for_is_the_sweep_s(
    monkeypatch: pytest.MonkeyPatch, seconds: float, polled: list[int]
) -> None:
    with elsewhere(monkeypatch, accepting(seconds), saying(Answer("Done"))) as told:
        session = told.start(timeoutSeconds=WEEK_SECONDS)

        assert told.seconds() == polled
        assert told.read(session)["status"] == "COMPLETED"


def test_without_poll_seconds_an_accepted_agent_is_not_polled_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with elsewhere(monkeypatch, accepting(), saying(Accepted())) as told:
        session = told.start(timeoutSeconds=3_600, **ONCE)

        assert told.seconds() == [10]
        agent = told.read(session)["agent"]
        assert (agent["state"], agent["notes"]) == ("FAILED", "No answer within 3600 s")


def test_work_is_not_polled_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with elsewhere(monkeypatch, accepting(30), accepting(30)) as told:
        session = told.start(timeoutSeconds=100, **ONCE)

        assert told.seconds() == [30, 60, 90]
        (run,) = told.read(session)["sessionRuns"]["nodes"]
        assert (run["outcome"], run["notes"]) == ("TIMED_OUT", "No answer within 100 s")


@pytest.mark.parametrize(
    ("task_id", "shown"),
    [
        ("t-1", "t-1"),
        (LONGEST_SHOWN, LONGEST_SHOWN),
        (f"{LONGEST_SHOWN}x", f"sha256:{hashlib.sha256(b'x' * 257).hexdigest()}"),
        ("\ud800", "?"),
        ("", None),
    ],
    ids=["short", "longest", "longer", "surrogate", "empty"],
)
def test_the_run_shows_the_name_of_its_work_elsewhere(
    monkeypatch: pytest.MonkeyPatch, task_id: str, shown: str | None
) -> None:
    polls = saying(Accepted(poll_seconds=1, task_id="another"), Answer("Done"))
    with elsewhere(monkeypatch, accepting(task_id=task_id), polls) as told:
        session = told.start()

        assert told.read(session)["agent"]["currentRun"]["asyncTaskUuid"] == shown


def test_work_that_has_failed_is_begun_again_in_the_next_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    polls = saying(RunFailed("The disk is full"), ValueError("a fault"), Answer("Done"))
    retry = {"maxAttempts": 3, "intervalSeconds": 0}
    with elsewhere(monkeypatch, accepting(), polls) as told:
        session = told.start(retry=retry)

        runs = told.read(session)["sessionRuns"]["nodes"]
        assert {(run["attempt"], run["outcome"], run["notes"]) for run in runs} == {
            (1, "FAILED", "The disk is full"),
            (2, "FAILED", "The engine could not invoke this agent (ValueError)"),
            (3, "COMPLETED", None),
        }
        assert [call.remote for call in told.invoked] == [None, None, None]


def test_a_poll_that_is_throttled_is_made_again_and_the_attempt_continues(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ai_coordination.engine.agent.throttle.SPREAD", 0.0)
    busy = [RunFailed("Busy", throttled=True), RunFailed("Busy", throttled=True, after_seconds=99)]
    with elsewhere(monkeypatch, accepting(), saying(*busy, Answer("Done"))) as told:
        session = told.start(**ONCE)

        assert told.seconds() == [10, 40, 139]
        assert [call.remote for call in told.polled] == [REMOTE] * 3
        assert len(told.read(session)["sessionRuns"]["nodes"]) == 1


def test_more_than_2_kb_of_what_a_runtime_keeps_fails_the_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: Sequence[Any] = ["x" * 2_046, "x" * 2_047, b"no JSON"]
    results = []
    for remote in kept:
        with elsewhere(monkeypatch, saying(Accepted(remote, 1)), saying(Answer("Done"))) as told:
            session = told.start(**ONCE)
            results.append(told.read(session)["agent"]["notes"])

    assert results == [
        None,
        "What this agent's runtime keeps exceeds 2048 bytes",
        "The engine could not invoke this agent (TypeError)",
    ]


def test_the_agent_s_report_wins_over_the_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    with elsewhere(monkeypatch, accepting(), saying(Answer("Of the poll"))) as told:
        session = told.prepare()
        told.engine.run(seconds=5)
        report = {**told.key(session), "agentOutput": "Of the report"}
        told.engine.graphql(COMPLETE, {"input": report})
        told.engine.run()

        assert told.polled == []
        assert told.read(session)["agent"]["agentOutput"] == "Of the report"


def test_a_report_that_comes_during_a_poll_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    with elsewhere(monkeypatch, accepting(), accepting()) as told:

        def poll(call: Call) -> Result:
            report = {**told.key(session), "agentOutput": "Of the report"}
            told.engine.graphql(COMPLETE, {"input": report})
            return Accepted(REMOTE, 10)

        told.poll = poll
        session = told.prepare()
        told.engine.run()

        assert len(told.polled) == 1
        assert told.read(session)["agent"]["agentOutput"] == "Of the report"


def test_an_agent_that_accepts_by_a_mutation_too_is_still_polled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with elsewhere(monkeypatch, accepting(), accepting()) as told:

        def poll(call: Call) -> Result:
            if len(told.polled) == 3:
                return Answer("Done")
            names = {"asyncTaskUuid": "own", "threadUuid": "own"}
            told.engine.graphql(ACCEPT, {"input": {**told.key(session), **names}})
            return Accepted(REMOTE, 10)

        told.poll = poll
        session = told.prepare()
        told.engine.run()

        assert told.seconds() == [10, 20, 30]
        assert told.read(session)["agent"]["currentRun"]["asyncTaskUuid"] == "own"


def test_a_worker_that_dies_while_it_polls_is_followed_by_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with elsewhere(monkeypatch, accepting(), saying(WorkerDied, Answer("Done"))) as told:
        session = told.start()

        assert len(told.polled) == 2
        assert [call.is_takeover for call in told.polled] == [False, True]
        assert len(told.invoked) == 1
        assert told.read(session)["agent"]["attempt"] == 1


def test_after_four_workers_that_died_while_they_polled_the_attempt_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with elsewhere(monkeypatch, accepting(), saying(*[WorkerDied] * 9)) as told:
        session = told.start(timeoutSeconds=WEEK_SECONDS, **ONCE)

        assert len(told.polled) == 4
        notes = "4 workers died while they polled this agent"
        assert told.read(session)["agent"]["notes"] == notes


def test_a_worker_that_takes_a_run_over_says_so_to_the_runtime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with elsewhere(monkeypatch, saying(WorkerDied, Answer("Done")), accepting()) as told:
        told.start()

        assert [call.is_takeover for call in told.invoked] == [False, True]


@pytest.mark.parametrize("seconds", [1, 20, 899, 2_000])
def test_an_echo_answers_after_its_seconds(seconds: int) -> None:
    runtime = {"kind": "ECHO", "parameters": {"seconds": seconds}}
    with Engine() as engine:
        engine.load(
            {
                "coordination": {
                    "coordinationName": "Offers",
                    "agents": [{"agentUuid": "a", "agentName": "A", "runtime": runtime}],
                },
                "task": {
                    "taskName": "Offer",
                    "initialTaskQuery": "Tea?",
                    "agentActions": [{"agentUuid": "a", "timeoutSeconds": 3_600}],
                },
            }
        )
        began = engine.now
        session = engine.start()
        engine.run()

        assert session.status == "COMPLETED"
        lasted = (engine.now - began).total_seconds()
        assert seconds <= lasted <= seconds + (60 if seconds > 900 else 1)
