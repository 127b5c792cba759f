"""Scenarios of sessions that have started: each way in which they can continue or end."""

from typing import Any

from ai_coordination import models
from ai_coordination.engine.agent import callbacks
from ai_coordination.models import writes
from ai_coordination.runtimes.base import Call, RunFailed
from tests.api.execution import WAITS, after, blueprint, echo, external, function, model, start
from tests.compatibility.completion import FORM, LAST_WORDS, finish, key_of
from tests.compatibility.life import Life
from tests.simulation.simulator import Died
from tests.simulation.snapshot import StoreReader
from tests.support.graph_api import Place, change

ONCE = {"maxAttempts": 1}


def agent_of(life: Life, name: str) -> models.SessionAgent:
    """The agent of a member as it is now."""
    everyone = StoreReader(life.store).all_of(models.SessionAgent)
    return next(agent for agent in everyone if agent.agent_uuid == name)


def tell(life: Life, mutation: str, name: str, **said: Any) -> None:
    """Report something of an agent's current run."""
    change(mutation, {**key_of(agent_of(life, name)), **said}, LAST_WORDS)


def _three(life: Life) -> Place:
    actions = [after("a"), after("b", "a"), after("c", "a")]
    members = [echo("a"), external("b"), external("c")]
    place = start(blueprint(members, actions), taskQuery="Which?")
    life.idle()
    return place


def cancelled(life: Life) -> None:
    """While two work outside."""
    place = _three(life)
    life.recording = True
    change("cancelSession", {**place.key, "reason": "Too dear"}, "session { status }")
    life.idle()


def failing(life: Life) -> None:
    """An agent fails, and the session with it."""
    members = [external("slow"), echo("broken", fail="It is broken")]
    start(blueprint(members, [after("slow"), after("broken", retry=ONCE)]), taskQuery="Which?")
    life.recording = True
    life.idle()


def started_again(life: Life) -> None:
    """What was not completed, in a second iteration."""
    place = _three(life)
    tell(life, "failSessionAgent", "b", notes="No", retryable=False)
    life.idle()
    life.recording = True
    change("retrySession", place.key, "session { status }")
    life.idle()
    life.recording = False
    finish(life)


def done_anew(life: Life) -> None:
    """What follows an agent that failed, with a member that is another one by now."""
    actions = [after("a", onFailure="CONTINUE", retry=ONCE), after("b", "a"), after("c")]
    place = start(blueprint([external("a"), echo("b"), echo("c")], actions), taskQuery="Which?")
    life.idle()
    tell(life, "failSessionAgent", "a", notes="No", retryable=False)
    life.idle()
    coordination = StoreReader(life.store).all_of(models.Coordination)[0]
    members = [agent for agent in coordination.agents if agent.agent_uuid != "c"]
    members[1].runtime.parameters = {"seconds": 1}
    kind = models.Coordination
    writes.update_if(
        kind(coordination.partition_key, place.coordination),
        [kind.agents.set(members)],
        kind.partition_key.exists(),
        life.context,
    )
    life.recording = True
    change("retrySession", {**place.key, "withCurrentMembers": True}, "session { status }")
    life.recording = False
    finish(life)


def asking_again(life: Life) -> None:
    """A retry asks again about unjudged answers and a rejected one; a second one names an agent."""
    asks = {"userInTheLoop": "APPROVAL", "retry": ONCE}
    actions = [after("a", **asks), after("b", onFailure="CONTINUE", **asks), after("c")]
    place = start(blueprint([echo("a"), echo("b"), echo("c")], actions), taskQuery="Which?")
    life.idle()
    tell(life, "answerSessionAgent", "b", approved=False, userInput="Shorter")
    life.idle()
    change("cancelSession", place.key, "session { status }")
    life.recording = True
    change("retrySession", place.key, "session { status }")
    life.idle()
    life.recording = False
    change("cancelSession", place.key, "session { status }")
    named = [agent_of(life, "c").session_agent_uuid]
    life.recording = True
    change("retrySession", {**place.key, "sessionAgentUuids": named}, "session { status }")
    life.idle()
    life.recording = False
    finish(life)


def skipping(life: Life) -> None:
    """All that is behind a failure."""
    policy = {"onFailure": "SKIP_SUCCESSORS", "retry": ONCE}
    actions = [after("a", **policy), after("b", "a"), after("c", "b")]
    start(blueprint([echo("a", fail="No"), echo("b"), echo("c")], actions), taskQuery="Which?")
    life.recording = True
    finish(life)


def continuing(life: Life) -> None:
    """After a failure."""
    actions = [after("a", onFailure="CONTINUE", retry=ONCE), after("b", "a")]
    start(blueprint([echo("a", fail="No"), echo("b")], actions), taskQuery="Which?")
    life.recording = True
    life.step()
    life.recording = False
    finish(life)


