"""What sessions live through, so that between their writes they are in every state there is."""

from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.services import texts
from ai_coordination.services.execution import starting
from tests.behaviour.executing import WAITS, after, blueprint, echo, external, function, start
from tests.corpus.life import Life, Repeat
from tests.corpus.people import LAST_WORDS, finish, key_of
from tests.graph_api import Place, change, create, new_run, new_session
from tests.simulation.seen import Sight
from tests.simulation.world import Died, survives
from tests.world import THREAD, USER

Story = Callable[[Life], None]

# Larger than what an item holds itself.
LARGE = "Which? " * 586
ONCE = {"maxAttempts": 1}
FILE = {"name": "prices", "uri": "s3://prices/2026.csv", "mediaType": "text/csv"}


def _agent(life: Life, name: str) -> models.SessionAgent:
    everyone = Sight(life.store).all_of(models.SessionAgent)
    return next(agent for agent in everyone if agent.agent_uuid == name)


def _tell(life: Life, mutation: str, name: str, **said: Any) -> None:
    change(mutation, {**key_of(_agent(life, name)), **said}, LAST_WORDS)


def join(life: Life) -> None:
    """A retry that waits, an approval, a function that is waited for."""
    key = blueprint(
        [echo("left"), echo("flaky", fail={"attempts": 1}), function("last", **WAITS)],
        [
            after("left", timeoutSeconds=120),
            after("flaky", retry={"maxAttempts": 2, "intervalSeconds": 100}),
            after("last", "left", "flaky", userInTheLoop="APPROVAL", primaryPath=False),
        ],
    )
    life.recording = True
    start(key, taskQuery="Which?", userId=USER, inputFiles=[FILE], idempotencyKey="once")
    finish(life)


def large(life: Life) -> None:
    """Texts in the bucket."""
    key = blueprint([echo("a")], [after("a")])
    life.recording = True
    start(key, taskQuery=LARGE, threadUuid=THREAD)
    finish(life)


def _chunks() -> Any:
    """No session fits into one transaction."""
    return patch.object(starting, "MOST_AT_ONCE", 0)


def _pair() -> dict[str, str]:
    work = [
        {"agentUuid": "a", "subtaskQuery": "Which {thing}?"},
        {"agentUuid": "b", "subtaskQuery": "{thing}?"},
    ]
    actions = [after("a"), after("b", "a")]
    return blueprint([echo("a"), echo("b")], actions, subtaskQueries=work)


def started_in_chunks(life: Life) -> None:
    """The session first, with its graph, and then its agents."""
    key = _pair()
    life.recording = True
    with _chunks():
        start(key, taskQuery='{"thing": "them"}')
    life.recording = False
    finish(life)


def graph_in_the_bucket(life: Life) -> None:
    """The same, of a graph that is large."""
    with patch.object(texts, "LARGEST_INSIDE_BYTES", 128):
        started_in_chunks(life)


def built_by_hand(life: Life) -> None:
    """Agents with addresses that are drawn, and then dispatched."""
    coordination = blueprint([echo("a"), function("b")])["coordinationUuid"]
    life.recording = True
    session = new_session(coordination, userId=USER, taskQuery="Which?", inputFiles=[FILE])
    key = {"coordinationUuid": coordination, "sessionUuid": session}
    first = create("createSessionAgent", {**key, "agentUuid": "a", "subtaskQuery": "What?"})
    told = {"notes": "Mind the gap", "userInput": "Blue", "agentInput": "Given"}
    before = [first["sessionAgentUuid"]]
    create("createSessionAgent", {**key, "agentUuid": "b", "predecessors": before, **told})
    change("dispatchSession", key, "session { status }")
    life.recording = False
    finish(life)


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


def cancelled_start(life: Life) -> None:
    """Whose agents are only partly there."""
    key = _pair()
    life.dies_at = life.writes + 3
    with _chunks():
        assert not survives(lambda: start(key, taskQuery='{"thing": "them"}'))
    session = Sight(life.store).all_of(models.Session)[0]
    life.recording = True
    place = Place(session.coordination_uuid, session.session_uuid)
    change("cancelSession", place.key, "session { status }")


