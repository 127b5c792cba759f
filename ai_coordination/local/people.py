"""Answer agents that ask: by a person at the terminal, or automatically."""

import time
from textwrap import indent

from ai_coordination.local.follow import Answer, Question

APPROVED_TEXT = "Approved"


class Unanswered(Exception):
    """An agent asks, and there is no terminal to ask a person."""


def ask_in_terminal(question: Question) -> Answer:
    """Ask the person at the terminal. Raises KeyboardInterrupt at the end of the input."""
    _show(question)
    if question.asks == "INPUT":
        text = _typed("  Your answer: ")
        print()
        return Answer(None, text)
    approved = _is_yes("  Do you approve? [y/n] ")
    remark = _typed("  Remark, or Enter for none: ").strip() or None
    print()
    return Answer(approved, remark)


def approve(question: Question) -> Answer:
    """Approve without asking, for automation."""
    _show(question)
    if question.asks == "INPUT":
        print(f"  Answered without asking: {APPROVED_TEXT}\n")
        return Answer(None, APPROVED_TEXT)
    print("  Approved without asking.\n")
    return Answer(approved=True, text=None)


def approve_after(seconds: float, question: Question) -> Answer:
    """Approve after some seconds, in which the question can be read."""
    _show(question)
    time.sleep(seconds)
    print("  Approved, because there is no terminal to ask on.\n")
    return Answer(approved=True, text=None)


def leave(question: Question) -> Answer:
    """Raise Unanswered."""
    _show(question)
    raise Unanswered(question.name)


def _show(question: Question) -> None:
    wanted = "your approval" if question.asks == "APPROVAL" else "your input"
    print(f"\n  {question.name} asks for {wanted}. It says:\n")
    print(indent(question.output, "    | ", lambda line: True), end="\n\n", flush=True)


def _is_yes(prompt: str) -> bool:
    while True:
        typed = _typed(prompt).strip().lower()
        if typed in ("y", "yes", "n", "no"):
            return typed.startswith("y")
        print("  Type y to approve, or n to reject. A rejection fails the agent.")


def _typed(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError as error:
        raise KeyboardInterrupt from error
