"""Delegated work: how it is read from JSON, and what is wrong with it."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.agent import delegation
from ai_coordination.errors import BadUserInput, InputError, PayloadTooLarge
from ai_coordination.runtimes import agent_report, delegations
from ai_coordination.runtimes.agent_report import Malformed
from ai_coordination.runtimes.base import Delegation, RunFailed
from ai_coordination.runtimes.delegations import NotWork, Work
from ai_coordination.runtimes.lambda_runtime import answer_of

ACTION: Any = models.AgentAction
ONE = {"agentUuid": "b", "subtaskQuery": "Do it"}


def delegator(**more: Any) -> models.SessionAgent:
    action = ACTION(delegates_to=["b", "c"])
    return models.SessionAgent("s", "a", agent_uuid="a", **{"agent_action": action, **more})


def test_work_is_read_as_it_is_shown() -> None:
    given = [ONE, {**ONE, "after": [0], "more": 1}, {**ONE, "after": None}]

    work = delegations.read(given)

    assert work == [Work("b", "Do it"), Work("b", "Do it", (0,)), Work("b", "Do it")]
    assert delegations.read(delegations.to_json(work)) == work


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({}, ()),
        ("b", ()),
        ([7], (0,)),
        ([ONE, {"agentUuid": "b"}], (1, "subtaskQuery")),
        ([{**ONE, "agentUuid": 7}], (0, "agentUuid")),
        ([{**ONE, "after": 0}], (0, "after")),
        ([{**ONE, "after": [True]}], (0, "after")),
        ([{**ONE, "after": [0.0]}], (0, "after")),
    ],
)
def test_what_is_no_list_of_work_is_refused_with_its_place(value: Any, path: Any) -> None:
    with pytest.raises(NotWork) as wrong:
        delegations.read(value)

    assert wrong.value.path == path


def test_a_function_and_a_server_delegate_by_the_same_member() -> None:
    body = b'{"delegate": [{"agentUuid": "b", "subtaskQuery": "Do it"}], "resume": {"n": 1}}'

    told = answer_of(body), agent_report.read("application/json", body)

    assert told == (Delegation([Work("b", "Do it")], {"n": 1}),) * 2


def test_a_delegation_that_cannot_be_read_fails_an_attempt_and_the_next_may_correct_it() -> None:
    body = b'{"delegate": [{"agentUuid": "b"}]}'

    with pytest.raises(RunFailed) as failed:
        answer_of(body)
    with pytest.raises(Malformed) as malformed:
        agent_report.read("application/json", body)

    notes = "The function's delegation cannot be read: This must be a text"
    assert failed.value.notes == f"{notes} (delegate.0.subtaskQuery)"
    assert failed.value.retryable
    assert malformed.value.path == ("delegate", 0, "subtaskQuery")
    assert malformed.value.is_about_delegation


@pytest.mark.parametrize(
    ("work", "path", "message"),
    [
        ([], ("work",), "A delegation has 1 to 100 pieces of work, and this one has 0"),
        (
            [Work("b", "x")] * 101,
            ("work",),
            "A delegation has 1 to 100 pieces of work, and this one has 101",
        ),
        (
            [Work("b", "x"), Work("d", "x")],
            ("work", 1, "agent_uuid"),
            "This agent cannot delegate to 'd'. It can to 'b', 'c'",
        ),
        ([Work("a", "x")], ("work", 0, "agent_uuid"), "An agent cannot delegate to itself"),
        (
            [Work("b", " \n")],
            ("work", 0, "subtask_query"),
            "The text of the work must contain a visible character",
        ),
        (
            [Work("b", "x", (0,))],
            ("work", 0, "after", 0),
            "This is not the place of an earlier piece of work: 0",
        ),
        (
            [Work("b", "x"), Work("b", "x", (0, -1))],
            ("work", 1, "after", 1),
            "This is not the place of an earlier piece of work: -1",
        ),
        (
            [Work("b", "x"), Work("b", "x", (0, 0))],
            ("work", 1, "after", 1),
            "This place is named twice: 0",
        ),
    ],
)
def test_work_that_cannot_be_delegated_is_refused_with_its_place(
    work: list[Work], path: Any, message: str
) -> None:
    with pytest.raises(BadUserInput) as wrong:
        delegation.check(delegator(), Delegation(work))

    assert (wrong.value.message, wrong.value.input_path) == (message, path)


def test_all_pieces_together_have_at_most_2_mb() -> None:
    delegation.check(delegator(), Delegation([Work("b", "x" * 1_900_000), Work("c", "x" * 90_000)]))

    with pytest.raises(PayloadTooLarge) as wrong:
        delegation.check(delegator(), Delegation([Work("b", "x" * 1_900_000)] * 2))

    assert wrong.value.input_path == ("work",)


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        (delegator(agent_action=ACTION()), delegation.NOBODY),
        (delegator(depth=5), delegation.TOO_DEEP),
    ],
)
def test_an_agent_that_may_not_delegate_is_told_why(
    agent: models.SessionAgent, message: str
) -> None:
    with pytest.raises(InputError) as wrong:
        delegation.check(agent, Delegation([Work("b", "x")]))

    assert wrong.value.message == message


def test_a_run_fails_with_the_place_in_the_names_of_the_agent_and_is_retried() -> None:
    with pytest.raises(RunFailed) as failed:
        delegation.check_of_run(delegator(), Delegation([Work("d", "x")]))

    notes = "The agent's delegation cannot be taken: This agent cannot delegate to 'd'."
    assert failed.value.notes == f"{notes} It can to 'b', 'c' (delegate.0.agentUuid)"
    assert failed.value.retryable


def test_a_delegation_in_the_last_turn_fails_the_run_and_is_not_retried() -> None:
    with pytest.raises(RunFailed) as failed:
        delegation.check_of_run(delegator(turn=10), Delegation([Work("b", "x")]))

    assert failed.value.notes == "The agent has delegated again in its last turn: maxTurns is 10"
    assert not failed.value.retryable
