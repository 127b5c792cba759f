"""Answer agents that ask: by a person at the terminal, or automatically."""

import json
import os
import time
from collections.abc import Mapping
from textwrap import indent
from typing import Any

from ai_coordination.local import form_answers
from ai_coordination.local.questions import Answer, Question
from ai_coordination.runtimes import forms

APPROVED_TEXT = "Approved"
VERDICTS = {"y": "approve", "n": "reject", "r": "send back"}


class Unanswered(Exception):
    """An agent asks, and no person can be asked. The text says why."""


def ask_in_terminal(question: Question) -> Answer:
    """Ask the person at the terminal. Raises KeyboardInterrupt at the end of the input."""
    _show(question)
    if question.form is not None:
        return _closed(Answer(None, None, value=_filled(question.form)))
    if question.asks == "INPUT":
        return _closed(Answer(None, _typed("  Your answer: ")))
    verdict = _verdict("  Do you approve? Yes, no, or revise [y/n/r] ")
    remark = _typed("  Remark, or Enter for none: ").strip() or None
    return _closed(Answer(verdict == "y", remark, revise=verdict == "r"))


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
    if question.form is not None:
        value = form_answers.agreeing(question.form, APPROVED_TEXT)
        if forms.problem_of_reply(question.form, value) is not None:
            raise Unanswered(f"{question.name} waits: its form needs a person")
        return Answer(None, None, value=value)
    if question.asks == "INPUT":
        return Answer(None, APPROVED_TEXT)
    return Answer(approved=True, text=None)


def _said(answer: Answer) -> str:
    return answer.text or json.dumps(answer.value, ensure_ascii=False)


def _show(question: Question) -> None:
    shown = question.output
    if question.question is not None:
        print(f"\n  {question.name} asks a question:\n")
        shown = question.question
    else:
        wanted = "your approval" if question.asks == "APPROVAL" else "your input"
        print(f"\n  {question.name} asks for {wanted}. It says:\n")
    print(indent(shown, "    | ", lambda line: True), end="\n\n", flush=True)


def _closed(answer: Answer) -> Answer:
    print()
    return answer


def _filled(form: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for each member of a form, until all of them together fit it."""
    while True:
        value: dict[str, Any] = {}
        for member in form_answers.members(form):
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


def _verdict(prompt: str) -> str:
    while True:
        typed = _typed(prompt).strip().lower()[:1]
        if typed in VERDICTS:
            return typed
        print("  Type y to approve, n to reject, or r to send it back for revision.")
        print("  A rejection fails the agent.")


def _typed(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError as error:
        raise KeyboardInterrupt from error
