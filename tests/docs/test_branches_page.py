"""The page about branches: its blueprint does what its table says."""

from pathlib import Path

import pytest

from ai_coordination.testing import Engine
from tests.docs.pages import page

PAGE = page("concepts/branches")
AGENTS = ("charge", "repair", "apologise", "reply")
CATEGORIES = ("payment", "payment", "repair", "praise")
WORDS = {"runs": "COMPLETED", "fails": "FAILED", "is skipped": "SKIPPED"}


def rows() -> list[list[str]]:
    """What the table says of each agent: the words before a reason."""
    return [[cell.split(":")[0] for cell in row[1:]] for row in PAGE.table()]


@pytest.mark.parametrize("row", range(4))
def test_the_blueprint_takes_the_ways_of_the_table(row: int, tmp_path: Path) -> None:
    (text,) = PAGE.texts("yaml")
    blueprint = tmp_path / "support.yaml"
    blueprint.write_text(text)

    with Engine() as engine:
        engine.load(blueprint)
        engine.agent("triage", lambda text: f'{{"category": "{CATEGORIES[row]}"}}')
        for name in AGENTS:
            engine.agent(name, lambda text: "Done")
        if "fails" in rows()[row]:
            engine.agent("charge", lambda text: 1 / 0)
        session = engine.start()
        engine.run()

        states = [session.agent(name).state for name in AGENTS]
        assert states == [WORDS[word] for word in rows()[row]]
        assert session.status == "COMPLETED"
