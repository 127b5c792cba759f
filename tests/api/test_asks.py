"""People choose, fill in forms, reject without a failure, or leave it to the default."""

import json
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import factory
from ai_coordination.engine.agent import answer as answering
from tests.api.asking import FORM, ask, bad, invalid, runs, stored_agent, time_out
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
    states,
    tell,
)
from tests.api.retrying import GIVEN_KEY, address, retry
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, Place, change, data
from tests.support.ids import short
from tests.support.lambda_service import LambdaService, returning
from tests.support.recording import recorded_calls
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

COLOURS = ["Red", "Green"]
CHOICE: dict[str, Any] = {"kind": "CHOICE", "title": "Which colour?", "options": COLOURS}
FILLED: dict[str, Any] = {"kind": "INPUT", "form": FORM}
APPROVAL: dict[str, Any] = {"kind": "APPROVAL", "onRejection": "CONTINUE"}
ASK = """ask { kind title question form options default onTimeout onRejection dueAt
    answeredBy approved choice answer comment }"""
OPEN = f"{{ openSessionAgents(state: WAITING_FOR_INPUT) {{ nodes {{ agentUuid {ASK} }} }} }}"
AGENT = f"""query ($s: ID!, $a: ID!) {{ sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {{
    userInput notes agentOutput {ASK}
}} }}"""


def asking(rule: dict[str, Any], **rules: Any) -> Place:
    """A session whose first agent asks a person about its output."""
    return started([echo("a"), echo("end")], [after("a", ask=rule, **rules), after("end", "a")])


def timed(rule: dict[str, Any], default: Any) -> dict[str, Any]:
    return {**rule, "default": default, "onTimeout": "DEFAULT"}


def shown(place: Place, name: str = "a") -> dict[str, Any]:
    given = {"s": place.session, "a": address(place, name)}
    return dict(data(AGENT, given)["sessionAgent"])


def test_a_person_sees_the_options_and_chooses_one() -> None:
    place = asking({**CHOICE, "default": "Green"})
    (listed,) = data(OPEN)["openSessionAgents"]["nodes"]
    given = {**report(place, "a"), "choice": "Red", "userInput": "It is warmer", "comment": "!"}

    told = tell("answerSessionAgent", given)

    question = {"kind": "CHOICE", "title": "Which colour?", "question": None, "form": None}
    rule = {"options": COLOURS, "default": "Green", "onTimeout": "FAIL", "onRejection": "FAIL"}
    empty = {"answeredBy": None, "approved": None, "choice": None, "answer": None, "comment": None}
    assert listed == {
        "agentUuid": "a",
        "ask": {**question, **rule, **empty, "dueAt": None},
    }
    assert tell("answerSessionAgent", given) == told
    assert refused("answerSessionAgent", {**given, "choice": "Green"}) == invalid("COMPLETED")
    said = {"answeredBy": CALLER.user_id, "choice": "Red", "answer": "It is warmer"}
    answered = {**question, **rule, **empty, **said, "comment": "!", "dueAt": None}
    assert shown(place) == {
        "userInput": "It is warmer",
        "notes": None,
        "agentOutput": "Which?",
        "ask": answered,
    }
    end = agents(place)["end"]
    sections = {
        "Agent A": "Which?",
        "A person's choice, after agent A": "Red",
        "A person, to agent A": "It is warmer",
    }
    assert end["agentInput"] == input_of(end, "Which?", **sections)
    assert session(place)["status"] == "COMPLETED"


def test_a_person_fills_in_the_form_of_an_action() -> None:
    place = asking(FILLED)
    given = {**report(place, "a"), "answer": {"days": 3, "note": "Zoë"}}

    told = tell("answerSessionAgent", given)

    assert (told["state"], told["userInput"]) == ("COMPLETED", None)
    assert tell("answerSessionAgent", given) == told
    assert shown(place)["ask"]["form"] == FORM
    assert shown(place)["ask"]["answer"] == {"days": 3, "note": "Zoë"}
    end = agents(place)["end"]
    sections = {"Agent A": "Which?", "A person, to agent A": '{"days": 3, "note": "Zoë"}'}
    assert end["agentInput"] == input_of(end, "Which?", **sections)


