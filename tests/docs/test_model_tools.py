"""The guide on tools of models: its blueprints run, and its tables are complete."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.clients import functions, mcp
from ai_coordination.clients.functions import FunctionResult
from ai_coordination.config import settings
from ai_coordination.local import blueprints, fake_models
from ai_coordination.local.functions.agents_file import AgentsFile
from ai_coordination.runtimes.tools import mcp_tools
from ai_coordination.runtimes.tools.parameters import PROPERTIES
from tests.docs.pages import page
from tests.support import mcp_server
from tests.support.clients import InProcess
from tests.support.mcp_server import McpServer

GUIDE = page("guides/tools")
STOCK, ORDER, OFFER, TEAM = range(4)
MODEL, TOOLS = "http://127.0.0.1:11434", "http://127.0.0.1:3000/mcp"
AGENTS = """query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes {
    sessionAgentUuid state agentOutput notes currentRun { runUuid } ask { question form }
} } }"""


@pytest.fixture
def tools() -> Iterator[McpServer]:
    mcp_tools.lists.clear()
    with mcp_server.serving() as running:
        yield running
    mcp.eras.forget(running.url)


@pytest.fixture
def models(tools: McpServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The scripted model, and a server of tools, in place of those that the guide names."""
    with fake_models.serving(0) as url:
        base = url.removesuffix("/v1")
        hosts = f"{base}, {tools.url.removesuffix('/mcp')}"
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", hosts)
        settings.cache_clear()
        yield base


class Session:
    """A session of one of the guide's blueprints."""

    def __init__(self, number: int, folder: Path, query: str, **addresses: str) -> None:
        text = GUIDE.texts("yaml")[number]
        for known, address in addresses.items():
            wanted = {"models": MODEL, "tools": TOOLS}[known]
            assert wanted in text
            text = text.replace(wanted, address)
        file = folder / "blueprint.yaml"
        file.write_text(text)
        self._client = InProcess("http://127.0.0.1:8000/graphql")
        written = blueprints.write(self._client, blueprints.read(str(file)))
        key = {"coordinationUuid": written.coordination, "taskUuid": written.task}
        made = self._client.mutate(
            "startSession", "session { sessionUuid }", {**key, "taskQuery": query}
        )
        self._uuid = made["session"]["sessionUuid"]

    def agents(self) -> list[dict[str, Any]]:
        return list(self._client.execute(AGENTS, s=self._uuid)["sessionAgents"]["nodes"])

    def agent(self) -> dict[str, Any]:
        (found,) = self.agents()
        return found

    def answer(self, **said: Any) -> None:
        agent = self.agent()
        key = {
            "sessionUuid": self._uuid,
            "sessionAgentUuid": agent["sessionAgentUuid"],
            "runUuid": agent["currentRun"]["runUuid"],
        }
        self._client.mutate("answerSessionAgent", "sessionAgent { state }", {**key, **said})


def test_the_function_of_the_guide_is_called_by_its_blueprint(
    served: None, models: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = GUIDE.texts("python")
    (tmp_path / "my_tools.py").write_text(code)
    file = AgentsFile(
        tmp_path / "my_tools.py",
        lambda name, text: None,
        python=sys.executable,
        environment=os.environ,
        prefix="agent-",
    )

    def invoke(name: str, payload: bytes, seconds: float, **_: Any) -> FunctionResult:
        returned = file.call(name, payload.decode(), "request")
        assert returned is not None
        return FunctionResult(returned.payload, returned.failed)

    monkeypatch.setattr(functions, "invoke", invoke)
    query = 'call: stock {"item": "oolong"}'
    assert f"QUERY='{query}'" in GUIDE.text

    try:
        agent = Session(STOCK, tmp_path, query, models=models).agent()
        gone = Session(STOCK, tmp_path, 'call: stock {"item": "mate"}', models=models).agent()
    finally:
        file.close()

    said = 'The tools said: {"item": "oolong", "pieces": 60}'
    assert agent["agentOutput"] == said
    assert f"`{said}`" in GUIDE.text
    assert gone["agentOutput"].startswith("The tools said: Error: ValueError: There is no mate")


def test_the_tool_of_a_server_asks_a_person(
    served: None, models: str, tools: McpServer, tmp_path: Path
) -> None:
    def order(params: dict[str, Any]) -> Any:
        if given := params.get("inputResponses"):
            return f"ordered {given['n']['content']['pieces']} {params['arguments']['item']}"
        schema = {"type": "object", "properties": {"pieces": {"type": "integer"}}}
        asked = {"message": "How many pieces?", "requestedSchema": schema}
        wanted = {"n": {"method": "elicitation/create", "params": asked}}
        return {"resultType": "input_required", "inputRequests": wanted, "requestState": "s"}

    tools.tools |= {"order": order, "other": order}
    query = 'call: shop_order {"item": "oolong"}'
    assert f"QUERY='{query}'" in GUIDE.text

    session = Session(ORDER, tmp_path, query, models=models, tools=tools.url)
    assert session.agent()["ask"]["question"] == "How many pieces?"
    session.answer(answer={"pieces": 7})

    assert session.agent()["agentOutput"] == "The tools said: ordered 7 oolong"


def test_the_model_of_the_last_blueprint_lets_the_others_work(
    served: None, models: str, tmp_path: Path
) -> None:
    query = """call: delegate_to_Prices {"work": "say: 7 euros"}
and call: delegate_to_Stock {"work": "say: 60 kg"}"""
    assert f"QUERY='{query}'" in GUIDE.text

    lead, *others = Session(TEAM, tmp_path, query, models=models).agents()

    assert lead["agentOutput"] == "The tools said: 7 euros; 60 kg"
    assert [one["agentOutput"] for one in others] == ["7 euros", "60 kg"]


def test_the_model_with_ask_user_asks_a_person(served: None, models: str, tmp_path: Path) -> None:
    query = 'call: ask_user {"question": "How many kilograms?"}'
    assert f"QUERY='{query}'" in GUIDE.text

    session = Session(OFFER, tmp_path, query, models=models)
    assert session.agent()["ask"] == {"question": "How many kilograms?", "form": None}
    session.answer(userInput="20")

    assert session.agent()["agentOutput"] == "The tools said: 20"


def test_every_parameter_is_described() -> None:
    names = {name.strip("` ") for name in GUIDE.rows("Parameters")}
    members = PROPERTIES["tools"]["items"]["properties"]

    assert names == PROPERTIES.keys()
    described = GUIDE.prose.split("\n## Parameters\n")[1].split("\n## ")[0]
    assert {name for name in members if f"| `{name}` |" not in described} == set()
