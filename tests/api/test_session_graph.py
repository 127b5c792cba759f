"""The graph of a session: its edges page by page, its progress and its picture."""

from typing import Any

import pytest

from ai_coordination import models
from tests.support.graph_api import CALLER, Place, change, data, error, new_agent
from tests.support.recording import recorded_calls
from tests.support.stored import put_agents, put_state, stored

EDGES = """query ($s: ID!, $a: ID!, $first: Int, $after: String) {
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {
        predecessors(first: $first, after: $after) { ...page }
        successors(first: $first, after: $after) { ...page }
    }
}
fragment page on SessionAgentConnection {
    totalCount
    edges { cursor node { sessionAgentUuid } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
}"""
ONE_WAY = """query ($s: ID!, $a: ID!, $first: Int, $after: String) {
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {
        WAY(first: $first, after: $after) {
            totalCount nodes { sessionAgentUuid }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
    }
}"""
WHOLE = """query ($c: ID!, $s: ID!) {
    session(coordinationUuid: $c, sessionUuid: $s) {
        mermaid
        progress {
            total initial inProgress waitingForInput completed failed skipped cancelled
        }
    }
}"""
STATES = (
    "initial",
    "in_progress",
    "waiting_for_input",
    "completed",
    "failed",
    "skipped",
    "cancelled",
)


def page(place: Place, agent: str, way: str, **given: Any) -> dict[str, Any]:
    document = ONE_WAY.replace("WAY", way)
    found = data(document, {"s": place.session, "a": agent, **given})["sessionAgent"]
    return dict(found[way])


def uuids(connection: dict[str, Any]) -> list[str]:
    return [row["sessionAgentUuid"] for row in connection["nodes"]]


def star(place: Place, way: str, size: int) -> tuple[str, list[str]]:
    """An agent and those before or behind it, in the order of their ordinals."""
    agents = put_agents(*place, range(10, 10 + size))
    middle = put_agents(*place, [5])[0]
    edges = {way: set(range(10, 10 + size))}
    put_state(models.SessionAgent, place.session, middle, **edges)
    return middle, agents


@pytest.mark.parametrize("way", ["predecessors", "successors"])
def test_the_edges_of_an_agent_are_paged_to_their_end(place: Place, way: str) -> None:
    middle, agents = star(place, way, 5)

    first = page(place, middle, way, first=2)
    second = page(place, middle, way, first=2, after=first["pageInfo"]["endCursor"])
    third = page(place, middle, way, first=2, after=second["pageInfo"]["endCursor"])

    assert [uuids(one) for one in (first, second, third)] == [agents[:2], agents[2:4], agents[4:]]
    assert [one["totalCount"] for one in (first, second, third)] == [5, 5, 5]
    flags = [
        (one["pageInfo"]["hasPreviousPage"], one["pageInfo"]["hasNextPage"])
        for one in (first, second, third)
    ]
    assert flags == [(False, True), (True, True), (True, False)]


@pytest.mark.parametrize("way", ["predecessors", "successors"])
def test_a_page_as_long_as_the_edges_are_is_the_last(place: Place, way: str) -> None:
    middle, agents = star(place, way, 3)

    whole = page(place, middle, way, first=3)

    assert uuids(whole) == agents
    assert whole["pageInfo"]["hasNextPage"] is False


def test_a_page_of_edges_is_25_long_unless_said_and_100_at_the_most(place: Place) -> None:
    middle, agents = star(place, "successors", 120)

    assert uuids(page(place, middle, "successors")) == agents[:25]
    assert uuids(page(place, middle, "successors", first=None)) == agents[:25]
    assert uuids(page(place, middle, "successors", first=100)) == agents[:100]
    for first in (0, -1, 101):
        wrong = {"s": place.session, "a": middle, "first": first}
        told = error(ONE_WAY.replace("WAY", "successors"), wrong)
        assert told == {"code": "BAD_USER_INPUT", "inputPath": ["first"]}


def test_an_agent_without_edges_has_two_empty_pages(place: Place) -> None:
    agent = new_agent(*place)

    found = data(EDGES, {"s": place.session, "a": agent})["sessionAgent"]

    info = {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }
    empty = {"totalCount": 0, "edges": [], "pageInfo": info}
    assert found == {"predecessors": empty, "successors": empty}


