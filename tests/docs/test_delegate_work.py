"""The guide about delegation: its blueprint runs with its function, and its request is answered."""

from pathlib import Path
from typing import Any

import pytest

from ai_coordination.config import PREFIX
from ai_coordination.testing import Engine
from tests.api.delegating import begin, boss
from tests.api.execution import external, report
from tests.docs.pages import page
from tests.docs.requests import Reader

GUIDE = "guides/delegate-work"


def engine_of_the_guide(tmp_path: Path, engine: Engine) -> None:
    (blueprint,) = page(GUIDE).texts("yaml")
    (code,) = page(GUIDE).texts("python")
    file = tmp_path / "offers.yaml"
    file.write_text(blueprint)
    functions: dict[str, Any] = {}
    exec(code, functions)
    engine.load(file)
    engine.agent("agent-lead", functions["lead"])
    engine.agent("agent-stock", lambda text: "20 kg")
    engine.agent("agent-writer", lambda text: "An offer:\n" + text)


def test_the_lead_of_the_guide_delegates_to_three_and_answers_with_the_offer(
    tmp_path: Path,
) -> None:
    with Engine() as engine:
        engine_of_the_guide(tmp_path, engine)
        engine.agent("agent-prices", lambda text: "12.50")
        session = engine.start(query="oolong")
        engine.run()

        offer = str(session.agent("Lead").output)
        assert offer.startswith("An offer:\nOffer oolong.")
        assert "12.50" in offer
        assert "20 kg" in offer
        assert len(session.agents) == 4


def test_the_lead_of_the_guide_says_what_has_failed(tmp_path: Path) -> None:
    def fail(text: str) -> str:
        raise LookupError(f"no price in: {text}")

    with Engine() as engine:
        engine_of_the_guide(tmp_path, engine)
        engine.agent("agent-prices", fail)
        session = engine.start(query="oolong")
        engine.run()

        assert session.status == "COMPLETED"
        assert str(session.agent("Lead").output).startswith("No offer of oolong: LookupError: no")


@pytest.mark.usefixtures("served")
def test_a_worker_delegates_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}ENDPOINT_ID", "acme")
    monkeypatch.setenv(f"{PREFIX}PART_ID", "sales")
    members = [external("boss"), external("prices"), external("writer")]
    place = begin(members, boss("prices", "writer"))
    key = report(place, "boss")
    reader = Reader()
    reader.known = {
        "session": place.session,
        "agent": key["sessionAgentUuid"],
        "run": key["runUuid"],
    }

    reader.read(page(GUIDE))

    assert (reader.sent, reader.compared) == (1, 1)
