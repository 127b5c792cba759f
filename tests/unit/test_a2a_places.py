"""What is kept of an A2A agent's task between two calls, and how long each wait is."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ai_coordination.clients.a2a_card import Interface, Version
from ai_coordination.runtimes.a2a_place import Place, context_of

PLACE = Place(Interface("https://a.example/rpc", Version.V1, "tea"), "t1", "c1")


@pytest.mark.parametrize(
    ("parameters", "waits"),
    [
        ({}, [2, 3, 4.5, 6.75, 10.125, 15.1875]),
        ({"pollSeconds": 30}, [30, 45, 60, 60, 60, 60]),
        ({"pollSeconds": 3_600}, [3_600, 3_600, 3_600, 3_600, 3_600, 3_600]),
    ],
)
def test_each_wait_is_longer_than_the_one_before_up_to_a_minute(
    parameters: dict[str, Any], waits: list[float]
) -> None:
    place, found = PLACE, []
    for _ in waits:
        found.append(place.wait(parameters))
        place = place.polled(missed=False)

    assert found == waits
    assert Place(PLACE.interface, "t1", "c1", polls=10**6).wait(parameters) == max(60, waits[0])


@pytest.mark.parametrize(
    "place",
    [
        PLACE,
        PLACE.polled(missed=True).polled(missed=True),
        Place(Interface("https://a.example", Version.V03), "t1", None),
    ],
)
def test_a_place_is_kept_as_json(place: Place) -> None:
    assert Place.of(json.loads(json.dumps(place.as_json()))) == place


def test_misses_are_counted_in_a_row() -> None:
    place = PLACE.polled(missed=True).polled(missed=True)

    assert (place.polls, place.misses) == (2, 2)
    assert place.polled(missed=False).misses == 0


def test_the_longest_place_fits_into_what_an_item_keeps() -> None:
    interface = Interface(f"https://{'x' * 992}", Version.V03, "x" * 256)
    place = Place(interface, "x" * 256, "x" * 256, polls=10**9, misses=5)

    assert len(json.dumps(place.as_json())) < 2_048


def call(attempt: int = 1, turn: int = 1, **agent: str) -> Any:
    known = {"partition_key": "acme#tea", "thread_uuid": "t", "agent_uuid": "a", **agent}
    return SimpleNamespace(attempt=attempt, turn=turn, agent=SimpleNamespace(**known))


def test_a_conversation_is_of_one_tenant_one_thread_and_one_agent() -> None:
    others: list[dict[str, Any]] = [
        {"partition_key": "acme#sales"},
        {"thread_uuid": "u"},
        {"agent_uuid": "b"},
    ]
    names = {context_of(call()), *(context_of(call(**other)) for other in others)}

    assert len(names) == 4
    assert all(len(name) == 64 for name in names)
    assert context_of(call()) == context_of(call(attempt=1))
    assert context_of(call()) == context_of(call(turn=2))
    assert context_of(call(attempt=3)) == f"{context_of(call())}#3"
    assert context_of(call(attempt=3, turn=2)) == f"{context_of(call())}#2.3"
