"""The scripted model of the development server: an agent's whole way, without a key or a model."""

import json
from typing import Any

import pytest

from ai_coordination.clients import clients, functions
from ai_coordination.clients.functions import FunctionResult
from ai_coordination.config import settings
from ai_coordination.local import fake_converse, fake_models
from ai_coordination.local.embedded import models_answered_by
from tests.api.execution import (
    after,
    agents,
    bedrock_model,
    blueprint,
    echo,
    model,
    start,
    work_off,
)
from tests.api.execution import session as session_of
from tests.support.graph_api import Place

SCHEMA = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["good", "bad"]},
        "reasons": {"type": "array", "items": {"type": "string"}},
        "line": {"$ref": "#/$defs/line"},
        "either": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "ratio": {"type": ["number", "null"]},
        "left out": {"type": "boolean"},
    },
    "required": ["verdict", "reasons", "line", "either", "ratio"],
    "$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string"}}}},
}


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, served: None) -> Any:
    with fake_models.serving(0) as target:
        base = target.removesuffix("/v1")
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", base)
        settings.cache_clear()
        yield base


@pytest.fixture
def served(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = clients("sqs").create_queue(QueueName="models")
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", made["QueueUrl"])
    settings.cache_clear()


def test_a_scripted_model_answers_the_query_and_fits_the_schema(url: str) -> None:
    members = [echo("e"), model(url, "m"), model(url, "judge", outputSchema=SCHEMA)]
    actions = [after("e"), after("m", "e"), after("judge", "m")]
    place = start(blueprint(members, actions), taskQuery="5 kg of oolong")
    work_off()

    found = agents(place)
    assert session_of(place)["status"] == "COMPLETED"
    assert found["m"]["agentOutput"] == "A scripted answer to: 5 kg of oolong"
    assert found["m"]["currentRun"]["usage"]["outputTokens"] == 10
    assert json.loads(found["judge"]["agentOutput"]) == {
        "verdict": "good",
        "reasons": [],
        "line": {"sku": "text"},
        "either": 1,
        "ratio": 1.5,
    }


@pytest.mark.parametrize(
    ("query", "state", "said"),
    [
        ("say: Hello\nand more", "COMPLETED", "Hello"),
        ("sleep: 0.01\nsay: Late", "COMPLETED", "Late"),
        ("fail: 404", "FAILED", "The model's server answered 404: scripted As the message says"),
    ],
)
def test_the_lines_of_a_query_say_what_happens(url: str, query: str, state: str, said: str) -> None:
    place = start(blueprint([model(url)], [after("a")]), taskQuery=query)
    work_off()

    agent = agents(place)["a"]
    assert (agent["state"], agent["agentOutput"] or agent["notes"]) == (state, said)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"model": "m"}', b'{"model": 1, "messages": []}']
)
def test_another_request_is_refused(content: bytes) -> None:
    status, body, headers = fake_models.answer(content)

    assert (status, headers) == (400, {})
    assert body["error"]["message"] == "This is not a request for a chat completion"


def test_a_failure_says_when_to_try_again_if_that_is_wanted() -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "fail: 503 after 30"}]}]

    status, _, headers = fake_models.answer(
        json.dumps({"model": "m", "messages": messages}).encode()
    )

    assert (status, headers) == (503, {"retry-after": "30"})


def test_a_port_in_use_is_named() -> None:
    with fake_models.serving(0) as url:
        port = int(url.removesuffix("/v1").rpartition(":")[2])
        with pytest.raises(fake_models.CannotServeModels, match=f"Port {port} is in use"):
            fake_models.serving(port).__enter__()


@pytest.fixture
def fake_bedrock(served: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "*")
    settings.cache_clear()
    with models_answered_by(fake_converse.answer):
        yield


@pytest.mark.usefixtures("fake_bedrock")
@pytest.mark.parametrize("structured", ["NATIVE", "TOOL"])
def test_a_scripted_model_is_bedrock_too(structured: str) -> None:
    judge = bedrock_model("judge", outputSchema=SCHEMA, structured=structured)
    members = [bedrock_model("m", instructions="Be short."), judge]
    place = start(blueprint(members, [after("m"), after("judge", "m")]), taskQuery="5 kg of oolong")
    work_off()

    found = agents(place)
    assert session_of(place)["status"] == "COMPLETED"
    assert found["m"]["agentOutput"] == "A scripted answer to: 5 kg of oolong"
    assert found["m"]["currentRun"]["usage"] == {"inputTokens": 7, "outputTokens": 10}
    assert json.loads(found["judge"]["agentOutput"])["verdict"] == "good"