def picked_up(life: Life) -> None:
    """A start whose worker has died: the sweep sends for the session."""
    key = _pair()
    life.dies_at = life.writes + 3
    with _chunks():
        assert not survives(lambda: start(key, taskQuery='{"thing": "them"}'))
        life.step()
        life.recording = True
        life.step()
    life.recording = False
    finish(life)


def failing(life: Life) -> None:
    """An agent fails, and the session with it."""
    members = [external("slow"), echo("broken", fail="It is broken")]
    start(blueprint(members, [after("slow"), after("broken", retry=ONCE)]), taskQuery="Which?")
    life.recording = True
    life.idle()


def started_again(life: Life) -> None:
    """What was not completed, in a second iteration."""
    place = _three(life)
    _tell(life, "failSessionAgent", "b", notes="No", retryable=False)
    life.idle()
    life.recording = True
    change("retrySession", place.key, "session { status }")
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
    _tell(life, "acceptSessionAgent", "hand", asyncTaskUuid="job-1", threadUuid="thread-2")
    usage = {"inputTokens": 3, "outputTokens": 4}
    _tell(life, "completeSessionAgent", "hand", agentOutput="By hand", usage=usage)
    finish(life)


def asking(life: Life) -> None:
    """People, of whom one has not got for ever."""
    actions = [
        after("a", userInTheLoop="INPUT", answerTimeoutSeconds=600),
        after("b", userInTheLoop="INPUT"),
    ]
    start(blueprint([echo("a"), echo("b")], actions), taskQuery="Which?")
    life.recording = True
    finish(life)


def rejected(life: Life) -> None:
    """By the one who was asked to approve."""
    action = after("a", userInTheLoop="APPROVAL", retry=ONCE)
    start(blueprint([echo("a")], [action]), taskQuery="Which?")
    life.idle()
    life.recording = True
    _tell(life, "answerSessionAgent", "a", approved=False, userInput="Not so")
    life.idle()


def taken_over(life: Life) -> None:
    """From a worker that died, twice, while it waited for a function."""
    start(blueprint([function("a", **WAITS)], [after("a")]), taskQuery="Which?")
    life.recording = True

    def die(call: object) -> Any:
        raise Died

    life.answers = die
    while not _agent(life, "a").takeovers:
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


def lost(life: Life) -> None:
    """The messages of a start: it is found due again and again."""
    life.lost = 1.0
    start(blueprint([echo("a")], [after("a")]), taskQuery="Which?")
    life.recording = True
    for _ in range(3):
        life.step()
    life.lost = 0.0
    life.recording = False
    finish(life)


def timed_out(life: Life) -> None:
    """Nobody does the work, not at the second attempt either."""
    rules = {"timeoutSeconds": 30, "retry": {"maxAttempts": 2, "intervalSeconds": 1}}
    start(blueprint([external("a")], [after("a", **rules)]), taskQuery="Which?")
    life.recording = True
    while _agent(life, "a").due_at:
        life.step()


