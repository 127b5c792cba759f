"""`ai_coordination.testing`: agents that ask questions, and people who answer them."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination.testing import (
    Asked,
    Decision,
    Engine,
    Question,
    Session,
    TestingError,
    answer,
    approve,
    choose,
    reject,
    revise,
)

ONE_DAY = 86_400
FORM = {
    "type": "object",
    "properties": {"days": {"type": "integer"}},
    "required": ["days"],
}
LAMBDA = {"kind": "LAMBDA", "target": "agent-writer"}
WAITS = {**LAMBDA, "parameters": {"invocation": "RequestResponse"}}
KINDS: list[Mapping[str, Any]] = [LAMBDA, WAITS, {"kind": "EXTERNAL"}]


def started(engine: Engine, runtime: Mapping[str, Any] = WAITS, **action: Any) -> Session:
    member = {"agentName": "writer", "runtime": runtime}
    actions = [{"agentUuid": "writer", **action}]
    engine.load(
        {
            "coordination": {"coordinationName": "Offers", "agents": [member]},
            "task": {"taskName": "Offer", "agentActions": actions},
        }
    )
    return engine.start(query="Tea")


def ask_once(text: str) -> Any:
    """A function of the input text, which contains the answer in the next turn."""
    if "The person's answer" not in text:
        return Asked("How long?", seconds=5)
    return text.splitlines()[-1]


@pytest.mark.parametrize("runtime", KINDS, ids=["later", "waits", "external"])
def test_an_agent_asks_and_is_called_again_with_the_answer(runtime: Mapping[str, Any]) -> None:
    with Engine() as engine:
        engine.agent("writer", ask_once)
        engine.person("writer", answer("A week", seconds=ONE_DAY))
        session = started(engine, runtime)
        engine.run()

        assert session.status == "COMPLETED"
        assert session.agent("writer").output == "A week"
        assert session.seconds == ONE_DAY + 5
        assert [run.outcome for run in session.agent("writer").runs] == [
            "INPUT_REQUIRED",
            "COMPLETED",
        ]


@pytest.mark.parametrize("runtime", KINDS[1:], ids=["waits", "external"])
def test_a_handler_gets_question_answer_and_what_it_wanted_to_keep(
    runtime: Mapping[str, Any],
) -> None:
    events = []

    def handler(event: Any, context: Any) -> Any:
        events.append((event["turn"], event["resume"], event["reply"]))
        return Asked("How long?", FORM, {"page": 1}) if event["turn"] == 1 else "Done"

    questions: list[Question] = []

    def decide(question: Question) -> Decision:
        questions.append(question)
        return answer({"days": 3})

    with Engine() as engine:
        engine.agent("writer", handler)
        engine.person("writer", decide)
        session = started(engine, runtime)
        engine.run()

        assert session.status == "COMPLETED"
    assert questions == [Question("writer", "INPUT", "", "How long?", FORM)]
    reply = {"question": "How long?", "answer": {"days": 3}}
    assert events == [(1, None, None), (2, {"page": 1}, reply)]


def test_an_output_is_sent_back_until_it_is_approved() -> None:
    drafts = iter(["Long draft", "Draft"])

    def judge(question: Question) -> Decision:
        return approve() if len(question.output) < 8 else revise("Shorter")

    with Engine() as engine:
        engine.agent("writer", lambda text: next(drafts))
        engine.person("writer", judge)
        session = started(engine, userInTheLoop="APPROVAL")
        engine.run()

        writer = session.agent("writer")
        assert (session.status, writer.output) == ("COMPLETED", "Draft")
        assert "Why the person rejected it\nShorter" in "\n".join(
            line.partition("] ")[2] or line for line in str(writer.input).splitlines()
        )


def test_a_person_refuses_to_answer_or_never_does() -> None:
    with Engine() as engine:
        engine.agent("writer", ask_once)
        engine.person("writer", lambda question: reject("Not my business"))
        session = started(engine)
        engine.run()
        assert (session.status, session.agent("writer").notes) == ("FAILED", "Not my business")

    with Engine() as engine:
        engine.agent("writer", ask_once)
        engine.person("writer", lambda question: None)
        session = started(engine)
        engine.run()
        assert session.waits_for() == ["writer waits for a person (INPUT): see Engine.person"]


@pytest.mark.parametrize("decision", [approve(), revise("Shorter")])
def test_a_question_is_not_approved_or_sent_back(decision: Decision) -> None:
    with Engine() as engine:
        engine.agent("writer", ask_once)
        engine.person("writer", decision)
        started(engine)
        with pytest.raises(TestingError, match=r"answer\(…\) or reject\(\)"):
            engine.run()


COLOURS = ["Red", "Green"]
CHOICE = {"kind": "CHOICE", "options": COLOURS, "title": "Which?"}


def test_a_person_chooses_and_successors_know() -> None:
    questions: list[Question] = []

    def decide(question: Question) -> Decision:
        questions.append(question)
        return choose(question.options[1], "As ever", seconds=ONE_DAY)

    with Engine() as engine:
        engine.agent("writer", lambda text: "Draft")
        engine.person("writer", decide)
        session = started(engine, ask={**CHOICE, "default": "Red"})
        engine.run()

        found = session.agent("writer")
        assert (session.status, session.seconds) == ("COMPLETED", ONE_DAY)
        assert (found.choice, found.approved, found.output) == ("Green", None, "Draft")
    options = tuple(COLOURS)
    asked = Question("writer", "CHOICE", "Draft", title="Which?", options=options, default="Red")
    assert questions == [asked]


def test_a_person_fills_in_the_form_of_an_action() -> None:
    with Engine() as engine:
        engine.agent("writer", lambda text: "Draft")
        engine.person("writer", answer({"days": 3}))
        session = started(engine, ask={"kind": "INPUT", "form": FORM})
        engine.run()

        found = session.agent("writer")
        assert (session.status, found.output, found.answer) == ("COMPLETED", "Draft", {"days": 3})


def test_a_rejection_need_not_fail_the_session() -> None:
    with Engine() as engine:
        engine.agent("writer", lambda text: "Draft")
        engine.person("writer", reject("No"))
        session = started(engine, ask={"kind": "APPROVAL", "onRejection": "CONTINUE"})
        engine.run()

        found = session.agent("writer")
        assert (session.status, found.state, found.output) == ("COMPLETED", "COMPLETED", "Draft")
        assert (found.approved, found.answer) == (False, "No")


def test_the_default_is_taken_when_time_has_passed_and_not_before() -> None:
    rules = {"default": "Red", "onTimeout": "DEFAULT"}
    with Engine() as engine:
        engine.agent("writer", lambda text: "Draft")
        engine.person("writer", lambda question: None)
        session = started(engine, ask={**CHOICE, **rules}, answerTimeoutSeconds=ONE_DAY)
        engine.run(seconds=ONE_DAY - 1)
        assert session.agent("writer").state == "WAITING_FOR_INPUT"
        engine.run()

        found = session.agent("writer")
        assert (session.status, found.choice, found.answered_by) == ("COMPLETED", "Red", "engine")
        assert ONE_DAY <= session.seconds < ONE_DAY + 120


@pytest.mark.parametrize(
    ("ask", "decision", "wanted"),
    [
        (CHOICE, choose("Blue"), r"choose\(one of 'Red', 'Green'\)"),
        (CHOICE, approve(), r"choose\(one of 'Red', 'Green'\)"),
        ({"kind": "APPROVAL"}, choose("Red"), r"approve\(\), reject\(\) or revise\(\)"),
        ({"kind": "INPUT"}, choose("Red"), r"answer\(text\)"),
    ],
)
def test_what_was_not_asked_for_is_no_answer(ask: Any, decision: Decision, wanted: str) -> None:
    with Engine() as engine:
        engine.agent("writer", lambda text: "Draft")
        engine.person("writer", decision)
        started(engine, ask=ask)
        with pytest.raises(TestingError, match=wanted):
            engine.run()
