"""Large texts in a function's payload: as much as Lambda takes, and URLs of the rest."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ai_coordination.clients import functions as client
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    external,
    function,
    input_of,
    report,
    session,
    started,
    tell,
)
from tests.support.addresses import fetched
from tests.support.graph_api import Place
from tests.support.lambda_service import LambdaService, returning

pytestmark = pytest.mark.usefixtures("worked_queue")

MEGABYTE = 1_000_000


def join(functions: LambdaService, said: Mapping[str, str], **parameters: str) -> Place:
    """A session whose last agent is a function, after those before it have said something."""
    functions.deploy("agent-writer", returning("Done"))
    members = [*(external(name) for name in said), function("end", **parameters)]
    place = started(members, [*(after(name) for name in said), after("end", *said)])
    for name, output in said.items():
        tell("completeSessionAgent", {**report(place, name), "agentOutput": output})
    return place


def got(functions: LambdaService) -> dict[str, Any]:
    (invocation,) = functions.invocations
    return dict(invocation.event)


def addresses(event: Mapping[str, Any]) -> set[str]:
    holders = [event, *event["predecessors"]]
    return {name for holder in holders for name in holder if name.endswith("Url")}


def test_what_fits_is_there_whole(functions: LambdaService, bucket: None) -> None:
    said = {"a": "ä" * 100_000, "b": "b" * 200_000}

    place = join(functions, said)

    event = got(functions)
    assert [one["agentOutput"] for one in event["predecessors"]] == list(said.values())
    named = {f"Agent {name.upper()}": text for name, text in said.items()}
    assert event["agentInput"] == input_of(agents(place)["end"], "Which?", **named)
    assert addresses(event) == set()


def test_the_largest_texts_give_way_to_addresses_of_them(
    functions: LambdaService, bucket: None
) -> None:
    said = {"a": "a" * 500_000, "b": "€" * 200_000, "c": "c" * 3_000}

    place = join(functions, said)

    event = got(functions)
    assert len(functions.invocations[0].payload) <= MEGABYTE
    before = {one["agentUuid"]: one for one in event["predecessors"]}
    # agentInput has 1.1 MB, and b 600 KB: without both of them it fits.
    assert (event["agentInput"], before["b"]["agentOutput"]) == (None, None)
    assert addresses(event) == {"agentInputUrl", "agentOutputUrl"}
    assert (before["a"]["agentOutput"], before["c"]["agentOutput"]) == (said["a"], said["c"])
    assert fetched(before["b"]["agentOutputUrl"]) == said["b"]
    assert fetched(event["agentInputUrl"]) == agents(place)["end"]["agentInput"]


def test_an_address_is_of_this_session_and_ends(functions: LambdaService, bucket: None) -> None:
    place = join(functions, {"a": "a" * 1_000_000})

    address = urlsplit(got(functions)["predecessors"][0]["agentOutputUrl"])

    assert unquote(address.path).startswith(f"/acme/sales/{place.coordination}/{place.session}/")
    given = parse_qs(address.query)
    assert given["X-Amz-Expires"] == ["43200"]
    assert len(given["X-Amz-Signature"]) == 1


def test_a_call_that_waits_takes_more(functions: LambdaService, bucket: None) -> None:
    said = {"a": "a" * MEGABYTE, "b": "b" * MEGABYTE}

    place = join(functions, said, **WAITS)

    event = got(functions)
    assert addresses(event) == set()
    assert [one["agentOutput"] for one in event["predecessors"]] == list(said.values())
    assert agents(place)["end"]["agentOutput"] == "Done"


def test_what_json_writes_longer_than_it_is_gives_way_too(
    functions: LambdaService, bucket: None
) -> None:
    join(functions, {"a": "\x01" * 180_000})

    event = got(functions)
    assert len(functions.invocations[0].payload) <= MEGABYTE
    assert (event["agentInput"], event["predecessors"][0]["agentOutput"]) == (None, None)
    assert fetched(event["predecessors"][0]["agentOutputUrl"]) == "\x01" * 180_000


NO_BUCKET = "is larger than the 400 KB of an item, and there is no bucket for large texts"


def test_without_a_bucket_an_input_that_no_item_holds_fails_the_agent(
    functions: LambdaService,
) -> None:
    place = join(functions, {name: name * 190_000 for name in "abc"})

    agent = agents(place)["end"]
    assert (agent["state"], agent["attempt"], agent["currentRun"]) == ("FAILED", 0, None)
    assert agent["notes"] == f"The agent's input {NO_BUCKET}"
    assert session(place)["status"] == "FAILED"
    assert functions.invocations == []


def test_without_a_bucket_a_payload_that_does_not_fit_fails_the_agent(
    functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LARGEST_EVENT_BYTES", 300_000)

    place = join(functions, {"a": "a" * 190_000})

    agent = agents(place)["end"]
    assert (agent["state"], agent["attempt"]) == ("FAILED", 1)
    assert agent["notes"] == (
        "The agent's payload is larger than 300000 bytes, and there is no bucket for large texts"
    )
    assert functions.invocations == []


def test_without_a_bucket_an_answer_that_no_item_holds_fails_the_agent(
    functions: LambdaService,
) -> None:
    functions.deploy(FUNCTION, returning("x" * 450_000))

    # It asks, because embedded DynamoDB sees how large an item is in transactions alone.
    place = started([function(**WAITS)], [after("a", userInTheLoop="APPROVAL")])

    agent = agents(place)["a"]
    assert (agent["state"], agent["attempt"]) == ("FAILED", 1)
    assert agent["notes"] == f"The agent's output {NO_BUCKET}"
    assert len(functions.invocations) == 1
