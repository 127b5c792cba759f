"""Parameters of the kinds of runtimes that call others: what is refused, and where."""

from typing import Any

import pytest

from tests.api.members import member, refused
from tests.support.cases import each

pytestmark = pytest.mark.usefixtures("tables", "kinds_turned_on")

GUARDRAIL = {"id": "abc123", "version": "1"}
LARGE = {f"a{number}": "x" * 30_000 for number in range(3)}
KEY = "sk-0123456789"
PARAMETERS: dict[str, list[tuple[Any, list[Any]]]] = {
    "A2A": [
        ("POLL", []),
        ({"poll": True}, ["poll"]),
        ({"apiKeySecret": "Desk"}, ["apiKeySecret"]),
        ({"apiKeySecret": KEY}, ["apiKeySecret"]),
        ({"keyHeader": "X-Api-Key"}, ["keyHeader"]),
        ({"keyHeader": "x-key: 1"}, ["keyHeader"]),
        ({"keyHeader": "host"}, ["keyHeader"]),
        ({"keyHeader": "content-length"}, ["keyHeader"]),
        ({"keyHeader": "a2a-version"}, ["keyHeader"]),
        ({"mode": "STREAM"}, ["mode"]),
        ({"pollSeconds": 0.5}, ["pollSeconds"]),
        ({"pollSeconds": 3_601}, ["pollSeconds"]),
        ({"pollSeconds": "2"}, ["pollSeconds"]),
        ({"outputModes": []}, ["outputModes"]),
        ({"outputModes": ["text"]}, ["outputModes", 0]),
        ({"outputModes": ["text/plain", "a/b; c=d"]}, ["outputModes", 1]),
        ({"outputModes": ["text/plain"] * 17}, ["outputModes"]),
        ({"useContext": "yes"}, ["useContext"]),
        ({"protocolVersion": 1.0}, ["protocolVersion"]),
        ({"protocolVersion": "1.1"}, ["protocolVersion"]),
        ({"extensions": ["geo"]}, ["extensions", 0]),
        ({"extensions": ["https://x.example/a,b"]}, ["extensions", 0]),
        ({"extensions": ["https://x.example/a b"]}, ["extensions", 0]),
        ({"extensions": ["https://x.example/\r\nx: y"]}, ["extensions", 0]),
        ({"extensions": ["urn:x"] * 9}, ["extensions"]),
        ({"inputFiles": "SOME"}, ["inputFiles"]),
        ({"throttleSeconds": 3_601}, ["throttleSeconds"]),
    ],
    "BEDROCK": [
        ("m", []),
        ([], []),
        ({"model": "m"}, ["model"]),
        ({"toolz": []}, ["toolz"]),
        ({"maxTokens": 0}, ["maxTokens"]),
        ({"temperature": 1.1}, ["temperature"]),
        ({"stopSequences": ["a"] * 2_501}, ["stopSequences"]),
        ({"outputSchema": {"type": "array"}}, ["outputSchema"]),
        ({"outputSchema": {"type": "object"}, "structured": "JSON"}, ["structured"]),
        ({"structured": "JSON"}, ["structured"]),
        ({"promptCaching": True}, ["promptCaching"]),
        ({"promptCaching": "2h", "instructions": "x"}, ["promptCaching"]),
        ({"promptCaching": 1, "instructions": "x"}, ["promptCaching"]),
        ({"guardrail": "abc"}, ["guardrail"]),
        ({"guardrail": {"id": "abc"}}, ["guardrail", "version"]),
        ({"guardrail": {**GUARDRAIL, "trace": "enabled"}}, ["guardrail", "trace"]),
        ({"guardrail": {"id": "A b", "version": "1"}}, ["guardrail", "id"]),
        ({"guardrail": {"id": "abc", "version": "0"}}, ["guardrail", "version"]),
        ({"serviceTier": "cheap"}, ["serviceTier"]),
        ({"latency": "low"}, ["latency"]),
        ({"effort": ""}, ["effort"]),
        ({"requestMetadata": []}, ["requestMetadata"]),
        ({"requestMetadata": {"a": 1}}, ["requestMetadata", "a"]),
        ({"requestMetadata": {"a": "ü"}}, ["requestMetadata", "a"]),
        ({"requestMetadata": {"": "x"}}, ["requestMetadata", ""]),
        ({"requestMetadata": {"runUuid": "x"}}, ["requestMetadata", "runUuid"]),
        ({"requestMetadata": {f"n{number}": "x" for number in range(16)}}, ["requestMetadata"]),
        ({"additionalModelRequestFields": 1}, ["additionalModelRequestFields"]),
        ({"instructions": "Bearer abcdefghi"}, ["instructions"]),
        ({"additionalModelRequestFields": LARGE}, []),
    ],
    "OPENAI": [
        ("m", []),
        ([], []),
        ({}, ["model"]),
        ({"model": ""}, ["model"]),
        ({"model": "m" * 257}, ["model"]),
        ({"model": 7}, ["model"]),
        ({"model": "m", "temprature": 1}, ["temprature"]),
        ({"model": "m", "max_tokens": 1}, ["max_tokens"]),
        ({"model": "m", "toolz": []}, ["toolz"]),
        ({"model": "m", "instructions": "x" * 48_001}, ["instructions"]),
        ({"model": "m", "maxTokens": 0}, ["maxTokens"]),
        ({"model": "m", "maxTokens": 1.5}, ["maxTokens"]),
        ({"model": "m", "temperature": 2.1}, ["temperature"]),
        ({"model": "m", "temperature": None}, ["temperature"]),
        ({"model": "m", "topP": -0.1}, ["topP"]),
        ({"model": "m", "stopSequences": ["a"] * 5}, ["stopSequences"]),
        ({"model": "m", "stopSequences": ["a", ""]}, ["stopSequences", 1]),
        ({"model": "m", "outputSchema": {"type": "array"}}, ["outputSchema"]),
        ({"model": "m", "outputSchema": {"type": "object", "x": 1}}, ["outputSchema", "x"]),
        ({"model": "m", "inputFiles": "SOME"}, ["inputFiles"]),
        ({"model": "m", "history": {"of": "MINE"}}, ["history", "of"]),
        ({"model": "m", "history": {"runs": 51}}, ["history", "runs"]),
        ({"model": "m", "history": {"size": 1}}, ["history", "size"]),
        ({"model": "m", "onLength": "IGNORE"}, ["onLength"]),
        ({"model": "m", "throttleSeconds": 3_601}, ["throttleSeconds"]),
        ({"model": "m", "apiKeySecret": "Open AI"}, ["apiKeySecret"]),
        ({"model": "m", "apiKeySecret": "a/../b"}, ["apiKeySecret"]),
        ({"model": "m", "apiKeySecret": "x" * 65}, ["apiKeySecret"]),
        ({"model": "m", "keyHeader": "cookie"}, ["keyHeader"]),
        ({"model": "m", "query": "a b"}, ["query"]),
        ({"model": "m", "query": "?a=b"}, ["query"]),
        ({"model": "m", "query": "a=b#c"}, ["query"]),
        ({"model": "m", "query": "a=b\r\nX: y"}, ["query"]),
        ({"model": "m", "query": "a=b&api-key=1"}, ["query"]),
        ({"model": "m", "extraBody": {"stream": True}}, ["extraBody", "stream"]),
        ({"model": "m", "extraBody": {"model": "n"}}, ["extraBody", "model"]),
        ({"model": "m", "extraBody": {"messages": []}}, ["extraBody", "messages"]),
        ({"model": "m", "extraBody": {"api-key": "x"}}, ["extraBody", "api-key"]),
        ({"model": "m", "extraBody": {"api_key": "x"}}, ["extraBody", "api_key"]),
        (
            {"model": "m", "extraBody": {"h": [{"Authorization": "x"}]}},
            ["extraBody", "h", 0, "Authorization"],
        ),
        ({"model": "m", "extraBody": {"x": KEY}}, ["extraBody", "x"]),
        ({"model": "m", "apiKeySecret": KEY}, ["apiKeySecret"]),
        ({"model": "m", "instructions": "Bearer abcdefghi"}, ["instructions"]),
        ({"model": "m", "extraBody": LARGE}, []),
    ],
    "PASS": [({"x": 1}, ["x"])],
}


@each(
    ("kind", "parameters", "path"),
    [(kind, *row) for kind, rows in PARAMETERS.items() for row in rows],
    ids=lambda value: str(value)[:60],
)
def test_parameters_are_checked_when_they_are_written(
    kind: str, parameters: Any, path: list[Any]
) -> None:
    message, place = refused(member(kind, parameters=parameters))

    assert place == ["parameters", *path]
    assert KEY not in message


HTTP: list[tuple[dict[str, str], str, str]] = [
    ({}, "signingSecret", "'signingSecret' is"),
    ({"signingSecret": "No Name"}, "signingSecret", "The name of a secret has"),
    ({"signingSecret": "s", "password": "swordfish"}, "password", "This looks like a key"),
]


@each(("parameters", "name", "message"), HTTP)
def test_an_http_agent_needs_the_name_of_a_secret_and_not_the_secret(
    parameters: dict[str, str], name: str, message: str
) -> None:
    told, place = refused(member("HTTP", parameters=parameters))

    assert told.startswith(message)
    assert place == ["parameters", name]
