"""The simulations' store answers what embedded AWS and DynamoDB Local answer.

Whatever a few random sessions ask of it, with all their faults, is asked of them once more.
"""

from typing import Any, NamedTuple

import pytest
from pynamodb.exceptions import VerboseClientError

from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from ai_coordination.models import Session, connection
from tests.simulation.expressions import NotUnderstood, condition, plain, update
from tests.simulation.random_session import RandomSession
from tests.simulation.store import Store

SEEDS = (4, 9, 16, 28)
TOLD = ("Item", "Items", "Attributes", "Responses")
OPERATIONS = {"BatchGetItem", "GetItem", "Query", "TransactWriteItems", "UpdateItem"}


class Asked(NamedTuple):
    """A request, and what was heard of the answer."""

    operation: str
    request: Any
    heard: Any


def _told(answer: Any) -> Any:
    """What the engine reads of an answer, its sets without an order."""
    return {name: _plain(answer[name]) for name in TOLD if answer.get(name)}


def _refusal(error: VerboseClientError) -> Any:
    cause: Any = error.__cause__
    reasons = [one and (one.code, _plain(one.raw_item)) for one in error.cancellation_reasons]
    return error.response["Error"]["Code"], _plain(cause.response.get("Item")), reasons


def _plain(told: Any) -> Any:
    """An item, a list of them, or lists by table."""
    if isinstance(told, list):
        return sorted((_plain(one) for one in told), key=lambda one: repr(sorted(one.items())))
    if told is None or not told:
        return told
    is_item = all(isinstance(value, dict) for value in told.values())
    # In the order of the names: items that are alike are sorted alike, too.
    return {name: plain(told[name]) if is_item else _plain(told[name]) for name in sorted(told)}


def _asked(seed: int) -> list[Asked]:
    """All that a session asked."""
    asked: list[Asked] = []

    class Recording(Store):
        def call(self, operation: str, request: Any, *, repeated: bool = False) -> Any:
            try:
                answer = super().call(operation, request, repeated=repeated)
            except VerboseClientError as error:
                asked.append(Asked(operation, request, _refusal(error)))
                raise
            asked.append(Asked(operation, request, _told(answer)))
            return answer

    RandomSession(seed, store=Recording()).run()
    return asked


def _heard(operation: str, request: Any) -> Any:
    try:
        return _told(connection.attempt(operation, request))
    except VerboseClientError as error:
        return _refusal(error)


def _is_answered_alike(asked: list[Asked]) -> None:
    tokens = set()
    for operation, request, heard in asked:
        token = request.get("ClientRequestToken")
        # Embedded AWS applies a repeated transaction twice.
        if token is None or token not in tokens:
            assert _heard(operation, request) == heard, (operation, request)
        if not isinstance(heard, tuple):
            tokens.add(token)


def test_embedded_aws_answers_what_the_store_answers(embedded_aws: EmbeddedAws) -> None:
    everything = [_asked(seed) for seed in SEEDS]

    assert {one.operation for asked in everything for one in asked} == OPERATIONS
    for asked in everything:
        embedded_aws.reset()
        create_tables()
        _is_answered_alike(asked)


def test_dynamodb_local_answers_what_the_store_answers(tables_of_dynamodb_local: None) -> None:
    asked = _asked(SEEDS[0])
    _forget(asked)

    # Other tests leave in the index what is due of theirs.
    _is_answered_alike([one for one in asked if "IndexName" not in one.request])


def _forget(asked: list[Asked]) -> None:
    """Deletes what another run of the same session has left, where the engine is not ours alone."""
    store = Store()
    for _, request, _ in asked:
        for part in request.get("TransactItems", [{"": request}]):
            (given,) = part.values()
            if "Key" in given or "Item" in given:
                name = given["TableName"]
                key = {one: {"S": text} for one, text in store.key_of(given).items()}
                connection.attempt("DeleteItem", {"TableName": name, "Key": key})


@pytest.mark.parametrize("text", ["size(a) > :b", "a BETWEEN :b AND :c", "a = :b)", "a ? :b"])
def test_a_condition_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        condition(text)


@pytest.mark.parametrize("text", ["SET a.b = :c", "SET a = :b + :c", "ADD a"])
def test_an_update_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises((NotUnderstood, KeyError)):
        update(text)({}, {}, {}, {":b": {"N": "1"}, ":c": {"N": "1"}})


def test_a_query_that_is_not_understood_is_refused() -> None:
    asked = {"TableName": Session.Meta.table_name, "FilterExpression": "attribute_exists(a)"}

    with pytest.raises(NotUnderstood):
        Store().call("Query", asked)


def test_a_transaction_with_a_token_is_made_once() -> None:
    store = Store()
    key = {"coordination_uuid": {"S": "c"}, "session_uuid": {"S": "s"}}
    name = Session.Meta.table_name
    add = {
        "TableName": name,
        "Key": key,
        "UpdateExpression": "ADD #0 :0",
        "ExpressionAttributeNames": {"#0": "agent_count"},
        "ExpressionAttributeValues": {":0": {"N": "1"}},
    }
    for _ in range(2):
        request = {"TransactItems": [{"Update": add}], "ClientRequestToken": "once"}
        store.call("TransactWriteItems", request)

    assert store.items[name]["c", "s"] == {**key, "agent_count": {"N": "1"}}