def scheduled(life: Life) -> None:
    """Schedules that fire, that wait, that are paused or over; firings that come twice or late."""
    key = blueprint([echo("a")], [after("a")], initialTaskQuery="Which?")
    made = {
        "each minute": {"schedule": "cron(* * * * ? *)", "timezone": "Europe/Berlin"},
        "each hour": {"schedule": "rate(1 hour)"},
        "over": {"schedule": "at(2026-11-23T00:01:00)"},
        "once": {"schedule": "at(2026-11-24T00:00:00)"},
        "paused": {"schedule": "rate(1 day)", "status": "PAUSED"},
    }
    uuids = {
        name: create("createTaskSchedule", {**key, **given})["scheduleUuid"]
        for name, given in made.items()
    }
    sent = {timer.event["schedule"]: dict(timer.event) for timer in life.timers}
    life.step()
    for name in ("each minute", "over"):
        life.fire({**sent[uuids[name]], "time": "2026-11-23T00:01:00Z"})
    life.idle()
    for name, time in (
        ("each minute", "2026-11-23T00:01:00Z"),
        ("each minute", "2026-11-23T00:02:00Z"),
        ("each hour", "2026-11-23T01:00:00Z"),
        ("over", "2026-11-23T00:01:00Z"),
        ("once", "2026-11-24T00:00:00Z"),
    ):
        life.events.append({**sent[uuids[name]], "time": time})
    # Of timers that are not the schedule's any more: it was changed since, or paused.
    life.events.append({**life.events[2], "token": "replaced"})
    life.events.append({**life.events[2], "schedule": uuids["paused"]})


def _once(life: Life, name: str, field: str, **given: Any) -> str:
    """What a client with a key has made; it may ask again."""
    given = {**given, "idempotencyKey": f"{name} of the client"}
    uuid = create(name, given)[field]
    life.repeats.append(Repeat(name, given, uuid))
    return str(uuid)


def asked_twice(life: Life) -> None:
    """One entity of each kind, made with a key; and runs that a client has recorded itself."""
    agents = [echo("a", seconds=[1, 2.5, None, {"deep": True}]), function("b", **WAITS)]
    coordination = _once(
        life,
        "createCoordination",
        "coordinationUuid",
        coordinationName="Offers",
        coordinationDescription="What is sold",
        agents=[{**one, "agentDescription": "One of them"} for one in agents],
    )
    key = {"coordinationUuid": coordination}
    task = _once(
        life,
        "createTask",
        "taskUuid",
        **key,
        taskName="Translate",
        taskDescription="Both ways",
        initialTaskQuery="Which?",
        subtaskQueries=[{"agentUuid": "a", "subtaskQuery": "Which?"}],
        agentActions=[after("a", userInTheLoop="INPUT"), after("b", "a", onFailure="CONTINUE")],
    )
    of_task = {**key, "taskUuid": task}
    _once(life, "createTaskSchedule", "scheduleUuid", **of_task, schedule="rate(1 day)")
    asked = {"userId": USER, "taskQuery": "Which?", "inputFiles": [FILE]}
    queries = [{"agentUuid": "a", "subtaskQuery": LARGE}]
    session = _once(
        life, "createSession", "sessionUuid", **of_task, **asked, subtaskQueries=queries
    )
    of_session = {**key, "sessionUuid": session}
    agent = _once(
        life,
        "createSessionAgent",
        "sessionAgentUuid",
        **of_session,
        agentUuid="a",
        notes="Mind the gap",
        rules={"timeoutSeconds": 20, "retry": {"maxAttempts": 2, "backoffRate": 1.5}},
    )
    _once(
        life,
        "recordSessionRun",
        "runUuid",
        **of_session,
        agentUuid="a",
        sessionAgentUuid=agent,
        threadUuid=THREAD,
        asyncTaskUuid="job-2",
        outcome="FAILED",
        notes="No",
        usage={"inputTokens": 1, "outputTokens": 2},
    )
    new_run(coordination, session, threadUuid=THREAD)


STORIES: Mapping[str, Story] = {
    story.__name__: story
    for story in (
        join,
        large,
        started_in_chunks,
        graph_in_the_bucket,
        built_by_hand,
        cancelled,
        cancelled_start,
        picked_up,
        failing,
        started_again,
        skipping,
        continuing,
        outside,
        asking,
        rejected,
        taken_over,
        answered_later,
        lost,
        timed_out,
        scheduled,
        asked_twice,
    )
}

# Those whose session is started in chunks, of one agent each.
IN_CHUNKS = frozenset(
    story.__name__ for story in (started_in_chunks, graph_in_the_bucket, cancelled_start, picked_up)
)
