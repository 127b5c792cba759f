"""The tables at the endpoint that the engine uses: which are missing, and making them."""

import time

from botocore.exceptions import ClientError
from pynamodb.exceptions import TableError

from ai_coordination.models import TABLES, Idempotency, Table, connection


def missing_tables() -> list[str]:
    """The names of those that are not there."""
    return [_name(table) for table in TABLES if not table.exists()]


def create_tables() -> list[str]:
    """Make those that are missing and wait until all are active; the names of the new ones.

    Several may do it at once, and it may be repeated. Existing tables are left as they are.
    """
    made = [_name(table) for table in TABLES if _create(table)]
    for table in TABLES:
        _wait_until_active(table)
    _expire(_name(Idempotency))
    return made


def _name(table: type[Table]) -> str:
    return str(table.Meta.table_name)


def _create(table: type[Table]) -> bool:
    if table.exists():
        return False
    try:
        table.create_table(billing_mode="PAY_PER_REQUEST")
    except TableError as error:
        if error.cause_response_code != "ResourceInUseException":
            raise
        return False
    return True


def _wait_until_active(table: type[Table], seconds: float = 120) -> None:
    ends_at = time.monotonic() + seconds
    while table.describe_table()["TableStatus"] != "ACTIVE":
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{_name(table)} is not active after {seconds:.0f} s")
        time.sleep(0.5)


def _expire(name: str) -> None:
    """Let DynamoDB remove what is past its time; some emulators cannot, and need not."""
    specification = {"AttributeName": Idempotency.expires_at.attr_name, "Enabled": True}
    try:
        if not _expires(name):
            connection.client.update_time_to_live(
                TableName=name, TimeToLiveSpecification=specification
            )
    except ClientError as error:
        # Refused also where another process was faster.
        if error.response["Error"]["Code"] != "UnknownOperationException" and not _expires(name):
            raise


def _expires(name: str) -> bool:
    now = connection.client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return bool(now["TimeToLiveStatus"] != "DISABLED")
