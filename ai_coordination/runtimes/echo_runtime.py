"""The runtime ECHO: it answers with its input, or fails as its parameters say."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ai_coordination import models
from ai_coordination.runtimes.base import Accepted, Answer, Call, RunFailed, Runtime
from ai_coordination.runtimes.problems import Problem, no_target, unknown_names
from ai_coordination.states import AgentRuntimeKind

LONGEST_SECONDS = 365 * 24 * 3600
MOST_ATTEMPTS = 100


class Echo(Runtime):
    """Answers with its subtask query, after `parameters.seconds`, or fails.

    `parameters.fail` is a text, and every attempt fails with it; or an object with `attempts`, the
    number of attempts that fail, and `notes`. Other parameters may be there, since an ECHO agent
    often replaces another one for a while.
    """

    kind = AgentRuntimeKind.ECHO
    description = "The engine itself returns the agent's input. For development and tests."
    ignored_when_stored = (("parameters", "seconds"), ("target",))

    def check(self, target: str | None, parameters: Any) -> Iterable[Problem]:
        yield from no_target(target)
        values = parameters if isinstance(parameters, Mapping) else {}
        yield from _seconds_problems(values.get("seconds"))
        yield from _fail_problems(values.get("fail"))

    def invoke(self, call: Call) -> Answer | Accepted:
        parameters = call.parameters if isinstance(call.parameters, dict) else {}
        notes = _notes_of_failure(parameters.get("fail"), call.attempt)
        if notes:
            raise RunFailed(notes)
        seconds: Any = parameters.get("seconds")
        if not _is_number(seconds) or seconds <= 0:
            return _answer(call.agent)
        call.wake(seconds)
        return Accepted()

    def on_wake(self, agent: models.SessionAgent) -> Answer | Accepted:
        return _answer(agent)


RUNTIME = Echo()


def _answer(agent: models.SessionAgent) -> Answer:
    return Answer(agent.subtask_query or "")


def _notes_of_failure(fail: Any, attempt: int) -> str | None:
    """The notes with which an attempt fails; None or nothing if it does not fail."""
    if not isinstance(fail, dict):
        return fail or None
    return fail.get("notes", "Failed") if attempt <= fail.get("attempts", 0) else None


def _seconds_problems(seconds: Any) -> Iterator[Problem]:
    if seconds is None:
        return
    if not _is_number(seconds) or not 0 <= seconds <= LONGEST_SECONDS:
        message = f"This is a number of seconds from 0 to {LONGEST_SECONDS}"
        yield Problem(message, ("parameters", "seconds"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fail_problems(fail: Any) -> Iterator[Problem]:
    if fail is None or isinstance(fail, str):
        return
    path = "parameters", "fail"
    if not isinstance(fail, Mapping):
        yield Problem("This is a text, or an object with `attempts` and `notes`", path)
        return
    yield from unknown_names(fail, ("attempts", "notes"), *path)
    attempts = fail.get("attempts", 0)
    if type(attempts) is not int or not 0 <= attempts <= MOST_ATTEMPTS:
        message = f"This is a whole number from 0 to {MOST_ATTEMPTS}"
        yield Problem(message, (*path, "attempts"))
    if not isinstance(fail.get("notes", ""), str):
        yield Problem("This is a text", (*path, "notes"))
