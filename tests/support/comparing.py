"""An embedded database that asks DynamoDB Local the same, and fails where the answers differ."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from ai_coordination.local.database import Database, decimals
from ai_coordination.local.errors import Refused

Request = Mapping[str, Any]

# What each of them says in its own way: times, addresses, and what it thinks of throughput.
OWN = frozenset(
    {
        "BillingModeSummary",
        "CreationDateTime",
        "IndexArn",
        "IndexSizeBytes",
        "ItemCount",
        "ProvisionedThroughput",
        "ResponseMetadata",
        "TableArn",
        "TableSizeBytes",
    }
)
# Tests that count calls, or fail some, put another one in its place.
_CALL = BaseClient._make_api_call  # type: ignore[attr-defined]
READS = frozenset({"BatchGetItem", "GetItem", "Query"})
COMPARED = READS | {"DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"}


def client_of(endpoint: str) -> Any:
    """A client that sends what it is given, once."""
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return get_session().create_client("dynamodb", endpoint_url=endpoint, config=config)


def answer_of(client: Any, operation: str, request: Request) -> Any:
    """What DynamoDB Local answers, in a form that can be compared."""
    try:
        answer = _CALL(client, operation, dict(request))
    except ClientError as error:
        answer = dict(error.response)
    if "ReturnConsumedCapacity" not in request:
        # Unasked, it says what the deletion of a missing item consumes.
        answer.pop("ConsumedCapacity", None)
    return comparable(answer)


def refusal_of(refused: Refused) -> Any:
    """What a client sees of a refusal."""
    return {"Error": {"Code": refused.code, "Message": refused.message}, **refused.fields}


def comparable(answer: Any) -> Any:
    """An answer without what each says in its own way, its sets without an order."""
    if isinstance(answer, dict):
        if answer.get("ScannedCount") == 0:
            # AWS charges for a query that finds nothing, and DynamoDB Local does not.
            answer = {name: value for name, value in answer.items() if name != "ConsumedCapacity"}
        if answer.get("Message") == "The conditional request failed.":
            # The reason of a ConditionCheck ends with a full stop, unlike all others.
            answer = {**answer, "Message": "The conditional request failed"}
        return {
            name: frozenset(value) if name in ("SS", "NS", "BS") else comparable(value)
            for name, value in answer.items()
            if name not in OWN
        }
    return [comparable(each) for each in answer] if isinstance(answer, list) else answer


class ComparedDatabase(Database):
    """Answers as the embedded database; each answer is compared with that of DynamoDB Local."""

    def __init__(self, endpoint: str, *given: Any) -> None:
        super().__init__(*given)
        self._client = client_of(endpoint)
        # DynamoDB Local is shared: these tables are not.
        self._prefix = f"{uuid.uuid4().hex[:8]}-"
        # How many answers were the same so far.
        self.compared = 0

    def call(self, operation: str, request: Request) -> dict[str, Any]:
        expected = answer_of(self._client, operation, self._renamed(request))
        refused = None
        try:
            answer = super().call(operation, request)
        except Refused as error:
            refused = error
        if operation in COMPARED:
            self.compared += 1
            given = comparable(answer if refused is None else refusal_of(refused))
            expected = self._told(operation, request, expected)
            assert self._told(operation, request, given) == expected, (operation, request)
        if refused is not None:
            raise refused
        return answer

    def clear(self) -> None:
        for name in self.names():
            for item in self.items(name):
                self._delete(name, item)
        super().clear()

    def _delete(self, name: str, item: Mapping[str, Any]) -> None:
        described = super().call("DescribeTable", {"TableName": name})["Table"]
        key = {
            each["AttributeName"]: item[each["AttributeName"]] for each in described["KeySchema"]
        }
        self._client.delete_item(TableName=self._prefix + name, Key=key)

    def _renamed(self, given: Any) -> Any:
        """A request to tables of our own."""
        if isinstance(given, list):
            return [self._renamed(each) for each in given]
        if not isinstance(given, Mapping):
            return given
        renamed = {name: self._renamed(value) for name, value in given.items()}
        if isinstance(given.get("TableName"), str):
            renamed["TableName"] = self._prefix + given["TableName"]
        if "RequestItems" in given:
            items = renamed["RequestItems"]
            renamed["RequestItems"] = {self._prefix + name: part for name, part in items.items()}
        return renamed

    def _told(self, operation: str, request: Request, answer: Any) -> Any:
        """What must be the same of an answer."""
        if operation not in READS:
            answer.pop("ConsumedCapacity", None)
        answer = self._plain(answer)
        if "IndexName" in request and "Items" in answer:
            # Rows with equal keys have no order, so which of them are on a page is open.
            if "LastEvaluatedKey" in answer or "ExclusiveStartKey" in request:
                return None
            answer["Items"].sort(key=_in_one_order)
        if isinstance(answer.get("ConsumedCapacity"), list):
            answer["ConsumedCapacity"].sort(key=lambda units: str(units["TableName"]))
        for items in answer.get("Responses", {}).values():
            items.sort(key=_in_one_order)
        return answer

    def _plain(self, answer: Any) -> Any:
        """An answer with the names of the engine's tables.

        Numbers are as DynamoDB stores them: DynamoDB Local keeps `2.0` in a transaction.
        """
        if isinstance(answer, dict):
            if len(answer) == 1 and isinstance(answer.get("N"), str):
                return {"N": decimals.canonical(answer["N"])}
            return {
                name.removeprefix(self._prefix): self._plain(value)
                for name, value in answer.items()
            }
        if isinstance(answer, list):
            return [self._plain(each) for each in answer]
        return answer.removeprefix(self._prefix) if isinstance(answer, str) else answer


def _in_one_order(item: Mapping[str, Any]) -> str:
    """By which items are sorted. The members of maps have another order in each database."""
    return json.dumps(item, sort_keys=True, default=str)
