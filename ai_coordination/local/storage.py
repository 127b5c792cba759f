"""Set up the storage of the development server: embedded, an emulator, or AWS."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.session import get_session

from ai_coordination.clients import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.local import scheduler, worker
from ai_coordination.local.embedded import EmbeddedAws, is_aws, usual_region
from ai_coordination.local.tables import create_tables, missing_tables
from ai_coordination.models import connection

VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"
FUNCTIONS_VARIABLE = "AWS_ENDPOINT_URL_LAMBDA"
BUCKET_VARIABLE = f"{PREFIX}TEXTS_BUCKET"
BUCKET_NAME = "ai-coordination-texts"


class StorageUnavailable(Exception):
    """The configured storage cannot be used. The message says why and what to do."""


@contextmanager
def opened(*, aws: bool, embedded: bool = False) -> Iterator[str]:
    """Set up storage for the block. Yields a description of where the data is stored.

    Uses the endpoint that the environment names, or AWS if `aws` is set. Without either, or with
    `embedded`, DynamoDB runs in this process. Missing tables are created, except in AWS.

    Raises StorageUnavailable.
    """
    if embedded or not (aws or _endpoint()):
        # If the environment names an endpoint for Lambda, its other endpoints are used too.
        with EmbeddedAws(everything=embedded or not os.environ.get(FUNCTIONS_VARIABLE)):
            create_tables()
            worker.ensure_queue()
            with _bucket(), scheduler.schedule_group():
                yield "in the memory of this process (embedded DynamoDB), lost when it stops"
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
def _bucket() -> Iterator[None]:
    """Create a bucket for large texts and configure the engine to use it within the block."""
    configured = settings().texts_bucket
    s3 = clients("s3")
    region = s3.meta.region_name
    # S3 refuses the location constraint in us-east-1, and requires it elsewhere.
    location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=configured or BUCKET_NAME, **{} if region == "us-east-1" else location)
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
        os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")  # noqa: S106
    if session.get_config_variable("region") is None:
        os.environ["AWS_DEFAULT_REGION"] = usual_region()
