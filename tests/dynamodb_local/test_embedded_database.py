"""The embedded database answers what DynamoDB Local answers, errors included."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.dynamodb_local import database_requests as requests
from tests.dynamodb_local.database_requests import ITEM, KEY
from tests.dynamodb_local.side_by_side import INDEX, SideBySide
from tests.simulation.random_session import RandomSession
from tests.simulation.store import Store
from tests.support.cases import each
from tests.support.comparing import ComparedDatabase

SEEDS = min(21, int(os.environ.get("SEEDS", "21")))
MISSING = {"pk": {"S": "missing"}, "sk": {"S": "s"}}


@pytest.fixture(scope="module")
def asked(dynamodb_local_endpoint: str) -> Iterator[SideBySide]:
    with SideBySide(dynamodb_local_endpoint).with_table() as both:
        yield both


@pytest.fixture
def both(asked: SideBySide) -> Iterator[SideBySide]:
    """With an empty table."""
    yield asked
    asked.clear()


@pytest.fixture
def item(both: SideBySide) -> None:
    both.ask("PutItem", Item=ITEM)


@each("value", requests.VALUES, ids=repr)
def test_a_value_is_stored_or_refused_alike(both: SideBySide, value: Any) -> None:
    both.ask("PutItem", Item={**KEY, "v": value})

    both.ask("GetItem", Key=KEY)


@each("operation", ["GetItem", "UpdateItem", "DeleteItem"])
@each("key", requests.KEYS, ids=lambda key: repr(key)[:60])
def test_a_key_is_taken_or_refused_alike(both: SideBySide, key: Any, operation: str) -> None:
    both.ask(operation, Key=key)


@each("key", requests.KEYS, ids=lambda key: repr(key)[:60])
def test_an_item_with_such_a_key_is_taken_or_refused_alike(both: SideBySide, key: Any) -> None:
    both.ask("PutItem", Item=key)


@each("value", requests.INDEX_KEYS, ids=lambda value: repr(value)[:60])
def test_a_key_of_an_index_is_taken_or_refused_alike(both: SideBySide, value: Any) -> None:
    both.ask("PutItem", Item={**KEY, "g": value})


def a_third(cases: Sequence[Any]) -> list[Any]:
    """Each third case every day; all of them in `make stress`."""
    return [
        pytest.param(case, marks=pytest.mark.stress if number % 3 else ())
        for number, case in enumerate(cases)
    ]


@pytest.mark.usefixtures("item")
@pytest.mark.parametrize("case", a_third(requests.CONDITIONS), ids=repr)
def test_a_condition_holds_or_is_refused_alike(both: SideBySide, case: requests.Case) -> None:
    update = {"UpdateExpression": "REMOVE nothing", "ReturnValues": "NONE"}
    for key in (KEY, MISSING):
        request = {**case.request("ConditionExpression"), **update, "Key": key}

        both.ask("UpdateItem", **request)
        both.ask("UpdateItem", **request, ReturnValuesOnConditionCheckFailure="ALL_OLD")


RETURNED = ("ALL_NEW", "UPDATED_NEW", "UPDATED_OLD")
# Each other update with one of them, in turn; `make stress` has the others.
UPDATES = [
    pytest.param(case, name, marks=[] if number % 6 == 2 * place else pytest.mark.stress)
    for number, case in enumerate(requests.UPDATES)
    for place, name in enumerate(RETURNED)
]


@pytest.mark.usefixtures("item")
@pytest.mark.parametrize(("case", "returned"), UPDATES, ids=repr)
def test_an_item_is_updated_or_not_alike(
    both: SideBySide, case: requests.Case, returned: str
) -> None:
    request = case.request("UpdateExpression")

    both.ask("UpdateItem", Key=KEY, **request, ReturnValues=returned)
    both.ask("GetItem", Key=KEY)
    both.ask("UpdateItem", Key=MISSING, **request, ReturnValues=returned)
    both.ask("GetItem", Key=MISSING)


@pytest.mark.usefixtures("item")
@each("text", requests.PROJECTIONS)
def test_a_part_of_an_item_is_read_alike(both: SideBySide, text: str) -> None:
    both.ask("GetItem", Key=KEY, ProjectionExpression=text)


@pytest.fixture(scope="module")
def filled(dynamodb_local_endpoint: str) -> Iterator[SideBySide]:
    """With rows, for tests that only read."""
    with SideBySide(dynamodb_local_endpoint).with_table() as both:
        for row in requests.ROWS:
            both.ask("PutItem", Item=row)
        yield both


@pytest.mark.parametrize(
    "request_", a_third(requests.QUERIES), ids=lambda request: repr(request)[:150]
)
def test_a_query_is_answered_alike(filled: SideBySide, request_: dict[str, Any]) -> None:
    for backward in ({}, {"ScanIndexForward": False}):
        filled.ask("Query", **request_, **backward, ReturnConsumedCapacity="INDEXES")


@each("request_", [{}, {"IndexName": INDEX}], ids=repr)
@each("limit", [1, 2, 3, 9])
def test_pages_follow_each_other_alike(
    filled: SideBySide, request_: dict[str, Any], limit: int
) -> None:
    name, value = ("g", "g") if request_ else ("pk", "p")
    request_ = {
        **request_,
        "KeyConditionExpression": f"{name} = :v",
        "ExpressionAttributeValues": {":v": {"S": value}},
        "Limit": limit,
    }
    for backward in (True, False):
        start: dict[str, Any] = {}
        while True:
            page = filled.ask("Query", **request_, **start, ScanIndexForward=backward)
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def test_a_page_of_a_megabyte_ends_alike(both: SideBySide) -> None:
    large = {"S": "x" * 390_000}
    for number in range(4):
        both.ask("PutItem", Item={"pk": {"S": "p"}, "sk": {"S": str(number)}, "v": large})
    query = {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
        "ProjectionExpression": "sk",
        "ReturnConsumedCapacity": "TOTAL",
    }

    page = both.ask("Query", **query)
    both.ask("Query", **query, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert page["Count"] == 3

    both.ask("DeleteItem", Key={"pk": {"S": "p"}, "sk": {"S": "3"}})

    assert "LastEvaluatedKey" not in both.ask("Query", **query)


@each("part", requests.BATCHES, ids=lambda part: repr(part)[:150])
def test_a_batch_is_read_alike(filled: SideBySide, part: dict[str, Any]) -> None:
    request = {"RequestItems": {filled.table: part}, "ReturnConsumedCapacity": "INDEXES"}

    expected = filled.of_dynamodb_local("BatchGetItem", request)
    answer = filled.of_database("BatchGetItem", request)

    # DynamoDB returns them in any order.
    for one in (expected, answer):
        for items in one.get("Responses", {}).values():
            items.sort(key=lambda item: str(item["n"]))
    assert answer == expected


def test_a_batch_of_nothing_or_of_another_table_is_refused_alike(both: SideBySide) -> None:
    both.same("BatchGetItem", {"RequestItems": {}})
    both.same("BatchGetItem", {"RequestItems": {"nothing": {"Keys": [KEY]}}})


@pytest.mark.usefixtures("item")
@pytest.mark.parametrize("parts", requests.TRANSACTIONS, ids=lambda parts: repr(parts)[:150])
def test_a_transaction_lands_or_is_canceled_alike(
    both: SideBySide, parts: list[dict[str, Any]]
) -> None:
    of_table = [
        {name: {"TableName": both.table, **part} for name, part in each.items()} for each in parts
    ]

    both.same("TransactWriteItems", {"TransactItems": of_table})

    for number in range(4):
        both.ask("GetItem", Key=requests.key(number))


@pytest.mark.usefixtures("item")
def test_a_token_is_known_alike(both: SideBySide) -> None:
    def transaction(number: int, token: str) -> dict[str, Any]:
        update = {
            "TableName": both.table,
            "Key": requests.key(number),
            "UpdateExpression": "ADD seen :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        return {"TransactItems": [{"Update": update}], "ClientRequestToken": token}

    for number, token in [(1, both.table[-36:]), (1, both.table[-36:]), (2, both.table[-36:])]:
        both.same("TransactWriteItems", transaction(number, token))
    both.same("TransactWriteItems", transaction(1, ""))
    both.same("TransactWriteItems", transaction(1, "x" * 37))

    assert both.ask("GetItem", Key=requests.key(1))["Item"]["seen"] == {"N": "2"}


@pytest.mark.usefixtures("item")
@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "DeleteItem"])
@pytest.mark.parametrize(
    "returned", ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "ANYTHING"]
)
def test_a_write_returns_the_same(both: SideBySide, operation: str, returned: str) -> None:
    update = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "9"}}}
    wanted: dict[str, dict[str, Any]] = {
        "PutItem": {"Item": {**KEY, "n": {"N": "9"}}},
        "UpdateItem": {"Key": KEY, **update},
        "DeleteItem": {"Key": KEY},
    }

    both.ask(operation, **wanted[operation], ReturnValues=returned)


@each("name", ["GetItem", "PutItem", "DeleteItem", "Query", "DescribeTable"])
def test_what_a_request_lacks_is_named_alike(both: SideBySide, name: str) -> None:
    more: dict[str, Any] = {
        "GetItem": {"Key": KEY},
        "DeleteItem": {"Key": KEY},
        "PutItem": {"Item": ITEM},
        "Query": requests.QUERIES[0],
    }

    if name in more:
        both.ask(name)
    for table in ("x", "nothing"):
        both.same(name, {"TableName": table, **more.get(name, {})})


def test_capacity_is_counted_alike(both: SideBySide) -> None:
    counted = {"ReturnConsumedCapacity": "INDEXES"}
    set_r = {"UpdateExpression": "SET r = :r", "ExpressionAttributeValues": {":r": {"N": "2"}}}
    indexed = {**ITEM, "g": {"S": "g"}, "r": {"N": "1"}}

    both.ask("PutItem", Item=indexed, **counted)
    both.ask("PutItem", Item={**indexed, "big": {"S": "x" * 5000}}, **counted)
    both.ask("GetItem", Key=KEY, **counted)
    both.ask("GetItem", Key=KEY, ConsistentRead=True, **counted)
    both.ask("GetItem", Key=MISSING, **counted)
    both.ask("UpdateItem", Key=KEY, UpdateExpression="REMOVE big", **counted)
    both.ask("UpdateItem", Key=KEY, **set_r, **counted)
    both.ask("UpdateItem", Key=KEY, UpdateExpression="REMOVE r", **counted)
    both.ask("UpdateItem", Key=KEY, UpdateExpression="REMOVE nothing", **counted)
    both.ask("DeleteItem", Key=KEY, **counted)


def test_time_to_live_is_set_alike(both: SideBySide) -> None:
    for enabled, name in [(True, "e"), (True, "e"), (True, "f"), (False, "e")]:
        both.ask("DescribeTimeToLive")
        wanted = {"Enabled": enabled, "AttributeName": name}
        both.ask("UpdateTimeToLive", TimeToLiveSpecification=wanted)


def test_a_table_is_described_alike(both: SideBySide) -> None:
    both.ask("DescribeTable")


@pytest.mark.parametrize(
    "seed", [4, *(pytest.param(seed, marks=pytest.mark.stress) for seed in range(9, 9 + SEEDS))]
)
def test_all_that_a_random_session_asks_is_answered_alike(
    dynamodb_local_endpoint: str, seed: int
) -> None:
    database = ComparedDatabase(dynamodb_local_endpoint)

    RandomSession(seed, Store(database=database)).run()

    assert database.compared


def refusal(answer: Any) -> str:
    return str(answer.get("Error", {}).get("Code"))


@pytest.mark.usefixtures("item")
def test_a_transaction_with_a_part_that_does_not_fit_its_item_is_canceled_as_on_aws(
    both: SideBySide,
) -> None:
    update = {"TableName": both.table, "Key": KEY, "UpdateExpression": "SET n = n + nope"}
    request = {"TransactItems": [{"Update": update}]}

    answer = both.of_database("TransactWriteItems", request)

    message = "The provided expression refers to an attribute that does not exist in the item"
    assert refusal(answer) == "TransactionCanceledException"
    assert answer["CancellationReasons"] == [{"Code": "ValidationError", "Message": message}]
    assert refusal(both.of_dynamodb_local("TransactWriteItems", request)) == "ValidationException"


@pytest.mark.usefixtures("item")
def test_an_update_cannot_give_a_key_of_an_index_another_type_as_on_aws(both: SideBySide) -> None:
    update = {"UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": {"N": "1"}}}
    request = {"TableName": both.table, "Key": KEY, **update}

    assert refusal(both.of_database("UpdateItem", request)) == "ValidationException"
    assert both.of_dynamodb_local("UpdateItem", request) == {}


@pytest.mark.usefixtures("item")
def test_a_transaction_consumes_two_units_for_each_kilobyte_as_on_aws(both: SideBySide) -> None:
    check = {"TableName": both.table, "Key": KEY, "ConditionExpression": "attribute_exists(pk)"}
    put = {"TableName": both.table, "Item": {**MISSING, "v": {"S": "x" * 1500}}}
    parts = [{"ConditionCheck": check}, {"Put": put}]
    request = {"TransactItems": parts, "ReturnConsumedCapacity": "TOTAL"}

    [units] = both.of_database("TransactWriteItems", request)["ConsumedCapacity"]

    assert (units["CapacityUnits"], units["WriteCapacityUnits"]) == (6.0, 6.0)


@pytest.mark.usefixtures("item")
def test_a_number_that_an_update_has_calculated_has_no_needless_zeros_as_on_aws(
    both: SideBySide,
) -> None:
    update = {
        "UpdateExpression": "SET n = n + :n",
        "ExpressionAttributeValues": {":n": {"N": "0.10"}},
    }
    request = {"TableName": both.table, "Key": KEY, **update, "ReturnValues": "UPDATED_NEW"}

    assert both.of_database("UpdateItem", request) == {"Attributes": {"n": {"N": "5.1"}}}
    assert both.of_dynamodb_local("UpdateItem", request) == {"Attributes": {"n": {"N": "5.10"}}}


def test_rows_of_an_index_with_equal_keys_come_in_the_order_of_their_items(
    both: SideBySide,
) -> None:
    rows = [{**requests.key(number), "g": {"S": "g"}, "r": {"N": "1"}} for number in range(5)]
    for row in rows:
        both.ask("PutItem", Item=row)
    query = {
        "TableName": both.table,
        "IndexName": INDEX,
        "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"S": "g"}},
    }

    items = both.of_database("Query", query)["Items"]

    assert items == rows
    other = both.of_dynamodb_local("Query", query)["Items"]
    assert sorted(other, key=lambda row: str(row["sk"])) == rows


@each(
    ("operation", "parameter"),
    [("GetItem", "AttributesToGet"), ("PutItem", "Expected"), ("UpdateItem", "AttributeUpdates")],
)
def test_what_expressions_have_replaced_is_refused(
    both: SideBySide, operation: str, parameter: str
) -> None:
    request = {"TableName": both.table, "Key": KEY, "Item": ITEM, parameter: {"n": {}}}

    answer = both.of_database(operation, request)

    assert answer["Error"]["Message"].startswith(f"{parameter} is not supported")
