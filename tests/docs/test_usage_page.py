"""The pages about usage and budgets: their requests are answered as shown."""

import pytest

from ai_coordination.config import PREFIX
from tests.api.execution import agents, blueprint, external, report, started
from tests.docs.pages import page
from tests.docs.requests import Reader
from tests.support.graph_api import data

BUDGET = """query ($c: ID!, $s: ID!) {
  session(coordinationUuid: $c, sessionUuid: $s) { budget { tokens seconds } }
}"""


@pytest.fixture(autouse=True)
def tenant(served: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tenant of the other helpers."""
    monkeypatch.setenv(f"{PREFIX}ENDPOINT_ID", "acme")
    monkeypatch.setenv(f"{PREFIX}PART_ID", "sales")


def test_a_session_gets_a_budget_and_then_a_larger_one() -> None:
    key = blueprint([external("a")])
    reader = Reader()
    reader.known = {"coordination": key["coordinationUuid"], "task": key["taskUuid"]}

    reader.read(page("guides/budgets"))

    assert reader.sent == 2
    given = {"c": reader.known["coordination"], "s": reader.known["session"]}
    assert data(BUDGET, given)["session"]["budget"] == {"tokens": 1_000_000, "seconds": 3600}


def test_a_report_with_usage_is_answered_as_shown() -> None:
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
