"""What agents of every kind of model promise: answers, usage, throttling, time and memory."""

import threading
from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.config import settings
from ai_coordination.engine.agent import throttle
from tests.api.execution import (
    after,
    agents,
    blueprint,
    outcomes,
    session,
    start,
    started,
    work_off,
)
from tests.support.graph_api import Place
from tests.support.http_server import Reply
from tests.support.model_kinds import End, Model
from tests.support.ports import free_port
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
VERDICT = '{"verdict": "yes"}'
SCHEMA = {
    "outputSchema": {
        "type": "object",
        "properties": {"verdict": {"enum": ["yes", "no"]}},
        "required": ["verdict"],
    }
}


def run(model: Model, reply: Reply, **parameters: Any) -> tuple[Place, dict[str, Any]]:
    """A session of one model that has replied so; another attempt is far away."""
    model.answers(reply)
    place = started([model.member(**parameters)], [after("a", **TWICE)])
    return place, agents(place)["a"]


def ended(place: Place) -> tuple[str, str]:
    """The outcome and the notes of the only run."""
    (run,) = session(place)["sessionRuns"]["nodes"]
    return run["outcome"], run["notes"]


ANSWERS: dict[str, tuple[str, End | None, dict[str, Any], str]] = {
    "text": ("Done", "done", {}, "Done"),
    "no reason": ("Done", None, {}, "Done"),
    "cut off, and taken": ("Do", "cut off", {"onLength": "TAKE"}, "Do"),
    "a schema": (VERDICT, "done", SCHEMA, VERDICT),
    "fenced": (f"```json\n{VERDICT}\n```\n", "done", SCHEMA, VERDICT),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_completes_the_agent(any_model: Model, name: str) -> None:
    text, end, parameters, output = ANSWERS[name]

    place, agent = run(any_model, any_model.says(text, end), **parameters)

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", output)
    assert agent["currentRun"]["usage"] == any_model.usage
    assert outcomes(place) == [("a", 1, "COMPLETED")]
    assert session(place)["status"] == "COMPLETED"


USAGES = [{}, {"inputTokens": 1, "prompt_tokens": 1}]


@pytest.mark.parametrize("usage", USAGES, ids=str)
def test_a_usage_that_is_none_does_not_cost_the_answer(any_model: Model, usage: Any) -> None:
    _, agent = run(any_model, any_model.says_with_usage(usage))

    assert agent["agentOutput"] == "Done"
    assert agent["currentRun"]["usage"] is None


NO_FIT = "The model's answer does not fit the outputSchema."
MISFITS = {
    "Yes.": "The model's answer is not JSON",
    "{}": f"{NO_FIT} 'verdict' is missing (verdict)",
    '{"verdict": "perhaps"}': f"{NO_FIT} This must be 'yes' or 'no' (verdict)",
}


@pytest.mark.parametrize("text", MISFITS)
def test_an_answer_that_does_not_fit_the_schema_fails_the_attempt(
    any_model: Model, text: str
) -> None:
    place, agent = run(any_model, any_model.says(text), **SCHEMA)

    assert agent["state"] == "INITIAL"
    assert ended(place) == ("FAILED", MISFITS[text])


def test_a_model_that_is_throttled_spends_no_attempt_unless_it_says_so(any_model: Model) -> None:
    attempts = [
        run(any_model, any_model.throttles(), **parameters)[1]["attempt"]
        for parameters in ({}, {"throttleSeconds": 1}, {"throttleSeconds": 0})
    ]

    assert attempts == [0, 0, 1]


def test_a_busy_model_is_left_alone_for_as_long_as_it_asks(
    any_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "SPREAD", 0.0)
    place, agent = run(any_model, any_model.throttles(retry_after="3600"))

    assert (agent["state"], len(any_model.server.requests)) == ("INITIAL", 1)
    waiting = stored(models.SessionAgent, place.session, agent["sessionAgentUuid"])
    waits = timestamps.parse(waiting.not_before) - timestamps.parse(waiting.updated_at)
    assert round(waits.total_seconds()) == 3_600


def test_a_model_that_is_gone_is_asked_again(
    any_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = f"127.0.0.1:{free_port()}"
    any_model.goes_to(f"http://{host}", monkeypatch)

    place = started([any_model.member()], [after("a", **TWICE)])

    assert agents(place)["a"]["state"] == "INITIAL"
    notes = f"{any_model.other_side} could not be reached. {host} does not accept connections"
    assert ended(place) == ("FAILED", notes)


def test_a_model_that_is_taken_off_the_list_is_not_called(
    any_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(blueprint([any_model.member()]), taskQuery="Which?")
    monkeypatch.setenv(any_model.allows, "other.example")
    settings.cache_clear()
    work_off()

    agent = agents(place)["a"]
    assert agent["state"] == "FAILED"
    assert f"is not allowed. The setting {any_model.allows}" in agent["notes"]
    assert any_model.server.requests == []


def test_a_model_has_the_time_of_its_attempt(any_model: Model) -> None:
    over = threading.Event()

    def slow(request: Any) -> Reply:
        over.wait(30)
        return any_model.says("late")

    any_model.server.behaviour = slow
    try:
        place = started([any_model.member()], [after("a", timeoutSeconds=1, **TWICE)])
    finally:
        over.set()

    assert ended(place) == ("TIMED_OUT", "The model has not answered within 1 s")


def test_a_model_is_reminded_of_its_thread(any_model: Model) -> None:
    key = blueprint([any_model.member()])
    for query in ("First?", "Second?"):
        start(key, taskQuery=query, threadUuid="t-1")
        work_off()

    assert any_model.messages(0) == [("user", "First?")]
    said = [("user", "First?"), ("assistant", "Done"), ("user", "Second?")]
    assert any_model.messages(1) == said


def test_a_file_that_the_kind_does_not_take_fails_the_agent(
    any_model: Model, place_of_files: str
) -> None:
    file = {"name": "a.mp4", "uri": f"{place_of_files}/note.txt"}

    agent = agents(started([any_model.member()], inputFiles=[file]))["a"]

    kind = f"(video/mp4) is not {any_model.takes}"
    notes = f"The input file 'a.mp4' {kind}. With inputFiles: NONE the model is not sent any"
    assert (agent["state"], agent["notes"]) == ("FAILED", notes)
    assert any_model.server.requests == []
