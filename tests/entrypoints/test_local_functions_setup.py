"""How the engine and its agents find the functions on this machine: by environment variables."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_coordination.config import settings
from ai_coordination.local.functions import setup
from ai_coordination.local.functions.invoke_api import Functions
from ai_coordination.local.functions.setup import AgentOptions
from tests.entrypoints.local_server import command

URL = "http://127.0.0.1:9/graphql"
HERE = "http://127.0.0.1:9"
ELSEWHERE = "http://127.0.0.1:3001"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment that is as before after the test, without endpoints."""
    kept = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        del os.environ[name]
    yield monkeypatch
    os.environ.clear()
    os.environ.update(kept)
    settings.cache_clear()


def found(agents: AgentOptions | None = None, *, aws: bool = False) -> dict[str, str | None]:
    """The endpoints that the engine has then, and the function to which agents report."""
    with setup.serving(Functions(), agents, URL, aws=aws):
        endpoints = {name: url for name, url in os.environ.items() if "ENDPOINT_URL" in name}
        return {**endpoints, "api": settings().api_function}


@pytest.fixture
def agents(tmp_path: Path) -> AgentOptions:
    (tmp_path / "mine.py").write_text("def write(text): return text\n")
    return AgentOptions(tmp_path / "mine.py")


def test_the_engine_finds_functions_here() -> None:
    assert found() == {"AWS_ENDPOINT_URL_LAMBDA": HERE, "api": "ai-coordination-api"}


def test_with_an_embedded_database_other_endpoints_stay_unused() -> None:
    os.environ["AWS_ENDPOINT_URL_SQS"] = ELSEWHERE

    assert found() == {"AWS_ENDPOINT_URL_LAMBDA": HERE, "api": "ai-coordination-api"}


def test_with_a_database_elsewhere_other_endpoints_are_used() -> None:
    os.environ |= {"AWS_ENDPOINT_URL_SQS": ELSEWHERE, "AWS_ENDPOINT_URL_DYNAMODB": ELSEWHERE}

    assert found() == {
        "AWS_ENDPOINT_URL_SQS": ELSEWHERE,
        "AWS_ENDPOINT_URL_DYNAMODB": ELSEWHERE,
        "AWS_ENDPOINT_URL_LAMBDA": HERE,
        "api": "ai-coordination-api",
    }


def test_functions_that_are_served_elsewhere_are_found_there_unless_a_file_is_given(
    agents: AgentOptions,
) -> None:
    os.environ["AWS_ENDPOINT_URL_LAMBDA"] = ELSEWHERE

    assert found() == {"AWS_ENDPOINT_URL_LAMBDA": ELSEWHERE, "api": None}
    assert found(agents) == {"AWS_ENDPOINT_URL_LAMBDA": HERE, "api": "ai-coordination-api"}


def test_with_aws_only_the_agents_of_a_file_are_here(agents: AgentOptions) -> None:
    assert found(aws=True) == {"api": None}
    assert found(agents, aws=True) == {
        "AWS_ENDPOINT_URL_LAMBDA": HERE,
        "api": "ai-coordination-api",
    }


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--agents", "nowhere.py"], "There is no file nowhere.py"),
        (
            ["--agents", __file__, "--python", "/nowhere/python"],
            "[Errno 2] No such file or directory: '/nowhere/python'",
        ),
        (
            ["--agents", __file__, "--python", sys.executable, "--threads", "0"],
            "'0' is not between",
        ),
    ],
)
def test_what_cannot_be_served_is_said_and_the_command_ends(options: list[str], error: str) -> None:
    done = command("serve", "--port", "0", *options)

    assert done.returncode != 0
    assert done.stdout == ""
    assert error in done.stderr
