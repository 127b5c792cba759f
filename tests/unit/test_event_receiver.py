"""Where the development server's events go: to the terminal, and to a URL."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ai_coordination.clients import webhooks
from ai_coordination.local import event_receiver
from ai_coordination.local.errors import Refused
from ai_coordination.local.services import EventBuses
from tests.support.http_server import Received, Reply, serving

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
AT = datetime(2026, 11, 29, 9, 30, 0, 123456, tzinfo=UTC)
ENTRY = {
    "EventBusName": "sessions",
    "Source": "ai-coordination",
    "DetailType": "Agent Asks",
    "Time": AT,
    "Detail": json.dumps({"id": "asks-1", "agentName": "Zoë", "kind": "INPUT", "sessionUuid": "s"}),
}


def event() -> dict[str, Any]:
    """An event as the embedded EventBridge gives it to its receiver."""
    found: list[dict[str, Any]] = []
    buses = EventBuses(lambda: AT)
    buses.receiver = lambda one: not found.append(one)  # type: ignore[func-returns-value]
    answer = buses.call("PutEvents", {"Entries": [ENTRY]})
    assert answer == {"FailedEntryCount": 0, "Entries": [{"EventId": found[0]["id"]}]}
    return found[0]


def test_the_embedded_event_bridge_makes_the_envelope_and_says_what_is_wrong() -> None:
    made = event()
    assert {name: made[name] for name in made if name not in ("id", "detail")} == {
        "version": "0",
        "detail-type": "Agent Asks",
        "source": "ai-coordination",
        "account": "123456789012",
        "time": "2026-11-29T09:30:00Z",
        "region": "us-east-1",
        "resources": [],
    }

    buses = EventBuses(lambda: AT)
    buses.receiver = lambda one: one["detail"]["id"] == "taken"
    taken = {**ENTRY, "Detail": '{"id": "taken"}'}
    entries = [taken, ENTRY, {**taken, "Source": ""}, {**taken, "Detail": "{"}]
    answer = buses.call("PutEvents", {"Entries": entries})
    codes = [result.get("ErrorCode") for result in answer["Entries"]]
    assert codes == [None, "InternalFailure", "InvalidArgument", "MalformedDetail"]
    assert answer["FailedEntryCount"] == 3
    for number in (0, 11):
        with pytest.raises(Refused, match="1 to 10 entries"):
            buses.call("PutEvents", {"Entries": [taken] * number})
    with pytest.raises(Refused, match="ListRules is not supported"):
        buses.call("ListRules", {})


def test_an_event_is_printed_and_posted_with_a_signature(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTS_SECRET", SECRET)
    posted: list[Received] = []
    replies = [Reply(), Reply(status=503)]

    def answer(request: Received) -> Reply:
        posted.append(request)
        return replies[len(posted) - 1]

    told = event()
    with serving(answer) as url:
        receive = event_receiver.receiver(f"{url}/events")
        assert [receive(told), receive(told)] == [True, False]
    gone = receive(told)

    assert gone is False
    assert [request.path for request in posted] == ["/events"] * 2
    assert json.loads(posted[0].content) == told
    headers = posted[0].headers
    assert headers["content-type"] == "application/json"
    signed = webhooks.headers(
        webhooks.key_of(SECRET), "asks-1", int(headers["webhook-timestamp"]), posted[0].content
    )
    assert signed.items() <= headers.items()
    said = [line[9:] for line in capsys.readouterr().out.splitlines()]
    line = "event Agent Asks: Zoë INPUT, session s"
    refused = f"event not received at {url}/events: "
    assert said[:3] == [line, line, f"{refused}HTTP Error 503: Service Unavailable"]
    assert [said[3], said[4][: len(refused)]] == [line, refused]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "127.0.0.1:9000", "http://", "x"])
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="EVENTS_URL is not a URL of http or https"):
        event_receiver.receiver(url)


def test_a_secret_that_signs_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert event_receiver.receiver("http://127.0.0.1:9").key is None
    monkeypatch.setenv("EVENTS_SECRET", "short")
    with pytest.raises(ValueError, match="EVENTS_SECRET: A signing secret is"):
        event_receiver.receiver("http://127.0.0.1:9")
    assert event_receiver.receiver(None) == event_receiver.Receiver()
