"""How the engine sends events to EventBridge."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from ai_coordination.clients import Event, EventBus
from ai_coordination.local.embedded import EmbeddedAws
from tests.support.contexts import SYSTEM
from tests.support.recording import Call, recorded_calls

PUT = Call("events", "PutEvents")
EVENTS = [Event("Session Ended", SYSTEM.now(), {"id": str(number)}) for number in range(12)]


def test_ten_events_are_one_request_and_each_may_be_refused_for_itself(
    embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def receive(event: dict[str, Any]) -> bool:
        told.append(event["detail"]["id"])
        return told[-1] != "3"

    monkeypatch.setattr(embedded_aws.event_buses, "receiver", receive)
    bus = EventBus("sessions")

    with recorded_calls() as calls:
        accepted = bus.send(EVENTS)

    assert calls == [PUT, PUT]
    assert told == [str(number) for number in range(12)]
    assert accepted == [number != 3 for number in range(12)]
    assert bus.send(EVENTS[:1]) == [True]


def test_an_invocation_waits_once_for_a_bus_that_does_not_answer(
    embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def receive(event: dict[str, Any]) -> bool:
        raise ReadTimeoutError(endpoint_url="https://events.example")

    bus = EventBus("sessions")
    with monkeypatch.context() as patch, recorded_calls() as calls:
        patch.setattr(embedded_aws.event_buses, "receiver", receive)
        assert [bus.send(EVENTS[:1]), bus.send(EVENTS[:2])] == [[False], [False] * 2]
    assert calls == [PUT]

    assert EventBus("sessions").send(EVENTS[:1]) == [True]
