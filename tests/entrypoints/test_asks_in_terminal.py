"""What `make try` asks a person about outputs: choices, forms of actions, and rejections."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination.local import people
from ai_coordination.local.people import Unanswered
from ai_coordination.local.questions import Answer, Question
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
