"""Large texts go with what they belong to, and none is left by what is never written."""

from hashlib import sha256
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from ai_coordination import models, texts
from ai_coordination.clients import TextBucket
from ai_coordination.config import settings
from tests.api import execution
from tests.api.execution import blueprint, echo, report, start, work_off
from tests.api.large_texts import LARGE, SUBTASKS, built, shown, working
from tests.support.bucket import BUCKET, keys_in_bucket
from tests.support.graph_api import (
    CALLER,
    NOBODY,
    RIVAL,
    Place,
    change,
    create,
    new_coordination,
    new_session,
)
from tests.support.recording import recorded_calls
from tests.support.stored import put_state, refused

pytestmark = pytest.mark.usefixtures("tables", "worked_queue", "bucket")
NEW_QUERY = {"agentUuid": "rag", "subtaskQuery": LARGE + "!"}
_CALL = BaseClient._make_api_call  # type: ignore[attr-defined]


def test_the_texts_of_a_session_go_with_it() -> None:
    place = built(taskQuery=LARGE)
    assert len(keys_in_bucket()) == 1

    change("deleteSession", place.key, "deletedId")
    work_off()

    assert keys_in_bucket() == []


def test_a_deletion_that_is_refused_leaves_the_texts() -> None:
    place = start(blueprint([echo("a")]), taskQuery=LARGE)
    work_off()

    assert refused("deleteSession", place.key)["code"] == "HAS_CHILDREN"
    work_off()

    assert shown(SUBTASKS, place)["taskQuery"] == LARGE


@pytest.mark.parametrize("wrong", ["coordination", "tenant", "agents", "doing"])
def test_a_refused_deletion_sends_no_message_and_leaves_the_texts(wrong: str) -> None:
    place = built(taskQuery=LARGE)
    key, caller = place.key, CALLER
    if wrong == "coordination":
        key = {**key, "coordinationUuid": new_coordination()}
    elif wrong == "tenant":
        caller = RIVAL
    elif wrong == "agents":
        create("createSessionAgent", {**key, "agentUuid": "rag"})
    else:
        put_state(models.Session, *place, operation="start")
    before = keys_in_bucket()

    with recorded_calls() as calls:
        refused("deleteSession", key, caller)
    work_off()

    assert [call for call in calls if call.service != "dynamodb"] == []
    assert keys_in_bucket() == before
    assert shown(SUBTASKS, place)["taskQuery"] == LARGE


def old(place: Place, text: str = LARGE) -> str:
    """The key of a session's text after it is stored as version 0.1.0 would have stored it."""
    digest = sha256(text.encode()).hexdigest()
    TextBucket(BUCKET).delete_all(f"acme/sales/{place.coordination}/{place.session}/")
    TextBucket(BUCKET).put(key := f"acme/sales/{place.session}/{digest}", text)
    held = models.LargeText(place.session, digest, len(text.encode()))
    put_state(models.Session, *place, task_query=held)
    return key


@pytest.mark.parametrize("of_today", [True, False])
def test_a_message_under_a_wrong_key_deletes_no_text(of_today: bool) -> None:
    place = built(taskQuery=LARGE)
    if not of_today:
        old(place)
    before = keys_in_bucket()

    for coordination in (new_coordination(), NOBODY):
        texts.clean_up(
            texts.cleanup_message(texts.Owner("acme#sales", coordination, place.session))
        )
    texts.clean_up(texts.cleanup_message(texts.Owner("acme#sales", place.coordination, NOBODY)))
    texts.clean_up(texts.cleanup_message(texts.Owner("acme#sales", place.coordination)))
    texts.clean_up(texts.cleanup_message(texts.Owner("acme#sales", NOBODY)))
    texts.clean_up(texts.cleanup_message(texts.Owner("globex#sales", *place)))

    assert keys_in_bucket() == before
    assert shown(SUBTASKS, place)["taskQuery"] == LARGE


def test_the_texts_of_a_session_of_0_1_0_are_read_and_go_with_it_and_those_of_no_other() -> None:
    place, neighbour = built(taskQuery=LARGE), built(taskQuery=LARGE)
    old(place)
    others = old(neighbour)
    change("updateSession", {**place.key, "subtaskQueries": [NEW_QUERY]}, "session { version }")
    assert len(keys_in_bucket()) == 3
    assert shown(SUBTASKS, place) == {
        "taskQuery": LARGE,
        "subtaskQueries": [{"subtaskQuery": NEW_QUERY["subtaskQuery"]}],
    }

    change("deleteSession", place.key, "deletedId")
    work_off()

    assert keys_in_bucket() == [others]


def test_the_texts_of_a_coordination_stay_with_it_and_go_with_it() -> None:
    coordination = new_coordination()
    new_session(coordination, taskQuery=LARGE)
    owner = texts.Owner("acme#sales", coordination)
    placed = texts.store(owner, LARGE)
    check = texts.cleanup_message(owner)

    texts.clean_up(check)
    assert texts.read("acme#sales", placed) == LARGE
    assert len(keys_in_bucket()) == 2

    models.Coordination("acme#sales", coordination).delete()
    texts.clean_up(check)
    assert [key.split("/")[2:4] for key in keys_in_bucket()] != [[coordination, "own"]]
    assert len(keys_in_bucket()) == 1


@pytest.mark.parametrize("name", ["createSession", "startSession"])
def test_a_start_whose_message_is_not_taken_writes_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = blueprint([echo("a")])
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/1/no")
    settings.cache_clear()

    assert refused(name, {**key, "taskQuery": LARGE})["code"] == "THROTTLED"

    assert keys_in_bucket() == []


@pytest.mark.parametrize("name", ["createSession", "startSession"])
def test_a_session_that_is_never_written_leaves_no_text(name: str) -> None:
    key = blueprint([echo("a")])
    gone = {**key, "coordinationUuid": new_coordination()}
    given = gone if name == "createSession" else key

    with patch.object(TextBucket, "put", side_effect=ClientError({"Error": {}}, "PutObject")):
        ask_to = {**given, "taskQuery": LARGE}
        refused(name, ask_to)
    nowhere = {**ask_to, "taskUuid": gone["coordinationUuid"]}
    assert refused(name, nowhere)["code"] == "NOT_FOUND"
    work_off()

    assert keys_in_bucket() == []


def test_a_repeat_with_the_same_key_leaves_the_texts_of_the_first_alone() -> None:
    given = {**blueprint([echo("a")]), "taskQuery": LARGE, "idempotencyKey": "once"}

    first, second = start(given), start(given)
    work_off()

    assert first == second
    assert len(keys_in_bucket()) == 1
    assert first.session in keys_in_bucket()[0]


def test_where_the_bucket_does_not_answer_nothing_is_half_written() -> None:
    given = {**report(working(), "a"), "agentOutput": LARGE}

    with patch.object(BaseClient, "_make_api_call", _without_s3):
        assert refused("completeSessionAgent", given)["code"] == "THROTTLED"

    assert execution.tell("completeSessionAgent", given)["state"] == "COMPLETED"


def _without_s3(client: BaseClient, operation: str, parameters: object) -> object:
    """The calls of other services go on."""
    if client.meta.service_model.service_name == "s3":
        raise ClientError({"Error": {"Code": "SlowDown"}}, operation)
    return _CALL(client, operation, parameters)