def test_a_rejection_completes_an_agent_that_continues_and_its_successors_know() -> None:
    place = asking(APPROVAL)
    given = {**report(place, "a"), "approved": False, "userInput": "Too dear"}

    told = tell("answerSessionAgent", given)

    assert (told["state"], told["agentOutput"], told["notes"]) == ("COMPLETED", "Which?", None)
    assert tell("answerSessionAgent", given) == told
    assert refused("answerSessionAgent", {**given, "approved": True}) == invalid("COMPLETED")
    assert states(place) == {"a": "COMPLETED", "end": "COMPLETED"}
    assert session(place)["status"] == "COMPLETED"
    assert (shown(place)["ask"]["approved"], shown(place)["ask"]["answer"]) == (False, "Too dear")
    end = agents(place)["end"]
    rejected = "A person, who rejected the answer of agent A"
    sections = {"Agent A": "Which?", rejected: "Too dear"}
    assert end["agentInput"] == input_of(end, "Which?", **sections)
    assert runs(place) == [(1, 1, "COMPLETED", "Which?")]

    silent = asking(APPROVAL)
    tell("answerSessionAgent", {**report(silent, "a"), "approved": False})
    end = agents(silent)["end"]
    sections = {"Agent A": "Which?", rejected: "(without a remark)"}
    assert end["agentInput"] == input_of(end, "Which?", **sections)


def test_an_output_that_was_rejected_without_a_failure_can_still_be_sent_back() -> None:
    place = asking(APPROVAL)
    revised = {"approved": False, "revise": True, "userInput": "Shorter"}

    tell("answerSessionAgent", {**report(place, "a"), **revised})
    tell("answerSessionAgent", {**report(place, "a"), "approved": True})

    assert runs(place) == [(1, 1, "COMPLETED", "Which?"), (2, 1, "COMPLETED", "Which?")]
    assert shown(place)["ask"]["approved"] is True


@pytest.mark.usefixtures("bucket")
def test_a_function_gets_what_people_said_to_its_predecessors(functions: LambdaService) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    large = {"days": 3, "note": "n" * 5_000}
    asks = {"choice": CHOICE, "form": FILLED, "large": FILLED, "judged": APPROVAL, "free": None}
    answers: dict[str, dict[str, Any]] = {
        "choice": {"choice": "Red"},
        "form": {"answer": {"days": 3}},
        "large": {"answer": large},
        "judged": {"approved": False},
    }
    actions = [*(after(name, ask=rule) for name, rule in asks.items()), after("end", *asks)]
    place = started([*map(echo, asks), function("end", **WAITS)], actions)

    for name, said in answers.items():
        tell("answerSessionAgent", {**report(place, name), **said})

    (invocation,) = functions.invocations
    usual = {"sessionAgentUuid", "agentUuid", "agentName", "state", "agentOutput", "userInput"}
    told = {
        one["agentUuid"]: {name: value for name, value in one.items() if name not in usual}
        for one in invocation.event["predecessors"]
    }
    assert told == {
        "choice": {"choice": "Red"},
        "form": {"answer": {"days": 3}},
        "large": {"answer": large},
        "judged": {"approved": False},
        "free": {},
    }
    assert [one["userInput"] for one in invocation.event["predecessors"]] == [None] * 5


def test_a_join_has_what_people_said() -> None:
    asks = {"choice": CHOICE, "form": FILLED, "judged": APPROVAL}
    join = {"agentUuid": "join", "agentName": "Join", "runtime": {"kind": "PASS"}}
    actions = [*(after(name, ask=rule) for name, rule in asks.items()), after("join", *asks)]
    place = started([*map(echo, asks), join], actions)
    answers: dict[str, dict[str, Any]] = {
        "choice": {"choice": "Red", "userInput": "Warm"},
        "form": {"answer": {"days": 3}},
        "judged": {"approved": False, "userInput": "No"},
    }

    for name, said in answers.items():
        tell("answerSessionAgent", {**report(place, name), **said})

    assert json.loads(agents(place)["join"]["agentOutput"]) == {
        "choice": {"agentOutput": "Which?", "choice": "Red", "userInput": "Warm"},
        "form": {"agentOutput": "Which?", "answer": {"days": 3}, "userInput": None},
        "judged": {"agentOutput": "Which?", "approved": False, "userInput": "No"},
    }


