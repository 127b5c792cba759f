"""Agents ask people questions of their own, and continue with the answers."""

from typing import Any

import pytest

from ai_coordination import models
from tests.api.asking import (
    AT_ONCE,
    FORM,
    LARGE,
    OPEN,
    agent,
    ask,
    runs,
    stored_agent,
    tidy_up,
)
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    echo,
    external,
    function,
    input_of,
    report,
    session,
    started,
    tell,
)
from tests.support.bucket import keys_in_bucket
from tests.support.graph_api import CALLER, data
from tests.support.lambda_service import LambdaService, raising, returning
from tests.support.recording import Call, recorded_calls
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_a_function_asks_and_is_called_again_with_the_answer(functions: LambdaService) -> None:
    usage = {"inputTokens": 3, "outputTokens": 4}
    asked = {"question": "Which?", "resume": {"page": 1}, "usage": usage}

    def reply(event: Any) -> Any:
        return returning(asked if event["turn"] == 1 else {"agentOutput": "Done"})

    functions.deploy(FUNCTION, reply)
    place = started([function("a", **WAITS), echo("end")], [after("a"), after("end", "a")])
    waiting = agent(place)
    assert (waiting["state"], waiting["turn"], waiting["agentOutput"]) == (
        "WAITING_FOR_INPUT",
        1,
        None,
    )
    assert session(place)["status"] == "WAITING_FOR_INPUT"
    assert stored(models.Session, *place).awaiting_input == {0}

    answered = tell("answerSessionAgent", {**report(place, "a"), "userInput": "The second"})

    assert (answered["state"], answered["attempt"]) == ("INITIAL", 0)
    done = agent(place)
    assert (done["state"], done["turn"], done["attempt"]) == ("COMPLETED", 2, 1)
    assert session(place)["status"] == "COMPLETED"
    assert runs(place) == [(1, 1, "INPUT_REQUIRED", "Which?"), (2, 1, "COMPLETED", "Done")]
    nodes = done["sessionRuns"]["nodes"]
    assert [run["usage"] for run in nodes] == [{"inputTokens": 3}, None]
    assert [run["iteration"] for run in nodes] == [1, 1]
    events = [one.event for one in functions.invocations]
    told = [(one["turn"], one["attempt"], one["resume"], one["reply"]) for one in events]
    reply_told = {"question": "Which?", "answer": "The second"}
    assert told == [(1, 1, None, None), (2, 1, {"page": 1}, reply_told)]
    one = agents(place)["a"]
    said = {"Your own question to a person": "Which?", "The person's answer": "The second"}
    assert one["agentInput"] == events[1]["agentInput"] == input_of(one, "Which?", **said)
    end = agents(place)["end"]
    assert end["agentInput"] == input_of(end, "Which?", **{"Agent A": "Done"})
    assert stored(models.SessionAgent, place.session, one["sessionAgentUuid"]).resume is None


def test_a_question_shows_who_was_asked_what_and_what_was_said() -> None:
    place = started([external("a")], [after("a", answerTimeoutSeconds=60)])
    key = ask(place, form=FORM, resume=[1, None])
    waiting = agent(place)["ask"]

    given = {**key, "answer": {"days": 3}, "comment": "As agreed"}
    tell("answerSessionAgent", given)

    assert (waiting["kind"], waiting["question"], waiting["form"]) == ("INPUT", "Which one?", FORM)
    assert waiting["resume"] == [1, None]
    assert waiting["askedAt"] < waiting["dueAt"]
    answers = "answeredBy", "answeredAt", "approved", "answer", "comment"
    assert {waiting[name] for name in answers} == {None}
    answered = agent(place)["ask"]
    assert (answered["question"], answered["form"], answered["resume"]) == (
        "Which one?",
        FORM,
        [1, None],
    )
    assert (answered["answer"], answered["comment"], answered["answeredBy"]) == (
        {"days": 3},
        "As agreed",
        CALLER.user_id,
    )
    assert answered["askedAt"] < answered["answeredAt"]
    assert (answered["dueAt"], answered["approved"]) == (None, None)
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Done"})
    assert agent(place)["ask"] == {**answered, "resume": None}
    (run,) = [one for one in agent(place)["sessionRuns"]["nodes"] if one["turn"] == 2]
    assert (run["outcome"], run["output"]) == ("COMPLETED", "Done")


@pytest.mark.usefixtures("bucket")
def test_the_inbox_shows_questions_and_outputs_with_one_read_for_all() -> None:
    asking = started([external("a")])
    ask(asking, question=LARGE, form=FORM)
    judged = started([echo("b")], [after("b", userInTheLoop="APPROVAL")])
    assert asking != judged

    with recorded_calls() as calls:
        nodes = data(OPEN, {})["openSessionAgents"]["nodes"]

    shown = [(one["agentUuid"], one["ask"]["kind"], one["ask"]["question"]) for one in nodes]
    assert shown == [("a", "INPUT", LARGE), ("b", "APPROVAL", None)]
    assert [one["ask"]["form"] for one in nodes] == [FORM, None]
    assert calls == [
        Call("dynamodb", "Query"),
        Call("dynamodb", "BatchGetItem"),
        Call("s3", "GetObject"),
    ]


def test_attempts_count_within_a_turn_and_each_of_them_gets_the_same(
    functions: LambdaService,
) -> None:
    def reply(event: Any) -> Any:
        if event["attempt"] == 1:
            return raising("Error", "Not yet")
        if event["turn"] == 1:
            return returning({"question": "How long?", "resume": 7, "form": FORM})
        return returning("Done")

    functions.deploy(FUNCTION, reply)
    place = started([function("a", **WAITS)], [after("a", retry=AT_ONCE)])

    tell("answerSessionAgent", {**report(place, "a"), "answer": {"days": 3}})

    assert [(turn, attempt, outcome) for turn, attempt, outcome, _ in runs(place)] == [
        (1, 1, "FAILED"),
        (1, 2, "INPUT_REQUIRED"),
        (2, 1, "FAILED"),
        (2, 2, "COMPLETED"),
    ]
    events = [one.event for one in functions.invocations]
    reply_told = {"question": "How long?", "answer": {"days": 3}}
    assert [(one["resume"], one["reply"]) for one in events[2:]] == [(7, reply_told)] * 2


@pytest.mark.usefixtures("bucket")
def test_large_questions_forms_and_answers_are_in_the_bucket_and_reach_the_function(
    functions: LambdaService,
) -> None:
    form = {**FORM, "properties": {"text": {"type": "string", "title": LARGE}}, "required": []}
    asked = {"question": LARGE, "form": form, "resume": [LARGE]}
    functions.deploy(
        FUNCTION, lambda event: returning(asked if event["turn"] == 1 else event["agentInput"])
    )
    place = started([function("a", **WAITS)])
    waiting, row = agent(place)["ask"], stored_agent(place)
    assert (waiting["question"], waiting["form"], waiting["resume"]) == (LARGE, form, [LARGE])
    texts = (row.question, row.question_form, row.resume)
    assert all(isinstance(text, models.LargeText) for text in texts)

    answer = {"text": LARGE}
    tell("answerSessionAgent", {**report(place, "a"), "answer": answer})

    event = functions.invocations[1].event
    assert event["resume"] == [LARGE]
    assert event["reply"] == {"question": LARGE, "answer": answer}
    assert agent(place)["ask"]["answer"] == answer
    assert len(keys_in_bucket()) == 5
    tidy_up(place)
    assert keys_in_bucket() == []
