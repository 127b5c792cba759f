"""A client is told what has moved in a session since it asked last, and nothing else."""

from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.engine import factory
from ai_coordination.engine.agent import complete
from tests.api.execution import (
    AGENT,
    SESSION,
    after,
    agents,
    blueprint,
    echo,
    external,
    report,
    start,
    started,
    tell,
    work_off,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import (
    RIVAL,
    Place,
    change,
    data,
    error,
    new_agent,
    new_coordination,
    new_run,
    new_session,
)
from tests.support.recording import recorded_parameters
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

_CHANGES = """query ($c: ID!, $s: ID!, $after: String) {
    session(coordinationUuid: $c, sessionUuid: $s) { changes(after: $after) {
        cursor changed whole pollAfterSeconds
        agents { agentUuid state inDegree superseded agentOutput }
        runs { runUuid agentUuid attempt outcome }
    } } }"""


class Client:
    """Someone who looks at a session, and asks again and again."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.cursor: str | None = None

    def ask(self) -> dict[str, Any]:
        given = {"c": self.place.coordination, "s": self.place.session, "after": self.cursor}
        told = dict(data(_CHANGES, given)["session"]["changes"])
        self.cursor = told["cursor"]
        return told

    def moved(self) -> tuple[dict[str, str], list[tuple[str, int, str | None]]]:
        """What has moved: the states of agents, and the outcomes of runs."""
        told = self.ask()
        states = {one["agentUuid"]: one["state"] for one in told["agents"]}
        return states, [(one["agentUuid"], one["attempt"], one["outcome"]) for one in told["runs"]]


NOTHING: Any = ({}, [])


def test_the_first_answer_has_all_and_later_ones_what_has_moved() -> None:
    place = start(blueprint([echo("a"), external("b")], [after("b", "a")]))
    client = Client(place)

    assert client.moved() == ({"a": "INITIAL", "b": "INITIAL"}, [])
    assert client.moved() == NOTHING
    work_off()
    moved = ({"a": "COMPLETED", "b": "IN_PROGRESS"}, [("a", 1, "COMPLETED"), ("b", 1, None)])
    assert client.moved() == moved
    assert client.moved() == NOTHING
    tell("completeSessionAgent", {**report(place, "b"), "agentOutput": "Done"})
    told = client.ask()

    assert [(one["agentUuid"], one["agentOutput"]) for one in told["agents"]] == [("b", "Done")]
    assert [(one["agentUuid"], one["outcome"]) for one in told["runs"]] == [("b", "COMPLETED")]
    assert (told["changed"], told["whole"], told["pollAfterSeconds"]) == (True, False, None)
    quiet = client.ask()
    assert quiet == {
        "cursor": told["cursor"],
        "changed": False,
        "whole": False,
        "pollAfterSeconds": None,
        "agents": [],
        "runs": [],
    }


def test_runs_that_have_begun_and_ended_in_between_are_told() -> None:
    place = started([external("a")], [after("a", retry={"maxAttempts": 3, "intervalSeconds": 0})])
    client = Client(place)
    assert client.moved() == ({"a": "IN_PROGRESS"}, [("a", 1, None)])

    for _ in range(2):
        tell("failSessionAgent", {**report(place, "a"), "notes": "Not yet"})

    ended = [("a", 1, "FAILED"), ("a", 2, "FAILED")]
    assert client.moved() == ({"a": "IN_PROGRESS"}, [*ended, ("a", 3, None)])
    assert client.moved() == NOTHING
    tell("failSessionAgent", {**report(place, "a"), "notes": "Never"})
    assert client.moved() == ({"a": "FAILED"}, [("a", 3, "FAILED")])
    change("retrySession", place.key, SESSION)
    work_off()
    moved = client.moved()
    assert moved[0] == {"a": "IN_PROGRESS"}
    assert moved[1][-1] == ("a", 1, None)


def test_a_run_that_is_sealed_after_its_agent_has_moved_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = started([external("a"), external("b")])
    client = Client(place)
    client.ask()
    key = report(place, "a")
    with monkeypatch.context() as patched:
        # The worker dies after the agent's write, and before the run's.
        patched.setattr(complete, "seal_and_release", lambda *_: None)
        change("completeSessionAgent", {**key, "agentOutput": "Done"}, AGENT)

    assert client.moved() == ({"a": "COMPLETED"}, [("a", 1, None)])
    assert client.moved() == ({}, [("a", 1, None)])
    agent = stored(models.SessionAgent, place.session, key["sessionAgentUuid"])
    complete.seal_and_release(factory.of_a_worker(SYSTEM, 20), agent)
    assert client.moved() == ({}, [("a", 1, "COMPLETED")])
    assert client.moved() == NOTHING


def test_a_cursor_is_of_one_session_of_one_tenant() -> None:
    place, other = started([external("a")]), started([external("a")])
    client = Client(place)
    client.ask()
    given = {"c": other.coordination, "s": other.session, "after": client.cursor}
    own = {"c": place.coordination, "s": place.session}
    refused = {"code": "BAD_USER_INPUT", "inputPath": ["after"]}

    assert error(_CHANGES, given) == refused
    for cursor in ("", "x", "é", f"{client.cursor}A", str(client.cursor)[:-1]):
        assert error(_CHANGES, {**own, "after": cursor}) == refused
    assert data(_CHANGES, own, RIVAL)["session"] is None


def test_heartbeats_and_updates_are_told() -> None:
    place = started([external("a"), external("b")])
    client = Client(place)
    client.ask()

    tell("heartbeatSessionAgent", {**report(place, "a"), "note": "Half of it"})
    assert client.moved() == ({"a": "IN_PROGRESS"}, [("a", 1, None)])
    given = {"sessionUuid": place.session, "notes": "Ask Mia"}
    agent = agents(place)["b"]["sessionAgentUuid"]
    change("updateSessionAgent", {**given, "sessionAgentUuid": agent}, AGENT)
    assert client.moved() == ({"b": "IN_PROGRESS"}, [("b", 1, None)])
    assert client.moved() == NOTHING


def test_the_state_in_which_a_worker_of_an_earlier_version_leaves_an_agent_is_told() -> None:
    place = started([external("a"), external("b")])
    client = Client(place)
    client.ask()
    key = report(place, "a")
    address = models.SessionAgent, place.session, key["sessionAgentUuid"]

    # It does not count what it changes.
    put_state(*address, state="completed", due_at=None, due_shard=None)
    put_state(models.SessionRun, place.session, key["runUuid"], outcome="completed")

    assert client.moved() == ({"a": "COMPLETED"}, [("a", 1, "COMPLETED")])
    assert client.moved() == NOTHING


def test_texts_of_agents_are_read_for_those_that_have_moved_alone() -> None:
    place = started([echo("a"), echo("b"), external("c")])
    client = Client(place)
    client.ask()
    tell("completeSessionAgent", {**report(place, "c"), "agentOutput": "Done"})

    with recorded_parameters("BatchGetItem") as reads:
        told = client.ask()

    assert [one["agentOutput"] for one in told["agents"]] == ["Done"]
    keys = [one["Keys"] for read in reads for one in read["RequestItems"].values()]
    assert [len(each) for each in keys] == [1]


def test_what_callers_build_is_told_and_what_they_delete_makes_the_answer_whole() -> None:
    place = Place(new_coordination(), "")
    place = Place(place.coordination, new_session(place.coordination))
    made = [new_agent(place.coordination, place.session) for _ in range(30)]
    client = Client(place)
    client.ask()
    assert client.moved() == NOTHING
    recorded = new_run(place.coordination, place.session, sessionAgentUuid=made[0])
    assert len(client.ask()["agents"]) == 1

    change("deleteSessionRun", {"sessionUuid": place.session, "runUuid": recorded}, "__typename")
    client.ask()
    key = {"sessionUuid": place.session, "sessionAgentUuid": made[7]}
    change("deleteSessionAgent", key, "__typename")
    told = client.ask()

    assert (told["whole"], len(told["agents"])) == (True, 29)
    assert client.moved() == NOTHING


_TIMES = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    sessionAgents { nodes { agentUuid startedAt finishedAt } }
    sessionRuns { nodes { agentUuid createdAt finishedAt } } } }"""


def times(place: Place) -> dict[str, tuple[Any, str | None]]:
    found = data(_TIMES, {"c": place.coordination, "s": place.session})["session"]
    nodes = found["sessionAgents"]["nodes"]
    return {one["agentUuid"]: (_start(one["startedAt"]), one["finishedAt"]) for one in nodes}


def _start(at: str | None) -> Any:
    """A time in seconds: a run is given its UUID a moment before it begins."""
    return at and pytest.approx(timestamps.parse(at).timestamp(), abs=1)


def runs_of(place: Place, name: str) -> list[tuple[float, str | None]]:
    found = data(_TIMES, {"c": place.coordination, "s": place.session})["session"]
    nodes = found["sessionRuns"]["nodes"]
    runs = [one for one in nodes if one["agentUuid"] == name]
    return [(timestamps.parse(one["createdAt"]).timestamp(), one["finishedAt"]) for one in runs]


def test_an_agent_has_the_times_of_its_first_run_and_of_its_end() -> None:
    actions = [after("a", retry={"maxAttempts": 2, "intervalSeconds": 0}), after("b", "a")]
    place = started([external("a"), echo("b")], actions)
    assert times(place) == {"a": (runs_of(place, "a")[0][0], None), "b": (None, None)}
    tell("failSessionAgent", {**report(place, "a"), "notes": "Not yet"})
    tell("failSessionAgent", {**report(place, "a"), "notes": "Never"})
    (first, _), (_, last) = runs_of(place, "a")

    ended = times(place)

    assert ended["a"] == (first, last)
    assert ended["b"][0] is None
    assert ended["b"][1] is not None
    change("retrySession", place.key, SESSION)
    assert times(place) == {"a": (None, None), "b": (None, None)}
    work_off()
    assert times(place) == {"a": (runs_of(place, "a")[2][0], None), "b": (None, None)}
