"""Questions and answers that are refused, repeated, late, or too many."""

from typing import Any

import pytest

from tests.api.asking import (
    AT_ONCE,
    FORM,
    agent,
    ask,
    bad,
    invalid,
    runs,
    time_out,
)
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    external,
    function,
    report,
    session,
    started,
    tell,
)
from tests.support.graph_api import NOBODY, RIVAL, refusal
from tests.support.lambda_service import LambdaService, returning
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_an_answer_must_fit_what_is_asked() -> None:
    place = started([external("a"), external("b")])
    text, form = ask(place), ask(place, "b", form=FORM)

    assert refused("answerSessionAgent", text) == bad("userInput")
    assert refused("answerSessionAgent", {**text, "answer": {"days": 3}}) == bad("answer")
    for given in (text, form):
        assert refused("answerSessionAgent", {**given, "approved": True}) == bad("approved")
        revised = {**given, "approved": False, "revise": True}
        assert refused("answerSessionAgent", revised) == bad("revise")
    assert refused("answerSessionAgent", form) == bad("answer")
    assert refused("answerSessionAgent", {**form, "userInput": "Three"}) == bad("userInput")
    for value, path in (
        (3, ()),
        ({}, ("days",)),
        ({"days": 31}, ("days",)),
        ({"days": 3, "more": 1}, ("more",)),
        ({"days": 3, "note": "x"}, ("note",)),
    ):
        answered = {**form, "answer": value}
        assert refused("answerSessionAgent", answered) == bad("answer", *path)
    half = {**form, "approved": False, "answer": {"days": 3}}
    assert refused("answerSessionAgent", half) == bad("answer")
    assert {agent(place, name)["state"] for name in "ab"} == {"WAITING_FOR_INPUT"}
    assert tell("answerSessionAgent", {**form, "answer": {"days": 30}})["state"] == "INITIAL"


def test_a_question_must_be_one_that_can_be_asked() -> None:
    place = started([external("a")])
    key = report(place, "a")
    deep: Any = 1
    for _ in range(101):
        deep = [deep]

    for asked, path in (
        ({"question": " \n"}, ("question",)),
        ({"question": "Which?", "form": {"type": "array"}}, ("form",)),
        ({"question": "Which?", "form": {"type": "object", "if": {}}}, ("form", "if")),
        ({"question": "Which?", "resume": deep}, ("resume",)),
    ):
        assert refused("askSessionAgent", {**key, **asked}) == bad(*path)
    too_large = refused("askSessionAgent", {**key, "question": "x" * (2**21 + 1)})
    assert too_large["code"] == "PAYLOAD_TOO_LARGE"
    assert refused("askSessionAgent", {**key, "question": "Which?"}, RIVAL)["code"] == "NOT_FOUND"
    assert agent(place)["state"] == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"question": ""}, "A question must contain a visible character (question)"),
        (
            {"question": "Which?", "form": []},
            "This must be a JSON Schema whose type is 'object' (form)",
        ),
    ],
)
def test_a_function_that_asks_what_cannot_be_asked_has_failed(
    functions: LambdaService, asked: Any, reason: str
) -> None:
    functions.deploy(FUNCTION, returning(asked))

    place = started([function("a", **WAITS)])

    failed = agent(place)
    assert (failed["state"], failed["attempt"]) == ("FAILED", 1)
    assert failed["notes"] == f"The agent's question cannot be asked: {reason}"
    assert failed["ask"] is None


