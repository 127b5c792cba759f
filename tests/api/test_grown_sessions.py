"""What the document shows of agents that were added while a session runs."""

from pathlib import Path
from typing import Any

import pytest

from ai_coordination import ids, models
from tests.api.test_call_counts import calls_of
from tests.support.graph_api import CALLER, NOBODY, Place, data, error, new_place
from tests.support.stored import put_agents, put_state

SCREENS = Path(__file__).parent / "screens"
AGENT = "sessionAgentUuid parentUuid round itemIndex superseded"
AGENTS = f"""query ($s: ID!, $f: SessionAgentFilter) {{
    rows: sessionAgents(sessionUuid: $s, filter: $f, first: 100) {{ nodes {{ {AGENT} }} }}
}}"""
CHILDREN = """query ($s: ID!, $a: ID!, $first: Int, $after: String) {
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {
        children(first: $first, after: $after) {
            totalCount nodes { sessionAgentUuid } pageInfo { hasNextPage endCursor }
        }
    }
}"""
PROGRESS = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    progress { total completed initial } subtaskQueries { subtaskQuery }
    sessionAgents(first: 2) { totalCount }
} }"""
# An agent with four children in two growths, of which the first one has two of its own. A retry has
# replaced three others.
Growth: Any = models.Growth
PARENT, FIRST, SECOND, BELOW, OLD = 1, [2, 3], [6, 7], [4, 5], [8, 9, 10]


@pytest.fixture
def grown(place: Place) -> list[str]:
    """The UUIDs of the agents of a session, by their ordinals."""
    agents = put_agents(*place, range(11))

    def put(ordinal: int, **attributes: Any) -> None:
        put_state(models.SessionAgent, place.session, agents[ordinal], **attributes)

    growths = [Growth(base=2, size=2), Growth(base=6, size=2, step=2, sinks=[1])]
    put(PARENT, grew=growths, subtask_query="Do it")
    put(FIRST[0], grew=[Growth(base=4, size=2)])
    for at, (ordinal, number) in enumerate([(2, 1), (3, 1), (6, 2), (7, 2)]):
        put(ordinal, parent_ordinal=PARENT, round=number, item_index=at % 2, state="completed")
    for ordinal in BELOW:
        put(ordinal, parent_ordinal=2, round=1, subtask_query="A part of it")
    for ordinal in OLD:
        put(ordinal, parent_ordinal=PARENT, round=1, superseded=True, state="completed")
    return agents


def listed(place: Place, **filters: Any) -> list[dict[str, Any]]:
    return list(data(AGENTS, {"s": place.session, "f": filters})["rows"]["nodes"])


def children(place: Place, agent: str, **given: Any) -> dict[str, Any]:
    found = data(CHILDREN, {"s": place.session, "a": agent, **given})
    return dict(found["sessionAgent"]["children"])


def uuids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["sessionAgentUuid"] for row in rows]


def test_an_agent_says_who_has_added_it_and_in_which_growth(place: Place, grown: list[str]) -> None:
    rows = listed(place)

    def shown(ordinal: int) -> tuple[Any, ...]:
        _, *rest = rows[ordinal].values()
        return tuple(rest)

    assert uuids(rows) == grown
    assert shown(0) == shown(PARENT) == (None, None, None, False)
    assert [shown(ordinal) for ordinal in (*FIRST, *SECOND)] == [
        (grown[PARENT], 1, 0, False),
        (grown[PARENT], 1, 1, False),
        (grown[PARENT], 2, 0, False),
        (grown[PARENT], 2, 1, False),
    ]
    assert [shown(ordinal) for ordinal in BELOW] == [(grown[2], 1, None, False)] * 2
    assert [shown(ordinal) for ordinal in OLD] == [(grown[PARENT], 1, None, True)] * 3


def test_agents_are_found_by_their_parent_and_by_their_level(
    place: Place, grown: list[str]
) -> None:
    def found(**filters: Any) -> list[int]:
        return [grown.index(uuid) for uuid in uuids(listed(place, **filters))]

    assert found(parentUuid=grown[PARENT]) == [*FIRST, *SECOND, *OLD]
    assert found(parentUuid=grown[2].upper()) == BELOW
    assert found(parentUuid=grown[0]) == found(parentUuid=NOBODY) == []
    assert found(topLevel=True) == [0, 1]
    assert found(topLevel=False) == list(range(2, 11))
    assert found(topLevel=True, parentUuid=grown[PARENT]) == []
    assert found(topLevel=False, state=["INITIAL"]) == BELOW
    assert found(topLevel=None, parentUuid=None) == list(range(11))
    wrong = {"s": place.session, "f": {"parentUuid": "x"}}
    place_of = ["filter", "parentUuid"]
    assert error(AGENTS, wrong) == {"code": "BAD_USER_INPUT", "inputPath": place_of}


def test_the_children_of_an_agent_are_paged_in_order_without_those_of_the_past(
    place: Place, grown: list[str]
) -> None:
    first = children(place, grown[PARENT], first=3)
    second = children(place, grown[PARENT], first=3, after=first["pageInfo"]["endCursor"])

    assert [uuids(one["nodes"]) for one in (first, second)] == [
        [grown[ordinal] for ordinal in (2, 3, 6)],
        [grown[7]],
    ]
    assert [one["pageInfo"]["hasNextPage"] for one in (first, second)] == [True, False]
    assert first["totalCount"] == second["totalCount"] == 4
    assert uuids(children(place, grown[2])["nodes"]) == [grown[ordinal] for ordinal in BELOW]
    assert children(place, grown[0])["nodes"] == []


def test_a_child_that_is_not_written_yet_is_left_out(place: Place, grown: list[str]) -> None:
    more = Growth(base=11, size=3)
    put_state(models.SessionAgent, place.session, grown[0], grew=[more])
    put_agents(*place, [12])

    found = children(place, grown[0])

    assert uuids(found["nodes"]) == [ids.session_agent_uuid(place.session, 12)]
    assert found["totalCount"] == 3


def test_what_a_retry_has_replaced_counts_nowhere(place: Place, grown: list[str]) -> None:
    found = data(PROGRESS, {"c": place.coordination, "s": place.session})["session"]

    assert found["progress"] == {"total": 8, "completed": 4, "initial": 4}
    # The list has everything, as history.
    assert found["sessionAgents"]["totalCount"] == len(grown)


def test_the_work_of_a_session_is_that_of_its_start(place: Place, grown: list[str]) -> None:
    put_state(models.Session, *place, graph_size=11)

    found = data(PROGRESS, {"c": place.coordination, "s": place.session})["session"]

    assert found["subtaskQueries"] == [{"subtaskQuery": "Do it"}]


def test_a_grown_session_is_shown_by_as_many_calls_as_any_other(
    place: Place, grown: list[str]
) -> None:
    screen = (SCREENS / "session_live.graphql").read_text()
    document = screen.partition("mutation")[0] + screen[screen.index("fragment LiveAgent") :]
    plain = new_place(place.coordination)
    put_agents(*plain, range(11))

    def calls(of: Place) -> list[str]:
        return sorted(calls_of(document, {**of.key, "agents": 5}))

    assert calls(place) == calls(plain) == ["BatchGetItem", "GetItem", "Query", "Query", "Query"]


def test_a_list_of_open_work_shows_it_too_by_one_more_call(place: Place, grown: list[str]) -> None:
    waiting = {"state": "waiting_for_input", "open_since": "2026"}
    open_as = f"{CALLER.partition_key}#waiting_for_input"
    put_state(models.SessionAgent, place.session, grown[2], open_as=open_as, **waiting)
    document = f"{{ openSessionAgents(state: WAITING_FOR_INPUT) {{ nodes {{ {AGENT} }} }} }}"

    (row,) = data(document)["openSessionAgents"]["nodes"]

    assert row == {
        "sessionAgentUuid": grown[2],
        "parentUuid": grown[PARENT],
        "round": 1,
        "itemIndex": 0,
        "superseded": False,
    }
    assert calls_of(document) == ["Query", "BatchGetItem"]


def test_all_of_it_is_read_with_the_agents_and_all_children_by_one_call(
    place: Place, grown: list[str]
) -> None:
    fields = "parentUuid round itemIndex superseded"
    nested = "children { nodes { children { nodes { state } } } }"
    given = {"s": place.session}

    def calls(selection: str) -> list[str]:
        agents = f"sessionAgents(sessionUuid: $s, first: 5) {{ nodes {{ {selection} }} }}"
        return calls_of(f"query ($s: ID!) {{ {agents} }}", given)

    assert calls(fields) == ["Query"]
    assert calls(nested) == ["Query", "BatchGetItem"]
