"""Answer agents that ask: by a person at the terminal, or automatically."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from textwrap import indent
from typing import Any

from ai_coordination.local import form_answers
from ai_coordination.local.questions import Answer, Question
from ai_coordination.local.terminal import harmless
from ai_coordination.runtimes import forms

APPROVED_TEXT = "Approved"
WANTED = {"APPROVAL": "your approval", "CHOICE": "your choice", "INPUT": "your input"}
VERDICTS = {"y": "approve", "n": "reject", "r": "send back"}


class Unanswered(Exception):
    """An agent asks, and no person can be asked. The text says why."""


def ask_in_terminal(question: Question) -> Answer:
    """Ask the person at the terminal. Raises KeyboardInterrupt at the end of the input."""
    _show(question)
    if question.form is not None:
        return _closed(Answer(None, None, value=_filled(question.form, question.default)))
    if question.asks == "CHOICE":
        choice = _chosen(question.options, question.default)
        return _closed(Answer(None, _remark(), choice=choice))
    if question.asks == "INPUT":
        return _closed(Answer(None, _text(question.default)))
    verdict = _verdict("  Do you approve? Yes, no, or revise [y/n/r] ", question.continues)
    return _closed(Answer(verdict == "y", _remark(), revise=verdict == "r"))


def approve(question: Question) -> Answer:
    """Approve without asking, for automation. Raises Unanswered if a form needs a person."""
    _show(question)
    answer = _agreed(question)
    if answer.approved:
        print("  Approved without asking.\n")
    else:
        print(f"  Answered without asking: {_said(answer)}\n")
    return answer


def approve_after(seconds: float, question: Question) -> Answer:
    """Approve after some seconds, in which the question can be read. Raises as `approve`."""
    _show(question)
    time.sleep(seconds)
    print("  Approved, because there is no terminal to ask on.\n")
    return _agreed(question)


def leave(question: Question) -> Answer:
    """Raise Unanswered."""
    _show(question)
    option = "OPTIONS=--approve" if "MAKELEVEL" in os.environ else "--approve"
    reason = f"there is no terminal to ask. {option} approves all"
    raise Unanswered(f"{question.name} waits, and {reason}")


def _agreed(question: Question) -> Answer:
    default = question.default
    if question.form is not None:
        value = form_answers.agreeing(question.form, APPROVED_TEXT) if default is None else default
        if forms.problem_of_reply(question.form, value) is not None:
            raise Unanswered(f"{question.name} waits: its form needs a person")
        return Answer(None, None, value=value)
    if question.asks == "CHOICE":
        return Answer(None, None, choice=question.options[0] if default is None else default)
    if question.asks == "INPUT":
        return Answer(None, APPROVED_TEXT if default is None else default)
    return Answer(approved=True, text=None)


def _said(answer: Answer) -> str:
    return answer.text or answer.choice or json.dumps(answer.value, ensure_ascii=False)


def _show(question: Question) -> None:
    shown = question.output
    if question.question is not None:
        print(f"\n  {question.name} asks a question:\n")
        shown = question.question
    else:
        print(f"\n  {question.name} asks for {WANTED[question.asks]}. It says:\n")
    print(indent(harmless(shown), "    | ", lambda line: True), end="\n\n", flush=True)
    if question.title is not None:
        print(f"  {harmless(question.title)}\n", flush=True)
    if question.assignee is not None:
        print(f"  The question is to the user {question.assignee}.\n", flush=True)
    if question.group is not None:
        print(f"  The question is to the group {question.group}.\n", flush=True)


def _closed(answer: Answer) -> Answer:
    print()
    return answer


def _text(default: str | None) -> str:
    """Ask for a text. Enter is the default, or an empty text."""
    hint = "" if default is None else f" (Enter: {default})"
    return _typed(f"  Your answer{hint}: ") or default or ""


def _remark() -> str | None:
    return _typed("  Remark, or Enter for none: ").strip() or None


def _chosen(options: Sequence[str], default: str | None) -> str:
    """Ask for one of the options, by its number or its text. Enter is the default."""
    for number, option in enumerate(options, 1):
        print(f"  {number:2}  {harmless(option)}")
    hint = "" if default is None else f", or Enter for {default}"
    while True:
        typed = _typed(f"  Your choice, 1 to {len(options)}{hint}: ").strip()
        if not typed and default is not None:
            return default
        if typed in options:
            return typed
        if typed.isdecimal() and 1 <= int(typed) <= len(options):
            return options[int(typed) - 1]
        print("  Type the number of an option, or its text.")


def _filled(form: Mapping[str, Any], default: Mapping[str, Any] | None) -> dict[str, Any]:
    """Ask for each member of a form, until all of them together fit it."""
    while True:
        value: dict[str, Any] = {}
        for member in form_answers.members(form, default):
            typed = _typed(f"  {member.label}: ").strip()
            while not typed and member.must_be_typed:
                print("  This is required.")
                typed = _typed(f"  {member.label}: ").strip()
            if typed or member.default is not None:
                value[member.name] = member.value(typed) if typed else member.default
        problem = forms.problem_of_reply(form, value)
        if problem is None:
            return value
        place = ".".join(map(str, problem.path))
        print(f"\n  That was refused: {problem.message}{place and f' ({place})'}\n")


def _verdict(prompt: str, continues: bool) -> str:
    while True:
        typed = _typed(prompt).strip().lower()[:1]
        if typed in VERDICTS:
            return typed
        print("  Type y to approve, n to reject, or r to send it back for revision.")
        if not continues:
            print("  A rejection fails the agent.")


def _typed(prompt: str) -> str:
    try:
        return input(harmless(prompt))
    except EOFError as error:
        raise KeyboardInterrupt from error
