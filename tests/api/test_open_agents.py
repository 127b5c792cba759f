"""The open agents of a tenant: those that ask a person, and those that work elsewhere."""

from typing import Any

import pytest

from ai_coordination import ids, models
from tests.support.graph_api import (
    CALLER,
    Place,
    change,
    data,
    error,
    new_agent,
    new_place,
    new_run,
)
from tests.support.recording import recorded_calls
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("tables")

OPEN = """query (
    $state: SessionAgentState!, $c: ID, $a: ID, $first: Int, $after: String
) {
    openSessionAgents(
        state: $state, coordinationUuid: $c, agentUuid: $a, first: $first, after: $after
    ) {
        totalCount
        nodes { sessionAgentUuid state }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
}"""
TEXTS = ("subtaskQuery", "userInput", "agentInput", "notes")
DEADLINE = "2026-11-22T15:00:00.000000+00:00"
SMALL = """
    id sessionUuid sessionAgentUuid coordinationUuid agentUuid agentAction { onFailure }
    inDegree state attempt deadlineAt version updatedBy createdAt updatedAt
"""
LARGE = """
    subtaskQuery userInput agentInput agentOutput notes agent { agentName }
    predecessorUuids successorUuids
"""
ABOVE = """
    session { sessionUuid status } coordination { coordinationName agents { agentName } }
    currentRun { notes }
"""
ONE = f"""query ($s: ID!, $a: ID!) {{
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {{ {SMALL} }}
}}"""


def put_open(session: str, agent: str, state: str, minute: int, **more: Any) -> str:
    """Brings an agent into an open state, since so many minutes past two."""
    since = f"2026-11-22T14:{minute:02}:00.000000+00:00#{agent}"
    key = models.open_as(CALLER.partition_key, state)
    put_state(
        models.SessionAgent,
        session,
        agent,
        **{"state": state, "iteration": 1, "open_as": key, "open_since": since, **more},
    )
    return agent


def open_agent(place: Place, state: str, minute: int, **more: Any) -> str:
    return put_open(place.session, new_agent(*place, **more), state, minute)


def listed(state: str, **more: Any) -> list[str]:
    found = data(OPEN, {"state": state, **more})["openSessionAgents"]
    assert found["totalCount"] is None
    assert {row["state"] for row in found["nodes"]} <= {state}
    return [row["sessionAgentUuid"] for row in found["nodes"]]


def test_what_is_open_is_listed_by_the_time_it_opened_over_all_sessions() -> None:
    first, second = new_place(), new_place()
    late = open_agent(first, "waiting_for_input", 30)
    early = open_agent(second, "waiting_for_input", 10)
    middle = open_agent(first, "waiting_for_input", 20)
    work = open_agent(first, "in_progress", 5)
    new_agent(*first)

    assert listed("WAITING_FOR_INPUT") == [early, middle, late]
    assert listed("IN_PROGRESS") == [work]


def test_what_is_open_may_be_of_one_coordination_and_of_one_member() -> None:
    first, second = new_place(), new_place()
    rag = open_agent(first, "in_progress", 1)
    zh = open_agent(first, "in_progress", 2, agentUuid="zh")
    other = open_agent(second, "in_progress", 3, agentUuid="zh")

    assert listed("IN_PROGRESS", c=first.coordination) == [rag, zh]
    assert listed("IN_PROGRESS", a="zh") == [zh, other]
    assert listed("IN_PROGRESS", c=first.coordination, a="zh") == [zh]
    assert listed("IN_PROGRESS", c=second.coordination, a="rag") == []
    assert listed("IN_PROGRESS", c=None, a=None) == [rag, zh, other]
    assert listed("WAITING_FOR_INPUT", a="zh") == []


@pytest.mark.parametrize("state", ["INITIAL", "COMPLETED", "FAILED", "SKIPPED", "CANCELLED"])
def test_what_does_not_wait_for_anybody_is_not_asked_for(state: str) -> None:
    assert error(OPEN, {"state": state}) == {"code": "BAD_USER_INPUT", "inputPath": ["state"]}


def test_a_member_to_filter_by_is_well_formed() -> None:
    refusal = error(OPEN, {"state": "IN_PROGRESS", "a": "a b"})

    assert refusal == {"code": "BAD_USER_INPUT", "inputPath": ["agentUuid"]}


