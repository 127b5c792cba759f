"""The guide on models as agents: its blueprints run, and its tables are complete."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_coordination.config import settings
from ai_coordination.local import blueprints, fake_models, try_blueprint
from ai_coordination.local.try_blueprint import Options, Trial
from ai_coordination.runtimes.openai_runtime import RUNTIME
from tests.docs.pages import page
from tests.support.clients import InProcess

GUIDE = page("guides/openai-agents")
TARGETS = (
    "http://127.0.0.1:11434",
    "https://api.openai.com",
    "https://acme.openai.azure.com/openai",
)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The scripted model, in place of the servers that the guide names."""
    with fake_models.serving(0) as url:
        base = url.removesuffix("/v1")
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", base)
        for name in ("OPENAI", "AZURE"):
            monkeypatch.setenv(f"AI_COORDINATION_SECRET_{name}", "sk-of-the-guide")
        settings.cache_clear()
        yield base


@pytest.mark.parametrize("number", range(len(TARGETS)))
def test_each_blueprint_runs(served: None, models: str, tmp_path: Path, number: int) -> None:
    texts = GUIDE.texts("yaml")
    assert len(texts) == len(TARGETS)
    assert f"target: {TARGETS[number]}/v1\n" in texts[number]
    file = tmp_path / "offer.yaml"
    file.write_text(texts[number].replace(TARGETS[number], models))
    options = Options(str(file), query="5 kg of oolong")

    client = InProcess("http://127.0.0.1:8000/graphql")
    code = Trial(options, blueprints.read(str(file)), client, server_is_own=False).run()

    assert code == try_blueprint.COMPLETED


def test_every_parameter_is_described() -> None:
    listed = {name.strip("` ") for row in GUIDE.rows("Parameters") for name in row.split(",")}

    assert listed == RUNTIME.parameters_schema["properties"].keys()
