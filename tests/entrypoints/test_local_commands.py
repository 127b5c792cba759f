"""The commands that end by themselves: what they print, and their exit codes."""

import io
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.local_server import LocalServer, command

EVENTS = Path(__file__).parents[2] / "events"
OFFERS = """\
coordination:
  coordinationName: Offers
  agents: [{ agentName: Offer, runtime: { kind: ECHO } }]
task:
  taskName: Offer
  subtaskQueries: [{ agentUuid: Offer, subtaskQuery: "An offer for {customer}" }]
  agentActions: [{ agentUuid: Offer, userInTheLoop: APPROVAL }]
"""
TENANT = {"endpointId": "acme", "partId": "travel"}
NOWHERE = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}


def test_invoke_prints_what_lambda_would_answer_and_nothing_else() -> None:
    event = {"query": "{ coordinations { edges { node { id } } } }", "context": TENANT}

    ended = command("invoke", "-", text=json.dumps(event))

    assert ended.returncode == 0
    assert json.loads(ended.stdout) == {"data": {"coordinations": {"edges": []}}}
    assert ended.stderr == ""


def test_the_log_of_an_invocation_does_not_mix_with_its_answer() -> None:
    event = {"query": "{ __typename }", "context": TENANT}

    ended = command("invoke", "-", "--verbose", text=json.dumps(event))

    assert json.loads(ended.stdout) == {"data": {"__typename": "Query"}}
    logged = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["message"] for line in logged if "message" in line] == ["request"]


def test_invoke_reads_a_file(run: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> None:
    code = run("invoke", str(EVENTS / "http-post.json"))

    printed = capfd.readouterr()
    answer = json.loads(printed.out)
    assert (code, answer["statusCode"]) == (0, 200)
    assert "errors" not in json.loads(answer["body"])


def test_an_invocation_that_fails_says_so_as_lambda_does(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    code = run("invoke", str(EVENTS / "unknown-sqs.json"))

    printed = capfd.readouterr()
    assert code == 1
    assert json.loads(printed.out)["errorType"] == "UnknownEvent"
    assert "Traceback" in printed.err


def test_embedded_overrules_the_endpoint_of_the_environment(
    run: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = {"query": "{ coordinations { edges { node { id } } } }", "context": TENANT}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(event)))

    code = run("invoke", "-", "--embedded", **NOWHERE)

    printed = capfd.readouterr()
    assert code == 0
    assert json.loads(printed.out) == {"data": {"coordinations": {"edges": []}}}


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["invoke", "nothing.json"], {}, "nothing.json: No such file or directory\n"),
        (["serve", "--port", "0", "--data", ""], {}, "Cannot keep data in a file: it needs a name"),
        (
            ["serve", "--port", "0", "--data", f"{__file__}/engine.db"],
            {},
            f"Cannot keep data in {__file__}/engine.db: ",
        ),
        (["invoke", __file__], {}, "test_local_commands.py is not valid JSON"),
        (["tables"], {}, "is AWS: set AWS_ENDPOINT_URL_DYNAMODB to an emulator, or use --aws"),
        (["tables"], NOWHERE, 'Could not connect to the endpoint URL: "http://127.0.0.1:1/"'),
        (["serve", "--port", "0"], NOWHERE, "Could not connect to the endpoint URL"),
        (["worker"], NOWHERE, "is AWS: set AWS_ENDPOINT_URL_SQS to an emulator, or use --aws"),
        (["worker", "--aws"], {}, "AI_COORDINATION_QUEUE_URL is not set"),
        (["serve", "--host", "203.0.113.9"], {}, "Cannot listen on 203.0.113.9:8000"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    run: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    environment: dict[str, str],
    said: str,
) -> None:
    code = run(*arguments, **environment)

    printed = capfd.readouterr()
    assert code == 1
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


@pytest.mark.parametrize(("environment", "option"), [({}, "--port"), ({"MAKELEVEL": "1"}, "PORT=")])
def test_a_port_in_use_is_one_clear_line(
    run: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    option: str,
) -> None:
    monkeypatch.delenv("MAKELEVEL", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code = run("serve", "--port", str(port), **environment)

    printed = capfd.readouterr()
    assert (code, printed.out) == (1, "")
    assert printed.err == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. "
        f"Choose another port with {option}\n"
    )


def test_half_a_tenant_is_one_clear_line(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    code = run("serve", "--port", "0", AI_COORDINATION_PART_ID="dev")

    assert code == 1
    assert capfd.readouterr().err == (
        "AI_COORDINATION_ENDPOINT_ID and AI_COORDINATION_PART_ID together name a tenant:"
        " set both or none\n"
    )


def test_a_wrong_variable_is_one_clear_line() -> None:
    ended = command("tables", AI_COORDINATION_MAX_COST="x")

    assert ended.returncode == 1
    assert (
        ended.stderr == "AI_COORDINATION_MAX_COST must be a whole number of at least 1, not 'x'\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["serve", "--port", "65536"],
        ["serve", "--port", "x"],
        ["worker", "--threads", "0"],
        ["worker", "--step-seconds", "10"],
        ["try"],
        ["try", "offers.yaml", "--variable", "customer"],
    ],
)
def test_a_wrong_command_line_is_told_how_it_goes(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)

    assert ended.value.code == 2
    assert capfd.readouterr().err.startswith("usage: python -m ai_coordination.local")


def test_help_says_where_data_are(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--help")

    said = capfd.readouterr().out
    assert ended.value.code == 0
    assert "AWS_ENDPOINT_URL_DYNAMODB" in said
    assert all(name in said for name in ("serve", "tables", "invoke", "--aws"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "{file}:1:1: The file cannot be read: No such file or directory\n"),
        ("a: b\ntask: {}\n", "{file}:1:1: a: 'a' is not a field here. "),
    ],
)
def test_an_invalid_blueprint_file_is_refused_before_a_server_is_asked(
    run: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    content: str | None,
    problem: str,
) -> None:
    file = tmp_path / "offers.yaml"
    if content is not None:
        file.write_text(content)

    code = run("try", str(file), "--port", "1")

    printed = capfd.readouterr()
    assert code == 2
    assert printed.err.startswith(problem.format(file=file))
    assert printed.out == ""


def test_a_blueprint_is_tried_on_a_running_server(
    run: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    local_server: LocalServer,
) -> None:
    file = tmp_path / "offers.yaml"
    file.write_text(OFFERS)
    port = ("--port", str(local_server.port))

    code = run("try", str(file), "--variable", "customer=Acme", "--approve", *port)
    printed = capfd.readouterr().out
    failed = run("try", str(file), "--variable", "customer=", *port)

    assert (code, failed) == (0, 3)
    assert printed.endswith("\nOffer:\n\nAn offer for Acme\n")
    updated = capfd.readouterr().out
    assert updated.startswith("Updated coordination 'Offers'\nUpdated task 'Offer'\n")
