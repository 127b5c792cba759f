"""Set up the storage of the development server: embedded, an emulator, or AWS."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError
from botocore.session import get_session

from ai_coordination.clients import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.context import InvocationContext
from ai_coordination.local import recovery, scheduler, worker
from ai_coordination.local.embedded import EmbeddedAws, is_aws, usual_region
from ai_coordination.local.sqlite import IN_MEMORY, File, NotUsable
from ai_coordination.local.tables import create_tables, missing_tables
from ai_coordination.models import connection

VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"
FUNCTIONS_VARIABLE = "AWS_ENDPOINT_URL_LAMBDA"
BUCKET_VARIABLE = f"{PREFIX}TEXTS_BUCKET"
BUCKET_NAME = "ai-coordination-texts"


class StorageUnavailable(Exception):
    """The configured storage cannot be used. The message says why and what to do."""


@contextmanager
def opened(*, aws: bool, embedded: bool = False, data: str = IN_MEMORY) -> Iterator[str]:
    """Set up storage for the block. Yields a description of where the data is stored.

    Uses the endpoint that the environment names, or AWS if `aws` is set. Without either, or with
    `embedded`, AWS is embedded in this process, and `data` names the file that keeps it. Missing
    tables are created, except in AWS.

    Raises StorageUnavailable.
    """
    if embedded or not (aws or _endpoint()):
        # If the environment names an endpoint for Lambda, its other endpoints are used too.
        everything = embedded or not os.environ.get(FUNCTIONS_VARIABLE)
        with _file(data) as file, EmbeddedAws(everything=everything, file=file) as embedded_aws:
            create_tables()
            worker.ensure_queue()
            with _bucket(), scheduler.schedule_group():
                resumed = _resume(embedded_aws) if data != IN_MEMORY else 0
                yield _where(data, resumed)
    elif is_aws(endpoint := dynamodb_endpoint(aws=aws)):
        if missing := missing_tables():
            names = ", ".join(missing)
            raise StorageUnavailable(
                f"{endpoint} lacks the tables {names}: deploy, or run `tables --aws` first"
            )
        yield f"in AWS, at {endpoint}, in the tables {settings().table_prefix}*"
    else:
        created = create_tables()
        also = f" ({len(created)} missing tables were created)" if created else ""
        # An embedded queue is lost on exit. The due times in the tables make up for its messages.
        with EmbeddedAws():
            worker.ensure_queue()
            with scheduler.schedule_group():
                if not scheduler.is_emulated():
                    scheduler.restore_timers()
                yield f"at {endpoint}, kept as long as that keeps it{also}"


@contextmanager
def _file(data: str) -> Iterator[File]:
    """Open the file of embedded AWS for the block."""
    try:
        file = File(data)
    except (NotUsable, OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        hint = f"Choose another file with DATA= or --data; {IN_MEMORY} keeps nothing"
        raise StorageUnavailable(
            f"Cannot keep data in {data or 'a file'}: {why}. {hint}"
        ) from error
    try:
        yield file
    finally:
        file.close()


def _resume(embedded_aws: EmbeddedAws) -> int:
    """Resume what an earlier process has left. Returns the number of items and messages."""
    embedded_aws.database.expire()
    context = InvocationContext()
    return embedded_aws.queues.release() + recovery.resume_interrupted_work(context)


def _where(data: str, resumed: int) -> str:
    if data == IN_MEMORY:
        return "in the memory of this process, lost when it stops"
    return f"in the file {data}" + (f" (resuming interrupted work: {resumed})" if resumed else "")


@contextmanager
def _bucket() -> Iterator[None]:
    """Create a bucket for large texts and configure the engine to use it within the block."""
    configured = settings().texts_bucket
    s3 = clients("s3")
    region = s3.meta.region_name
    # S3 refuses the location constraint in us-east-1, and requires it elsewhere.
    location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(
            Bucket=configured or BUCKET_NAME, **{} if region == "us-east-1" else location
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
    os.environ[BUCKET_VARIABLE] = configured or BUCKET_NAME
    settings.cache_clear()
    try:
        yield
    finally:
        if configured is None:
            del os.environ[BUCKET_VARIABLE]
        settings.cache_clear()


def dynamodb_endpoint(*, aws: bool) -> str:
    """Return the endpoint of the DynamoDB client.

    Raises StorageUnavailable if it is AWS and `aws` is not set.
    """
    if not aws:
        _set_placeholder_credentials()
    elif region := os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)
    endpoint = str(connection.client.meta.endpoint_url)
    if is_aws(endpoint) and not aws:
        raise StorageUnavailable(f"{endpoint} is AWS: set {VARIABLE} to an emulator, or use --aws")
    return endpoint


def _endpoint() -> str | None:
    return os.environ.get(VARIABLE) or os.environ.get("AWS_ENDPOINT_URL")


def _set_placeholder_credentials() -> None:
    """Set credentials and a region: botocore needs them to sign, and an emulator ignores them."""
    session = get_session()
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    if session.get_credentials() is None:
        os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")  # noqa: S106 - no secret
    if session.get_config_variable("region") is None:
        os.environ["AWS_DEFAULT_REGION"] = usual_region()
