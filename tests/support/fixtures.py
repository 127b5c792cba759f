"""Fixtures that import the engine."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import pytest
from botocore.loaders import JSONFileLoader, Loader

from ai_coordination.config import PREFIX, settings
from ai_coordination.local.database import Database
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from ai_coordination.models import TABLES, connection
from tests.support.comparing import ComparedDatabase
from tests.support.local_server import LocalServer, running

# As this process has found it, before any test has changed it.
ENVIRONMENT = dict(os.environ)


@pytest.fixture(scope="session", autouse=True)
def descriptions_of_services() -> Iterator[None]:
    """Read once in the process; else each session of botocore reads them, for half a second."""
    files, listed = JSONFileLoader(), Loader.list_available_services
    load, exists = cache(files.load_file), cache(files.exists)
    lists: dict[tuple[str, ...], list[str]] = {}

    def names(loader: Loader, type_name: str) -> list[str]:
        key = (type_name, *loader.search_paths)
        if key not in lists:
            lists[key] = listed(loader, type_name)
        return lists[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda loader, path: load(path))
        patch.setattr(JSONFileLoader, "exists", lambda loader, path: exists(path))
        patch.setattr(Loader, "list_available_services", names)
        yield


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """A test that changes the environment sees its own settings, and leaves none behind.

    Nor does what it calls: the development server names in the environment the queue that it makes.
    """
    before = _ours()
    settings.cache_clear()
    yield
    for name in _ours().keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
    settings.cache_clear()


def _ours() -> dict[str, str]:
    return {name: os.environ[name] for name in os.environ if name.startswith(PREFIX)}


@pytest.fixture
def dynamodb_local(dynamodb_local_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The engine on DynamoDB Local; the url of it. No tables are made."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local_endpoint)
    connection.forget_client()
    yield dynamodb_local_endpoint
    connection.forget_client()


@pytest.fixture(scope="module")
def embedded_aws(request: pytest.FixtureRequest) -> Iterator[EmbeddedAws]:
    """Not for longer than a module: others start one of their own, or none."""
    database: Any = Database
    if request.config.getoption("compare_databases"):
        endpoint = request.getfixturevalue("dynamodb_local_endpoint")
        database = partial(ComparedDatabase, endpoint)
    with EmbeddedAws(database=database) as aws:
        yield aws


@pytest.fixture
def tables(embedded_aws: EmbeddedAws) -> None:
    """The engine on embedded AWS, its tables made and empty."""
    held = embedded_aws.database.names()
    if set(held) != {table.Meta.table_name for table in TABLES}:
        embedded_aws.reset()
        create_tables()
    else:
        # Emptied, not made anew: that takes 30 calls, longer than most of the tests.
        embedded_aws.database.clear()
    # The first call of a process reads them, and what follows may still change the environment.
    settings.cache_clear()


@pytest.fixture(scope="session")
def local_server() -> Iterator[LocalServer]:
    """`make run` without options, for tests that neither stop it nor count what it has."""
    with ExitStack() as stack:
        with patch.dict(os.environ, ENVIRONMENT, clear=True):
            server = stack.enter_context(running())
        yield server
