"""Schemas and forms of more than a kilobyte are stored once with the coordination."""

from typing import Any

import pytest

from ai_coordination import models, texts
from ai_coordination.clients import TextBucket
from tests.api.execution import after, agents, echo, start, started, work_off
from tests.support.bucket import BUCKET, keys_in_bucket
from tests.support.graph_api import CALLER, change, data, new_coordination, new_task, refusal
from tests.support.recording import Call, recorded_calls
from tests.support.stored import everything_stored

pytestmark = pytest.mark.usefixtures("worked_queue", "bucket")

PROPERTIES = {f"number_{number}": {"type": "number"} for number in range(100)}
LARGE = {"type": "object", "properties": PROPERTIES, "required": ["number_7"]}
FORM = {"type": "object", "properties": {"why": {"type": "string", "description": "€" * 400}}}
ACTION = {"agentUuid": "a", "outputSchema": LARGE, "retry": {"maxAttempts": 1}}
READ, WRITE = Call("s3", "GetObject"), Call("s3", "PutObject")
SHOWN = """query ($c: ID!, $t: ID!) { task(coordinationUuid: $c, taskUuid: $t) {
    agentActions { outputSchema ask { form } }
} }"""
PINNED = """query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes {
    agentAction { outputSchema }
} } }"""


def shown(key: dict[str, str]) -> Any:
    (action,) = data(SHOWN, {"c": key["coordinationUuid"], "t": key["taskUuid"]})["task"][
        "agentActions"
    ]
    return action


def new_key(**action: Any) -> dict[str, str]:
    coordination = new_coordination(agents=[echo("a")])
    task = new_task(coordination, agentActions=[{**ACTION, **action}])
    return {"coordinationUuid": coordination, "taskUuid": task}


def test_a_large_schema_and_a_large_form_are_stored_once_and_shown_as_they_were_given() -> None:
    key = new_key(ask={"kind": "INPUT", "form": FORM})

    assert shown(key) == {"outputSchema": LARGE, "ask": {"form": FORM}}
    keys = keys_in_bucket()
    assert len(keys) == 2
    assert all(f"/{key['coordinationUuid']}/own/" in stored for stored in keys)
    assert "number_7" not in str(everything_stored())

    for written in range(2):
        other = {**LARGE, "required": ["number_8"]} if written else LARGE
        action = {**ACTION, "outputSchema": other}
        change("updateTask", {**key, "agentActions": [action]}, "__typename")
        assert shown(key) == {"outputSchema": other, "ask": None}
        assert len(keys_in_bucket()) == 2 + written


def test_sessions_only_name_a_large_schema_and_read_it_to_check_an_output() -> None:
    key = new_key()

    with recorded_calls() as calls:
        right = start(key, taskQuery='{"number_7": 1}')
        wrong = start(key, taskQuery='{"number_7": "one"}')
    assert WRITE not in calls
    with recorded_calls() as calls:
        work_off()

    assert calls.count(READ) == 2
    assert agents(right)["a"]["state"] == "COMPLETED"
    assert agents(wrong)["a"]["notes"] == (
        "The agent's output does not fit the outputSchema. This must be a number (number_7)"
    )
    (node,) = data(PINNED, {"s": right.session})["sessionAgents"]["nodes"]
    assert node["agentAction"]["outputSchema"] == LARGE


def test_a_run_keeps_an_output_that_did_not_fit_whatever_its_size() -> None:
    long = r'{"number_7": "\ud800 €"}'.replace("€", "€" * 50_000)
    place = start(new_key(), taskQuery=long)
    work_off()

    (run,) = models.SessionRun.query(place.session, consistent_read=True)
    assert texts.read(CALLER.partition_key, run.output) == long
    assert agents(place)["a"]["agentOutput"] is None


def test_a_small_schema_is_part_of_the_item_and_costs_no_call() -> None:
    with recorded_calls() as calls:
        place = started([echo("a")], [after("a", outputSchema={"type": "string"})])

    assert READ not in calls
    assert WRITE not in calls
    assert agents(place)["a"]["state"] == "COMPLETED"


def test_a_schema_that_the_bucket_has_lost_fails_the_agent() -> None:
    key = new_key()
    TextBucket(BUCKET).delete_all("")

    place = start(key, taskQuery="{}")
    work_off()

    agent = agents(place)["a"]
    assert agent["state"] == "FAILED"
    assert "missing" in agent["notes"]


def test_nothing_is_stored_for_a_task_that_is_refused() -> None:
    coordination = new_coordination(agents=[echo("a")])
    action = {**ACTION, "predecessors": ["a"]}

    given = {"coordinationUuid": coordination, "taskName": "Judge", "agentActions": [action]}
    refusal("createTask", given)

    assert keys_in_bucket() == []
