"""Answer agents that ask: by a person at the terminal, or automatically."""

import json
import time
from collections.abc import Mapping
from textwrap import indent
from typing import Any

from ai_coordination.local.follow import Answer, Question

APPROVED_TEXT = "Approved"


class Unanswered(Exception):
    """An agent asks, and there is no terminal to ask a person."""


def ask_in_terminal(question: Question) -> Answer:
    """Ask the person at the terminal. Raises KeyboardInterrupt at the end of the input."""
    _show(question)
    if question.form is not None:
        return Answer(None, None, _filled(question.form))
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
    if question.form is not None:
        value = _usual(question.form)
        print(f"  Answered without asking: {json.dumps(value)}\n")
        return Answer(None, None, value)
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
    if question.problem is not None:
        print(f"  That was refused: {question.problem}\n")


def _filled(form: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for each member of a form. What is left empty and not required is left out."""
    value: dict[str, Any] = {}
    for name, member in form.get("properties", {}).items():
        required = name in form.get("required", ())
        while (typed := _typed(f"  {_label(name, member)}: ").strip()) == "" and required:
            print("  This is required.")
        if typed:
            value[name] = _value(typed, member)
    print()
    return value


def _label(name: str, member: Mapping[str, Any]) -> str:
    hints = [member["description"]] if "description" in member else []
    if "enum" in member:
        hints.append(" or ".join(map(str, member["enum"])))
    elif member.get("type", "string") != "string":
        hints.append("true or false" if member["type"] == "boolean" else str(member["type"]))
    label = member.get("title", name)
    return f"{label} ({', '.join(hints)})" if hints else str(label)


def _value(typed: str, member: Mapping[str, Any]) -> Any:
    """What was typed, as the member's type. What does not fit stays a text, and is refused."""
    if member.get("type") == "array":
        return [part.strip() for part in typed.split(",")]
    if member.get("type", "string") == "string":
        return typed
    try:
        return json.loads(typed)
    except ValueError:
        return typed


def _usual(form: Mapping[str, Any]) -> dict[str, Any]:
    """An answer that agrees: the defaults, the first choices, and yes."""
    usual = {"string": APPROVED_TEXT, "boolean": True, "array": []}
    return {
        name: member.get(
            "default",
            member.get("enum", [usual.get(member.get("type"), member.get("minimum", 1))])[0],
        )
        for name, member in form.get("properties", {}).items()
        if name in form.get("required", form["properties"])
    }


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
