"""Which client the processes have that a developer starts."""

import subprocess
import sys

import pytest

SCRIPT = """
from ai_coordination.local import commands, embedded
from ai_coordination.models import connection
print(type(connection.client).__name__)
with embedded.EmbeddedAws():
    connection.forget_client()
    print(type(connection.client).__name__)
"""


def test_a_worker_of_an_emulator_has_the_lean_client_and_an_embedded_one_botocores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    monkeypatch.delenv("AI_COORDINATION_DYNAMODB_CLIENT", raising=False)

    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["LeanClient", "DynamoDB"]