@pytest.mark.parametrize(
    ("rule", "said", "place"),
    [
        (CHOICE, {}, "choice"),
        (CHOICE, {"choice": "Blue"}, "choice"),
        (CHOICE, {"choice": "red"}, "choice"),
        (CHOICE, {"userInput": "Red"}, "choice"),
        (CHOICE, {"choice": "Red", "approved": True}, "approved"),
        (CHOICE, {"choice": "Red", "revise": True}, "revise"),
        (CHOICE, {"choice": "Red", "answer": {"days": 3}}, "answer"),
        (FILLED, {}, "answer"),
        (FILLED, {"userInput": "3"}, "userInput"),
        (FILLED, {"answer": {"days": 3}, "userInput": "3"}, "userInput"),
        (FILLED, {"answer": {"days": 3}, "choice": "Red"}, "choice"),
        (FILLED, {"answer": {"days": 3}, "approved": True}, "approved"),
        (APPROVAL, {"choice": "Red", "approved": True}, "choice"),
        (APPROVAL, {"answer": {}, "approved": True}, "answer"),
        (APPROVAL, {"userInput": "No"}, "approved"),
        ({"kind": "INPUT"}, {"answer": {"days": 3}}, "answer"),
    ],
    ids=short,
)
def test_an_answer_that_was_not_asked_for_is_refused_at_its_place(
    rule: dict[str, Any], said: dict[str, Any], place: str
) -> None:
    asked = asking(rule)

    assert refused("answerSessionAgent", {**report(asked, "a"), **said}) == bad(place)
    assert states(asked) == {"a": "WAITING_FOR_INPUT", "end": "INITIAL"}


def test_an_answer_that_does_not_fit_the_form_is_refused_where_it_does_not() -> None:
    key = report(asking(FILLED), "a")

    too_many = refused("answerSessionAgent", {**key, "answer": {"days": 31}})

    assert too_many == bad("answer", "days")
    assert refused("answerSessionAgent", {**key, "answer": {"day": 3}}) == bad("answer", "days")


@pytest.mark.parametrize(
    ("rule", "default", "said", "sections"),
    [
        (
            CHOICE,
            "Green",
            {"choice": "Green"},
            {"A person's choice, after agent A": "Green"},
        ),
        (
            FILLED,
            {"days": 2},
            {"answer": {"days": 2}},
            {"A person, to agent A": '{"days": 2}'},
        ),
        ({"kind": "INPUT"}, "Go on", {"answer": "Go on"}, {"A person, to agent A": "Go on"}),
        ({"kind": "APPROVAL"}, True, {"approved": True}, {}),
        (
            APPROVAL,
            False,
            {"approved": False},
            {"A person, who rejected the answer of agent A": "(without a remark)"},
        ),
    ],
    ids=short,
)
def test_the_default_counts_when_nobody_has_answered_in_time(
    rule: dict[str, Any], default: Any, said: dict[str, Any], sections: dict[str, str]
) -> None:
    place = asking(timed(rule, default), answerTimeoutSeconds=60)
    late = {**report(place, "a"), "approved": True}
    assert shown(place)["ask"]["onTimeout"] == "DEFAULT"
    assert shown(place)["ask"]["dueAt"] is not None

    time_out(place)

    found = shown(place)["ask"]
    nothing = {"approved": None, "choice": None, "answer": None, "comment": None}
    assert {name: found[name] for name in nothing} == {**nothing, **said}
    assert (found["answeredBy"], found["dueAt"]) == ("engine", None)
    assert stored_agent(place).updated_by == "engine"
    assert refused("answerSessionAgent", late) == invalid("COMPLETED")
    end = agents(place)["end"]
    assert end["agentInput"] == input_of(end, "Which?", **{"Agent A": "Which?", **sections})
    assert session(place)["status"] == "COMPLETED"
    assert not stored(models.Session, *place).awaiting_input


