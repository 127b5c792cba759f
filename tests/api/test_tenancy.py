"""Another tenant's entities do not exist for a caller, in any operation of the schema.

An operation that is added later is tested here without another line.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_coordination.api.node import key_of
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from ai_coordination.models import reads
from ai_coordination.models.reads import PageRequest
from tests.api.two_tenants import Tenants, new_tenants
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, RIVAL, ask
from tests.support.operations import Operation, Place, Values, operations, variables
from tests.support.stored import everything_stored
from tests.support.world import KEYS

Sources = dict[Place, str]

OPERATIONS = operations()
NAMING = [name for name, one in OPERATIONS.items() if one.uuids() and name != "node"]
# `node` takes every kind of id. `agentRuntimes` tells everyone the same, `viewer` who asks.
LEFT_TO_OTHERS = {"node", "agentRuntimes", "viewer"}
QUERIES = [
    name for name, one in OPERATIONS.items() if one.kind == "query" and name not in LEFT_TO_OTHERS
]
LISTS = [name for name in QUERIES if ("after",) in OPERATIONS[name].places]
WHOSE = ["mine", "theirs", "nobodys"]
LEFT_OUT = "left out"
# No message is sent: there is no such queue.
NO_QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/nothing"
DEPTH = 3
NO_PAGE = {
    "hasNextPage": False,
    "hasPreviousPage": False,
    "startCursor": None,
    "endCursor": None,
}


@pytest.fixture(scope="module")
def tenants(embedded_aws: EmbeddedAws) -> Iterator[Tenants]:
    embedded_aws.reset()
    create_tables()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AI_COORDINATION_QUEUE_URL", NO_QUEUE)
        yield new_tenants()


@st.composite
def naming_theirs(draw: st.DrawFn, operation: Operation) -> Sources:
    """Whose each uuid is that an operation is given: at least one is the other tenant's."""
    places = operation.uuids()
    sources = {draw(st.sampled_from(places)): "theirs"}
    for place in places:
        may_be = WHOSE if place in operation.required else [*WHOSE, LEFT_OUT]
        sources.setdefault(place, draw(st.sampled_from(may_be)))
    return {place: whose for place, whose in sources.items() if whose != LEFT_OUT}


@st.composite
def more_of(draw: st.DrawFn, operation: Operation) -> Values:
    """What else an operation is given."""
    optional = operation.optional()
    chosen = draw(st.sets(st.sampled_from(sorted(optional)))) if optional else set()
    return operation.plain() | {place: optional[place] for place in chosen}


def _refusals(operation: Operation) -> set[str]:
    """What a mutation may say: in a report, the uuid of the run is a token, and may be outdated."""
    is_report = {("input", "sessionAgentUuid"), ("input", "runUuid")} <= operation.required
    # A session that cannot be retried is refused before the agents that are named are looked for.
    has_state_first = is_report or operation.name == "retrySession"
    # An own agent that may not delegate is refused before its run is looked at.
    has_work = {"BAD_USER_INPUT"} if operation.name == "delegateSessionAgent" else set()
    return {"NOT_FOUND", "INVALID_STATE", *has_work} if has_state_first else {"NOT_FOUND"}


def _nothing(operation: Operation, result: dict[str, Any]) -> bool:
    answer = result["data"][operation.name]
    if operation.kind == "mutation":
        [error] = result["errors"]
        return answer is None and error["extensions"]["code"] in _refusals(operation)
    if operation.name not in LISTS:
        return answer is None and "errors" not in result
    no_rows = {"edges": [], "nodes": [], "pageInfo": NO_PAGE, "totalCount": answer["totalCount"]}
    return answer == no_rows and not answer["totalCount"] and "errors" not in result


