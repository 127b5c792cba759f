"""Check how an agent asks a person about its output."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ai_coordination import models
from ai_coordination.errors import BadUserInput
from ai_coordination.runtimes import forms
from ai_coordination.services import validation
from ai_coordination.states import RejectionPolicy, TimeoutPolicy, UserInTheLoop

FEWEST_OPTIONS = 2
MOST_OPTIONS = 50
LARGEST_DEFAULT_BYTES = 4_096

Path = tuple[str | int, ...]


class Built(NamedTuple):
    """What an action stores: the kind of question, and a rule if there is more to say."""

    kind: UserInTheLoop | None
    rule: models.AskRule | None


def build(rules: Mapping[str, Any], *path: str | int) -> Built:
    """Check and build the question of an action. `userInTheLoop` is the short form of `ask`.

    Raises BadUserInput.
    """
    short, ask = rules.get("user_in_the_loop"), rules.get("ask")
    if ask is None:
        if short is UserInTheLoop.CHOICE:
            message = "What can be chosen is missing: use `ask` with `options`"
            raise BadUserInput(message, *path, "user_in_the_loop")
        return Built(short, None)
    kind = UserInTheLoop(ask["kind"])
    if short not in (None, kind):
        message = f"This says {short.name} and `ask` says {kind.name}: omit one of them"
        raise BadUserInput(message, *path, "user_in_the_loop")
    return Built(kind, _rule(kind, ask, rules.get("answer_timeout_seconds"), (*path, "ask")))


def _rule(
    kind: UserInTheLoop, ask: Mapping[str, Any], seconds: int | None, path: Path
) -> models.AskRule | None:
    form = _form(kind, ask.get("form"), (*path, "form"))
    options = _options(kind, ask.get("options") or [], (*path, "options"))
    default = _default(kind, ask.get("default"), form, options, (*path, "default"))
    on_timeout = ask.get("on_timeout") or TimeoutPolicy.FAIL
    if on_timeout is TimeoutPolicy.DEFAULT:
        if default is None:
            raise BadUserInput("DEFAULT needs a `default`", *path, "on_timeout")
        if seconds is None:
            message = "DEFAULT needs `answerTimeoutSeconds`: without it there is no time-out"
            raise BadUserInput(message, *path, "on_timeout")
    on_rejection = ask.get("on_rejection") or RejectionPolicy.FAIL
    if on_rejection is RejectionPolicy.CONTINUE and kind is not UserInTheLoop.APPROVAL:
        raise BadUserInput("Only an APPROVAL can be rejected", *path, "on_rejection")
    assignee, group = ask.get("assignee"), ask.get("group")
    if assignee is not None and group is not None:
        raise BadUserInput("A question is to an `assignee` or to a `group`", *path, "group")
    rule = models.AskRule(
        title=validation.shown_label(ask.get("title"), *path, "title"),
        assignee=validation.shown_label(assignee, *path, "assignee"),
        group=validation.shown_label(group, *path, "group"),
        form=None if form is None else _written(form),
        options=options,
        default_answer=None if default is None else _written(default),
        on_timeout=str(on_timeout.value),
        on_rejection=str(on_rejection.value),
    )
    return rule if rule.serialize(rule) else None


def _form(kind: UserInTheLoop, form: Any, path: Path) -> Any:
    if form is None:
        return None
    if kind is not UserInTheLoop.INPUT:
        raise BadUserInput("Only a question for INPUT has a form", *path)
    validation.json_value(form, *path)
    for problem in forms.problems(form, *path):
        raise BadUserInput(problem.message, *problem.path)
    return form


def _options(kind: UserInTheLoop, options: Sequence[str], path: Path) -> list[str]:
    if kind is not UserInTheLoop.CHOICE:
        if options:
            raise BadUserInput("Only a CHOICE has options", *path)
        return []
    if not FEWEST_OPTIONS <= len(options) <= MOST_OPTIONS:
        message = f"A CHOICE has {FEWEST_OPTIONS} to {MOST_OPTIONS} options, not {len(options)}"
        raise BadUserInput(message, *path)
    for index, option in enumerate(options):
        validation.shown_label(option, *path, index)
    validation.distinct(options, *path)
    return list(options)


def _default(
    kind: UserInTheLoop, default: Any, form: Any, options: Sequence[str], path: Path
) -> Any:
    """Check that a person could have given the default. Null is none."""
    if default is None:
        return None
    validation.json_value(default, *path)
    if len(_written(default).encode()) > LARGEST_DEFAULT_BYTES:
        raise BadUserInput(f"A default has at most {LARGEST_DEFAULT_BYTES:,} bytes", *path)
    if kind is UserInTheLoop.APPROVAL:
        if not isinstance(default, bool):
            message = "The default of an APPROVAL is true (approved) or false (rejected)"
            raise BadUserInput(message, *path)
    elif kind is UserInTheLoop.CHOICE:
        if default not in options:
            raise BadUserInput("The default of a CHOICE is one of its options", *path)
    elif form is not None:
        problem = forms.problem_of_reply(form, default, *path)
        if problem is not None:
            raise BadUserInput(problem.message, *problem.path)
    elif not isinstance(default, str):
        raise BadUserInput("The default of a question without a form is a text", *path)
    return default


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
