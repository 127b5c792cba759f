"""Scenarios of work elsewhere: it is polled, asks a person, and shows signs of life."""

from ai_coordination.runtimes.base import Accepted, Call, Question, Result
from ai_coordination.states import SessionAgentState
from tests.api.execution import after, blueprint, external, function, start
from tests.compatibility.completion import finish
from tests.compatibility.life import Life
from tests.compatibility.scenarios_of_runs import agent_of, tell


def polled(life: Life) -> None:
    """Work that has no answer at its first poll, and asks a person at its second."""
    start(blueprint([function("a")], [after("a", answerTimeoutSeconds=600)]), taskQuery="Which?")

    def accept(call: Call) -> Result:
        return Accepted({"task": "t-1", "polls": 0}, 20.0, "task-1")

    def poll(call: Call) -> Result:
        if call.remote["polls"] == 0:
            return Accepted({"task": "t-1", "polls": 1}, 20.0)
        return Question("Which one?", call.remote, remote=call.remote)

    life.answers, life.polls = accept, poll
    life.recording = True
    while agent_of(life, "a").state != SessionAgentState.WAITING_FOR_INPUT:
        life.step()
    life.keep()
    life.answers = life.answer
    life.recording = False
    finish(life)


def beating(life: Life) -> None:
    """Work that is accepted, and shows signs of life."""
    start(blueprint([external("a")], [after("a", heartbeatSeconds=600)]), taskQuery="Which?")
    life.idle()
    life.recording = True
    tell(life, "acceptSessionAgent", "a", asyncTaskUuid="job-1")
    tell(life, "heartbeatSessionAgent", "a", note="Half of it", percent=50)
    life.keep()
    life.recording = False
    finish(life)