STOCK = {
    "lambda": "agent-stock",
    "name": "stock",
    "description": "Pieces in stock",
    "schema": {"type": "object", "properties": {"item": {"type": "string"}}},
}
CALLS = 'call: stock {"item": "oolong"}\ncall: gone\ncall: stock {broken}'


@pytest.mark.usefixtures("fake_bedrock")
@pytest.mark.parametrize("kind", ["OPENAI", "BEDROCK"])
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (
            "",
            (
                "The tools said: 60 oolong; Error: There is no such tool. There are stock;"
                " Error: KeyError: 'item'"
            ),
        ),
        ("\nsay: Enough", "Enough"),
    ],
)
def test_a_scripted_model_calls_the_tools_that_a_query_says_one_in_each_round(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    said: str,
    answer: str,
) -> None:
    def stock(name: str, payload: bytes, seconds: float, **_: Any) -> FunctionResult:
        item = json.loads(payload)["arguments"].get("item")
        if item is None:
            error = {"errorType": "KeyError", "errorMessage": "'item'"}
            return FunctionResult(json.dumps(error).encode(), failed=True)
        return FunctionResult(json.dumps(f"60 {item}").encode(), failed=False)

    monkeypatch.setattr(functions, "invoke", stock)
    member = bedrock_model(tools=[STOCK])
    if kind == "OPENAI":
        member = model(request.getfixturevalue("url"), tools=[STOCK])

    place = start(blueprint([member], [after("a")]), taskQuery=f"{CALLS}{said}")
    work_off()

    assert agents(place)["a"]["agentOutput"] == answer


LEADS = """call: delegate_to_PRICES {"work": "say: 7 euros"}
and call: delegate_to_STOCK {"work": "say: 60 kg"}
call: delegate_to_WRITER {"work": "Offer oolong"}"""


@pytest.mark.usefixtures("fake_bedrock")
@pytest.mark.parametrize("kind", ["OPENAI", "BEDROCK"])
def test_scripted_models_are_a_supervisor_and_three_specialists(
    kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("url") if kind == "OPENAI" else ""
    names = ["lead", "prices", "stock", "writer"]
    members = [model(url, name) if url else bedrock_model(name) for name in names]
    key = blueprint(members, [after("lead", delegatesTo=names[1:])])

    place = start(key, taskQuery=LEADS)
    work_off()

    said = {name: one["agentOutput"] for name, one in agents(place).items()}
    assert said == {
        "lead": "The tools said: 7 euros; 60 kg; A scripted answer to: Offer oolong",
        "prices": "7 euros",
        "stock": "60 kg",
        "writer": "A scripted answer to: Offer oolong",
    }
    turns = [run["outcome"] for run in runs_of(place) if run["agentUuid"] == "lead"]
    assert turns == ["DELEGATED", "DELEGATED", "COMPLETED"]


def runs_of(place: Place) -> list[dict[str, Any]]:
    return list(session_of(place)["sessionRuns"]["nodes"])


@pytest.mark.usefixtures("fake_bedrock")
def test_a_scripted_model_of_bedrock_answers_by_a_tool_after_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(functions, "invoke", lambda *_, **more: FunctionResult(b"60", failed=False))
    judge = bedrock_model(tools=[STOCK], outputSchema=SCHEMA, structured="TOOL")

    place = start(blueprint([judge], [after("a")]), taskQuery='call: stock {"item": "oolong"}')
    work_off()

    assert json.loads(agents(place)["a"]["agentOutput"])["verdict"] == "good"


@pytest.mark.usefixtures("fake_bedrock")
@pytest.mark.parametrize(
    ("status", "code"),
    [("404", "ResourceNotFoundException"), ("403", "AccessDeniedException")],
)
def test_a_scripted_model_fails_as_bedrock_does(status: str, code: str) -> None:
    place = start(blueprint([bedrock_model()], [after("a")]), taskQuery=f"fail: {status}")
    work_off()

    agent = agents(place)["a"]
    assert agent["state"] == "FAILED"
    assert agent["notes"].startswith(f"Bedrock answered {code}: ")


def test_without_a_scripted_model_embedded_aws_has_none(
    served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "*")
    settings.cache_clear()
    place = start(blueprint([bedrock_model()], [after("a")]), taskQuery="Which?")
    work_off()

    assert agents(place)["a"]["notes"] == (
        "Bedrock answered ResourceNotFoundException: There are no models here. MODELS=fake serves a"
        " scripted one, MODELS=aws AWS's own"
    )
