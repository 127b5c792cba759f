"""A large text that is missing from the bucket fails only what needs it."""

from secrets import token_hex
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from ai_coordination import models, telemetry, texts, worker
from ai_coordination.clients import SqsQueue, TextBucket, clients
from ai_coordination.config import settings
from ai_coordination.engine.session import retry, start
from ai_coordination.errors import Throttled
from ai_coordination.texts import Owner, cleanup_message
from tests.api import execution
from tests.api.execution import (
    WAITS,
    after,
    blueprint,
    echo,
    external,
    function,
    report,
    started,
)
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.bucket import BUCKET
from tests.support.contexts import SYSTEM
from tests.support.graph_api import (
    NOBODY,
    Place,
    ask,
    change,
    create,
    new_coordination,
    new_session,
    refusal,
)
from tests.support.lambda_service import LambdaService, returning
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("tables", "worked_queue", "bucket")

LARGE = "€" * 2_000
MISSING = "A large text is missing from the bucket"
_CALL = BaseClient._make_api_call  # type: ignore[attr-defined]


def lose_everything() -> None:
    TextBucket(BUCKET).delete_all("")


def failing(operation: str, code: str, status: int) -> Any:
    """S3 answers one operation with an error."""

    def call(client: BaseClient, name: str, parameters: object) -> object:
        if name == operation:
            told: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raised: Any = client.exceptions.from_code(code)
            raise raised(told, name)
        return _CALL(client, name, parameters)

    return patch.object(BaseClient, "_make_api_call", call)


