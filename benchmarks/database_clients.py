"""Measure one call of the lean client and of botocore's: `python -m benchmarks.database_clients`.

Both have the engine's configuration, and botocore's has the engine's faster parser. Both call
DynamoDB Local over plain HTTP, in turn, in one process.
"""

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ai_coordination.context import InvocationContext
from ai_coordination.models import base
from ai_coordination.models.fast.client import new_client, new_lean_client
from ai_coordination.models.fast.lean.client import LeanClient
from benchmarks.environment import sealed
from tests.support import dynamodb_local

TABLE = "database-clients"
ROUNDS = 9
ITEM = {f"member{number}": {"S": "a value of thirty characters.."} for number in range(15)}
KEYS = [{"group": {"S": "g"}, "row": {"S": f"{number:03}"}} for number in range(50)]
CALLS: dict[str, tuple[str, int, Callable[[], dict[str, Any]]]] = {
    "GetItem, 15 members": (
        "GetItem",
        200,
        lambda: {"TableName": TABLE, "Key": KEYS[0], "ConsistentRead": True},
    ),
    "Query of 50 such items": (
        "Query",
        60,
        lambda: {
            "TableName": TABLE,
            "KeyConditionExpression": "#g = :g",
            "ExpressionAttributeNames": {"#g": "group"},
            "ExpressionAttributeValues": {":g": KEYS[0]["group"]},
        },
    ),
    "TransactWriteItems of 4": (
        "TransactWriteItems",
        60,
        lambda: {
            "TransactItems": [
                {"Put": {"TableName": TABLE, "Item": ITEM | key}} for key in KEYS[:4]
            ],
            "ClientRequestToken": InvocationContext().new_uuid(),
        },
    ),
}


def main() -> None:
    """Print the table."""
    if why := dynamodb_local.why_missing():
        sys.exit(why)
    with dynamodb_local.running() as endpoint:
        os.environ.update(sealed(AWS_ENDPOINT_URL_DYNAMODB=endpoint))
        botocores, lean = new_client(base._CONFIG), new_lean_client(base._CONFIG)
        if not isinstance(lean, LeanClient):
            sys.exit("The environment configures something that only botocore's client handles")
        _fill(botocores)
        print("| processor time; until the answer (median of 9 rounds) | botocore | lean | ratio |")
        print("|---|---|---|---|")
        for name, (operation, times, parameters) in CALLS.items():
            rounds = _measured([botocores, lean], operation, times, parameters)
            print(_line(name, *rounds))


def _fill(client: Any) -> None:
    names = ["group", "row"]
    client.create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
    )
    for key in KEYS:
        client.put_item(TableName=TABLE, Item=ITEM | key)


def _measured(
    clients: list[Any], operation: str, times: int, parameters: Callable[[], dict[str, Any]]
) -> list[list[tuple[float, float]]]:
    """Processor time and wall time of a call in milliseconds, for each client and round."""
    rounds: list[list[tuple[float, float]]] = [[] for _ in clients]
    for number in range(ROUNDS + 1):
        for client, of_client in zip(clients, rounds, strict=True):
            calls = [partial(client._make_api_call, operation, parameters()) for _ in range(times)]
            processor, wall = _processor_seconds(), time.perf_counter()
            for call in calls:
                call()
            ended = _processor_seconds() - processor, time.perf_counter() - wall
            if number:  # the first round opens connections
                of_client.append((1000 * ended[0] / times, 1000 * ended[1] / times))
    return rounds


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _line(name: str, botocores: list[tuple[float, float]], lean: list[tuple[float, float]]) -> str:
    (cpu, wall), (lean_cpu, lean_wall) = (
        tuple(statistics.median(values) for values in zip(*rounds, strict=True))
        for rounds in (botocores, lean)
    )
    ratios = f"**{lean_cpu / cpu:.2f}**; {lean_wall / wall:.2f}"
    return f"| {name} | {cpu:.2f}; {wall:.2f} ms | {lean_cpu:.2f}; {lean_wall:.2f} ms | {ratios} |"


if __name__ == "__main__":
    main()
