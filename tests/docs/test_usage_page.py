"""The page about usage: its requests are answered as shown."""

import pytest

from ai_coordination.config import PREFIX
from tests.api.execution import agents, external, report, started
from tests.docs.pages import page
from tests.docs.requests import Reader


def test_a_report_with_usage_is_answered_as_shown(
    served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}ENDPOINT_ID", "acme")
    monkeypatch.setenv(f"{PREFIX}PART_ID", "sales")
    place = started([external("a")])
    key = report(place, "a")
    reader = Reader()
    reader.known = {
        "coordination": place.coordination,
        "session": place.session,
        "agent": key["sessionAgentUuid"],
        "run": key["runUuid"],
    }

    reader.read(page("guides/usage"))

    assert (reader.sent, reader.compared) == (2, 1)
    assert agents(place)["a"]["currentRun"]["usage"] == {"inputTokens": 900, "outputTokens": 40}