def test_what_is_open_of_a_member_is_paged_while_rows_come_and_go() -> None:
    place = new_place()
    agents = [open_agent(place, "in_progress", minute) for minute in (1, 2, 3, 5)]
    given = {"state": "IN_PROGRESS", "a": "rag", "first": 2}

    page = data(OPEN, given)["openSessionAgents"]
    closed = {"state": "completed", "open_as": None, "open_since": None}
    put_state(models.SessionAgent, place.session, agents[1], **closed)
    between = open_agent(place, "in_progress", 4)
    rest = data(OPEN, {**given, "first": 3, "after": page["pageInfo"]["endCursor"]})

    assert [row["sessionAgentUuid"] for row in page["nodes"]] == agents[:2]
    assert page["pageInfo"]["hasNextPage"] is True
    rows = [row["sessionAgentUuid"] for row in rest["openSessionAgents"]["nodes"]]
    assert rows == [agents[2], between, agents[3]]
    info = rest["openSessionAgents"]["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (False, True)


def asking(place: Place) -> list[str]:
    """Two agents that ask, with something in every field, between two others."""
    first = new_agent(*place)
    texts: dict[str, Any] = {name: f"their {name}" for name in TEXTS}
    agents = [new_agent(*place, **texts, predecessors=[first]) for _ in range(2)]
    new_agent(*place, predecessors=agents)
    member = stored(models.Coordination, CALLER.partition_key, place.coordination).agents[0]
    more = {"agent_output": "Found", "member": member, "attempt": 2, "version": 3}
    for minute, agent in enumerate(agents):
        run = new_run(*place, sessionAgentUuid=agent, notes="in hand")
        put_open(place.session, agent, "waiting_for_input", minute)
        put_state(models.SessionAgent, place.session, agent, current_run_uuid=run, **more)
        # Whoever asks waits for no predecessor any more.
        rest = {"deadline_at": DEADLINE, "waiting_on": None}
        put_state(models.SessionAgent, place.session, agent, **rest)
    put_state(models.Session, *place, status="in_progress", awaiting_input={1})
    return agents


def rows_of(selection: str) -> tuple[list[dict[str, Any]], list[str]]:
    """What asks, and the calls that it took."""
    document = f"{{ openSessionAgents(state: WAITING_FOR_INPUT) {{ nodes {{ {selection} }} }} }}"
    with recorded_calls() as calls:
        rows = data(document)["openSessionAgents"]["nodes"]
    return rows, [call.operation for call in calls]


def test_the_small_fields_of_a_row_come_from_the_index_alone() -> None:
    place = new_place()
    agents = asking(place)

    rows, operations = rows_of(SMALL)

    assert operations == ["Query"]
    keys = [{"s": place.session, "a": agent} for agent in agents]
    assert rows == [data(ONE, key)["sessionAgent"] for key in keys]
    assert all(value not in (None, []) for value in rows[0].values())
    assert (rows[0]["inDegree"], rows[0]["attempt"], rows[0]["deadlineAt"]) == (0, 2, DEADLINE)


def test_the_large_fields_of_all_rows_and_what_is_above_them_are_one_batched_read() -> None:
    place = new_place()
    agents = asking(place)
    edges = [stored(models.SessionAgent, place.session, agent) for agent in agents]
    (before,) = {*edges[0].predecessors}
    (behind,) = {*edges[0].successors}
    nobody = {"coordinationUuid": place.coordination, "agents": []}
    change("updateCoordination", nobody, "__typename")

    rows, operations = rows_of(f"{LARGE} {ABOVE}")

    assert operations == ["Query", "BatchGetItem"]
    expected = {
        **{name: f"their {name}" for name in TEXTS},
        "agentOutput": "Found",
        "agent": {"agentName": "Product retrieval"},
        "predecessorUuids": [ids.session_agent_uuid(place.session, int(before))],
        "successorUuids": [ids.session_agent_uuid(place.session, int(behind))],
        "session": {"sessionUuid": place.session, "status": "WAITING_FOR_INPUT"},
        "coordination": {"coordinationName": "Offers", "agents": []},
        "currentRun": {"notes": "in hand"},
    }
    assert rows == [expected, expected]
