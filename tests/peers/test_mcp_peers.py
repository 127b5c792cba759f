"""The client of MCP servers against servers by the official SDKs, in Python and TypeScript."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost
from ai_coordination.clients import clients, mcp
from ai_coordination.clients.mcp import Called, InputRequired, StateExpired
from ai_coordination.clients.mcp_session import McpFailed, Target
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.local import fake_models
from tests.api.asking import OPEN
from tests.api.execution import after, agents, model, report, started, tell
from tests.peers.mcp_servers import (
    MODES,
    PYTHON,
    WHY_NO_TYPESCRIPT,
    by_python,
    by_typescript,
)
from tests.peers.servers import free_port
from tests.support.graph_api import data

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(not PYTHON.exists(), reason="make peers installs the servers"),
]


@pytest.fixture(scope="module", params=MODES)
def python_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with by_python(request.param, tmp_path_factory.mktemp("mcp") / "log") as url:
        yield url


@pytest.fixture(scope="module", params=MODES)
def typescript_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if WHY_NO_TYPESCRIPT:
        pytest.skip(WHY_NO_TYPESCRIPT)
    with by_typescript(request.param, tmp_path_factory.mktemp("mcp") / "log") as url:
        yield url


def client(url: str, *, modern: bool | None = None) -> mcp.McpServer:
    """A client. If `modern` is given, it takes the server for one of that era."""
    mcp.eras.forget(url)
    if modern is not None:
        mcp.eras.remember(url, modern=modern, now=InvocationContext().monotonic())
    server = agent_hosts.parse(url)
    allowed = AllowedHost(server.scheme, server.host, server.port, private=True)
    return mcp.McpServer(Target(server, allowed, None, InvocationContext()))


def check(calling: mcp.McpServer) -> None:
    """List the tools, and call one that succeeds and one that fails."""
    tools = {tool.name: tool for tool in calling.tools(20)}
    assert {"stock", "broken"} <= tools.keys()
    assert tools["stock"].schema["properties"]["item"]["type"] == "string"

    called = calling.call(tools["stock"], {"item": "oolong"}, 20)
    failed = calling.call(tools["broken"], {"item": "oolong"}, 20)
    wrong = calling.call(tools["stock"], {}, 20)
    calling.close(InvocationContext().within(20))

    assert isinstance(called, Called)
    assert '"pieces": 60' in called.text
    assert not called.is_error
    assert isinstance(failed, Called)
    assert "no such item: oolong" in failed.text
    assert failed.is_error
    assert isinstance(wrong, Called)
    assert wrong.is_error


@pytest.mark.parametrize("modern", [None, False], ids=["probed", "as an older one"])
def test_the_python_sdk_lists_and_calls_its_tools_in_both_eras(
    python_server: str, modern: bool | None
) -> None:
    calling = client(python_server, modern=modern)

    check(calling)

    now = InvocationContext().monotonic()
    assert mcp.eras.is_modern(python_server, now) is (modern is None)


def test_a_tool_of_the_python_sdk_asks_a_person_and_continues_by_another_client(
    python_server: str,
) -> None:
    calling = client(python_server)
    (order,) = [tool for tool in calling.tools(20) if tool.name == "order"]

    asked = calling.call(order, {"item": "oolong"}, 20)

    assert isinstance(asked, InputRequired)
    ((key, request),) = asked.requests.items()
    assert request["params"]["message"] == "How many oolong?"
    assert request["params"]["requestedSchema"]["properties"]["pieces"]["type"] == "integer"
    answer = {key: {"action": "accept", "content": {"pieces": 7}}}
    done = client(python_server).call(
        order, {"item": "oolong"}, 20, responses=answer, state=asked.state
    )
    assert isinstance(done, Called)
    assert done.text.startswith("ordered 7 oolong")
    with pytest.raises(StateExpired):
        calling.call(order, {"item": "oolong"}, 20, responses=answer, state="forged")


def test_a_slow_tool_of_the_python_sdk_is_left_at_the_deadline_while_it_reports_progress(
    python_server: str,
) -> None:
    calling = client(python_server)
    (slow,) = [tool for tool in calling.tools(20) if tool.name == "slow"]

    assert calling.call(slow, {"seconds": 0.2}, 20) == Called("done", is_error=False)
    with pytest.raises(McpFailed, match="has not answered in time"):
        calling.call(slow, {"seconds": 30}, 0.5)


def test_the_typescript_sdk_lists_and_calls_its_tools(typescript_server: str) -> None:
    check(client(typescript_server))

    now = InvocationContext().monotonic()
    assert mcp.eras.is_modern(typescript_server, now) is False


@pytest.mark.usefixtures("tables")
def test_an_agent_continues_with_the_answer_after_the_server_has_forgotten_its_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = clients("sqs").create_queue(QueueName="tools")
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", made["QueueUrl"])
    port, log = free_port(), tmp_path / "log"
    with fake_models.serving(0) as served:
        base = served.removesuffix("/v1")
        hosts = f"{base}, http://127.0.0.1:{port}"
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", hosts)
        settings.cache_clear()
        tool = {"mcp": f"http://127.0.0.1:{port}/mcp"}
        query = 'call: stock {"item": "oolong"}\ncall: order {"item": "oolong"}'
        with by_python("json", log, port):
            members = [model(base, tools=[tool])]
            place = started(members, [after("a", timeoutSeconds=3_600)], taskQuery=query)
            (shown,) = data(OPEN)["openSessionAgents"]["nodes"]
        # The next server has another key, so what the first one has sealed is of no use.
        with by_python("json", log, port):
            tell("answerSessionAgent", {**report(place, "a"), "answer": {"pieces": 7}})

    assert shown["ask"]["question"] == "How many oolong?"
    assert shown["ask"]["form"]["properties"]["pieces"]["type"] == "integer"
    said = agents(place)["a"]["agentOutput"]
    assert "60" in said
    assert said.endswith("ordered 7 oolong, order 1")
