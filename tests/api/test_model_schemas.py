"""Models answer by the schema of their action, and are told why their last answer did not fit."""

import json
from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import (
    after,
    agents,
    bedrock_model,
    blueprint,
    model,
    session,
    start,
    started,
    work_off,
)
from tests.support import chat_server, converse
from tests.support.chat_server import ChatServer, Request
from tests.support.http_server import Reply
from tests.support.model_kinds import Model
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
    "required": ["score"],
}
BAD, GOOD = '{"score": "high"}', '{"score": 7}'
WHY = (
    "The agent's output does not fit the outputSchema. "
    "This must be a whole number from 0 to 10 (score)"
)
AT_ONCE = {"maxAttempts": 2, "intervalSeconds": 0}
CHECKED = {"outputSchema": SCHEMA, "retry": AT_ONCE}


def test_a_model_answers_by_the_schema_of_its_action_and_is_told_why_it_failed(
    any_model: Model,
) -> None:
    any_model.answers(any_model.says(BAD), any_model.says(GOOD))

    place = started([any_model.member()], [after("a", **CHECKED)])

    (agent,) = agents(place).values()
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", GOOD)
    first, second = any_model.server.requests
    bounds = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}
    for request in (first, second):
        assert json.dumps(bounds) in json.dumps(request.body).replace('\\"', '"')
    assert [text for _, text in any_model.messages(0)] == ["Which?"]
    mark = f"[{agent['currentRun']['runUuid'][-12:]}]"
    why = "The model's answer does not fit the outputSchema. This must be a whole number (score)"
    assert [text for _, text in any_model.messages(1)] == [
        f"Which?\n\nHeadings begin with {mark}.\n\n{mark} Why your last attempt failed\n{why}"
    ]


def test_a_model_is_told_a_schema_that_its_provider_would_refuse_and_bounds_are_checked(
    any_model: Model,
) -> None:
    listing = {"type": "array", "items": {"type": "integer", "maximum": 9}}
    any_model.answers(any_model.says("[10]"), any_model.says("[9]"))

    place = started([any_model.member()], [after("a", outputSchema=listing, retry=AT_ONCE)])

    (agent,) = agents(place).values()
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "[9]")
    (text,) = (text for _, text in any_model.messages(0))
    assert text.endswith(f"The JSON Schema that your answer must fit\n{json.dumps(listing)}")
    (text,) = (text for _, text in any_model.messages(1))
    assert "This must be a whole number to 9 (0)" in text


def test_a_model_that_has_a_schema_of_its_own_is_asked_by_that_and_checked_by_both(
    any_model: Model,
) -> None:
    own = {"type": "object", "properties": {"score": {"type": "integer"}}, "title": "own"}
    any_model.answers(any_model.says('{"score": 11}'), any_model.says(GOOD))

    place = started([any_model.member(outputSchema=own)], [after("a", **CHECKED)])

    assert [run["notes"] for run in session(place)["sessionRuns"]["nodes"]] == [WHY, None]
    assert all("own" in json.dumps(request.body) for request in any_model.server.requests)
    assert agents(place)["a"]["agentOutput"] == GOOD


def test_a_schema_can_be_sent_as_a_tool_although_it_is_that_of_the_action(
    bedrock: ChatServer,
) -> None:
    bedrock.answers(*[_called({"score": 7})])

    place = started([bedrock_model(structured="TOOL")], [after("a", **CHECKED)])

    assert agents(place)["a"]["agentOutput"] == GOOD
    assert "outputConfig" not in bedrock.requests[0].body


def _called(value: Any) -> Reply:

    use = {"toolUse": {"toolUseId": "1", "name": "answer", "input": value}}
    return converse.replying([use], "tool_use")


def test_the_schema_and_the_failure_are_part_of_what_a_model_reserves(
    models_server: ChatServer,
) -> None:
    told: list[tuple[int, int]] = []
    replies = iter([chat_server.saying("x" * 3_000), chat_server.saying('["a"]')])

    def look(request: Request) -> Reply:
        (of_session,) = (one["sessionAgentUuid"] for one in agents(place).values())
        held = stored(models.SessionAgent, place.session, of_session).reserved_tokens
        told.append((int(held), len(request.body["messages"][0]["content"].encode())))
        return next(replies)

    models_server.behaviour = look
    listing = {"type": "array", "items": {"enum": ["a", "ü" * 400]}}
    rules = {"outputSchema": listing, "retry": AT_ONCE}
    key = blueprint([model(models_server.url, maxTokens=100)], [after("a", **rules)])
    place = start(key, taskQuery="Which?", budget={"tokens": 100_000})
    work_off()

    assert agents(place)["a"]["agentOutput"] == '["a"]'
    (first, first_bytes), (second, second_bytes) = told
    parameters = len(json.dumps({"model": "m-1", "maxTokens": 100}))
    assert 0 <= first - 100 - parameters - first_bytes < 200
    assert 0 <= second - 100 - parameters - second_bytes < 200
    assert second_bytes - first_bytes > 50
