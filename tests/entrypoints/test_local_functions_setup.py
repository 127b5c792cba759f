"""How the engine and its agents find the functions on this machine: by environment variables."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.config import settings
from ai_coordination.local.functions import setup
from ai_coordination.local.functions.invoke_api import Functions
from ai_coordination.local.functions.setup import AgentOptions

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


def given_to(agents: AgentOptions, names: Sequence[str]) -> dict[str, Any]:
    """What an agent finds in its environment under these names."""
    functions = Functions()
    with setup.serving(functions, agents, URL, aws=False):
        assert functions.agents is not None
        returned = functions.agents.call("agent-look", json.dumps({"agentInput": ""}), "r-1")
        functions.agents.close()
    assert returned is not None
    seen = json.loads(json.loads(returned.payload))
    return {name: seen.get(name) for name in names}


AWS = ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_LAMBDA", "API_URL"]


@pytest.mark.parametrize("has_profile", [False, True])
def test_an_agent_has_the_credentials_of_the_person_or_placeholders(
    tmp_path: Path, environment: pytest.MonkeyPatch, has_profile: bool
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n" if has_profile else "")
    (tmp_path / "keys").write_text(
        "[default]\naws_access_key_id = a\naws_secret_access_key = b\n" if has_profile else ""
    )
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    code = "import json, os\n\ndef look(text):\n    return json.dumps(dict(os.environ))\n"
    (tmp_path / "looking.py").write_text(code)

    seen = given_to(AgentOptions(tmp_path / "looking.py"), AWS)

    assert seen == {
        "AWS_ACCESS_KEY_ID": None if has_profile else "local",
        "AWS_DEFAULT_REGION": None if has_profile else "us-east-1",
        "AWS_ENDPOINT_URL_LAMBDA": HERE,
        "API_URL": URL,
    }


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--agents", "nowhere.py"], "There is no file nowhere.py"),
        (["--agents", "Makefile"], "Makefile is not a Python file: its name must end with .py"),
        (
            ["--agents", __file__, "--python", "/nowhere/python"],
            "There is no Python /nowhere/python: name one with AGENTS_PYTHON= or --python",
        ),
        (
            ["--agents", __file__, "--python", sys.executable, "--threads", "0"],
            "'0' is not between",
        ),
    ],
)
def test_what_cannot_be_served_is_said_and_the_command_ends(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str], options: list[str], error: str
) -> None:
    try:
        code: int | str | None = run("serve", "--port", "0", *options)
    except SystemExit as ended:
        code = ended.code

    printed = capfd.readouterr()
    assert code in (1, 2)
    assert printed.out == ""
    assert error in printed.err
