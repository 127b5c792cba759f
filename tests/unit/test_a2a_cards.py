"""Cards of A2A agents: which interface is called, and which files the agent takes."""

from typing import Any

import pytest

from ai_coordination.agent_hosts import parse
from ai_coordination.clients.a2a_card import Card, CardUnusable, Interface, Version, card_path
from tests.support.cases import each

URL = "https://agent.example/rpc"


def one(version: str, binding: str = "JSONRPC", url: Any = URL, **more: Any) -> dict[str, Any]:
    return {"url": url, "protocolBinding": binding, "protocolVersion": version, **more}


def old(version: str | None = "0.3.0", **more: Any) -> dict[str, Any]:
    return {"url": URL, "protocolVersion": version, **more}


V1, V03 = Interface(URL, Version.V1), Interface(URL, Version.V03)
OTHER = "https://other.example/"


@each(
    ("card", "interface"),
    [
        ({"supportedInterfaces": [one("1.0")]}, V1),
        ({"supportedInterfaces": [one("1.0.1")]}, V1),
        ({"supportedInterfaces": [one("0.3", url=OTHER), one("1.0")]}, V1),
        ({"supportedInterfaces": [one("0.3.0"), one("1.0", "GRPC"), one("2.0")]}, V03),
        ({"supportedInterfaces": [one("1.0", "jsonrpc", tenant="")]}, V1),
        (
            {"supportedInterfaces": [one("1.0", tenant="desk")]},
            Interface(URL, Version.V1, "desk"),
        ),
        ({"supportedInterfaces": [one("1.0")], **old()}, V1),
        ({"supportedInterfaces": [one("1.0", "GRPC")], **old()}, V03),
        ({"supportedInterfaces": "none", **old()}, V03),
        (old(), V03),
        (old(None), V03),
        ({"url": URL}, V03),
        (old("1.0", preferredTransport="JSONRPC"), V1),
        (
            old(
                preferredTransport="GRPC",
                additionalInterfaces=[
                    7,
                    {"url": OTHER, "transport": "HTTP+JSON"},
                    {"url": URL, "transport": "JSONRPC"},
                ],
            ),
            V03,
        ),
    ],
)
def test_the_json_rpc_interface_of_the_highest_version_is_called(
    card: dict[str, Any], interface: Interface
) -> None:
    assert Card.parse(card).interface == interface


@each(
    "card",
    [
        None,
        [],
        {},
        {"url": ""},
        {"url": 7},
        {"url": f"https://agent.example/{'x' * 1_000}"},
        old("0.2.5"),
        old("2.0"),
        old(preferredTransport="GRPC"),
        {"supportedInterfaces": [one("1.0", "HTTP+JSON"), one("0.1"), "x", {}]},
        {"supportedInterfaces": [one("1.0", tenant="x" * 257)]},
    ],
)
def test_a_card_without_such_an_interface_is_of_no_use(card: Any) -> None:
    with pytest.raises(CardUnusable, match="no interface of the protocol JSONRPC"):
        Card.parse(card)


TYPES = ["text/plain", "text/csv", "image/png", "application/pdf"]


@each(
    ("modes", "taken"),
    [
        ({}, []),
        ({"defaultInputModes": ["text/plain"]}, ["text/plain"]),
        ({"defaultInputModes": ["Text/*", 7]}, ["text/plain", "text/csv"]),
        ({"defaultInputModes": ["text"]}, ["text/plain", "text/csv"]),
        ({"defaultInputModes": ["*/*"]}, TYPES),
        (
            {"defaultInputModes": ["text/csv"], "skills": [{"inputModes": ["image/png"]}, 7]},
            ["text/csv", "image/png"],
        ),
    ],
)
def test_an_agent_takes_the_types_that_it_or_a_skill_lists(
    modes: dict[str, Any], taken: list[str]
) -> None:
    card = Card.parse({**old(), **modes})

    assert [one for one in TYPES if card.takes(one)] == taken


def test_what_is_kept_of_a_card_is_small() -> None:
    modes = ["x" * 128, *(f"text/{number}" for number in range(1_000)), "image/png"]

    kept = Card.parse({**old(), "defaultInputModes": modes}).input_modes

    assert kept == frozenset(f"text/{number}" for number in range(200))


def test_an_agent_without_a_card_may_take_every_type() -> None:
    assert all(Card(V1).takes(one) for one in TYPES)


@each(
    ("target", "path"),
    [
        ("https://a.example", "/.well-known/agent-card.json"),
        ("https://a.example/", "/.well-known/agent-card.json"),
        ("https://a.example/agents/desk/", "/agents/desk/.well-known/agent-card.json"),
        ("https://a.example/.well-known/agent.json", "/.well-known/agent.json"),
    ],
)
def test_the_card_is_at_the_well_known_path_or_where_the_target_says(
    target: str, path: str
) -> None:
    assert card_path(parse(target)) == path
