"""The client for servers that are not AWS, against real sockets that behave badly."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ai_coordination.agent_hosts import AllowedHost, Server
from ai_coordination.clients import http
from ai_coordination.clients.http import NotAnswered, Reply, Resolver
from ai_coordination.context import InvocationContext
from tests.support.certificates import Authority
from tests.support.http_peer import OK, Behaviour, dripping, peer, saying, silent
from tests.support.ports import free_port

HERE = AllowedHost("http", "127.0.0.1", 0, private=True)
HOST = "llm.example"
NAMED = AllowedHost("https", HOST, 443, private=True)
HEADERS = {"authorization": "Bearer secret-7"}
CONTEXT = InvocationContext()
LARGE = 4 * 1024 * 1024


def ask(behaviour: Behaviour, seconds: float = 20, body: bytes = b"{}") -> Reply:
    with peer(behaviour) as serving:
        server = Server("http", "127.0.0.1", serving.port, "/v1/chat", "version=1")
        return http.post(server, HERE, HEADERS, body, seconds, context=CONTEXT)


def refusal(behaviour: Behaviour, seconds: float = 20) -> NotAnswered:
    with pytest.raises(NotAnswered) as raised:
        ask(behaviour, seconds)
    return raised.value


def test_a_request_is_sent_once_as_it_is_and_the_answer_is_returned_with_its_status() -> None:
    answer = b"HTTP/1.1 418 Teapot\r\nX-Request-Id: r1\r\ncontent-length: 5\r\n\r\nshort"
    with peer(saying(answer)) as serving:
        server = Server("http", "127.0.0.1", serving.port, "/v1/chat", "version=1")
        reply = http.post(server, HERE, HEADERS, b'{"a": 1}', 20, context=CONTEXT)

    assert (reply.status, reply.body) == (418, b"short")
    assert reply.headers["x-request-id"] == "r1"
    (request,) = serving.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/chat?version=1 HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: identity",
        "Connection: close",
        "Content-Length: 8",
        f"Host: 127.0.0.1:{serving.port}",
        "authorization: Bearer secret-7",
    ]
    assert body == b'{"a": 1}'


def test_a_get_has_no_body_and_the_same_bounds() -> None:
    with peer(saying(OK)) as serving:
        server = Server("http", "127.0.0.1", serving.port, "/card.json", "")
        assert http.get(server, HERE, HEADERS, 20, context=CONTEXT).body == b"ok"
        with pytest.raises(NotAnswered, match="The answer is larger than 1 bytes"):
            http.get(server, HERE, HEADERS, 20, context=CONTEXT, largest=1)

    lines = serving.requests[0].decode().split("\r\n")
    assert lines[0] == "GET /card.json HTTP/1.1"
    assert not [line for line in lines if line.lower().startswith("content-length")]
    assert serving.requests[0].endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        2 * b"HTTP/1.1 102 Processing\r\n\r\n" + OK,
        b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n" + OK,
        b"HTTP/1.0 200 OK\r\n\r\nok",
    ],
    ids=["chunked", "continued", "processing", "hints", "until the end"],
)
def test_each_form_of_an_answer_is_read(answer: bytes) -> None:
    assert ask(saying(answer)).body == b"ok"


@pytest.mark.parametrize(
    "behaviour",
    [
        silent,
        dripping(b""),
        dripping(b"HTTP/1.1 200 OK\r\nx: "),
        dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=["silent", "status", "headers", "body", "endless body"],
)
def test_a_peer_that_drips_is_left_at_the_deadline_of_the_whole_request(
    behaviour: Behaviour,
) -> None:
    refused = refusal(behaviour, seconds=0.2)

    assert refused.notes == "The server has not answered in time"
    assert (refused.timed_out, refused.retryable) == (True, True)


def test_a_peer_that_does_not_read_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server("http", "127.0.0.1", listening.getsockname()[1], "/", "")
        with pytest.raises(NotAnswered) as raised:
            http.post(server, HERE, {}, b"x" * 50_000_000, 0.2, context=CONTEXT)

    assert raised.value.timed_out


BROKEN = "The agent gave no usable answer. The connection broke in the middle of the answer"
NOT_HTTP = "The agent gave no usable answer. The answer is not valid HTTP"
BROKEN_ANSWERS = {
    "nothing": (b"", "The agent could not be reached. The connection broke (RemoteDisconnected)"),
    "head": (b"HTTP/1.1 200 OK\r\ncontent-type: text/pl", BROKEN),
    "line": (b"HTTP/1.1 200", BROKEN),
    "body": (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", BROKEN),
    "chunk": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nshort", BROKEN),
    "not HTTP": (b"SSH-2.0-OpenSSH\r\n", NOT_HTTP),
    "another HTTP": (b"HTTP/2.0 200 OK\r\n\r\n", NOT_HTTP),
    "many headers": (
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        f"{NOT_HTTP}: got more than 100 headers",
    ),
    "long header": (
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n",
        f"{NOT_HTTP}: got more than 65536 bytes when reading header line",
    ),
}


@pytest.mark.parametrize("name", BROKEN_ANSWERS)
def test_an_answer_that_breaks_off_or_is_not_http_is_worth_another_attempt(name: str) -> None:
    answer, notes = BROKEN_ANSWERS[name]

    refused = refusal(saying(answer))

    assert refused.notes_of("The agent") == notes
    assert (refused.timed_out, refused.retryable) == (False, True)


@pytest.mark.parametrize(
    ("status", "encoding", "body"),
    [
        (200, b"gzip", None),
        (200, b"utf-8, Br", None),
        (200, b"utf-8", b"ok"),
        (200, b"identity", b"ok"),
        (503, b"gzip", b"ok"),
    ],
)
def test_an_answer_that_is_compressed_is_not_read(
    status: int, encoding: bytes, body: bytes | None
) -> None:
    head = b"HTTP/1.1 %d X\r\ncontent-encoding: %b\r\n\r\n" % (status, encoding)
    if body is not None:
        assert ask(saying(head + body)).body == body
        return

    refused = refusal(saying(head + b"\x1f\x8b"))

    assert refused.notes_of("The agent") == (
        "The agent gave no usable answer."
        " The answer is compressed, and the engine has asked for one that is not"
    )
    assert not refused.retryable


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (LARGE + 1) + b"x" * (LARGE + 1),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGE + 1),
    ],
    ids=["announced", "not announced"],
)
def test_an_answer_over_4_mb_is_not_read_and_not_asked_for_again(answer: bytes) -> None:
    refused = refusal(saying(answer))

    assert refused.notes == "The answer is larger than 4,194,304 bytes"
    assert not refused.retryable


def flooding(start: bytes, piece: bytes) -> Behaviour:
    """Send a piece again and again, until the other side hangs up."""

    def flood(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece * 100)

    return flood


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
FLOODS = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "other interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "chunks with extensions": (CHUNKED, b"1;" + b"x" * 30_000 + b"\r\nx\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"a: " + b"x" * 30_000 + b"\r\n"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_around_the_body_is_left_long_before_the_deadline(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "FRAMED", 0)

    refused = refusal(flooding(*FLOODS[name]), 300)

    assert refused.notes == "The answer has too much around its body"
    assert not refused.retryable


def test_an_answer_of_4_mb_is_read() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % LARGE + b"x" * LARGE

    assert len(ask(saying(answer)).body) == LARGE


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with peer(saying(OK)) as other:
        location = f"http://127.0.0.1:{other.port}/".encode()
        head = b"HTTP/1.1 307 Elsewhere\r\ncontent-length: 0\r\nlocation: " + location
        reply = ask(saying(head + b"\r\n\r\n"))

    assert reply.status == 307
    assert other.requests == []


def test_nothing_listens() -> None:
    server = Server("http", "127.0.0.1", free_port(), "/", "")

    with pytest.raises(NotAnswered, match="does not accept connections") as raised:
        http.post(server, HERE, {}, b"", 20, context=CONTEXT)

    assert raised.value.retryable


def test_a_header_that_is_none_is_not_sent_and_not_repeated() -> None:
    with peer(saying(OK)) as serving:
        server = Server("http", "127.0.0.1", serving.port, "/", "")
        with pytest.raises(NotAnswered) as raised:
            http.post(
                server, HERE, {"authorization": "Bearer secret\r\nx: 7"}, b"", 20, context=CONTEXT
            )

    assert raised.value.notes == "The request is not valid HTTP"
    assert not raised.value.retryable


class Names:
    """A resolver whose answer changes with each question."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        assert host == HOST
        return self.answers.pop(0)


