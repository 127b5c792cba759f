"""The client of MCP servers, against a scripted one: both eras, and servers that die or lie."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost
from ai_coordination.clients import mcp
from ai_coordination.clients.mcp import Called, InputRequired, ServersTool, StateExpired
from ai_coordination.clients.mcp_session import McpFailed, Target
from ai_coordination.context import InvocationContext
from tests.support import mcp_server
from tests.support.http_peer import dripping, peer, saying, silent
from tests.support.http_server import Reply
from tests.support.mcp_server import ANY_OBJECT, MODERN, OLDER, McpServer, Refused

CONTEXT = InvocationContext()
STOCK = ServersTool("stock", "About stock", ANY_OBJECT)


@pytest.fixture
def server() -> Iterator[McpServer]:
    with mcp_server.serving() as running:
        running.tools["stock"] = lambda params: f"{len(params['arguments']['item'])} pieces"
        yield running


def client(url: str) -> mcp.McpServer:
    parsed = agent_hosts.parse(url)
    allowed = AllowedHost(parsed.scheme, parsed.host, parsed.port, private=True)
    return mcp.McpServer(Target(parsed, allowed, None, CONTEXT))


def failure(server: McpServer, seconds: float = 20) -> McpFailed:
    with pytest.raises(McpFailed) as raised:
        client(server.url).call(STOCK, {"item": "oolong"}, seconds)
    return raised.value


@pytest.mark.parametrize("has_events", [False, True], ids=["json", "events"])
@pytest.mark.parametrize(
    ("version", "has_sessions", "methods"),
    [
        (MODERN, False, ["server/discover", "tools/list", "tools/call", "tools/list"]),
        (
            OLDER,
            True,
            [
                *("server/discover", "initialize", "notifications/initialized", "tools/list"),
                *("tools/call", "DELETE"),
                *("initialize", "notifications/initialized", "tools/list", "DELETE"),
            ],
        ),
        (
            "2025-03-26",
            False,
            [
                *("server/discover", "initialize", "notifications/initialized", "tools/list"),
                *("tools/call", "initialize", "notifications/initialized", "tools/list"),
            ],
        ),
    ],
    ids=["2026-07-28", "2025-11-25 with sessions", "2025-03-26 without"],
)
def test_a_server_of_each_era_lists_and_calls_its_tools_and_its_era_is_remembered(
    server: McpServer, version: str, has_sessions: bool, has_events: bool, methods: list[str]
) -> None:
    server.version, server.has_sessions, server.has_events = version, has_sessions, has_events
    first, second = client(server.url), client(server.url)

    listed = first.tools(20)
    called = first.call(listed[0], {"item": "oolong"}, 20)
    first.close(CONTEXT.within(20))
    again = second.tools(20)
    second.close(CONTEXT.within(20))

    assert listed == again == [STOCK]
    assert called == Called("6 pieces", is_error=False)
    assert server.methods == methods
    versions = {one.headers.get("mcp-protocol-version") for one in server.requests[1:]}
    assert versions <= {version, None}
    assert server.sessions == set() or not has_sessions


def test_names_and_mirrored_arguments_are_headers_whatever_they_contain(server: McpServer) -> None:
    schema = {
        "type": "object",
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "deep": {"type": "object", "properties": {"n": {"x-mcp-header": "N"}}},
            "dry": {"type": "boolean", "x-mcp-header": "Dry"},
            "not a name": {"x-mcp-header": "no name\r\n"},
            "missing": {"type": "string", "x-mcp-header": "Missing"},
        },
    }
    server.tools["stock"] = lambda params: "done"
    arguments = {"region": "Zürich\n", "deep": {"n": 7}, "dry": True, "not a name": "x"}

    client(server.url).call(ServersTool("stock", "", schema), arguments, 20)

    sent = server.requests[-1].headers
    assert {name: value for name, value in sent.items() if name.startswith("mcp-param")} == {
        "mcp-param-region": "=?base64?WsO8cmljaAo=?=",
        "mcp-param-n": "7",
        "mcp-param-dry": "true",
    }


def test_calls_at_the_same_time_have_ids_of_their_own(server: McpServer) -> None:
    shared = client(server.url)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda size: shared.call(STOCK, {"item": "x" * size}, 20), range(20))

    assert [one.text for one in found if isinstance(one, Called)] == [
        f"{size} pieces" for size in range(20)
    ]
    numbers = [one.message["id"] for one in server.requests]
    assert len(set(numbers)) == len(numbers) == 21


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"content": []}, Called("", is_error=False)),
        ({"content": [], "structuredContent": {"n": "é"}}, Called('{"n": "é"}', is_error=False)),
        (
            {"content": [{"type": "text", "text": "no"}], "isError": True},
            Called("no", is_error=True),
        ),
        (
            {
                "content": [
                    {"type": "image", "data": "iVBO"},
                    {"type": "resource", "resource": {"uri": "file:///a", "text": "A"}},
                    {"type": "resource_link", "uri": "file:///b"},
                    7,
                ]
            },
            Called("(image, left out)\nA\nfile:///b\n(None, left out)", is_error=False),
        ),
        ({"content": "text", "isError": "yes"}, Called("", is_error=False)),
    ],
)
def test_each_form_of_a_result_is_read(server: McpServer, result: Any, expected: Called) -> None:
    server.tools["stock"] = lambda params: result

    assert client(server.url).call(STOCK, {}, 20) == expected


def test_a_question_and_its_answer_travel_with_the_servers_state(server: McpServer) -> None:
    asks = {"method": "elicitation/create", "params": {"message": "How many?"}}

    def order(params: dict[str, Any]) -> Any:
        if params.get("requestState") == "wait":
            return f"ordered {params['inputResponses']['q']['content']['n']}"
        if "inputResponses" in params:
            return {"resultType": "input_required", "requestState": "wait"}
        return {"resultType": "input_required", "inputRequests": {"q": asks}, "requestState": "st"}

    server.tools["stock"] = order
    calling = client(server.url)

    asked = calling.call(STOCK, {}, 20)
    assert asked == InputRequired({"q": asks}, "st")
    responses = {"q": {"action": "accept", "content": {"n": 3}}}
    server.tools["stock"] = lambda params: f"{params['requestState']} {params['inputResponses']}"
    assert calling.call(STOCK, {}, 20, responses=responses, state="st") == Called(
        f"st {responses}", is_error=False
    )

    def expired(params: Any) -> Any:
        data = {"reason": "invalid_request_state"}
        raise Refused(-32602, "Invalid or expired requestState", data, status=400)

    server.tools["stock"] = expired
    with pytest.raises(StateExpired):
        calling.call(STOCK, {}, 20, responses=responses, state="st")


def test_a_server_that_wants_only_another_call_is_called_again_but_not_without_end(
    server: McpServer,
) -> None:
    states = iter(["1", "2", None])

    def slow(params: dict[str, Any]) -> Any:
        state = next(states)
        if state is None:
            return f"done after {params['requestState']}"
        return {"resultType": "input_required", "requestState": state}

    server.tools["stock"] = slow
    assert client(server.url).call(STOCK, {}, 20) == Called("done after 2", is_error=False)

    server.tools["stock"] = lambda params: {"resultType": "input_required", "requestState": "x"}
    assert failure(server).notes == "The tool server asks for nothing, again and again"
    server.tools["stock"] = lambda params: {"resultType": "input_required"}
    assert failure(server).notes == "The tool server wants something that it does not name"


def test_a_server_of_another_era_than_before_is_recognized_without_a_second_call(
    server: McpServer,
) -> None:
    calling = client(server.url)
    calling.tools(20)
    server.version = OLDER
    server.requests.clear()

    assert calling.call(STOCK, {"item": "oolong"}, 20) == Called("6 pieces", is_error=False)
    assert server.methods == [
        *("tools/call", "server/discover", "initialize", "notifications/initialized"),
        "tools/call",
    ]
    # An error of the tool itself is no reason to ask again.
    server.version = MODERN
    modern = client(server.url.replace("127.0.0.1", "localhost"))
    modern.tools(20)

    def fail(params: Any) -> Any:
        raise Refused(-32000, "no such item")

    server.tools["stock"] = fail
    server.requests.clear()
    assert modern.call(STOCK, {}, 20) == Called("no such item", is_error=True)
    assert server.methods.count("tools/call") == 1


def test_a_lost_session_begins_anew(server: McpServer) -> None:
    server.version = OLDER
    calling = client(server.url)
    calling.tools(20)
    server.sessions.clear()

    assert calling.call(STOCK, {"item": "oolong"}, 20) == Called("6 pieces", is_error=False)
    assert len(server.sessions) == 1


EVENTS = {"content-type": "text/event-stream"}


def events(*messages: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in messages)


@pytest.mark.parametrize(
    ("reply", "notes", "retryable"),
    [
        (Reply(b"", 503), "The tool server answered 503", True),
        (Reply(b"no", 429), "The tool server answered 429", True),
        (
            Reply(b'{"error": "invalid_token"}', 401),
            "The tool server answered 401: it does not accept the key, or not for this",
            False,
        ),
        (Reply(b"{}"), "The tool server has ended its answer without a result", True),
        (Reply(b"[[[", 200), "The tool server has ended its answer without a result", True),
        (
            Reply(b'{"jsonrpc": "2.0", "id": 99, "result": {}}'),
            "The tool server has ended its answer without a result",
            True,
        ),
        (
            Reply(b"data: {", 200, EVENTS),
            "The tool server has ended its answer without a result",
            True,
        ),
        (
            Reply(b"x" * (4 * 1024 * 1024 + 1)),
            "The tool server gave no usable answer. The answer is larger than 4,194,304 bytes",
            False,
        ),
        (
            Reply(
                events({"id": 1, "method": "ping"}, {"id": 2, "method": "sampling/createMessage"}),
                200,
                EVENTS,
            ),
            ("The tool server asks the engine for sampling/createMessage, which it does not offer"),
            False,
        ),
    ],
)
def test_a_server_that_says_something_else_has_failed(
    server: McpServer, reply: Reply, notes: str, retryable: bool
) -> None:
    server.raw["tools/call"] = lambda message: reply

    failed = failure(server)

    assert (failed.notes, failed.retryable) == (notes, retryable)


def test_a_result_that_is_not_an_object_has_failed(server: McpServer) -> None:
    server.raw["tools/call"] = lambda message: Reply(
        json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": [1]}).encode()
    )

    assert failure(server).notes == "The tool server's result is not an object"


@pytest.mark.parametrize(
    ("reply", "is_asked_more"),
    [
        (Reply(b"", 404), True),
        (Reply(b"", 400), True),
        (Reply(b"", 401), False),
        (Reply(b"", 403), False),
        (Reply(b"", 429), False),
        (Reply(b"", 500), False),
    ],
)
def test_only_a_server_that_does_not_know_the_new_era_is_asked_in_the_old_way(
    server: McpServer, reply: Reply, is_asked_more: bool
) -> None:
    server.version = OLDER
    server.raw["server/discover"] = lambda message: reply

    if is_asked_more:
        assert client(server.url).tools(20) == [STOCK]
    else:
        with pytest.raises(McpFailed, match=f"answered {reply.status}"):
            client(server.url).tools(20)
        assert server.methods == ["server/discover"]


def test_a_server_of_an_unknown_version_is_not_used(server: McpServer) -> None:
    server.version = "2023-01-01"

    with pytest.raises(McpFailed) as raised:
        client(server.url).tools(20)

    assert raised.value.notes == "The tool server speaks another version of MCP: 2023-01-01"
    assert not raised.value.retryable


def test_what_a_server_lists_is_read_page_by_page_and_tools_without_a_shape_are_left_out(
    server: McpServer,
) -> None:
    pages = iter(
        [
            {
                "tools": [{"name": "a", "inputSchema": ANY_OBJECT}, 7, {"name": 1}],
                "nextCursor": "2",
            },
            {"tools": [{"name": "b", "title": "B", "inputSchema": ANY_OBJECT}, {"name": "c"}]},
        ]
    )
    server.raw["tools/list"] = lambda message: Reply(
        json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": next(pages)}).encode()
    )

    assert client(server.url).tools(20) == [
        ServersTool("a", "", ANY_OBJECT),
        ServersTool("b", "B", ANY_OBJECT),
    ]
    assert server.requests[-1].message["params"]["cursor"] == "2"


def test_a_list_that_would_fill_the_memory_is_refused(server: McpServer) -> None:
    schema = {**ANY_OBJECT, "title": "x" * 60_000}
    pages: list[int] = []

    def listed(message: Any) -> Reply:
        pages.append(len(pages))
        tools = [{"name": f"t{pages[-1]}{one}", "inputSchema": schema} for one in range(9)]
        result = {"tools": tools, "nextCursor": "more"}
        return Reply(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode())

    server.raw["tools/list"] = listed

    with pytest.raises(McpFailed) as raised:
        client(server.url).tools(20)

    assert raised.value.notes == "The list has more than 1,000,000 characters"
    assert (len(pages), raised.value.retryable) == (2, False)


@pytest.mark.parametrize(
    "behaviour",
    [silent, dripping(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: ")],
    ids=["silent", "drips"],
)
def test_a_server_that_does_not_end_is_left_at_the_deadline(behaviour: Any) -> None:
    with peer(behaviour) as dead, pytest.raises(McpFailed) as raised:
        client(f"http://127.0.0.1:{dead.port}/mcp").tools(0.2)

    assert raised.value.notes == "The tool server has not answered in time"


def test_a_stream_that_stays_open_after_the_answer_is_not_waited_for() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"

    def stay(connection: Any) -> None:
        message = json.loads(serving.requests[-1].partition(b"\r\n\r\n")[2])
        result = {"supportedVersions": [MODERN], "tools": []}
        connection.sendall(head + events({"id": message["id"], "result": result}))
        connection.recv(1)

    with peer(stay) as serving:
        assert client(f"http://127.0.0.1:{serving.port}/mcp").tools(20) == []

    assert len(serving.requests) == 2


def test_a_server_that_dies_in_the_middle_of_an_answer_has_failed() -> None:
    half = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"
    with peer(saying(half)) as dying, pytest.raises(McpFailed) as raised:
        client(f"http://127.0.0.1:{dying.port}/mcp").tools(20)

    assert raised.value.notes.startswith("The tool server gave no usable answer. The connection")
    assert raised.value.retryable