def test_a_default_and_an_answer_at_the_same_moment_are_one_answer() -> None:
    """Whichever is written first counts: the write of the other finds another deadline."""
    place = asking(timed(CHOICE, "Green"), answerTimeoutSeconds=60)
    waiting = stored_agent(place)
    tell("answerSessionAgent", {**report(place, "a"), "choice": "Red"})

    with recorded_calls() as calls:
        answering.stop_waiting(factory.of_a_worker(SYSTEM, 20), waiting)

    assert [call.operation for call in calls] == ["TransactWriteItems"]
    assert (stored_agent(place).choice, stored_agent(place).answered_by) == ("Red", CALLER.user_id)


def test_a_default_that_is_a_rejection_fails_the_agent_whose_work_is_kept_for_a_retry() -> None:
    place = asking(timed({"kind": "APPROVAL"}, default=False), answerTimeoutSeconds=60)
    time_out(place)
    failed = shown(place)
    assert failed["notes"] == "Nobody has answered in time, and the default answer is a rejection"
    assert (failed["ask"]["approved"], failed["ask"]["answeredBy"]) == (False, "engine")
    assert states(place) == {"a": "FAILED", "end": "CANCELLED"}

    retry(place)

    assert states(place) == {"a": "WAITING_FOR_INPUT", "end": "INITIAL"}
    again = shown(place)["ask"]
    assert (again["approved"], again["answeredBy"]) == (None, None)
    assert [output for *_, output in runs(place)] == ["Which?", "Which?"]
    tell("answerSessionAgent", {**report(place, "a"), "approved": True})
    assert session(place)["status"] == "COMPLETED"


def test_a_choice_that_was_cancelled_is_asked_again_after_a_retry() -> None:
    place = asking(CHOICE)
    change("cancelSession", place.key, GIVEN_KEY)

    retry(place)
    tell("answerSessionAgent", {**report(place, "a"), "choice": "Red"})
    retry(place, sessionAgentUuids=[address(place, "a")])

    assert states(place) == {"a": "WAITING_FOR_INPUT", "end": "INITIAL"}
    assert shown(place)["ask"]["choice"] is None
    assert stored_agent(place).choice is None


@pytest.mark.parametrize("by_default", [False, True], ids=["a person", "the default"])
def test_a_retry_gives_an_agent_the_output_that_a_person_rejected(by_default: bool) -> None:
    """A default rejection is no judgement of a person, so a retry passes no remark on."""
    place = asking(timed(APPROVAL, default=False), answerTimeoutSeconds=60)
    if by_default:
        time_out(place)
    else:
        said = {"approved": False, "userInput": "Too dear"}
        tell("answerSessionAgent", {**report(place, "a"), **said})

    retry(place, sessionAgentUuids=[address(place, "a")])

    told = agents(place)["a"]["agentInput"]
    sections = {
        "Your own earlier answer, which a person rejected": "Which?",
        "Why the person rejected it": "Too dear",
    }
    again = input_of(agents(place)["a"], "Which?", **sections)
    assert told == ("Which?" if by_default else again)
    assert states(place)["a"] == "WAITING_FOR_INPUT"


def test_a_question_of_its_own_has_neither_options_nor_a_default() -> None:
    """What an action asks is about the output: it does not answer what the agent may ask."""
    rules = {"ask": timed(CHOICE, "Red"), "answerTimeoutSeconds": 60}
    place = started([external("a")], [after("a", **rules)])
    key = ask(place)
    found = shown(place)["ask"]
    assert (found["kind"], found["options"], found["title"]) == ("INPUT", [], None)
    assert (found["default"], found["onTimeout"]) == (None, "FAIL")
    assert refused("answerSessionAgent", {**key, "choice": "Red"}) == bad("choice")

    time_out(place)

    assert agents(place)["a"]["notes"] == "Nobody has answered in time"
    assert states(place)["a"] == "FAILED"