@pytest.mark.parametrize("name", NAMING)
def test_theirs_is_answered_as_nobodys_and_nothing_is_written(name: str, tenants: Tenants) -> None:
    operation = OPERATIONS[name]
    document = operation.document(DEPTH)

    def check(sources: Sources, more: Values) -> None:
        def answer(instead: str) -> Any:
            whose = {place: instead if one == "theirs" else one for place, one in sources.items()}
            uuids = {place: tenants.uuid(one, place) for place, one in whose.items()}
            return ask(document, variables({**more, **uuids}))

        told = answer("theirs")
        assert told == answer("elses")
        assert _nothing(operation, told)

    mine = dict.fromkeys(operation.required.intersection(operation.uuids()), "mine")
    for place in operation.uuids():
        check({**mine, place: "theirs"}, operation.plain())
    random = given(sources=naming_theirs(operation), more=more_of(operation))(check)
    settings(max_examples=6, deadline=None)(random)()
    assert everything_stored() == tenants.stored


GLOBAL_IDS = [
    (kind, whose) for kind, parts in KEYS.items() for whose in product(WHOSE, repeat=len(parts))
]


@pytest.mark.parametrize(("kind", "whose"), [one for one in GLOBAL_IDS if "theirs" in one[1]])
def test_a_global_id_of_theirs_leads_nowhere(
    kind: str, whose: tuple[str, ...], tenants: Tenants
) -> None:
    document = "query ($id: ID!) { node(id: $id) { __typename id } }"

    result = ask(document, {"id": tenants.global_id(kind, whose)})
    mine = ask(document, {"id": tenants.global_id(kind, ("mine",) * len(whose))})

    assert result == {"data": {"node": None}}
    assert mine["data"]["node"]["id"] == tenants.global_id(kind, ("mine",) * len(whose))


def _required(tenants: Tenants, operation: Operation, whose: str) -> Values:
    required = operation.required.intersection(operation.uuids())
    return {**operation.plain(), **{place: tenants.uuid(whose, place) for place in required}}


@pytest.fixture(scope="module")
def their_cursors(tenants: Tenants) -> list[str]:
    """One of each list that RIVAL has seen."""
    cursors = []
    for name in LISTS:
        operation = OPERATIONS[name]
        given = variables(_required(tenants, operation, "theirs"))
        found = ask(operation.document(DEPTH), given, RIVAL)["data"][name]
        cursors += [edge["cursor"] for edge in found["edges"]]
        assert cursors[-1] == found["pageInfo"]["endCursor"]
    assert len(set(cursors)) == len(LISTS)
    return cursors


@pytest.mark.parametrize("whose", ["mine", "theirs"])
@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_of_theirs_leads_nowhere(
    name: str, whose: str, tenants: Tenants, their_cursors: list[str]
) -> None:
    operation = OPERATIONS[name]

    for cursor in their_cursors:
        given = {**_required(tenants, operation, whose), ("after",): cursor}
        result = ask(operation.document(DEPTH), variables(given))

        assert result["data"] is None
        assert [error["extensions"] for error in result["errors"]] == [
            {"code": "BAD_USER_INPUT", "inputPath": ["after"], "requestId": CALLER.request_id}
        ]


@pytest.mark.parametrize("name", QUERIES)
def test_what_a_tenant_is_shown_is_its_own_whatever_the_other_calls_its_own(
    name: str, tenants: Tenants
) -> None:
    operation = OPERATIONS[name]

    shown = ask(operation.document(DEPTH), variables(_required(tenants, operation, "mine")))

    text = json.dumps(shown)
    assert "errors" not in shown
    assert any(uuid in text for uuid in vars(tenants.mine).values())
    assert not any(uuid in text for uuid in vars(tenants.theirs).values())
    assert RIVAL.endpoint_id not in text


def test_no_read_gives_what_lies_under_their_keys(tenants: Tenants) -> None:
    theirs = [
        key_of(tenants.global_id(kind, ("theirs",) * len(parts)), RIVAL.partition_key)
        for kind, parts in KEYS.items()
    ]

    for tenant, answer in ((RIVAL.partition_key, True), (CALLER.partition_key, False)):
        assert [
            one is not None for one in reads.batch_get(theirs, tenant=tenant, context=SYSTEM)
        ] == [answer] * len(KEYS)
        for kind, hash_key, range_key in theirs:
            assert (reads.get(kind, hash_key, range_key, tenant=tenant) is not None) is answer
            assert (reads.page(kind, hash_key, PageRequest(1), tenant=tenant).rows != []) is answer
