"""Nodes: each entity is found by its global id, and by nothing else."""

import base64
from typing import Any

import pytest

from tests.support.cases import each
from tests.support.graph_api import NOBODY, data, error
from tests.support.ids import short
from tests.support.lists import LISTS
from tests.support.world import ARGUMENTS, KEYS, TYPES, World

KEY = " ".join(f"... on {TYPES[kind]} {{ {ARGUMENTS[kind]} }}" for kind in TYPES)
NODE = f"query ($id: ID!) {{ node(id: $id) {{ __typename id {KEY} }} }}"
NO_ID = {"code": "BAD_USER_INPUT", "inputPath": ["id"]}
every_kind = pytest.mark.parametrize("kind", TYPES)


def node(global_id: str) -> Any:
    return data(NODE, {"id": global_id})["node"]


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@every_kind
def test_an_entity_is_found_by_the_id_it_tells(still_world: World, kind: str) -> None:
    global_id = still_world.read(kind, "id")["id"]

    found = node(global_id)

    assert found == {"__typename": TYPES[kind], "id": global_id, **still_world.key(kind)}


def test_an_entity_has_one_id_wherever_it_is_read(still_world: World) -> None:
    for name, listed in LISTS.items():
        document = listed.document(still_world).replace("nodes {", "nodes { id")

        found = data(document)
        rows = (next(iter(found.values())) if listed.inside else found)["rows"]["nodes"]

        for row in rows:
            uuid = row[ARGUMENTS[listed.kind]]
            assert uuid in base64.urlsafe_b64decode(row["id"]).decode(), name
            assert node(row["id"])[ARGUMENTS[listed.kind]] == uuid


def test_no_two_entities_share_an_id(still_world: World) -> None:
    assert len({still_world.read(kind, "id")["id"] for kind in TYPES}) == len(TYPES)


@every_kind
def test_an_id_of_no_entity_is_null(kind: str, still_world: World) -> None:
    assert node(encoded(f"{TYPES[kind]}:{'/'.join([NOBODY] * len(KEYS[kind]))}")) is None


@each(
    "global_id",
    [
        "",
        " ",
        "x",
        "null",
        NOBODY,
        "é",
        "\ud800",
        "====",
        encoded(""),
        encoded(":"),
        encoded("Coordination"),
        encoded("Coordination:"),
        encoded("Coordination:x"),
        encoded(f"coordination:{NOBODY}"),
        encoded(f"Coordination:{NOBODY}/{NOBODY}"),
        encoded(f"Coordination:{NOBODY}\n"),
        encoded(f"Coordination:acme#sales/{NOBODY}"),
        encoded(f"Task:{NOBODY}"),
        encoded(f"Task:{NOBODY}/"),
        encoded(f"Task:{NOBODY}/{NOBODY}/{NOBODY}"),
        encoded(f"Idempotency:{NOBODY}"),
        encoded(f"Node:{NOBODY}"),
        encoded(f"Entity:{NOBODY}/{NOBODY}"),
        base64.urlsafe_b64encode(b"Coordination:\xff").decode(),
        "A" * 1_000_001,
    ],
    ids=short,
)
def test_what_is_no_id_is_refused(still_world: World, global_id: str) -> None:
    assert error(NODE, {"id": global_id}) == NO_ID


@every_kind
def test_an_id_has_one_way_of_writing_it(still_world: World, kind: str) -> None:
    global_id = still_world.read(kind, "id")["id"]
    unpadded = global_id.rstrip("=")
    ways = [f"{global_id}\n", f" {global_id}", f"{global_id}!", f"{global_id[:9]}.{global_id[9:]}"]

    for other in [*ways, f"{global_id}=", f"{unpadded}AAAA", unpadded[:-1]]:
        assert error(NODE, {"id": other}) == NO_ID


@every_kind
def test_an_id_may_hold_its_uuids_in_upper_case(still_world: World, kind: str) -> None:
    global_id = still_world.read(kind, "id")["id"]
    name, _, uuids = base64.urlsafe_b64decode(global_id).decode().partition(":")

    found = data(NODE, {"id": encoded(f"{name}:{uuids.upper()}")})

    assert found == data(NODE, {"id": global_id})
    assert found["node"] is not None


def test_an_id_that_is_a_number_is_read_as_a_text(still_world: World) -> None:
    assert error("{ node(id: 5) { id } }") == NO_ID
    assert error(NODE, {"id": 5}) == NO_ID


@each("nothing", [None, 1.5, True, ["x"], {}], ids=short)
def test_a_node_is_asked_for_by_a_text(still_world: World, nothing: Any) -> None:
    assert error(NODE, {"id": nothing}) == NO_ID


def test_several_nodes_are_found_at_once(still_world: World) -> None:
    ids = {kind: still_world.read(kind, "id")["id"] for kind in TYPES}
    ids["nobody"] = encoded(f"Task:{NOBODY}/{NOBODY}")
    fields = [f'{name}: node(id: "{global_id}") {{ id }}' for name, global_id in ids.items()]

    found = data(f"{{ {' '.join(fields)} }}")

    assert found == {**{kind: {"id": ids[kind]} for kind in TYPES}, "nobody": None}
