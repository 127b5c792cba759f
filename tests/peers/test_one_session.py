"""One session of agents of all kinds of peers, with data of the GraphQL API alone.

A development server of its own executes it. Only the models say what they are told to, or
nothing of sense: proxy, model server, MCP servers and A2A agents are the real ones.
"""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ai_coordination.local import fake_models
from ai_coordination.local.client import Client
from tests.api.execution import a2a_agent, after, bedrock_model, echo, model
from tests.peers import a2a_servers, mcp_servers
from tests.peers.a2a_servers import PEERS
from tests.peers.servers import BIN, PROXY_KEY, VERDICTS, environment, free_port, running

SECONDS = 300
# Of an A2A agent before it asks: it is polled after 1, 2.5 and 4.75 seconds.
WORK_SECONDS = 4
ASKED, ANSWERED = ["INPUT_REQUIRED", "COMPLETED"], ["COMPLETED"]
OPEN_STATUSES = ("IN_PROGRESS", "WAITING_FOR_INPUT")

OPEN = """query ($after: String) {
    openSessionAgents(state: WAITING_FOR_INPUT, after: $after) {
        nodes {
            agentUuid sessionUuid sessionAgentUuid
            currentRun { runUuid }
            ask { kind question form }
        }
        pageInfo { hasNextPage endCursor }
    }
}"""
STATUS = """query ($coordination: ID!, $session: ID!) {
    session(coordinationUuid: $coordination, sessionUuid: $session) { status }
}"""
RESULT = """query ($coordination: ID!, $session: ID!) {
    session(coordinationUuid: $coordination, sessionUuid: $session) {
        usage { inputTokens outputTokens }
        sessionAgents(first: 100) { nodes {
            agentUuid state agentInput agentOutput notes usage { inputTokens outputTokens }
        } }
        sessionRuns(first: 100) { nodes {
            agentUuid turn attempt outcome createdAt usage { inputTokens outputTokens }
        } }
    }
}"""

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(
        not (BIN.exists() and environment("strands").exists()),
        reason="make peers installs the servers",
    ),
]


class Member(NamedTuple):
    """An agent of the session, what it is told, and what comes of it."""

    agent: dict[str, Any]
    query: str
    # What it says at last, as a regular expression.
    says: str
    # What it asks begins so, and how it is answered. A member without a question asks nothing.
    asks: str | None = None
    answer: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        return str(self.agent["agentUuid"])


class Peers(NamedTuple):
    """The servers: their URLs, and the files of their logs, by name."""

    urls: dict[str, str]
    logs: dict[str, Path]


@pytest.fixture
def peers(llama: str, proxy: str, tmp_path: Path) -> Iterator[Peers]:
    """All servers. Without Node.js, all but the one by the TypeScript SDK of MCP."""
    urls = {"llama": llama, "proxy": proxy}
    logs = {name: tmp_path / name for name in ("python", "typescript", *PEERS)}
    with ExitStack() as running_servers:
        enter = running_servers.enter_context
        urls["python"] = enter(mcp_servers.by_python("stateless", logs["python"]))
        if mcp_servers.WHY_NO_TYPESCRIPT is None:
            log = logs["typescript"]
            urls["typescript"] = enter(mcp_servers.by_typescript("stateful", log))
        for name, peer in PEERS.items():
            urls[name] = enter(a2a_servers.serving(peer, logs[name]))
        yield Peers(urls, logs)


class Engine(NamedTuple):
    """The development server."""

    client: Client
    log: Path