PUBLIC = AllowedHost("http", HOST, 80)
PRIVATE = [
    "127.0.0.1",
    "10.0.0.5",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "fd00::1",
    "fec0::1",
    "::7f00:1",
    "::ffff:10.0.0.5",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "224.0.0.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_with_a_private_address_is_not_called(address: str) -> None:
    server = Server("http", HOST, 80, "/", "")

    with pytest.raises(NotAnswered, match="is private") as raised:
        http.post(server, PUBLIC, {}, b"", 20, resolver=Resolver(Names([address])), context=CONTEXT)

    assert not raised.value.retryable


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "64:ff9b::a9fe:a9fe", "fd00:ec2::254"]
)
def test_a_link_local_address_is_never_called(address: str) -> None:
    server = Server("http", HOST, 80, "/", "")
    allowed = AllowedHost("http", HOST, 80, private=True)

    with pytest.raises(NotAnswered, match="is private"):
        http.post(
            server, allowed, {}, b"", 20, resolver=Resolver(Names([address])), context=CONTEXT
        )


def test_a_name_whose_address_changes_is_called_where_it_was_checked() -> None:
    names = Names(["127.0.0.1"], ["10.0.0.5"])
    with peer(saying(OK)) as serving:
        server = Server("http", HOST, serving.port, "/", "")
        reply = http.post(server, NAMED, {}, b"", 20, resolver=Resolver(names), context=CONTEXT)

    assert reply.body == b"ok"
    assert names.answers == [["10.0.0.5"]]
    assert f"Host: {HOST}:{serving.port}".encode() in serving.requests[0]


