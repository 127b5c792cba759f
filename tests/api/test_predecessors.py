"""Agents that are added to a session by hand: how many, and the edges between them."""

from typing import Any

import pytest

from ai_coordination import ids, models
from tests.support.graph_api import (
    NOBODY,
    Place,
    ask,
    change,
    create,
    data,
    mutation,
    new_agent,
    new_session,
)
from tests.support.stored import put_agents, put_state, refused, stored

EDGES = "inDegree predecessorUuids successorUuids"
ONE = f"""query ($s: ID!, $a: ID!) {{
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {{ {EDGES} version updatedAt }}
}}"""


def read(place: Place, agent: str) -> dict[str, Any]:
    return dict(data(ONE, {"s": place.session, "a": agent})["sessionAgent"])


def edges(place: Place, agent: str) -> tuple[int, list[str], list[str]]:
    found = read(place, agent)
    return found["inDegree"], found["predecessorUuids"], found["successorUuids"]


def test_an_agent_waits_for_its_predecessors_and_they_know_it(place: Place) -> None:
    first, second = new_agent(*place), new_agent(*place)
    before = read(place, first)

    given = {**place.key, "agentUuid": "zh", "predecessors": [second, first]}
    third = create("createSessionAgent", given, EDGES)
    fourth = new_agent(*place, predecessors=[third["sessionAgentUuid"], first])

    middle = third["sessionAgentUuid"]
    assert (third["inDegree"], third["predecessorUuids"]) == (2, [first, second])
    assert edges(place, first) == (0, [], [middle, fourth])
    assert edges(place, second) == (0, [], [middle])
    assert edges(place, middle) == (2, [first, second], [fourth])
    assert edges(place, fourth) == (2, [first, middle], [])
    after = read(place, first)
    assert (after["version"], after["updatedAt"]) == (1, before["updatedAt"])


def test_what_an_agent_waits_for_is_stored_as_the_ordinals_of_its_predecessors(
    place: Place,
) -> None:
    session = place.session
    first = new_agent(*place)
    second = stored(models.SessionAgent, session, new_agent(*place, predecessors=[first]))

    assert second.predecessors == second.waiting_on == {ids.ordinal_of(session, first)}
    assert stored(models.SessionAgent, session, first).successors == {second.ordinal}


@pytest.mark.parametrize("wrong", ["unknown", "of another session", "deleted"])
def test_a_predecessor_is_refused_that_is(place: Place, wrong: str) -> None:
    coordination, session = place
    known = new_agent(coordination, session)
    if wrong == "unknown":
        other = ids.session_agent_uuid(session, 12)
    elif wrong == "of another session":
        other = new_agent(coordination, new_session(coordination))
    else:
        other = new_agent(coordination, session)
        gone = {"sessionUuid": session, "sessionAgentUuid": other}
        change("deleteSessionAgent", gone, "deletedId")

    given = {**place.key, "agentUuid": "zh", "predecessors": [known, other]}
    told = refused("createSessionAgent", given)

    assert told == {"code": "NOT_FOUND", "inputPath": ["input", "predecessors", 1]}
    assert edges(place, known) == (0, [], [])


def test_an_address_that_no_session_has_made_is_no_predecessor(place: Place) -> None:
    told = refused("createSessionAgent", {**place.key, "agentUuid": "zh", "predecessors": [NOBODY]})

    assert told == {"code": "NOT_FOUND", "inputPath": ["input", "predecessors", 0]}


def test_no_predecessor_is_named_twice(place: Place) -> None:
    known = new_agent(*place)

    for again in (known, known.upper()):
        given = {**place.key, "agentUuid": "zh", "predecessors": [known, again]}
        refusal = refused("createSessionAgent", given)

        assert refusal == {"code": "BAD_USER_INPUT", "inputPath": ["input", "predecessors", 1]}


def test_an_agent_has_at_most_97_predecessors(place: Place) -> None:
    coordination, session = place
    agents = put_agents(coordination, session, range(98))

    given = {**place.key, "agentUuid": "zh", "idempotencyKey": "once"}
    told = refused("createSessionAgent", {**given, "predecessors": agents})
    made = create("createSessionAgent", {**given, "predecessors": agents[:97]}, EDGES)

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "predecessors"]}
    assert (made["inDegree"], made["predecessorUuids"]) == (97, agents[:97])
    assert edges(place, agents[96]) == (0, [], [made["sessionAgentUuid"]])
    assert edges(place, agents[97]) == (0, [], [])

    gone = {"sessionUuid": session, "sessionAgentUuid": made["sessionAgentUuid"]}
    change("deleteSessionAgent", gone, "deletedId")
    assert edges(place, agents[0]) == edges(place, agents[96]) == (0, [], [])


def test_an_agent_is_not_deleted_before_those_that_wait_for_it(place: Place) -> None:
    session = place.session
    first, second = new_agent(*place), new_agent(*place)
    both = new_agent(*place, predecessors=[first, second])
    one = new_agent(*place, predecessors=[first])
    given = {"sessionUuid": session}

    for agent, successors in ((first, 2), (second, 1)):
        told = refused("deleteSessionAgent", {**given, "sessionAgentUuid": agent})
        assert told == {"code": "HAS_CHILDREN", "children": {"successors": successors}}
    delete = mutation("deleteSessionAgent", "DeleteSessionAgentInput", "deletedId")
    messages = [
        ask(delete, {"input": {**given, "sessionAgentUuid": agent}})["errors"][0]["message"]
        for agent in (first, second)
    ]
    assert messages == ["2 agents wait for this one", "1 agent waits for this one"]

    change("deleteSessionAgent", {**given, "sessionAgentUuid": both}, "deletedId")
    assert edges(place, first) == (0, [], [one])
    assert edges(place, second) == (0, [], [])

    for agent in (one, second, first):
        change("deleteSessionAgent", {**given, "sessionAgentUuid": agent}, "deletedId")
    assert stored(models.Session, *place).agent_count == 0


def test_a_session_holds_a_thousand_agents_and_no_more(place: Place) -> None:
    put_state(models.Session, *place, agent_count=999)

    last = create("createSessionAgent", {**place.key, "agentUuid": "rag"}, "state")
    told = refused("createSessionAgent", {**place.key, "agentUuid": "rag"})

    assert last["state"] == "INITIAL"
    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "sessionUuid"]}
    assert stored(models.Session, *place).agent_count == 1_000
