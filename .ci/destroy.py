"""Remove both stacks with everything that is stored: `python .ci/destroy.py STACK`.

Meant for trials. It asks first, and deletes nothing while a table is protected against deletion.
Credentials and region are those of the environment, as for `make deploy`.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError
from botocore.session import get_session

from ai_coordination.config import settings
from ai_coordination.models import TABLES

NOT_THERE = {"NoSuchBucket", "404", "ResourceNotFoundException"}


def destroy(
    client: Callable[[str], Any], stack: str, region: str, ask: Callable[[str], str]
) -> str:
    """Delete the application, the data stack, then the tables and the bucket that it leaves.

    Returns what to tell the user. It may be repeated: what is gone already is passed over.
    """
    account = client("sts").get_caller_identity()["Account"]
    bucket = f"{stack}-texts-{account}-{region}"
    tables = list(_tables(client("dynamodb"), stack))
    protected = [
        table["TableName"] for table in tables if table.get("DeletionProtectionEnabled") is True
    ]
    if protected:
        return (
            f"Nothing was deleted: {', '.join(protected)} cannot be deleted. First deploy with "
            "DATA_PARAMETERS='DeletionProtection=false'."
        )
    rows = sum(table.get("ItemCount", 0) for table in tables)
    print(f"Account {account}, {region}: the stacks {stack} and {stack}-data, the bucket {bucket}")
    print(f"and {len(tables)} tables with about {rows} items will be deleted, with all data.")
    if ask(f"Type {stack} to delete them: ") != stack:
        return "Nothing was deleted."
    for name in (stack, f"{stack}-data"):
        _delete_stack(client("cloudformation"), name)
    for table in tables:
        client("dynamodb").delete_table(TableName=table["TableName"])
    _delete_bucket(client("s3"), bucket)
    return f"{stack} is gone."


def _tables(dynamodb: Any, stack: str) -> Iterator[dict[str, Any]]:
    for table in TABLES:
        name = f"{stack}-" + table.Meta.table_name.removeprefix(settings().table_prefix)
        try:
            yield dynamodb.describe_table(TableName=name)["Table"]
        except ClientError as error:
            _passed_over(error)


def _delete_stack(cloudformation: Any, name: str) -> None:
    print(f"Deleting the stack {name}")
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name)


def _delete_bucket(s3: Any, bucket: str) -> None:
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            keys = [{"Key": one["Key"]} for one in page.get("Contents", ())]
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys}) if keys else {}
            if answer.get("Errors"):
                raise SystemExit(f"{bucket} cannot be emptied: {answer['Errors'][0]['Message']}")
        s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        _passed_over(error)


def _passed_over(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in NOT_THERE:
        raise error


def main(stack: str) -> None:
    """Destroy the stacks of this name in the region of the environment."""
    session = get_session()
    region = session.get_config_variable("region")
    if not region:
        raise SystemExit("No region: set AWS_DEFAULT_REGION")
    print(destroy(session.create_client, stack, region, input))


if __name__ == "__main__":
    main(sys.argv[1])
