"""The size of an item is counted as DynamoDB counts it, to the byte."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ai_coordination import models
from ai_coordination.models import sizes

TABLE = models.Idempotency.Meta.table_name
NUMBERS = [
    *("0", "1", "9", "10", "99", "100", "101", "1000", "1234", "12345", "1000000", "2147483647"),
    *("-1", "-12", "-100", "-1.5", "1.5", "1.0", "12.25", "0.001", "0.12", "0.123", "100.001"),
    *("1E+20", "1E-10", "123e4", "9" * 38, "65536007", "655360071"),
]
ITEMS: dict[str, dict[str, Any]] = {
    "numbers": {f"n{index}": {"N": number} for index, number in enumerate(NUMBERS)},
    "texts": {"empty": {"S": ""}, "é": {"S": "😀 and €"}, "nul": {"S": "\0"}},
    "nothing": {"null": {"NULL": True}, "yes": {"BOOL": True}, "no": {"BOOL": False}},
    "bytes": {"one": {"B": b"abc"}, "several": {"BS": [b"ab", b"c"]}},
    "sets": {"texts": {"SS": ["ab", "ü"]}, "numbers": {"NS": ["1", "22", "333", "-4.5"]}},
    "no elements": {"list": {"L": []}, "map": {"M": {}}},
    "elements": {"list": {"L": [{"S": "a"}, {"N": "17"}, {"L": [{"BOOL": True}]}]}},
    "members": {"map": {"M": {"a": {"S": "b"}, "cc": {"L": [{"M": {}}, {"M": {"d": {"S": ""}}}]}}}},
}


def _is_held(item: dict[str, Any]) -> bool:
    try:
        models.connection.client.put_item(TableName=TABLE, Item=item)
    except ClientError as error:
        return "Item size has exceeded" not in error.response["Error"]["Message"]
    return True


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_of_as_many_bytes_as_dynamodb_holds_is_held_and_one_more_is_not(name: str) -> None:
    item = {"key": {"S": name}, "pad": {"S": ""}, **ITEMS[name]}
    room = sizes.LARGEST_ITEM_BYTES - sizes.of_item(item)

    full = {**item, "pad": {"S": "x" * room}}

    assert sizes.of_item(full) == sizes.LARGEST_ITEM_BYTES
    assert _is_held(full)
    assert not _is_held({**item, "pad": {"S": "x" * (room + 1)}})


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_alone_is_counted_to_the_byte(number: str) -> None:
    item = {"key": {"S": number}, "pad": {"S": ""}, "n": {"N": number}}
    room = sizes.LARGEST_ITEM_BYTES - sizes.of_item(item)

    assert _is_held({**item, "pad": {"S": "x" * room}})
    assert not _is_held({**item, "pad": {"S": "x" * (room + 1)}})
