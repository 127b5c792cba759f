"""Find and create missing tables at the DynamoDB endpoint."""

import time

from botocore.exceptions import ClientError
from pynamodb.exceptions import TableError

from ai_coordination.models import TABLES, Idempotency, Table, connection


def missing_tables() -> list[str]:
    """Return the names of the missing tables."""
    return [_name(table) for table in TABLES if not table.exists()]


def create_tables() -> list[str]:
    """Create the missing tables, and wait until all tables are active. Returns the new names.

    Safe to repeat, and to call from several processes at once. Existing tables are not changed.

    Raises TimeoutError if a table is not active after two minutes.
    """
    created = [_name(table) for table in TABLES if _create(table)]
    for table in TABLES:
        _wait_until_active(table)
    _expire(_name(Idempotency))
    return created


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
    """Enable TTL (automatic deletion of expired items), unless an emulator does not support it."""
    specification = {"AttributeName": Idempotency.expires_at.attr_name, "Enabled": True}
    try:
        if not _expires(name):
            connection.client.update_time_to_live(
                TableName=name, TimeToLiveSpecification=specification
            )
    except ClientError as error:
        # DynamoDB also refuses the call if another process has just enabled TTL.
        if error.response["Error"]["Code"] != "UnknownOperationException" and not _expires(name):
            raise


def _expires(name: str) -> bool:
    current = connection.client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return bool(current["TimeToLiveStatus"] != "DISABLED")