def test_the_cursor_of_an_edge_leads_behind_it_on_its_own_list_alone(place: Place) -> None:
    first, second = new_agent(*place), new_agent(*place)
    join = new_agent(*place, predecessors=[first, second])
    new_agent(*place, predecessors=[join])
    found = data(EDGES, {"s": place.session, "a": join})["sessionAgent"]
    cursor = found["predecessors"]["edges"][0]["cursor"]

    behind = page(place, join, "predecessors", after=cursor)

    assert found["predecessors"]["pageInfo"]["startCursor"] == cursor
    assert uuids(behind) == [second]
    for way, agent in (("successors", join), ("predecessors", second)):
        wrong = {"s": place.session, "a": agent, "after": cursor}
        told = error(ONE_WAY.replace("WAY", way), wrong)
        assert told == {"code": "BAD_USER_INPUT", "inputPath": ["after"]}


def test_the_edges_of_many_agents_are_loaded_by_one_batched_read(place: Place) -> None:
    roots = [new_agent(*place) for _ in range(3)]
    joins = [new_agent(*place, predecessors=roots) for _ in range(2)]

    document = """query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes {
        predecessors { nodes { sessionAgentUuid } } successors { nodes { sessionAgentUuid } }
    } } }"""
    with recorded_calls() as calls:
        rows = data(document, {"s": place.session})["sessionAgents"]["nodes"]

    assert [call.operation for call in calls] == ["Query", "BatchGetItem"]
    ways = [(uuids(row["predecessors"]), uuids(row["successors"])) for row in rows]
    assert ways == [([], joins)] * 3 + [(roots, [])] * 2


def test_many_agents_are_loaded_by_32_at_once(place: Place) -> None:
    middle, agents = star(place, "successors", 101)
    put_state(models.SessionAgent, place.session, middle, predecessors=set(range(60, 111)))

    document = """query ($s: ID!, $a: ID!) { sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {
        predecessors(first: 100) { nodes { sessionAgentUuid } }
        successors(first: 100) { nodes { sessionAgentUuid } }
    } }"""
    with recorded_calls() as calls:
        found = data(document, {"s": place.session, "a": middle})["sessionAgent"]

    assert [call.operation for call in calls] == ["GetItem", *["BatchGetItem"] * 5]
    assert uuids(found["predecessors"]) == agents[50:]
    assert uuids(found["successors"]) == agents[:100]


def test_progress_says_how_many_agents_stand_where(place: Place) -> None:
    counts = (2, 1, 3, 4, 1, 2, 1)
    agents = iter(put_agents(*place, range(sum(counts))))
    for state, count in zip(STATES, counts, strict=True):
        for _ in range(count):
            put_state(models.SessionAgent, place.session, next(agents), state=state)

    found = data(WHOLE, {"c": place.coordination, "s": place.session})["session"]

    names = ("initial", "inProgress", "waitingForInput", "completed", "failed", "skipped")
    expected = dict(zip((*names, "cancelled"), counts, strict=True))
    assert found["progress"] == {"total": 14, **expected}


def test_a_session_without_agents_has_an_empty_picture(place: Place) -> None:
    found = data(WHOLE, {"c": place.coordination, "s": place.session})["session"]

    assert found["mermaid"] == "flowchart TD\n"
    assert set(found["progress"].values()) == {0}


def test_the_picture_shows_names_edges_states_and_who_is_asked(place: Place) -> None:
    first = new_agent(*place)
    rules = {"userInTheLoop": "APPROVAL", "primaryPath": False}
    second = new_agent(*place, agentUuid="zh", predecessors=[first], rules=rules)
    new_agent(*place, agentUuid="no_member", predecessors=[first, second])
    member = stored(models.Coordination, CALLER.partition_key, place.coordination).agents[0]
    started = {"member": member, "state": "completed", "iteration": 1}
    put_state(models.SessionAgent, place.session, first, **started)
    runtime = {"kind": "ECHO"}
    renamed = [
        {"agentUuid": uuid, "agentName": f"New {uuid}", "runtime": runtime}
        for uuid in ("rag", "zh")
    ]
    given = {"coordinationUuid": place.coordination, "agents": renamed}
    change("updateCoordination", given, "__typename")

    with recorded_calls() as calls:
        found = data(WHOLE, {"c": place.coordination, "s": place.session})["session"]

    assert found["mermaid"].removesuffix("\n").split("\n    ") == [
        "flowchart TD",
        'n0["Product retrieval"]:::completed',
        'n1{{"New zh #40;approval#41;"}}:::initial',
        'n2["no#95;member"]:::initial',
        "n0 -.-> n1",
        "n0 --> n2",
        "n1 --> n2",
        "classDef completed fill:#d1fae5,stroke:#059669,color:#111827",
        "classDef initial fill:#f3f4f6,stroke:#9ca3af,color:#111827",
    ]
    assert sorted(call.operation for call in calls) == ["BatchGetItem", "GetItem", "Query"]
