"""The conversation that an agent continues: a branch of each thread, decided with the graph."""

from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import after, agents, echo, external, report, started, tell, work_off
from tests.support.graph_api import Place, change, create, data, new_coordination, new_session
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

RUNS = """query ($s: ID!) {
    sessionRuns(sessionUuid: $s, first: 100) { nodes { agentUuid threadUuid } }
}"""
BRANCHES = [
    after("a"),
    after("b", "a"),
    after("c", "a"),
    after("d", "a"),
    after("e", "b", "c", "d"),
]


def threads(place: Place) -> dict[str, str]:
    """By agent the thread of its last run."""
    found = data(RUNS, {"s": place.session})["sessionRuns"]["nodes"]
    return {run["agentUuid"]: run["threadUuid"] for run in found}


def stored_agent(place: Place, name: str) -> Any:
    uuid = agents(place)[name]["sessionAgentUuid"]
    return stored(models.SessionAgent, place.session, uuid)


def test_branches_that_run_side_by_side_do_not_share_a_conversation() -> None:
    place = started([echo(name) for name in "abcde"], BRANCHES)

    found = threads(place)

    assert found["a"] == found["b"] == found["e"]
    assert len({found["a"], found["c"], found["d"]}) == 3


def test_the_thread_of_a_session_goes_on_in_one_branch() -> None:
    place = started([echo("a"), echo("b")], threadUuid="talk")

    found = threads(place)

    assert found["a"] == "talk"
    assert found["b"] != "talk"


def test_a_session_built_by_hand_plans_its_threads_when_it_is_dispatched() -> None:
    coordination = new_coordination(agents=[echo(name) for name in "abc"])
    place = Place(coordination, new_session(coordination, taskQuery="Which?"))
    first = create("createSessionAgent", {**place.key, "agentUuid": "a"})["sessionAgentUuid"]
    for name in "bc":
        create("createSessionAgent", {**place.key, "agentUuid": name, "predecessors": [first]})

    change("dispatchSession", place.key, "session { status }")
    work_off()

    found = threads(place)
    assert found["a"] == found["b"]
    assert found["c"] != found["a"]


def test_an_agent_goes_on_with_the_thread_that_its_predecessor_has_named() -> None:
    place = started([external("a"), echo("b")], [after("a"), after("b", "a")])
    tell("acceptSessionAgent", {**report(place, "a"), "threadUuid": "theirs"})
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Done"})

    assert threads(place) == {"a": "theirs", "b": "theirs"}


def test_agents_of_version_0_1_0_choose_as_before() -> None:
    place = started([external("a"), echo("b"), echo("c")], BRANCHES[:3])
    for name in "bc":
        uuid = agents(place)[name]["sessionAgentUuid"]
        put_state(models.SessionAgent, place.session, uuid, thread_from=None)

    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Done"})

    assert len(set(threads(place).values())) == 1


def test_a_retried_agent_goes_on_with_its_thread() -> None:
    place = started([external("a"), echo("b")], [after("a"), after("b", "a")])
    tell("failSessionAgent", {**report(place, "a"), "notes": "No", "retryable": False})
    before = threads(place)["a"]

    change("retrySession", place.key, "session { status }")
    work_off()
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Done"})

    assert threads(place) == {"a": before, "b": before}
    assert stored_agent(place, "b").thread_from == 0