def outside(life: Life) -> None:
    """Work that is accepted, named, and reported with what it has used."""
    actions = [after("hand"), after("function", "hand")]
    key = blueprint([external("hand"), function("function")], actions)
    start(key, taskQuery="Which?")
    life.recording = True
    life.idle()
    tell(life, "acceptSessionAgent", "hand", asyncTaskUuid="job-1", threadUuid="thread-2")
    cached = {"cacheReadInputTokens": 1, "cacheWriteInputTokens": 1}
    spent = {"inputTokens": 3, "outputTokens": 4, "reasoningTokens": 2}
    usage = {**spent, **cached, "model": "nova"}
    tell(life, "completeSessionAgent", "hand", agentOutput="By hand", usage=usage)
    finish(life)


def called_back(life: Life) -> None:
    """By an agent that has only a token of its run."""
    start(blueprint([external("a")]), taskQuery="Which?")
    life.idle()
    life.recording = True
    callbacks.new_token(life.engine(), agent_of(life, "a"))
    life.idle()
    life.recording = False
    finish(life)


def asking(life: Life) -> None:
    """Callers, of whom one has not got for ever."""
    actions = [
        after("a", userInTheLoop="INPUT", answerTimeoutSeconds=600),
        after("b", userInTheLoop="INPUT"),
    ]
    start(blueprint([echo("a"), echo("b")], actions), taskQuery="Which?")
    life.recording = True
    finish(life)


def questioned(life: Life) -> None:
    """An agent asks a question with a form, and its output is sent back once."""
    rules = {"userInTheLoop": "APPROVAL", "answerTimeoutSeconds": 600, "maxTurns": 4}
    start(blueprint([external("a")], [after("a", **rules)]), taskQuery="Which?")
    life.idle()
    life.recording = True
    tell(life, "askSessionAgent", "a", question="How long?", form=FORM, resume={"page": 1})
    tell(life, "answerSessionAgent", "a", answer={"days": 3}, comment="As agreed")
    life.idle()
    tell(life, "completeSessionAgent", "a", agentOutput="A draft")
    sent_back = {"approved": False, "revise": True, "userInput": "Shorter"}
    tell(life, "answerSessionAgent", "a", **sent_back)
    finish(life)


def rejected(life: Life) -> None:
    """By the one who was asked to approve."""
    action = after("a", userInTheLoop="APPROVAL", retry=ONCE)
    start(blueprint([echo("a")], [action]), taskQuery="Which?")
    life.idle()
    life.recording = True
    tell(life, "answerSessionAgent", "a", approved=False, userInput="Not so")
    life.idle()


def taken_over(life: Life) -> None:
    """From a worker that died, twice, while it waited for a function."""
    start(blueprint([function("a", **WAITS)], [after("a")]), taskQuery="Which?")
    life.recording = True

    def die(call: object) -> Any:
        raise Died

    life.answers = die
    while not agent_of(life, "a").takeovers:
        life.step()
    life.keep()
    life.answers = life.answer
    life.recording = False
    finish(life)


def throttled(life: Life) -> None:
    """Twice in the second attempt, before the function answers."""
    start(blueprint([function("a", **WAITS)], [after("a")]), taskQuery="Which?")
    life.recording = True

    def refuse(call: Call) -> Any:
        raise RunFailed("Busy", throttled=True) if call.attempt > 1 else RunFailed("Broken")

    life.answers = refuse
    while agent_of(life, "a").throttles != 2:
        life.step()
    life.keep()
    life.answers = life.answer
    life.recording = False
    finish(life)


def answered_later(life: Life) -> None:
    """By a message to itself."""
    start(blueprint([echo("a", seconds=20)], [after("a")]), taskQuery="Which?")
    life.recording = True
    finish(life)


def budgeted(life: Life) -> None:
    """A model that reserves from the budget of its task."""
    members = [model("https://llm.example", maxTokens=100)]
    start(
        blueprint(members, [after("a")], budget={"tokens": 10_000, "dollars": 1, "seconds": 9_000}),
        taskQuery="Which?",
    )
    life.recording = True
    finish(life)


def lost(life: Life) -> None:
    """The messages of a start: it is found due again and again."""
    life.lost = 1.0
    start(blueprint([echo("a")], [after("a")]), taskQuery="Which?")
    life.recording = True
    for _ in range(3):
        life.step()
    life.lost = 0.0
    look_and_die(life)
    life.recording = False
    finish(life)


def look_and_die(life: Life) -> None:
    """A worker looks at what the next sweep finds, and dies of it before it has done anything."""
    life.step()
    life.dies_at = life.writes + 2
    life.step()
    life.keep()


def timed_out(life: Life) -> None:
    """No worker reports, in either attempt."""
    rules = {"timeoutSeconds": 30, "retry": {"maxAttempts": 2, "intervalSeconds": 1}}
    start(blueprint([external("a")], [after("a", **rules)]), taskQuery="Which?")
    life.recording = True
    while agent_of(life, "a").due_at:
        life.step()
