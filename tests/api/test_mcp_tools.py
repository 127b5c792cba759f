"""Models with the tools of MCP servers, also tools that ask a person before they do something."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ai_coordination.clients import mcp
from ai_coordination.clients.secrets import secrets
from ai_coordination.config import settings
from ai_coordination.runtimes.tools import mcp_tools, toolbox
from tests.api.asking import OPEN, agent
from tests.api.execution import after, agents, outcomes, report, started, tell
from tests.support import mcp_server
from tests.support.chat_server import ChatServer
from tests.support.graph_api import Place, data
from tests.support.http_server import Reply
from tests.support.mcp_server import OLDER, McpServer, Refused
from tests.support.model_kinds import Chat, Model, Result, Use

pytestmark = pytest.mark.usefixtures("worked_queue")

ITEM = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}


@pytest.fixture
def server(models_server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[McpServer]:
    """A server with one tool, which agents may have."""
    mcp_tools.lists.clear()
    with mcp_server.serving() as running:
        base = running.url.removesuffix("/mcp")
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", f"{models_server.url}, {base}")
        settings.cache_clear()
        running.tools["stock"] = lambda params: f"{len(params['arguments']['item'])} pieces"
        running.schemas["stock"] = ITEM
        yield running
    mcp_tools.lists.clear()
    mcp.eras.forget(running.url)


def run(model: Model, *tools: Any, action: Any = None, **parameters: Any) -> Place:
    members = [model.member(tools=list(tools), **parameters)]
    return started(members, [after("a", **(action or TWICE))])


def test_a_model_calls_a_tool_of_a_server_with_the_key_of_a_secret(
    any_model: Model, server: McpServer
) -> None:
    calls = any_model.calls(Use("c1", "stock", {"item": "oolong"}))
    any_model.answers(calls, any_model.says("6"), calls, any_model.says("6"))
    tool = {"mcp": server.url, "apiKeySecret": "key"}

    place = run(any_model, tool)
    assert agents(place)["a"]["agentOutput"] == "6"
    run(any_model, tool)

    assert any_model.tools_in(any_model.server.requests[0]) == [("stock", "About stock", ITEM)]
    assert any_model.results() == [Result("c1", "6 pieces", is_error=False)]
    # The list and the era are kept for the next run.
    assert server.methods == ["server/discover", "tools/list", "tools/call", "tools/call"]
    assert {one.headers["authorization"] for one in server.requests} == {"Bearer sk-0123456789"}


def test_tools_of_several_servers_have_distinct_names_that_every_provider_takes(
    any_model: Model, server: McpServer
) -> None:
    server.tools |= {"stock.list": lambda params: "listed", "x" * 80: lambda params: "long"}
    any_model.answers(any_model.calls(Use("c1", "stock_list_2", {})), any_model.says("Done"))
    other = {"mcp": f"{server.url}?n=2", "prefix": "b_", "only": ["x" * 80, "stock"]}

    run(any_model, {"mcp": server.url}, other, {"mcp": f"{server.url}?n=3", "only": ["stock.list"]})

    names = [name for name, *_ in any_model.tools_in(any_model.server.requests[0])]
    assert names == ["stock", "stock_list", "x" * 64, f"b_{'x' * 62}", "b_stock", "stock_list_2"]
    assert any_model.results() == [Result("c1", "listed", is_error=False)]


def test_a_server_that_fails_while_a_tool_is_called_is_an_error_for_the_model(
    chat: Chat, server: McpServer
) -> None:
    def refuse(params: Any) -> Any:
        raise Refused(-32602, "item: required", status=400)

    server.tools |= {
        "down": lambda params: Reply(b"", 503),
        "refused": refuse,
        "failed": lambda params: {"isError": True, "content": []},
    }
    chat.answers(
        chat.calls(Use("c1", "down", {})),
        chat.calls(Use("c2", "refused", {})),
        chat.calls(Use("c3", "failed", {})),
        chat.says("Sorry"),
    )

    agent = agents(run(chat, {"mcp": server.url}))["a"]

    assert agent["agentOutput"] == "Sorry"
    assert [chat.results(number)[0].text for number in (1, 2, 3)] == [
        "Error: The tool server answered 503",
        "Error: item: required",
        "Error: (nothing)",
    ]


@pytest.mark.parametrize(
    ("reply", "notes", "attempts"),
    [
        (Reply(b"", 503), "could not be listed. The tool server answered 503", 2),
        (
            Reply(b"sk-0123456789", 401),
            (
                "could not be listed. The tool server answered 401: it does not accept the key, or"
                " not for this"
            ),
            1,
        ),
    ],
)
def test_an_agent_whose_tools_cannot_be_listed_fails_and_is_not_asked_without_them(
    chat: Chat, server: McpServer, reply: Reply, notes: str, attempts: int
) -> None:
    server.raw["tools/list"] = lambda message: reply
    retry = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}

    place = run(chat, {"mcp": server.url, "apiKeySecret": "key"}, action=retry)

    authority = server.url.removeprefix("http://").removesuffix("/mcp")
    assert agents(place)["a"]["notes"] == f"The tools of {authority} {notes}"
    assert outcomes(place) == [("a", n, "FAILED") for n in range(1, attempts + 1)]
    assert chat.server.requests == []


def test_a_tool_that_the_server_does_not_have_fails_the_agent(
    chat: Chat, server: McpServer
) -> None:
    place = run(chat, {"mcp": server.url, "only": ["stock", "order"]}, action=TWICE)

    authority = server.url.removeprefix("http://").removesuffix("/mcp")
    notes = f"The tool server {authority} has no tool 'order'"
    assert agents(place)["a"]["notes"] == notes
    assert outcomes(place) == [("a", 1, "FAILED")]


def test_more_tools_than_a_model_takes_fail_the_agent(chat: Chat, server: McpServer) -> None:
    server.tools |= {f"t{number}": lambda params: "" for number in range(128)}

    place = run(chat, {"mcp": server.url})

    notes = "A model has at most 128 tools, and this has 129: use `only`"
    assert agents(place)["a"]["notes"] == notes


def test_the_session_with_an_older_server_ends_with_the_run(chat: Chat, server: McpServer) -> None:
    server.version = OLDER
    chat.answers(
        chat.calls(Use("c1", "stock", {"item": "a"}), Use("c2", "stock", {"item": "ab"})),
        chat.says("Done"),
    )

    run(chat, {"mcp": server.url})

    assert [one.text for one in chat.results()] == ["1 pieces", "2 pieces"]
    assert server.methods.count("initialize") == 1
    assert server.methods[-1] == "DELETE"
    assert server.sessions == set()


def test_servers_that_do_not_end_their_sessions_keep_no_result_waiting(
    chat: Chat, server: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(message: Any) -> Reply:
        over.wait(30)
        return Reply(b"")

    over = threading.Event()
    server.version = OLDER
    server.raw["DELETE"] = silent
    monkeypatch.setattr(toolbox, "CLOSE_SECONDS", 1.0)
    chat.answers(chat.says("Done"))

    other = server.url.replace("/mcp", "/other")
    try:
        place = run(chat, {"mcp": server.url}, {"mcp": other, "prefix": "other_"})
    finally:
        over.set()

    assert agents(place)["a"]["agentOutput"] == "Done"
    assert (server.methods.count("initialize"), server.methods.count("DELETE")) == (2, 1)


def test_a_key_that_has_changed_is_read_anew(
    chat: Chat, server: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed(message: Any) -> Reply:
        monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", "sk-new-0123456789")
        del server.raw["server/discover"]
        return Reply(b"", 401)

    server.raw["server/discover"] = listed
    secrets.forget("key")
    chat.answers(chat.says("Done"))

    assert (
        agents(run(chat, {"mcp": server.url, "apiKeySecret": "key"}))["a"]["agentOutput"] == "Done"
    )
    assert server.requests[-1].headers["authorization"] == "Bearer sk-new-0123456789"


AMOUNT = {
    "type": "object",
    "properties": {
        "pieces": {"type": "integer", "title": "Pieces", "minimum": 1, "x-other": 1},
        "when": {
            "type": "string",
            "oneOf": [{"const": "now", "title": "At once"}, {"const": "later"}],
        },
    },
    "required": ["pieces", "gone"],
}
FORM = {
    "type": "object",
    "properties": {
        "pieces": {"type": "integer", "title": "Pieces", "minimum": 1},
        "when": {"type": "string", "enum": ["now", "later"]},
    },
    "additionalProperties": False,
    "required": ["pieces"],
}


def elicitation(message: str, schema: Any = AMOUNT) -> dict[str, Any]:
    params = {"mode": "form", "message": message, "requestedSchema": schema}
    return {"method": "elicitation/create", "params": params}


def needs(state: str | None, **requests: Any) -> dict[str, Any]:
    """A result that wants something first."""
    found = {"resultType": "input_required", "inputRequests": requests}
    return found if state is None else {**found, "requestState": state}


def answer(place: Place, **said: Any) -> None:
    tell("answerSessionAgent", {**report(place, "a"), **said})


def test_a_tool_asks_a_person_and_continues_with_its_state_and_nothing_is_done_twice(
    any_model: Model, server: McpServer
) -> None:
    done: list[Any] = []

    def order(params: dict[str, Any]) -> Any:
        if "inputResponses" not in params:
            return needs("sealed", amount=elicitation("How many?"))
        done.append((params["arguments"], params["inputResponses"], params["requestState"]))
        return "ordered"

    server.tools["order"] = order
    calls = [Use("c1", "stock", {"item": "a"}), Use("c2", "order", {"item": "a"})]
    any_model.answers(any_model.calls(*calls), any_model.says("Done"))

    place = run(any_model, {"mcp": server.url})
    (shown,) = data(OPEN)["openSessionAgents"]["nodes"]
    answer(place, answer={"pieces": 7, "when": "later"})

    assert (shown["ask"]["question"], shown["ask"]["form"]) == ("How many?", FORM)
    assert agents(place)["a"]["agentOutput"] == "Done"
    response = {"action": "accept", "content": {"pieces": 7, "when": "later"}}
    assert done == [({"item": "a"}, {"amount": response}, "sealed")]
    assert [one.text for one in any_model.results()] == ["1 pieces", "ordered"]
    assert server.methods.count("tools/call") == 3
    assert len(any_model.server.requests) == 2


def test_answers_are_given_again_where_a_tool_that_has_forgotten_its_state_asks_the_same(
    chat: Chat, server: McpServer
) -> None:
    seen: list[Any] = []
    lives: set[str] = set()

    def order(params: dict[str, Any]) -> Any:
        state, given = params.get("requestState"), params.get("inputResponses", {})
        seen.append((state, {key: one["content"] for key, one in given.items()}))
        if state is not None and state not in lives:
            raise Refused(-32602, "Invalid or expired requestState", status=400)
        if state is None:
            lives.add("s1")
            return needs("s1", amount=elicitation("How many?"))
        if state == "s1":
            lives.add("s2")
            return needs("s2", sure=elicitation("Sure?", {"type": "object", "properties": {}}))
        return "ordered"

    server.tools["order"] = order
    chat.answers(chat.calls(Use("c1", "order", {})), chat.says("Done"))
    place = run(chat, {"mcp": server.url})
    answer(place, answer={"pieces": 7})

    # The server starts anew, and forgets everything.
    lives.clear()
    waiting = agent(place)["ask"]
    answer(place, answer={"approved": True})
    again = agent(place)["ask"]

    assert waiting["question"] == again["question"] == "Sure?"
    assert list(waiting["form"]["properties"]) == ["approved"]
    assert agents(place)["a"]["agentOutput"] == "Done"
    assert seen == [
        (None, {}),
        ("s1", {"amount": {"pieces": 7}}),
        ("s2", {"sure": {}}),
        (None, {}),
        ("s1", {"amount": {"pieces": 7}}),
        ("s2", {"sure": {}}),
    ]


def test_another_question_after_a_lost_state_is_asked_anew(chat: Chat, server: McpServer) -> None:
    prices = iter(["10", "12"])

    def order(params: dict[str, Any]) -> Any:
        if params.get("requestState") == "10":
            raise Refused(-32602, "Invalid or expired requestState", status=400)
        if params.get("requestState") == "12":
            return f"ordered for {params['requestState']}"
        price = next(prices)
        return needs(price, ok=elicitation(f"It costs {price}. Order?", None))

    server.tools["order"] = order
    chat.answers(chat.calls(Use("c1", "order", {})), chat.says("Done"))
    place = run(chat, {"mcp": server.url})

    answer(place, answer={"approved": True})
    assert agent(place)["ask"]["question"] == "It costs 12. Order?"
    answer(place, answer={"approved": True})

    assert [one.text for one in chat.results()] == ["ordered for 12"]


def test_several_questions_at_once_are_asked_one_after_the_other_and_a_no_declines(
    chat: Chat, server: McpServer
) -> None:
    def order(params: dict[str, Any]) -> Any:
        if given := params.get("inputResponses"):
            return json.dumps(given)
        return needs(None, a=elicitation("How many?"), b=elicitation("Sure?", None))

    server.tools["order"] = order
    chat.answers(chat.calls(Use("c1", "order", {})), chat.says("Done"))
    place = run(chat, {"mcp": server.url})

    answer(place, answer={"pieces": 7})
    assert agent(place)["ask"]["question"] == "Sure?"
    assert server.methods.count("tools/call") == 1
    answer(place, answer={"approved": False})

    (result,) = chat.results()
    accepted = {"action": "accept", "content": {"pieces": 7}}
    assert json.loads(result.text) == {"a": accepted, "b": {"action": "decline"}}


@pytest.mark.parametrize(
    ("request_", "notes"),
    [
        (
            {"method": "sampling/createMessage", "params": {}},
            "The tool asks the engine for sampling/createMessage, which it does not offer",
        ),
        (
            {"method": "elicitation/create", "params": {"mode": "url", "url": "https://x.example"}},
            "The tool asks the person to open a page, which the engine does not offer",
        ),
        (
            elicitation("?", {"properties": {"a": {"type": "object"}}}),
            "The tool asks with a form that has other members than simple ones",
        ),
        (
            elicitation("?", {"properties": {"a": {"type": "string", "title": "x" * 17_000}}}),
            "The tool asks with too large a form",
        ),
    ],
)
def test_what_no_person_can_be_asked_is_an_error_for_the_model(
    chat: Chat, server: McpServer, request_: Any, notes: str
) -> None:
    server.tools["order"] = lambda params: needs("s", key=request_)
    chat.answers(chat.calls(Use("c1", "order", {})), chat.says("Sorry"))

    assert agents(run(chat, {"mcp": server.url}))["a"]["agentOutput"] == "Sorry"

    assert [one.text for one in chat.results()] == [f"Error: {notes}"]
