"""The guide on A2A agents: its blueprints run, and its tables are complete."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_coordination.clients import a2a
from ai_coordination.clients.a2a_tasks import TaskState
from ai_coordination.config import settings
from ai_coordination.local import blueprints, try_blueprint
from ai_coordination.local.try_blueprint import Options, Trial
from ai_coordination.runtimes import a2a_call, a2a_errors
from ai_coordination.runtimes.a2a_runtime import RUNTIME
from tests.docs.pages import page
from tests.support import chat_server
from tests.support.a2a_agent import A2aAgent
from tests.support.clients import InProcess

GUIDE = page("guides/a2a-agents")
TARGETS = ("http://127.0.0.1:8001", "https://agents.partner.example/tea")


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[A2aAgent]:
    """A scripted agent, in place of those that the guide names."""
    a2a.cards.forget()
    with chat_server.serving() as running:
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", running.url)
        monkeypatch.setenv("AI_COORDINATION_SECRET_PARTNER", "key-of-the-guide")
        settings.cache_clear()
        yield A2aAgent(running)


@pytest.mark.parametrize("number", range(len(TARGETS)))
def test_each_blueprint_runs(served: None, agent: A2aAgent, tmp_path: Path, number: int) -> None:
    texts = GUIDE.texts("yaml")
    assert len(texts) == len(TARGETS)
    assert f"target: {TARGETS[number]}\n" in texts[number]
    file = tmp_path / "offer.yaml"
    file.write_text(texts[number].replace(TARGETS[number], agent.url))
    options = Options(str(file), query="5 kg of oolong")

    client = InProcess("http://127.0.0.1:8000/graphql")
    code = Trial(options, blueprints.read(str(file)), client, server_is_own=False).run()

    assert code == try_blueprint.COMPLETED


def test_every_parameter_is_described() -> None:
    listed = {name.strip("` ") for row in GUIDE.rows("Parameters") for name in row.split(",")}

    assert listed == RUNTIME.parameters_schema["properties"].keys()


def test_every_state_of_a_task_is_described() -> None:
    listed = {row for row in GUIDE.rows("What each state becomes") if " " not in row}

    assert {*listed, TaskState.UNKNOWN} == set(TaskState)


def test_every_error_that_is_not_retried_is_described() -> None:
    rows = {name: cells for name, cells in GUIDE.rows("When it fails").items() if "-32" in name}
    final = {int(name) for name, cells in rows.items() if cells == ["fails, not retried"]}

    assert final == a2a_errors.NOT_RETRYABLE
    assert {6: "After six in a row"}[a2a_call.MOST_MISSES] in GUIDE.prose
