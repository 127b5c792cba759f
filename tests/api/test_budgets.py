"""A session spends no more than its budget: runs reserve what they may use before they are made."""

from typing import Any

import pytest

from tests.api.budgeted import (
    CAP,
    PLACES,
    QUERY,
    USED,
    committed,
    failed_at,
    in_a_row,
    is_refused_at,
    models_of,
    reserved,
    seen,
)
from tests.api.execution import (
    SESSION,
    after,
    blueprint,
    echo,
    external,
    model,
    report,
    start,
    started,
    states,
    tell,
    work_off,
)
from tests.support.chat_server import ChatServer
from tests.support.graph_api import ask, change, create, mutation
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_a_session_fails_when_the_next_call_may_exceed_what_is_left(
    models_server: ChatServer,
) -> None:
    budget = CAP + USED
    place = started(models_of(models_server, 3), in_a_row(3), budget={"tokens": budget})

    assert len(models_server.requests) == 2, "the third may need a token more than there is"
    assert failed_at(place) == (
        f"The session's budget of {budget} tokens is used up: {CAP - USED} are left, and M2 needs"
        f" up to {CAP}"
    )
    assert states(place) == {"m0": "COMPLETED", "m1": "COMPLETED", "m2": "CANCELLED"}
    assert committed(place) == 2 * USED
    assert reserved(place) == [None] * 3


def test_a_larger_budget_lets_a_retry_continue_with_what_is_left(
    models_server: ChatServer,
) -> None:
    place = started(models_of(models_server, 2), in_a_row(2), budget={"tokens": CAP})
    assert failed_at(place).startswith(f"The session's budget of {CAP} tokens is used up")
    change("retrySession", place.key, SESSION)
    work_off()
    assert len(models_server.requests) == 1, "there is still too little"

    change("updateSession", {**place.key, "budget": {"tokens": CAP + USED}}, SESSION)
    change("retrySession", place.key, SESSION)
    work_off()

    assert seen(place)["status"] == "COMPLETED"
    assert (len(models_server.requests), committed(place)) == (2, 2 * USED)


def test_a_budget_that_is_removed_no_longer_limits(models_server: ChatServer) -> None:
    place = started(models_of(models_server, 2), in_a_row(2), budget={"tokens": CAP})
    change("updateSession", {**place.key, "budget": None}, SESSION)

    change("retrySession", place.key, SESSION)
    work_off()

    assert seen(place) | {"logs": None, "usage": None} == {
        "status": "COMPLETED",
        "budget": None,
        "logs": None,
        "usage": None,
    }


def test_a_task_has_a_budget_for_its_sessions_and_a_start_may_have_another(
    models_server: ChatServer,
) -> None:
    key = blueprint(models_of(models_server, 1), budget={"tokens": CAP - 1})
    small, enough = start(key, taskQuery=QUERY), start(key, taskQuery=QUERY, budget={"tokens": CAP})
    work_off()

    assert [seen(one)["status"] for one in (small, enough)] == ["FAILED", "COMPLETED"]
    assert [seen(one)["budget"]["tokens"] for one in (small, enough)] == [CAP - 1, CAP]
    assert len(models_server.requests) == 1


def test_what_other_agents_report_is_deducted_and_refuses_the_next_ones() -> None:
    actions = [after("a"), after("b", "a"), after("c", "b")]
    place = started([external("a"), external("b"), echo("c")], actions, budget={"tokens": 10})
    used = {"inputTokens": 8, "outputTokens": 2}
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "A", "usage": used})
    assert states(place)["b"] == "IN_PROGRESS", "all is used, and no more"

    tell("completeSessionAgent", {**report(place, "b"), "agentOutput": "B", "usage": used})

    message = "The session's budget of 10 tokens is used up: C cannot start"
    assert failed_at(place) == message
    assert states(place) == {"a": "COMPLETED", "b": "COMPLETED", "c": "CANCELLED"}


def test_a_recorded_run_is_deducted(models_server: ChatServer) -> None:
    key = blueprint(models_of(models_server, 1))
    place = start(key, taskQuery=QUERY, budget={"tokens": CAP})
    used = {"inputTokens": 1, "outputTokens": 0}
    create("recordSessionRun", {**place.key, "agentUuid": "other", "usage": used})

    work_off()

    assert failed_at(place).endswith(f"{CAP - 1} are left, and M0 needs up to {CAP}")


@pytest.mark.parametrize("where", PLACES)
def test_a_model_without_max_tokens_cannot_take_part_in_a_session_with_a_budget(
    models_server: ChatServer, where: str
) -> None:
    members = [model(models_server.url)]

    is_refused_at(where, models_server, members, {"tokens": 1_000_000})


@pytest.mark.parametrize("budget", [None, {"seconds": 9}])
def test_a_session_that_has_started_gets_no_first_limit_of_tokens(budget: Any) -> None:
    place = started([external("a")], budget=budget)

    given = {**place.key, "budget": {"tokens": 5}}
    told = refused("updateSession", given)
    (error,) = ask(mutation("updateSession", "UpdateSessionInput", SESSION), {"input": given})[
        "errors"
    ]

    assert told == {"code": "INVALID_STATE", "state": "IN_PROGRESS"}
    assert error["message"].startswith("A session that has started without a limit of tokens")
    assert seen(place)["budget"] == (budget and {"tokens": None})
    change("updateSession", {**place.key, "budget": {"seconds": 5}}, SESSION)


@pytest.mark.parametrize("tokens", [0, -1])
@pytest.mark.parametrize("mutation", ["createTask", "createSession", "startSession"])
def test_a_budget_has_at_least_one_token(mutation: str, tokens: int) -> None:
    key = blueprint([echo("a")])
    given = {**key, "budget": {"tokens": tokens}}
    if mutation == "createTask":
        given = {"coordinationUuid": key["coordinationUuid"], "taskName": "T"} | {
            "budget": given["budget"]
        }

    told = refused(mutation, given)

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "budget", "tokens"]}
