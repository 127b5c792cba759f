"""A person at the terminal answers agents that ask."""

from typing import Any

import pytest

from ai_coordination.local import people
from ai_coordination.local.questions import Answer, Question

FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "days": {"type": "integer", "minimum": 1, "title": "Days"},
        "colour": {"enum": ["red", "blue"], "default": "red"},
        "express": {"type": "boolean"},
        "note": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["days"],
}
ASKS = Question("Writer", "INPUT", "", "How long is it valid?\nAnd how?", FORM)
WITHOUT_FORM = ASKS._replace(form=None)


def types(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """A person who types these answers; the prompts that the person has seen."""
    prompts: list[str] = []
    left = list(answers)

    def typed(prompt: str) -> str:
        prompts.append(prompt.strip())
        return left.pop(0)

    monkeypatch.setattr("builtins.input", typed)
    return prompts


def test_a_question_is_shown_and_answered_with_a_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = types(monkeypatch, "A week")

    assert people.ask_in_terminal(WITHOUT_FORM) == Answer(None, "A week")
    assert prompts == ["Your answer:"]
    shown = "\n  Writer asks a question:\n\n    | How long is it valid?\n    | And how?\n\n\n"
    assert capsys.readouterr().out == shown


def test_a_form_is_filled_member_by_member_until_it_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = ("0", "blue", "y", "7", "[1, 2]"), ("3", "", "no", "7", "1, 2")
    prompts = types(monkeypatch, *first, *second)

    answer = people.ask_in_terminal(ASKS)

    value = {"days": 3, "colour": "red", "express": False, "note": "7", "lines": [1, 2]}
    assert answer.as_input() == {"answer": value}
    labels = [
        "Days (integer):",
        'colour (red or blue, Enter: "red"):',
        "express (true or false):",
        "note:",
        "lines (array):",
    ]
    assert prompts == labels * 2
    refused = "  That was refused: This must be a whole number from 1 (days)\n"
    assert refused in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("y", ""), {"approved": True}),
        (("no", "Too dear"), {"approved": False, "userInput": "Too dear"}),
        (("?", "r", " Shorter "), {"approved": False, "userInput": "Shorter", "revise": True}),
    ],
)
def test_an_output_is_approved_rejected_or_sent_back(
    monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...], said: dict[str, Any]
) -> None:
    types(monkeypatch, *typed)

    assert people.ask_in_terminal(Question("Writer", "APPROVAL", "Draft")).as_input() == said


def test_without_a_person_everything_is_agreed_to_as_far_as_a_form_allows() -> None:
    optional = {"type": "object", "properties": {"colour": FORM["properties"]["colour"]}}
    strict = {**FORM, "properties": {"days": {"anyOf": [{"type": "object", "required": ["a"]}]}}}

    assert people.approve(WITHOUT_FORM) == Answer(None, "Approved")
    assert people.approve(ASKS).value == {"days": 1}
    assert people.approve(ASKS._replace(form=optional)).value == {"colour": "red"}
    assert people.approve_after(0.0, Question("Writer", "INPUT", "Which?")).text == "Approved"
    with pytest.raises(people.Unanswered, match="Writer"):
        people.approve(ASKS._replace(form=strict))
