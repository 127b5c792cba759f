"""Targets of the kinds of runtimes that call others: which are taken, and which are refused."""

from typing import Any

import pytest

from tests.api.members import MODEL, RUNTIMES, kept, member, refused
from tests.support.cases import each

pytestmark = pytest.mark.usefixtures("tables", "kinds_turned_on")

DESK, OPENAI = RUNTIMES["A2A"]["target"], RUNTIMES["OPENAI"]["target"]
PROFILE = f"arn:aws:bedrock:eu-central-1:111122223333:inference-profile/{MODEL}"
OTHER = "arn:aws:bedrock:eu-central-1:999922223333:inference-profile/eu.anthropic.x"
GUARDRAIL = {"id": "abc123", "version": "1"}
EVERY_PARAMETER: dict[str, dict[str, Any]] = {
    "A2A": {
        "apiKeySecret": "desk-1",
        "keyHeader": "x-api-key",
        "mode": "BLOCK",
        "pollSeconds": 1.5,
        "outputModes": ["text/plain", "application/vnd.tea+json", "image/*"],
        "useContext": False,
        "protocolVersion": "0.3",
        "extensions": ["https://x.example/geo/v1", "urn:tea:1"],
        "inputFiles": "NONE",
        "throttleSeconds": 0,
    },
    "BEDROCK": {
        "instructions": "Write.",
        "maxTokens": 1,
        "temperature": 1,
        "topP": 0.5,
        "stopSequences": ["a"] * 5,
        "outputSchema": {"type": "object"},
        "structured": "TOOL",
        "inputFiles": "NONE",
        "history": {"of": "ALL", "runs": 0, "bytes": 0},
        "onLength": "TAKE",
        "throttleSeconds": 3_600,
        "promptCaching": True,
        "guardrail": GUARDRAIL,
        "serviceTier": "flex",
        "latency": "optimized",
        "effort": "low",
        "requestMetadata": {"team": "sales"},
        "additionalModelRequestFields": {"top_k": 5},
    },
    "OPENAI": {
        "model": "m",
        "instructions": "Write.",
        "maxTokens": 1,
        "temperature": 2,
        "topP": 0.5,
        "stopSequences": ["a", "b"],
        "outputSchema": {"type": "object"},
        "inputFiles": "NONE",
        "history": {"of": "ALL", "runs": 0, "bytes": 0},
        "onLength": "TAKE",
        "throttleSeconds": 3_600,
        "apiKeySecret": "open-ai-1",
        "keyHeader": "api-key",
        "maxTokensField": "max_tokens",
        "systemRole": "developer",
        "reasoningEffort": "low",
        "seed": -1,
        "query": "api-version=preview",
        "extraBody": {"service_tier": "flex", "max_tokens_per_second": 1},
    },
}
TAKEN: list[tuple[str, str, Any]] = [
    ("A2A", DESK, None),
    ("A2A", f"{DESK}/card.json?v=2", {}),
    ("A2A", "http://127.0.0.1:9999", EVERY_PARAMETER["A2A"]),
    ("BEDROCK", MODEL, EVERY_PARAMETER["BEDROCK"]),
    ("BEDROCK", PROFILE, {}),
    ("BEDROCK", "amazon.nova-lite-v1:0", {"history": None}),
    ("BEDROCK", MODEL, None),
    ("OPENAI", OPENAI, {"model": "m"}),
    ("OPENAI", "https://mine.openai.azure.com/openai/v1", EVERY_PARAMETER["OPENAI"]),
    ("OPENAI", "http://127.0.0.1:11434/v1", {"model": "llama3.2", "history": None}),
]


@each(("kind", "target", "parameters"), TAKEN)
def test_a_member_is_stored_as_it_is_written(kind: str, target: str, parameters: Any) -> None:
    runtime = {"target": target, "parameters": parameters}

    assert kept(member(kind, **runtime)) == runtime


NO_SCHEME = "The URL must begin with https:// or http://"
PARTS = "The URL must not have a user, a password or a fragment"
NO_KEY = "A key is not part of the URL"
NO_MODEL = "This is not the ID or the ARN of a model or of an inference profile"
HOSTS = "The setting AI_COORDINATION_AGENT_HOSTS lists the hosts that agents may have"
MODELS = "The setting AI_COORDINATION_BEDROCK_MODELS lists"
WRONG: dict[str, list[tuple[str | None, str]]] = {
    "A2A": [
        (None, "An A2A agent needs its base URL, or the URL of its card"),
        ("desk.example", NO_SCHEME),
        (f"{DESK}?api_key=1", f"{NO_KEY}. Name a secret with apiKeySecret"),
        ("https://me:pw@desk.example", PARTS),
        ("https://evil.example", f"The host evil.example is not allowed. {HOSTS}"),
        ("http://desk.example", f"The host desk.example is not allowed. {HOSTS}"),
        ("http://169.254.169.254/latest", f"The host 169.254.169.254 is not allowed. {HOSTS}"),
    ],
    "BEDROCK": [
        (None, "A BEDROCK agent needs the ID or the ARN of a model or of an inference profile"),
        ("amazon.nova-lite-v1:0/../x", NO_MODEL),
        ("amazon.nova lite", NO_MODEL),
        ("arn:aws:lambda:eu-central-1:111122223333:function:x", NO_MODEL),
        ("meta.llama3", f"The model meta.llama3 is not allowed. {MODELS}"),
        (OTHER, f"The model {OTHER} is not allowed. {MODELS}"),
    ],
    "HTTP": [
        (None, "An HTTP agent needs the URL of its server"),
        ("https://x.example/", f"The host x.example is not allowed. {HOSTS}"),
        ("https://api.example/?api_key=abc", NO_KEY),
    ],
    "OPENAI": [
        (None, "An OPENAI agent needs the base URL of its server, such as https://…/v1"),
        ("api.openai.com/v1", NO_SCHEME),
        (f"{OPENAI}?key=1", "The URL must not have a query. The parameter query is for that"),
        (f"{OPENAI}#x", PARTS),
        ("https://me:pw@api.openai.com/v1", PARTS),
        ("https://evil.example/v1", f"The host evil.example is not allowed. {HOSTS}"),
        ("http://169.254.169.254/latest", f"The host 169.254.169.254 is not allowed. {HOSTS}"),
    ],
    "PASS": [("x", "")],
}


@each(
    ("kind", "target", "message"),
    [(kind, *row) for kind, rows in WRONG.items() for row in rows],
    ids=lambda value: str(value)[:40],
)
def test_a_target_that_is_not_called_is_refused(
    kind: str, target: str | None, message: str
) -> None:
    told, place = refused(member(kind, target=target))

    assert told.startswith(message)
    assert place == ["target"]
