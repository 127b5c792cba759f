"""Default timeouts: a week for people and workers outside, and minutes for all others."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination import models, timestamps
from tests.api.execution import (
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
from tests.support.graph_api import Place, change, create, data, new_coordination, new_session
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

WEEK = 7 * 24 * 3600
SHOWN = "agentActions { agentUuid timeoutSeconds }"
TASK = f"query ($c: ID!, $t: ID!) {{ task(coordinationUuid: $c, taskUuid: $t) {{ {SHOWN} }} }}"
SPREAD = """query ($c: ID!, $t: ID!) {
    task(coordinationUuid: $c, taskUuid: $t) { ...Rules agentActions { retry { maxAttempts } } }
}
fragment Rules on Task { agentActions { ... on AgentAction { ...Timeout } } }
fragment Timeout on AgentAction { agentUuid timeoutSeconds }"""
AGENTS = """query ($s: ID!) {
    sessionAgents(sessionUuid: $s, first: 100) {
        nodes { agentUuid agentAction { timeoutSeconds } }
    }
}"""
THREE = [external("a"), echo("b"), external("c")]
ACTIONS = [after("a"), after("b"), after("c", timeoutSeconds=300)]


def of_task(key: Mapping[str, str], document: str = TASK) -> dict[str, int]:
    given = {"c": key["coordinationUuid"], "t": key["taskUuid"]}
    found = data(document, given)["task"]["agentActions"]
    return {one["agentUuid"]: one["timeoutSeconds"] for one in found}


def of_session(place: Place) -> dict[str, int]:
    found = data(AGENTS, {"s": place.session})["sessionAgents"]["nodes"]
    return {one["agentUuid"]: one["agentAction"]["timeoutSeconds"] for one in found}


def seconds_of_the_attempt(place: Place, name: str) -> int:
    """What a claimed agent has from its run's beginning."""
    uuid = agents(place)[name]["sessionAgentUuid"]
    agent: Any = stored(models.SessionAgent, place.session, uuid)
    run: Any = stored(models.SessionRun, place.session, agent.current_run_uuid)
    return round(
        (timestamps.parse(agent.deadline_at) - timestamps.parse(run.created_at)).total_seconds()
    )


def replace_members(coordination: str, members: list[dict[str, Any]]) -> None:
    given = {"coordinationUuid": coordination, "agents": members}
    change("updateCoordination", given, "coordination { version }")


def test_a_task_shows_what_its_agents_have_by_their_kinds_of_now() -> None:
    key = blueprint(THREE, ACTIONS)
    assert of_task(key) == of_task(key, SPREAD) == {"a": WEEK, "b": 300, "c": 300}

    replace_members(key["coordinationUuid"], [echo("a"), external("b"), echo("c")])

    assert of_task(key) == {"a": 300, "b": WEEK, "c": 300}


@pytest.mark.parametrize("given", [{}, {"timeoutSeconds": None}], ids=["left out", "null"])
def test_an_external_attempt_has_a_week_where_nothing_was_said(given: dict[str, None]) -> None:
    place = started([external("a"), echo("b")], [after("a", **given), after("b", **given)])

    assert of_session(place) == {"a": WEEK, "b": 300}
    assert seconds_of_the_attempt(place, "a") == WEEK


def test_an_agent_without_an_action_has_the_time_of_its_kind_too() -> None:
    assert of_session(started([external("a"), echo("b")])) == {"a": WEEK, "b": 300}


def test_three_hundred_seconds_that_were_given_are_three_hundred_seconds() -> None:
    place = started([external("a")], [after("a", timeoutSeconds=300)])

    assert of_session(place) == {"a": 300}
    assert seconds_of_the_attempt(place, "a") == 300


def test_a_task_of_version_0_1_0_keeps_what_it_shows() -> None:
    key = blueprint([external("a")], [after("a")])
    task = stored(models.Task, *key.values())
    for action in task.agent_actions.values():
        action.timeout_by_kind = None
    put_state(models.Task, *key.values(), agent_actions=task.agent_actions)

    place = start(key, taskQuery="Which?")

    assert of_task(key) == {"a": 300}
    assert of_session(place) == {"a": 300}


def test_a_session_built_by_hand_shows_and_gets_the_time_of_its_members_kinds() -> None:
    coordination = new_coordination(agents=THREE)
    place = Place(coordination, new_session(coordination, taskQuery="Which?"))
    for name, rules in (("a", {}), ("b", {"primaryPath": False}), ("c", {"timeoutSeconds": 300})):
        create("createSessionAgent", {**place.key, "agentUuid": name, "rules": rules})
    assert of_session(place) == {"a": WEEK, "b": 300, "c": 300}

    change("dispatchSession", place.key, "session { status }")
    work_off()
    replace_members(coordination, [echo("a"), external("b"), echo("c")])

    assert of_session(place) == {"a": WEEK, "b": 300, "c": 300}


def test_a_retry_with_current_members_gives_the_time_of_their_kinds() -> None:
    place = started([external("a"), external("b")], [after("a"), after("b", timeoutSeconds=60)])
    tell("failSessionAgent", {**report(place, "a"), "notes": "No", "retryable": False})
    replace_members(place.coordination, [echo("a"), echo("b")])

    change("retrySession", {**place.key, "withCurrentMembers": True}, "session { status }")

    assert of_session(place) == {"a": 300, "b": 60}