@pytest.fixture
def engine(peers: Peers, tmp_path: Path) -> Iterator[Engine]:
    """A development server that may reach the peers, with a scripted model as Bedrock."""
    # Says so if its port is in use. The server would listen first, and end then.
    with fake_models.serving():
        pass
    log, port = tmp_path / "engine", free_port()
    command = [sys.executable, "-m", "ai_coordination.local", "serve", "--port", str(port)]
    hosts = [url.removesuffix("/mcp") for url in peers.urls.values()]
    known = {
        "MODELS": "fake",
        "AI_COORDINATION_AGENT_HOSTS": ", ".join(hosts),
        "AI_COORDINATION_SECRET_KEY": PROXY_KEY,
        # Each message to an A2A agent writes a line. Polls write none.
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    with running([*command, "--data", ":memory:"], port, log, **known) as url:
        yield Engine(Client(f"{url}/graphql"), log)


def judge(name: str, url: str, **parameters: Any) -> Member:
    """A model of random weights, which only its server makes fit the schema."""
    return Member(
        model(url, name, model="tiny", seed=3, outputSchema=VERDICTS, **parameters),
        "Is 5 kg of oolong for 120 euros a good offer?",
        r'\{\s*"verdict"\s*:\s*"(good|bad)"\s*,\s*"grade"\s*:\s*[123]\s*\}\s*',
    )


def members_of(peers: Peers) -> list[Member]:
    urls = peers.urls
    members = [
        Member(
            bedrock_model("buyer", tools=[{"mcp": urls["python"], "prefix": "shop_"}]),
            'call: shop_stock {"item": "oolong"}\ncall: shop_order {"item": "oolong"}',
            r'The tools said: \{\s*"pieces": 60\s*\}; ordered 7 oolong, order 1',
            asks="How many oolong?",
            answer={"answer": {"pieces": 7}},
        ),
        Member(
            model(urls["proxy"], "clerk", model="mock", apiKeySecret="key"),
            "Answer a letter",
            r"The proxy has answered\.",
        ),
        judge("judge", urls["llama"]),
        judge("judge-behind-proxy", urls["proxy"], apiKeySecret="key"),
    ]
    if "typescript" in urls:
        tools = [{"mcp": urls["typescript"], "only": ["stock"]}]
        query, says = 'call: stock {"item": "sencha"}', r'The tools said: \{"pieces": 60\}'
        members.append(Member(bedrock_model("keeper", tools=tools), query, says))
    for name, peer in PEERS.items():
        agent = a2a_agent(urls[name], agent_of(name), pollSeconds=1)
        query, says = f"sleep {WORK_SECONDS}, then ask", rf"{re.escape(peer.then)}[\s\S]*"
        members.append(Member(agent, query, says, peer.asks, {"userInput": "blue"}))
    return members


def agent_of(peer: str) -> str:
    """The UUID of the member that is an A2A agent."""
    return re.sub(r"\W+", "-", peer)


def started(client: Client, members: Sequence[Member]) -> dict[str, str]:
    """Create the blueprint of one task, whose last agent has all the others before it. Start it."""
    names = [member.name for member in members]
    coordination = client.mutate(
        "createCoordination",
        "coordination { coordinationUuid }",
        {
            "coordinationName": "Everybody",
            "agents": [*(member.agent for member in members), echo("report")],
        },
    )["coordination"]["coordinationUuid"]
    task = client.mutate(
        "createTask",
        "task { taskUuid }",
        {
            "coordinationUuid": coordination,
            "taskName": "All at once",
            "subtaskQueries": [
                {"agentUuid": member.name, "subtaskQuery": member.query} for member in members
            ],
            "agentActions": [
                *(after(name, retry={"maxAttempts": 1}) for name in names),
                after("report", *names),
            ],
        },
    )["task"]["taskUuid"]
    key = {"coordinationUuid": coordination, "taskUuid": task, "taskQuery": "Report"}
    made = client.mutate("startSession", "session { sessionUuid }", key)["session"]
    return {"coordination": coordination, "session": made["sessionUuid"]}


def followed(
    client: Client, place: Mapping[str, str], members: Sequence[Member]
) -> dict[str, dict[str, Any]]:
    """Poll the session until it ends, and answer what is asked. Return the questions."""
    answers = {member.name: member.answer for member in members}
    questions: dict[str, dict[str, Any]] = {}
    ends_at = time.monotonic() + SECONDS
    while (status := client.execute(STATUS, **place)["session"]["status"]) in OPEN_STATUSES:
        assert time.monotonic() < ends_at, client.execute(RESULT, **place)
        for waiting in client.pages(OPEN, "openSessionAgents"):
            name = waiting["agentUuid"]
            # Each asks once.
            assert name not in questions, waiting
            questions[name] = waiting["ask"]
            key = {
                "sessionUuid": waiting["sessionUuid"],
                "sessionAgentUuid": waiting["sessionAgentUuid"],
                "runUuid": waiting["currentRun"]["runUuid"],
            }
            client.mutate(
                "answerSessionAgent", "sessionAgent { state }", {**key, **(answers[name] or {})}
            )
        time.sleep(0.5)
    assert status == "COMPLETED", client.execute(RESULT, **place)
    return questions


def sums(runs: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    total: Counter[str] = Counter()
    for run in runs:
        total.update(run["usage"] or {})
    return dict(total) or None


def messages_to(agent: str, log: Path) -> int:
    """How many messages the engine has sent to an A2A agent. Polls are none."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith('{"')]
    to = [line["gen_ai.agent.id"] for line in lines if line["message"] == "agent"]
    return to.count(agent)


def check(member: Member, session: Mapping[str, Any], asked: Mapping[str, Any] | None) -> None:
    """What a member has asked and said, in which runs, and what they used."""
    (agent,) = [one for one in session["sessionAgents"]["nodes"] if one["agentUuid"] == member.name]
    runs = [one for one in session["sessionRuns"]["nodes"] if one["agentUuid"] == member.name]
    runs.sort(key=lambda run: run["createdAt"])

    assert (agent["state"], agent["notes"]) == ("COMPLETED", None)
    assert re.fullmatch(member.says, agent["agentOutput"]), agent
    assert (asked or {"question": ""})["question"].startswith(member.asks or "")
    wanted = ASKED if member.asks else ANSWERED
    assert [run["outcome"] for run in runs] == wanted
    assert [(run["turn"], run["attempt"]) for run in runs] == [(1, 1), (2, 1)][: len(wanted)]
    assert agent["usage"] == sums(runs)


def polls_of(peer: str, engine: Engine, log: Path) -> int:
    """How many requests a server of A2A had, apart from the messages to its agent."""
    messages = messages_to(agent_of(peer), engine.log)
    # What it was given first, and the reply to its question.
    assert messages == 2
    return log.read_text().count('"POST ') - messages


def test_one_session_with_all_peers_asks_is_answered_and_completes(
    engine: Engine, peers: Peers
) -> None:
    members = members_of(peers)

    place = started(engine.client, members)
    questions = followed(engine.client, place, members)

    session = engine.client.execute(RESULT, **place)["session"]
    assert questions.keys() == {member.name for member in members if member.asks}
    for member in members:
        check(member, session, questions.get(member.name))
    assert session["usage"] == sums(session["sessionRuns"]["nodes"])
    agents = {one["agentUuid"]: one for one in session["sessionAgents"]["nodes"]}
    report = agents.pop("report")
    assert agents.keys() == {member.name for member in members}
    assert all(agent["agentOutput"] in report["agentInput"] for agent in agents.values())

    # The form is the one of the server, and its tools were called once, also before the question.
    form = questions["buyer"]["form"]
    assert form["properties"]["pieces"]["type"] == "integer"
    assert mcp_servers.calls(peers.logs["python"]) == ["stock oolong", "order oolong"]
    if "typescript" in peers.urls:
        assert mcp_servers.calls(peers.logs["typescript"]) == ["stock sencha"]
    for name in PEERS:
        # At least twice before it asked, and once after the reply.
        assert polls_of(name, engine, peers.logs[name]) >= 3