def test_the_next_address_is_tried_if_one_does_not_take_the_connection() -> None:
    with peer(saying(OK)) as serving:
        server = Server("http", HOST, serving.port, "/", "")
        resolver = Resolver(Names(["::1", "127.0.0.1"]))
        assert (
            http.post(server, NAMED, {}, b"", 20, resolver=resolver, context=CONTEXT).body == b"ok"
        )

    assert len(serving.requests) == 1


def test_a_name_without_an_address_is_worth_another_attempt() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    server = Server("http", HOST, 80, "/", "")
    with pytest.raises(NotAnswered, match="has no address") as raised:
        http.post(server, PUBLIC, {}, b"", 20, resolver=Resolver(unknown), context=CONTEXT)

    assert raised.value.retryable


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def over_tls(authority: Authority, name: str, behaviour: Behaviour, roots: Path | None) -> Reply:
    """Ask a server that has a certificate of a name for HOST."""
    context = (lambda: http.tls_context(str(roots))) if roots else None
    resolver = Resolver(Names(["127.0.0.1"]), context)
    with peer(behaviour, authority.server(name)) as serving:
        server = Server("https", HOST, serving.port, "/", "")
        return http.post(server, NAMED, HEADERS, b"{}", 20, resolver=resolver, context=CONTEXT)


def test_over_tls_the_certificate_is_the_hosts(authority: Authority) -> None:
    assert over_tls(authority, HOST, saying(OK), authority.roots).body == b"ok"


def test_a_certificate_of_another_name_is_refused_for_good(authority: Authority) -> None:
    with pytest.raises(NotAnswered, match="certificate is not valid") as raised:
        over_tls(authority, "evil.example", saying(OK), authority.roots)

    assert not raised.value.retryable


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority) -> None:
    with pytest.raises(NotAnswered, match="certificate is not valid"):
        over_tls(authority, HOST, saying(OK), None)


def test_over_tls_a_peer_that_drips_is_left_at_the_deadline(authority: Authority) -> None:
    resolver = Resolver(Names(["127.0.0.1"]), lambda: http.tls_context(str(authority.roots)))
    with peer(dripping(b"HTTP/1.1 200 OK\r\n\r\n"), authority.server(HOST)) as serving:
        server = Server("https", HOST, serving.port, "/", "")
        with pytest.raises(NotAnswered) as raised:
            http.post(server, NAMED, {}, b"{}", 0.5, resolver=resolver, context=CONTEXT)

    assert raised.value.timed_out


def test_a_peer_that_never_shakes_hands_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server("https", "127.0.0.1", listening.getsockname()[1], "/", "")
        with pytest.raises(NotAnswered) as raised:
            http.post(server, HERE, {}, b"", 0.2, context=CONTEXT)

    assert raised.value.timed_out


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Sun, 29 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 29 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": f"Sun, 29 Nov 2026 12:00:30 +{'9' * 20}"}, None),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
    ],
    ids=str,
)
def test_when_a_server_wants_to_be_asked_again(
    headers: dict[str, str], seconds: float | None
) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)

    assert Reply(429, headers, b"").retry_after(now) == seconds
