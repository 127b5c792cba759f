"""Fixtures of the handler's engine, of what is logged and measured, and of the command line."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import handler as entry
from ai_coordination import telemetry
from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local.__main__ import main
from ai_coordination.models import connection
from tests.entrypoints.lambda_stand_ins import Engine, Lines


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """What the handler executes with."""
    stand_in = Engine()
    monkeypatch.setattr(entry, "execute", stand_in)
    return stand_in


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The lines logged so far."""
    stream = io.StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def measured(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The metrics since the last call: dimensions and values, without CloudWatch's directions."""

    def read() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        for each in found:
            (directive,) = each.pop("_aws")["CloudWatchMetrics"]
            assert directive["Namespace"] == "AiCoordination"
            (dimensions,) = directive["Dimensions"]
            names = {metric["Name"] for metric in directive["Metrics"]}
            assert {*dimensions, *names} == each.keys()
        return found

    return read


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The command line in this process, which keeps neither its environment nor its clients.

    Unlike a process of its own it has imported the engine, and so set up its log, before it reads
    the environment.
    """
    log: Any = telemetry.logger.registered_handler
    monkeypatch.setattr(log, "stream", log.stream)

    def run(*arguments: str, **environment: str) -> int:
        os.environ.update(environment)
        settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["local", *arguments])
        return main()

    _forget_clients()
    with patch.dict(os.environ):
        yield run
    _forget_clients()


def _forget_clients() -> None:
    connection.forget_client()
    clients.forget()
