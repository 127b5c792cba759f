"""The guide on models of Bedrock: its blueprint runs, and its tables are complete."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session

from ai_coordination.config import settings
from ai_coordination.local import blueprints, fake_converse, try_blueprint
from ai_coordination.local.embedded import models_answered_by
from ai_coordination.local.try_blueprint import Options, Trial
from ai_coordination.runtimes.bedrock_runtime import RUNTIME
from tests.docs.pages import page
from tests.support.clients import InProcess

GUIDE = page("guides/bedrock-agents")


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripted model, in the place of Bedrock."""
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "*")
    settings.cache_clear()
    with models_answered_by(fake_converse.answer):
        yield


def test_the_blueprint_runs(served: None, models: None, tmp_path: Path) -> None:
    (text,) = GUIDE.texts("yaml")
    file = tmp_path / "offer.yaml"
    file.write_text(text)
    options = Options(str(file), query="5 kg of oolong")

    client = InProcess("http://127.0.0.1:8000/graphql")
    code = Trial(options, blueprints.read(str(file)), client, server_is_own=False).run()

    assert code == try_blueprint.COMPLETED


def test_every_parameter_is_described() -> None:
    listed = {name.strip("` ") for row in GUIDE.rows("Parameters") for name in row.split(",")}

    assert listed == RUNTIME.parameters_schema["properties"].keys()


def test_every_reason_and_error_of_converse_is_described() -> None:
    bedrock: Any = get_session().get_service_model("bedrock-runtime")
    converse = bedrock.operation_model("Converse")
    reasons = converse.output_shape.members["stopReason"].enum
    errors = {shape.name for shape in converse.error_shapes}

    assert {*reasons, *errors} <= GUIDE.rows("When it fails").keys()
