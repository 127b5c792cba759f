"""Repeated keys: what comes back when the blueprint, the rules or the version have changed."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.session import start
from ai_coordination.errors import BadUserInput
from ai_coordination.services import fingerprints, validation
from tests.api.full_inputs import FILES, FULL, KEY, full, perform, put
from tests.support.graph_api import NOBODY, change, data, new_task, refusal
from tests.support.stored import everything_stored, refused
from tests.support.world import World

ACTION = ("agentActions", 0)
every_mutation = pytest.mark.parametrize("name", FULL)


def test_no_queries_are_another_input_than_those_of_the_task(world: World) -> None:
    given = full(world, "startSession")
    perform("startSession", {**given, "subtaskQueries": []})

    assert refused("startSession", {**given, "subtaskQueries": None, KEY: "once"}) == {
        "code": "CONFLICT",
        "inputPath": ["input", KEY],
    }


def test_a_key_is_either_a_created_session_s_or_a_started_one_s(world: World) -> None:
    given = full(world, "createSession")
    perform("createSession", given)

    assert refused("startSession", {**given, KEY: "once"})["code"] == "CONFLICT"


@every_mutation
def test_a_repeat_gives_the_same_though_the_input_would_be_refused_now(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = perform(name, full(world, name))
    before = everything_stored()

    def refuse(*given: Any, **more: Any) -> Any:
        raise BadUserInput("Stricter now")

    for rule in ("uuid", "name", "agent_uuid", "text"):
        monkeypatch.setattr(validation, rule, refuse)
    again = perform(name, full(world, name))

    assert again == first
    assert everything_stored() == before
    assert refusal(name, {**full(world, name), KEY: "another"})["code"] == "BAD_USER_INPUT"


def without_members(world: World) -> None:
    given = {**world.key("coordination"), "agents": []}
    change("updateCoordination", given, "coordination { version }")


def with_a_wrong_query(world: World) -> None:
    queries = [{"agentUuid": "rag", "subtaskQuery": "{unknown}"}]
    given = {**world.key("coordination", "task"), "subtaskQueries": queries}
    change("updateTask", given, "task { version }")
    change(
        "updateTask", {**world.key("coordination", "task"), "initialTaskQuery": "{}"}, "__typename"
    )


def without_the_task(world: World) -> None:
    change("deleteTaskSchedule", world.key("task", "schedule"), "deletedId")
    change("deleteTask", world.key("coordination", "task"), "deletedId")


SPOILERS: list[Callable[[World], None]] = [without_members, with_a_wrong_query, without_the_task]


@pytest.mark.parametrize("spoil", SPOILERS)
@pytest.mark.parametrize("name", ["startSession", "createSession"])
def test_a_session_is_given_again_whatever_its_blueprint_is_now(
    world: World, name: str, spoil: Callable[[World], None]
) -> None:
    given = {**world.key("coordination", "task"), "userId": "bob"}
    first = perform(name, given)
    spoil(world)
    before = everything_stored()

    again = perform(name, given)

    assert again == first
    assert everything_stored() == before
    if name == "startSession":
        assert refused(name, {**given, KEY: "another"})["code"] in ("BAD_USER_INPUT", "NOT_FOUND")


def test_a_start_that_died_goes_on_whatever_its_blueprint_is_now(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = [{"agentUuid": "rag", "subtaskQuery": "Find it."}] * 120
    given = {**world.key("coordination", "task"), "subtaskQueries": queries}
    with monkeypatch.context() as patch:
        patch.setattr(start, "resume", lambda *given: 1 / 0)
        assert refusal("startSession", {**given, KEY: "once"})["code"] == "INTERNAL"
    without_the_task(world)

    first = perform("startSession", given)

    found = data(
        "query ($id: ID!) { node(id: $id) { ... on Session { status progress { total } } } }",
        {"id": first},
    )
    assert found["node"] == {"status": "IN_PROGRESS", "progress": {"total": 120}}
    assert perform("startSession", given) == first


def of_0_1_0(*values: Any) -> str:
    """The fingerprint that version 0.1.0 made of an input's members."""

    def without_nulls(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: without_nulls(one) for name, one in value.items() if one is not None}
        return [without_nulls(one) for one in value] if isinstance(value, list) else value

    written = json.dumps(without_nulls(list(values)), sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def make_old(fingerprint: str) -> None:
    """The one record there is as version 0.1.0 would have written it."""
    (record,) = models.Idempotency.scan()
    kind = models.Idempotency
    record.update([kind.algorithm.remove(), kind.fingerprint.set(fingerprint)])


def test_keys_of_0_1_0_are_compared_as_it_did(world: World) -> None:
    uuids = [world.coordination, world.task]
    given = {**world.key("coordination", "task"), "inputFiles": FILES, "threadUuid": "t"}
    first = perform("startSession", given)
    files = [{"name": "a.pdf", "uri": "s3://bucket/a.pdf", "media_type": "application/pdf"}]
    make_old(of_0_1_0(*uuids, None, None, files, None, "t"))

    assert perform("startSession", given) == first
    assert refused("startSession", {**given, "threadUuid": "u", KEY: "once"})["code"] == "CONFLICT"


def test_keys_of_0_1_0_know_its_defaults_and_drop_the_nulls_of_json(world: World) -> None:
    action = {"agentUuid": "rag", "timeoutSeconds": None, "retry": {"maxAttempts": 4}}
    given = {**world.key("coordination"), "taskName": "A", "agentActions": [action]}
    first = perform("createTask", given)
    written = {
        "agent_uuid": "rag",
        "predecessors": [],
        "primary_path": True,
        "retry": {"max_attempts": 4, "interval_seconds": 1.0, "backoff_rate": 2.0},
        "on_failure": "fail_session",
    }
    make_old(of_0_1_0(world.coordination, "A", None, None, [], [written]))

    assert perform("createTask", given) == first
    told = refused("createTask", {**put(given, (*ACTION, "timeoutSeconds"), 5), KEY: "once"})
    assert told["code"] == "CONFLICT"


def test_a_key_of_a_later_version_gives_what_it_has_made(world: World) -> None:
    first = perform("createTask", {**world.key("coordination"), "taskName": "A"})
    (record,) = models.Idempotency.scan()
    record.update([models.Idempotency.algorithm.set(fingerprints.CURRENT + 1)])

    assert perform("createTask", {**world.key("coordination"), "taskName": "A"}) == first
    assert new_task(world.coordination, taskName="B", idempotencyKey="B") != NOBODY
