"""What a retry makes of answers that there are, and of a retry that is under way."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import factory, sweeper
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import retry as retrying
from tests.api.execution import (
    after,
    agents,
    echo,
    external,
    input_of,
    report,
    session,
    started,
    states,
    tell,
    work_off,
)
from tests.api.retrying import (
    GIVEN_KEY,
    ONCE,
    address,
    complete,
    continued,
    fail,
    retry,
    side_by_side,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change, data, refusal
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")
RUNS = """query ($s: ID!) {
    sessionRuns(sessionUuid: $s, first: 100) {
        nodes { agentUuid outcome output usage { inputTokens } }
    }
}"""


def outputs(place: Place) -> list[tuple[str, str | None, str | None]]:
    found = data(RUNS, {"s": place.session})["sessionRuns"]["nodes"]
    return [(run["agentUuid"], run["outcome"], run["output"]) for run in found]


def asked() -> Place:
    """A has answered and asks for an approval, b works outside."""
    actions = [after("a", userInTheLoop="APPROVAL"), after("b")]
    place = started([external("a"), external("b")], actions)
    complete(place, "a", "A draft")
    return place


def test_an_answer_that_nobody_judged_asks_again_without_a_call() -> None:
    place = asked()
    change("cancelSession", place.key, GIVEN_KEY)
    assert states(place) == {"a": "CANCELLED", "b": "CANCELLED"}
    first = agents(place)["a"]["currentRun"]["runUuid"]

    retry(place)

    found = agents(place)
    assert states(place) == {"a": "WAITING_FOR_INPUT", "b": "IN_PROGRESS"}
    assert found["a"]["agentOutput"] == "A draft"
    assert found["a"]["currentRun"]["runUuid"] != first
    assert outputs(place) == [
        ("a", "COMPLETED", "A draft"),
        ("b", "CANCELLED", None),
        ("a", "COMPLETED", "A draft"),
        ("b", None, None),
    ]
    tell("answerSessionAgent", {**report(place, "a"), "approved": True})
    complete(place, "b", "Done")
    assert session(place)["status"] == "COMPLETED"


def test_a_judged_answer_is_kept_when_a_sibling_fails_and_when_nobody_answers_in_time() -> None:
    place = asked()
    fail(place, "b")

    retry(place)

    assert (states(place)["a"], agents(place)["a"]["agentOutput"]) == (
        "WAITING_FOR_INPUT",
        "A draft",
    )
    timed = started([echo("a")], [after("a", userInTheLoop="INPUT", answerTimeoutSeconds=1)])
    long_ago = "2026-01-01T00:00:00.000000+00:00"
    put_state(
        models.SessionAgent,
        timed.session,
        address(timed, "a"),
        due_at=long_ago,
        deadline_at=long_ago,
    )
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()
    assert (session(timed)["status"], agents(timed)["a"]["notes"]) == (
        "FAILED",
        "Nobody has answered in time",
    )
    retry(timed)
    assert (states(timed)["a"], agents(timed)["a"]["notes"]) == ("WAITING_FOR_INPUT", None)


def test_a_rejected_agent_works_anew_and_is_told_its_draft_and_why() -> None:
    place = asked()
    answer = {**report(place, "a"), "approved": False, "userInput": "Shorter"}
    tell("answerSessionAgent", answer)

    retry(place)

    found = agents(place)["a"]
    assert (found["state"], found["agentOutput"], found["userInput"]) == ("IN_PROGRESS", None, None)
    draft, why = "Your own earlier answer, which a person rejected", "Why the person rejected it"
    assert found["agentInput"] == input_of(found, "Which?", **{draft: "A draft", why: "Shorter"})
    complete(place, "a", "Short")
    tell("answerSessionAgent", {**report(place, "a"), "approved": True})
    assert ("a", "COMPLETED", "A draft") in outputs(place)
    assert ("a", "COMPLETED", "Short") in outputs(place)
    stored_now = stored(models.SessionAgent, place.session, found["sessionAgentUuid"])
    assert {stored_now.rejected_output, stored_now.rejected_because} == {None}


@pytest.mark.parametrize("how", ["follows", "named", "current members"])
def test_a_kept_answer_is_done_anew_where_it_has_to_be(how: str) -> None:
    actions = [after("a"), after("b", "a", userInTheLoop="APPROVAL")]
    place = started([echo("a"), external("b")], actions)
    complete(place, "b", "A draft")
    change("cancelSession", place.key, GIVEN_KEY)
    named = {"follows": ["a"], "named": ["b"], "current members": []}[how]
    uuids = [address(place, name) for name in named]
    given = {"sessionAgentUuids": uuids} if uuids else {"withCurrentMembers": True}

    retry(place, **given)

    found = agents(place)["b"]
    assert (found["state"], found["agentOutput"]) == ("IN_PROGRESS", None)


def test_what_a_run_used_is_not_counted_for_the_next_iteration() -> None:
    place = started([external("a")], [after("a", retry=ONCE)])
    usage = {"inputTokens": 3, "outputTokens": 4}
    given = {**report(place, "a"), "agentOutput": "One", "usage": usage}
    tell("completeSessionAgent", given)

    retry(place, sessionAgentUuids=[address(place, "a")])
    complete(place, "a", "Two")

    runs = data(RUNS, {"s": place.session})["sessionRuns"]["nodes"]
    assert [run["usage"] for run in runs] == [{"inputTokens": 3}, None]


def test_a_retry_seals_the_run_of_a_completed_agent_that_it_resets() -> None:
    place = continued()
    agent = stored(models.SessionAgent, place.session, address(place, "b"))
    # As if its worker had died after it had written the output.
    put_state(
        models.SessionRun, place.session, agent.current_run_uuid, outcome=None, finished_at=None
    )
    put_state(
        models.SessionAgent,
        place.session,
        agent.session_agent_uuid,
        due_at="2026-01-01T00:00:00.000000+00:00",
        due_shard="due-0",
    )

    change("retrySession", place.key, GIVEN_KEY)

    run = stored(models.SessionRun, place.session, agent.current_run_uuid)
    assert (run.outcome, run.output) == ("completed", "Which?")


def test_a_second_worker_goes_on_with_the_plan_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = side_by_side()
    real = retrying.resume
    monkeypatch.setattr(retrying, "resume", lambda engine, session: None)
    change("retrySession", {**place.key, "sessionAgentUuids": [address(place, "a")]}, GIVEN_KEY)
    monkeypatch.setattr(retrying, "resume", real)

    retry(place)

    assert states(place) == {
        "a": "COMPLETED",
        "b": "IN_PROGRESS",
        "c": "INITIAL",
        "d": "COMPLETED",
    }
    assert [run[:2] for run in outputs(place) if run[0] == "a"] == [("a", "COMPLETED")] * 2


def test_a_retry_that_was_planned_before_another_one_began_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = side_by_side()
    mark = retrying.mark

    def mark_late(engine: Engine, read: models.Session, plan: Any) -> models.Session | None:
        monkeypatch.setattr(retrying, "mark", mark)
        retry(place)
        return mark(engine, read, plan)

    monkeypatch.setattr(retrying, "mark", mark_late)

    assert refusal("retrySession", place.key) == {"code": "INVALID_STATE", "state": "IN_PROGRESS"}
    assert stored(models.Session, *place).iteration_count == 2