def test_the_same_question_and_the_same_answer_may_come_twice() -> None:
    place = started([external("a")])
    key = report(place, "a")
    question, answer = {**key, "question": "Which?"}, {**key, "userInput": "This"}

    first = tell("askSessionAgent", question)
    assert tell("askSessionAgent", question) == first
    assert refused("askSessionAgent", {**question, "question": "What?"}) == invalid(
        "WAITING_FOR_INPUT"
    )
    assert tell("answerSessionAgent", answer)["state"] == "INITIAL"
    again = tell("answerSessionAgent", answer)
    assert (again["state"], again["attempt"]) == ("IN_PROGRESS", 1)
    for other in ({"userInput": "That"}, {**answer, "approved": False}, {**answer, "comment": "!"}):
        assert refused("answerSessionAgent", {**key, **other}) == invalid("IN_PROGRESS")
    assert tell("askSessionAgent", question)["state"] == "IN_PROGRESS"
    assert runs(place) == [(1, 1, "INPUT_REQUIRED", "Which?"), (2, 1, None, None)]

    ask(place)

    assert tell("answerSessionAgent", answer)["state"] == "WAITING_FOR_INPUT"
    other_run = {**answer, "runUuid": NOBODY}
    assert refused("answerSessionAgent", other_run) == invalid("WAITING_FOR_INPUT")
    assert [(turn, outcome) for turn, _, outcome, _ in runs(place)] == [
        (1, "INPUT_REQUIRED"),
        (2, "INPUT_REQUIRED"),
    ]


def test_a_question_that_is_refused_fails_the_agent_without_another_attempt() -> None:
    place = started([external("a")])
    given = {**ask(place), "approved": False, "userInput": "Not my business"}

    told = tell("answerSessionAgent", given)

    assert (told["state"], told["notes"], told["attempt"]) == ("FAILED", "Not my business", 1)
    assert tell("answerSessionAgent", given) == told
    failed = agent(place)["ask"]
    assert (failed["approved"], failed["answer"]) == (False, "Not my business")
    assert session(place)["status"] == "FAILED"
    late = {**report(place, "a"), "userInput": "This"}
    assert refused("answerSessionAgent", late) == invalid("FAILED")


def test_a_question_that_nobody_answers_in_time_fails_the_agent() -> None:
    place = started([external("a")], [after("a", answerTimeoutSeconds=1)])
    key = ask(place)

    time_out(place)

    failed = agent(place)
    assert (failed["state"], failed["notes"]) == ("FAILED", "Nobody has answered in time")
    assert (failed["ask"]["answeredAt"], failed["ask"]["answer"]) == (None, None)
    for late in ({"userInput": "This"}, {"approved": False}):
        assert refused("answerSessionAgent", {**key, **late}) == invalid("FAILED")


def test_an_agent_that_asks_again_in_its_last_turn_has_failed(functions: LambdaService) -> None:
    functions.deploy(FUNCTION, returning({"question": "And now?"}))
    rules = {"retry": AT_ONCE, "onFailure": "CONTINUE"}
    actions = [after("a", maxTurns=2, **rules), after("b", maxTurns=1, **rules)]
    place = started([function("a", **WAITS), external("b")], actions)
    notes = "The agent has asked again in its last turn: maxTurns is {}"

    tell("answerSessionAgent", {**report(place, "a"), "userInput": "This"})
    asked = {**report(place, "b"), "question": "Which?"}

    assert refusal("askSessionAgent", asked) == invalid("FAILED")

    assert refused("askSessionAgent", asked) == invalid("FAILED")

    failed = agent(place)
    assert (failed["state"], failed["turn"], failed["attempt"]) == ("FAILED", 2, 1)
    assert failed["notes"] == notes.format(2)
    assert [outcome for _, _, outcome, _ in runs(place)] == ["INPUT_REQUIRED", "FAILED"]
    assert (agent(place, "b")["state"], agent(place, "b")["notes"]) == ("FAILED", notes.format(1))


def test_without_a_bucket_a_question_too_large_for_an_item_fails_the_agent(
    functions: LambdaService,
) -> None:
    functions.deploy(FUNCTION, returning({"question": "?", "resume": "x" * 400_000}))

    place = started([function("a", **WAITS)])

    notes = "The agent's question is larger than the 400 KB of an item"
    assert agent(place)["notes"].startswith(notes)
    key = report(started([external("a")]), "a")
    given = {**key, "question": "?", "resume": "x" * 400_000}
    assert refused("askSessionAgent", given)["code"] == "PAYLOAD_TOO_LARGE"
