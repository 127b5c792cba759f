"""Where the engine's data are while it runs on this machine, and that they may be there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.session import get_session

from ai_coordination.clients import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.local import schedules, work
from ai_coordination.local.embedded import EmbeddedAws, is_aws, usual_region
from ai_coordination.local.tables import create_tables, missing_tables
from ai_coordination.models import connection

VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"
FUNCTIONS_VARIABLE = "AWS_ENDPOINT_URL_LAMBDA"
BUCKET_VARIABLE = f"{PREFIX}TEXTS_BUCKET"
BUCKET_NAME = "ai-coordination-texts"


class NotUsable(Exception):
    """The engine cannot store anything there. The message is for the person at the keyboard."""


@contextmanager
def chosen(*, aws: bool, embedded: bool = False) -> Iterator[str]:
    """Storage that is ready to be used, for the block; gives where the data are, in words.

    What the environment names: an endpoint, or AWS itself where `aws` permits it; where it names
    nothing, or `embedded` overrules it, DynamoDB in this process. Tables that are missing are
    made, but not in AWS. Raises NotUsable.
    """
    if embedded or not (aws or _endpoint()):
        # Where somebody serves functions, what the environment names is meant.
        with EmbeddedAws(everything=embedded or not os.environ.get(FUNCTIONS_VARIABLE)):
            create_tables()
            work.make_queue()
            with _bucket(), schedules.group():
                yield "in the memory of this process (embedded DynamoDB), gone when it stops"
    elif is_aws(endpoint := reach(aws=aws)):
        if missing := missing_tables():
            raise NotUsable(f"{endpoint} lacks {', '.join(missing)}: deploy, or make tables first")
        yield f"in AWS, at {endpoint}, in the tables {settings().table_prefix}*"
    else:
        made = create_tables()
        also = f"; {len(made)} tables were missing, and made" if made else ""
        # A queue that nobody names is embedded beside the tables; `due_at` outlives it.
        with EmbeddedAws():
            work.make_queue()
            with schedules.group():
                if not schedules.is_emulated():
                    schedules.restore()
                yield f"at {endpoint}, as long as that keeps them{also}"


@contextmanager
def _bucket() -> Iterator[None]:
    """A bucket for large texts in the embedded S3, and the engine told of it for the block."""
    named = settings().texts_bucket
    s3 = clients("s3")
    place = {"LocationConstraint": s3.meta.region_name}
    elsewhere = {} if s3.meta.region_name == "us-east-1" else {"CreateBucketConfiguration": place}
    s3.create_bucket(Bucket=named or BUCKET_NAME, **elsewhere)
    os.environ[BUCKET_VARIABLE] = named or BUCKET_NAME
    settings.cache_clear()
    try:
        yield
    finally:
        if named is None:
            del os.environ[BUCKET_VARIABLE]
        settings.cache_clear()


def reach(*, aws: bool) -> str:
    """The endpoint that DynamoDB's client uses. Raises NotUsable where it is AWS without `aws`."""
    if not aws:
        _give_what_an_emulator_ignores()
    elif region := os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)
    endpoint = str(connection.client.meta.endpoint_url)
    if is_aws(endpoint) and not aws:
        raise NotUsable(f"{endpoint} is AWS: name an emulator in {VARIABLE}, or say --aws")
    return endpoint


def _endpoint() -> str | None:
    return os.environ.get(VARIABLE) or os.environ.get("AWS_ENDPOINT_URL")


def _give_what_an_emulator_ignores() -> None:
    """The client wants credentials and a region to sign with, though nobody checks."""
    session = get_session()
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    if session.get_credentials() is None:
        os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")  # noqa: S106
    if session.get_config_variable("region") is None:
        os.environ["AWS_DEFAULT_REGION"] = usual_region()
