"""What `make try` asks a person about outputs: choices, forms of actions, and rejections."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.local import follow, people
from ai_coordination.local.client import Client
from ai_coordination.local.follow import Place
from ai_coordination.local.people import Unanswered
from ai_coordination.local.questions import Answer, Question
from ai_coordination.testing import Engine, Session
from tests.support.terminal import types

COLOURS = ("Red", "Green")
FORM = {
    "type": "object",
    "properties": {"days": {"type": "integer", "minimum": 1}, "note": {"type": "string"}},
    "required": ["days"],
}
CHOICE = Question("Draft", "CHOICE", "A draft", title="Which colour?", options=COLOURS)
FILLED = Question("Draft", "INPUT", "A draft", form=FORM)
TEXT = Question("Draft", "INPUT", "A draft")


@pytest.mark.parametrize(
    ("question", "typed", "said"),
    [
        (CHOICE, ["2", ""], {"choice": "Green"}),
        (CHOICE, [" Red ", "It is warmer"], {"choice": "Red", "userInput": "It is warmer"}),
        (CHOICE, ["", "0", "3", "Blue", "1", ""], {"choice": "Red"}),
        (CHOICE._replace(default="Green"), ["", ""], {"choice": "Green"}),
        (CHOICE._replace(options=("2", "1")), ["2", ""], {"choice": "2"}),
        (FILLED, ["3", ""], {"answer": {"days": 3}}),
        (
            FILLED._replace(default={"days": 4}),
            ["", "Soon"],
            {"answer": {"days": 4, "note": "Soon"}},
        ),
        (TEXT, ["Go on"], {"userInput": "Go on"}),
        (TEXT, [""], {"userInput": ""}),
        (TEXT._replace(default="As ever"), [""], {"userInput": "As ever"}),
    ],
)
def test_a_person_answers_what_is_asked(
    question: Question,
    typed: list[str],
    said: Mapping[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prompts = types(monkeypatch, *typed)

    assert people.ask_in_terminal(question).as_input() == said
    assert len(prompts) == len(typed)


def test_the_options_are_shown_with_their_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = types(monkeypatch, "Blue", "1", "")

    people.ask_in_terminal(CHOICE._replace(default="Green"))

    printed = capsys.readouterr().out
    assert printed == (
        "\n  Draft asks for your choice. It says:\n\n    | A draft\n\n  Which colour?\n\n"
        "   1  Red\n   2  Green\n  Type the number of an option, or its text.\n\n"
    )
    assert prompts[0] == "Your choice, 1 to 2, or Enter for Green:"


@pytest.mark.parametrize("continues", [False, True])
def test_a_person_is_told_what_a_rejection_does(
    continues: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    types(monkeypatch, "?", "n", "No")
    question = Question("Draft", "APPROVAL", "A draft", continues=continues)

    assert people.ask_in_terminal(question) == Answer(approved=False, text="No")
    assert ("A rejection fails the agent." in capsys.readouterr().out) is not continues


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (CHOICE, {"choice": "Red"}),
        (CHOICE._replace(default="Green"), {"choice": "Green"}),
        (FILLED, {"answer": {"days": 1}}),
        (FILLED._replace(default={"days": 4}), {"answer": {"days": 4}}),
        (TEXT._replace(default="As ever"), {"userInput": "As ever"}),
        (Question("Draft", "APPROVAL", "A draft", default=False), {"approved": True}),
    ],
)
def test_without_a_person_the_default_or_the_first_option_is_the_answer(
    question: Question, said: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert people.approve(question).as_input() == said
    assert "without asking" in capsys.readouterr().out


def test_a_form_that_cannot_be_guessed_needs_a_person() -> None:
    form = {**FORM, "required": ["days", "when"], "properties": {"when": {"minLength": 10**4}}}

    with pytest.raises(Unanswered, match="its form needs a person"):
        people.approve(FILLED._replace(form={**form, "additionalProperties": False}))


BLUEPRINT = """
coordination:
  coordinationName: Invoices
  agents: [{ agentUuid: pay, agentName: Pay, runtime: { kind: EXTERNAL } }]
task:
  taskName: Pay
  agentActions: [{ agentUuid: pay, ask: { kind: APPROVAL, assignee: mia } }]
"""
CLAIM = """mutation Claim($input: ClaimSessionAgentInput!) {
  claimSessionAgent(input: $input) { sessionAgent { state } }
}"""
ASKED = """{ openSessionAgents(state: WAITING_FOR_INPUT) { nodes {
  sessionUuid sessionAgentUuid currentRun { runUuid } coordinationUuid
} } }"""


class Of(Client):
    """A client of one user of an engine in a test."""

    def __init__(self, engine: Engine, user: str) -> None:
        super().__init__("test")
        self._engine, self._user = engine, user

    def execute(self, query: str, **variables: Any) -> Any:
        return self._engine.graphql(query, variables, user=self._user)


def asking(engine: Engine, folder: Path) -> tuple[Session, dict[str, Any]]:
    (folder / "blueprint.yaml").write_text(BLUEPRINT)
    engine.load(folder / "blueprint.yaml")
    engine.agent("pay", lambda text: "A-17")
    session = engine.start(query="Pay")
    engine.run(seconds=60)
    (one,) = engine.graphql(ASKED)["openSessionAgents"]["nodes"]
    return session, one


def test_a_question_to_another_user_is_left_to_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Engine() as engine:
        _, one = asking(engine, tmp_path)
        place = Place(one["coordinationUuid"], one["sessionUuid"])

        with pytest.raises(Unanswered) as left:
            follow.follow(Of(engine, "max"), place, people.approve)

    assert str(left.value) == "Pay waits: This question is to the user 'mia'"
    assert "  The question is to the user mia.\n" in capsys.readouterr().out


def test_a_question_that_a_user_has_claimed_is_not_asked_in_the_terminal(tmp_path: Path) -> None:
    with Engine() as engine:
        session, one = asking(engine, tmp_path)
        place = Place(one["coordinationUuid"], one["sessionUuid"])
        key = {name: one[name] for name in ("sessionUuid", "sessionAgentUuid")}
        engine.graphql(CLAIM, {"input": {**key, **one["currentRun"]}}, user="mia")

        with pytest.raises(RuntimeError, match="did not end within 0 s"):
            follow.follow(Of(engine, "mia"), place, people.approve, seconds=0.1)

        assert session.agent("pay").state == "WAITING_FOR_INPUT"
