"""Fixtures of the handler's engine, and of what is logged and measured."""

import io
import json
from typing import Any

import pytest

from ai_coordination import handler as entry
from ai_coordination import telemetry
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
