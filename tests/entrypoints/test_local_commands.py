"""The commands that end by themselves: what they print, and their exit codes."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from ai_coordination.local.__main__ import main
from ai_coordination.models import connection
from tests.entrypoints.local_server import command, running

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


def test_invoke_reads_a_file() -> None:
    ended = command("invoke", str(EVENTS / "http-post.json"))

    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["statusCode"]) == (0, 200)
    assert "errors" not in json.loads(answer["body"])


def test_the_log_of_an_invocation_does_not_mix_with_its_answer() -> None:
    event = {"query": "{ __typename }", "context": TENANT}

    ended = command("invoke", "-", "--verbose", text=json.dumps(event))

    assert json.loads(ended.stdout) == {"data": {"__typename": "Query"}}
    logged = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["message"] for line in logged if "message" in line] == ["request"]


def test_an_invocation_that_fails_says_so_as_lambda_does() -> None:
    ended = command("invoke", str(EVENTS / "unknown-sqs.json"))

    assert ended.returncode == 1
    assert json.loads(ended.stdout)["errorType"] == "UnknownEvent"
    assert "Traceback" in ended.stderr


def test_embedded_overrules_the_endpoint_of_the_environment() -> None:
    event = {"query": "{ coordinations { edges { node { id } } } }", "context": TENANT}

    ended = command("invoke", "-", "--embedded", text=json.dumps(event), **NOWHERE)

    assert json.loads(ended.stdout) == {"data": {"coordinations": {"edges": []}}}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The command line in this process, which keeps neither its environment nor its client."""

    def run(*arguments: str, **environment: str) -> int:
        os.environ.update(environment)
        monkeypatch.setattr(sys, "argv", ["local", *arguments])
        return main()

    connection.forget_client()
    with patch.dict(os.environ):
        yield run
    connection.forget_client()


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["invoke", "nothing.json"], {}, "No such file or directory: 'nothing.json'"),
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


def test_a_blueprint_is_tried_on_a_running_server(tmp_path: Path) -> None:
    file = tmp_path / "offers.yaml"
    file.write_text(OFFERS)

    with running() as server:
        port = ("--port", str(server.port))
        ended = command("try", str(file), "--variable", "customer=Acme", "--approve", *port)
        failed = command("try", str(file), "--variable", "customer=", *port)

    assert (ended.returncode, failed.returncode) == (0, 3)
    assert ended.stdout.endswith("\nOffer:\n\nAn offer for Acme\n")
    assert failed.stdout.startswith("Updated coordination 'Offers'\nUpdated task 'Offer'\n")
