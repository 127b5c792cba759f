"""How the engine sends events to EventBridge."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.validate import ParamValidator

from ai_coordination.clients import Event, EventBus, clients
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


def test_a_request_is_as_the_description_of_event_bridge_says(
    embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's clients do not check parameters, because that takes time."""
    requests: list[dict[str, Any]] = []
    call = embedded_aws.event_buses.call

    def keep(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        requests.append(request)
        return call(operation, request)

    monkeypatch.setitem(embedded_aws._services, "events", keep)
    assert EventBus("sessions").send(EVENTS[:1]) == [True]

    model = clients("events").meta.service_model.operation_model("PutEvents")
    report = ParamValidator().validate(requests[0], model.input_shape)
    assert not report.has_errors(), report.generate_report()
    (entry,) = requests[0]["Entries"]
    assert entry["Time"].utcoffset() == timedelta()
    assert {name: entry[name] for name in entry if name != "Time"} == {
        "EventBusName": "sessions",
        "Source": "ai-coordination",
        "DetailType": "Session Ended",
        "Detail": '{"id": "0"}',
    }
