"""What a task of an A2A agent becomes: an answer, an acceptance, a question or a failure."""

from collections.abc import Mapping
from typing import Any, Final

from ai_coordination.clients.a2a_tasks import Said, Task, TaskState
from ai_coordination.runtimes.a2a_errors import LONGEST_MESSAGE
from ai_coordination.runtimes.a2a_place import Place
from ai_coordination.runtimes.base import Accepted, Answer, Question, Result, RunFailed
from ai_coordination.runtimes.token_usage import usage_of

NO_QUESTION: Final = "The agent needs input, and has not said what for"

_OVER: Final = {
    TaskState.REJECTED: "The agent has rejected the task",
    TaskState.CANCELED: "The agent's task was cancelled",
    TaskState.AUTH_REQUIRED: "The agent needs an authorization that the engine cannot give",
}


def answer(said: Said) -> Answer:
    """The answer of an agent that did the work at once."""
    return Answer(said.text, usage_of(said.usage))


def result(
    task: Task, place: Place, parameters: Mapping[str, Any], *, continues: bool = False
) -> Result:
    """What a task becomes. Raises RunFailed.

    `continues` says that the task was begun in an earlier turn. An attempt at its reply that failed
    has the task cancelled, so that it is cancelled is then no answer of the agent.
    """
    usage = usage_of(task.usage)
    match task.state:
        case TaskState.COMPLETED:
            return Answer(task.output, usage)
        case TaskState.INPUT_REQUIRED:
            resume = {**place.as_json(), "mark": task.mark, "awaited": list(task.awaited)}
            text = task.said.strip() or NO_QUESTION
            return Question(text, resume, usage=usage, remote=place.as_json())
        case TaskState.FAILED:
            raise RunFailed(f"The agent has failed{_said(task)}", usage=usage)
        case TaskState.REJECTED | TaskState.CANCELED | TaskState.AUTH_REQUIRED:
            notes = f"{_OVER[task.state]}{_said(task)}"
            is_ours = continues and task.state is TaskState.CANCELED
            raise RunFailed(notes, retryable=is_ours, usage=usage)
        case _:
            return accepted(place, parameters)


def accepted(
    place: Place, parameters: Mapping[str, Any], after_seconds: float | None = None
) -> Accepted:
    """The acceptance of a task that is looked at again, not before the agent allows it."""
    wait = max(place.wait(parameters), after_seconds or 0.0)
    return Accepted(place.as_json(), wait, place.task)


def _said(task: Task) -> str:
    return f": {task.said[:LONGEST_MESSAGE]}" if task.said else ""