def texts_of(place: Place) -> dict[str, Any]:
    document = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
        status taskQuery sessionAgents { nodes { agentUuid agentOutput } }
    } }"""
    return ask(document, {"c": place.coordination, "s": place.session})


def test_a_missing_text_costs_its_own_field() -> None:
    place = execution.started([echo("a")], taskQuery=LARGE)
    lose_everything()

    answer = texts_of(place)

    assert answer["data"]["session"] == {
        "status": "COMPLETED",
        "taskQuery": None,
        "sessionAgents": {"nodes": [{"agentUuid": "a", "agentOutput": None}]},
    }
    assert [(error["path"], error["message"]) for error in answer["errors"]] == [
        (["session", "taskQuery"], MISSING),
        (["session", "sessionAgents", "nodes", 0, "agentOutput"], MISSING),
    ]
    codes = [error["extensions"]["code"] for error in answer["errors"]]
    assert codes == ["TEXT_UNAVAILABLE"] * 2


@pytest.mark.parametrize(
    ("code", "status"),
    [("SlowDown", 503), ("AccessDenied", 403), ("NoSuchBucket", 404), ("InternalError", 500)],
)
def test_any_other_refusal_of_s3_is_none_of_the_text(code: str, status: int) -> None:
    place = execution.started(
        [external("a"), echo("b")], [after("a"), after("b", "a")], taskQuery="Go"
    )
    told = {**report(place, "a"), "agentOutput": LARGE}
    change("completeSessionAgent", told, "sessionAgent { state }")

    with failing("GetObject", code, status):
        answer = texts_of(place)
        execution.work_off()
    codes = [error["extensions"]["code"] for error in answer["errors"]]
    waits = execution.agents(place)["b"]

    assert codes == ["THROTTLED"]
    assert (waits["state"], waits["attempt"]) == ("INITIAL", 0)


def test_an_agent_that_is_to_be_told_a_missing_text_fails_at_once() -> None:
    place = execution.started(
        [external("a"), echo("b")], [after("a"), after("b", "a")], taskQuery="Go"
    )
    told = {**report(place, "a"), "agentOutput": LARGE}
    change("completeSessionAgent", told, "sessionAgent { state }")
    lose_everything()

    execution.work_off()

    agent = next(one for one in models.SessionAgent.query(place.session) if one.agent_uuid == "b")
    assert (agent.state, agent.attempt, agent.notes) == ("failed", 0, MISSING)
    assert stored(models.Session, *place).status == "failed"


def test_a_function_of_which_a_text_is_missing_is_not_called(functions: LambdaService) -> None:
    functions.deploy("agent-writer", returning("Done"))
    place = execution.start(blueprint([function("a", **WAITS)]), taskQuery=LARGE)

    claims = texts.store

    def keep(owner: texts.Owner, text: str) -> models.Text:
        """What the agent is told is lost as soon as it is written."""
        kept = claims(owner, text)
        lose_everything()
        return kept

    with patch.object(texts, "store", keep):
        execution.work_off()

    (agent,) = models.SessionAgent.query(place.session)
    assert (agent.state, agent.attempt, agent.notes) == ("failed", 1, MISSING)
    (run,) = models.SessionRun.query(place.session)
    assert (run.outcome, run.notes) == ("failed", MISSING)
    assert stored(models.Session, *place).status == "failed"
    assert functions.invocations == []


def test_a_start_of_which_the_graph_is_missing_fails_and_its_key_gives_it() -> None:
    names = [f"a{number}" for number in range(120)]
    given = {
        **blueprint([echo(name, nonce=token_hex(32)) for name in names]),
        "taskQuery": "Which?",
        "idempotencyKey": "once",
    }
    with patch.object(start, "resume", side_effect=RuntimeError("died")):
        assert refusal("startSession", given)["code"] == "INTERNAL"
    lose_everything()

    place = execution.start(given)

    assert execution.session(place)["status"] == "FAILED"
    session = stored(models.Session, *place)
    assert session.operation is None
    assert session.due_at is None
    assert [entry.message for entry in session.logs][:1] == [MISSING]


def by_hand(**more: Any) -> Place:
    coordination = new_coordination(agents=[echo("a"), echo("b")])
    place = Place(coordination, new_session(coordination, taskQuery=LARGE, **more))
    for name in "ab":
        create("createSessionAgent", {**place.key, "agentUuid": name, "subtaskQuery": "Do it"})
    return place


def test_a_dispatch_of_which_a_text_is_missing_leaves_the_session_as_it_was() -> None:
    place = by_hand()
    lose_everything()

    assert refusal("dispatchSession", place.key)["code"] == "TEXT_UNAVAILABLE"

    session = stored(models.Session, *place)
    assert session.status == "initial"
    assert session.operation is None
    assert session.due_at is None
    change("updateSession", {**place.key, "taskQuery": "Again"}, "session { version }")
    change("dispatchSession", place.key, "session { status }")
    execution.work_off()
    assert execution.session(place)["status"] == "COMPLETED"


def test_a_dispatch_that_has_begun_fails_where_a_text_is_missing() -> None:
    place = by_hand()
    with patch("ai_coordination.engine.session.dispatch._begin", side_effect=KeyError):
        assert refusal("dispatchSession", place.key)["code"] == "INTERNAL"
    first, _ = execution.agents(place).values()
    at = place.session, first["sessionAgentUuid"]
    put_state(models.SessionAgent, *at, iteration=0, member=None)
    lose_everything()
    put_state(models.Session, *place, due_at=SYSTEM.now())
    put_state(models.SessionAgent, *at, due_at=None, due_shard=None)

    worker.handler({"kind": worker.SWEEP}, Context())
    execution.work_off()

    session = stored(models.Session, *place)
    assert session.status == "failed"
    assert session.operation is None
    assert session.due_at is None
    states = [agent["state"] for agent in execution.agents(place).values()]
    assert states == ["CANCELLED", "CANCELLED"]


def retry_without_its_plan() -> tuple[Place, dict[str, Any]]:
    """A retry of completed agents that died before its first reset. Returns its input too."""
    place = started([echo(f"a{number}", nonce=token_hex(200)) for number in range(20)])
    named = [agent["sessionAgentUuid"] for agent in execution.agents(place).values()]
    given = {**place.key, "sessionAgentUuids": named, "withCurrentMembers": True}
    with patch.object(retry, "resume", side_effect=RuntimeError("died")):
        assert refusal("retrySession", given)["code"] == "INTERNAL"
    lose_everything()
    return place, given


def test_a_retry_of_completed_agents_whose_plan_is_missing_leaves_the_session_as_it_was() -> None:
    place, given = retry_without_its_plan()
    put_state(models.Session, *place, due_at=SYSTEM.now())

    worker.handler({"kind": worker.SWEEP}, Context())
    execution.work_off()

    session = stored(models.Session, *place)
    assert (session.status, session.iteration_count) == ("completed", 1)
    assert session.operation is None
    assert session.due_at is None
    change("retrySession", given, "session { status }")
    execution.work_off()
    assert stored(models.Session, *place).iteration_count == 2


def test_a_caller_who_resumes_a_retry_whose_plan_is_missing_is_told_to_retry_again() -> None:
    place, given = retry_without_its_plan()

    refused = refusal("retrySession", given)

    assert (refused["code"], refused["state"]) == ("INVALID_STATE", "COMPLETED")
    session = stored(models.Session, *place)
    assert session.operation is None
    assert session.due_at is None
    assert session.iteration_count == 1
    change("retrySession", given, "session { status }")
    assert stored(models.Session, *place).iteration_count == 2


def test_texts_that_s3_does_not_delete_are_tried_again_when_the_others_are_gone() -> None:
    place = by_hand()
    owner = texts.Owner("acme#sales", *place)
    digests = [texts.store(owner, f"{LARGE}{number}").sha256 for number in range(3)]  # type: ignore[union-attr]
    stays = min(digests)

    def call(client: BaseClient, name: str, parameters: dict[str, Any]) -> object:
        if name != "DeleteObjects":
            return _CALL(client, name, parameters)
        given = parameters["Delete"]["Objects"]
        others = [one for one in given if not one["Key"].endswith(stays)]
        if others:
            _CALL(client, name, {**parameters, "Delete": {"Objects": others}})
        return {"Errors": [{"Key": stays, "Code": "InternalError"}] * (len(given) - len(others))}

    with patch.object(BaseClient, "_make_api_call", call), pytest.raises(Throttled) as raised:
        TextBucket(BUCKET).delete_all("")

    assert raised.value.message == "S3 did not delete 1 texts: {'InternalError': 1}"
    left = clients("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [one["Key"].rsplit("/", 1)[1] for one in left] == [stays]
    TextBucket(BUCKET).delete_all("")
    assert clients("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_bucket_that_cannot_be_listed_is_tried_again() -> None:
    with failing("ListObjectsV2", "SlowDown", 503), pytest.raises(Throttled):
        TextBucket(BUCKET).delete_all("")


def test_where_the_queue_takes_a_part_of_a_batch_the_rest_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = SqsQueue(settings().required_queue_url())

    def call(client: BaseClient, name: str, parameters: dict[str, Any]) -> object:
        refused = [{"Id": "1", "Code": "InternalError"}, {"Id": "2", "Code": "Throttled"}]
        return {"Successful": [], "Failed": refused}

    with patch.object(BaseClient, "_make_api_call", call), telemetry.tallying():
        queue.send([cleanup_message(Owner("acme#sales", NOBODY))] * 3)

    (line,) = caplog.records
    assert (line.levelname, line.messages, line.codes) == (  # type: ignore[attr-defined]
        "ERROR",
        2,
        ["InternalError", "Throttled"],
    )
    assert '"MessagesNotSent":[2' in capsys.readouterr().out.replace(" ", "")


def test_a_batch_that_the_queue_refuses_is_counted_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue = SqsQueue(settings().required_queue_url())
    with (
        patch.object(BaseClient, "_make_api_call", side_effect=ClientError({"Error": {}}, "x")),
        telemetry.tallying(),
    ):
        queue.send([cleanup_message(Owner("acme#sales", NOBODY))] * 13)

    assert '"MessagesNotSent":[13' in capsys.readouterr().out.replace(" ", "")
