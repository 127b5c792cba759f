"""The bucket for large texts, on embedded AWS."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from ai_coordination import texts
from ai_coordination.clients import TextBucket, clients
from ai_coordination.config import PREFIX, settings

BUCKET = "texts"


@contextmanager
def texts_bucket() -> Iterator[None]:
    """Make the bucket for the block. The message that deletes a text comes without delay."""
    region = {"LocationConstraint": "eu-central-1"}
    clients("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
    with (
        patch.dict("os.environ", {f"{PREFIX}TEXTS_BUCKET": BUCKET}),
        patch.object(texts, "CLEANUP_DELAY_SECONDS", 0),
    ):
        settings.cache_clear()
        yield
        TextBucket(BUCKET).delete_all("")
        clients("s3").delete_bucket(Bucket=BUCKET)
    settings.cache_clear()


def keys_in_bucket() -> list[str]:
    """The keys of all texts."""
    found = clients("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [item["Key"] for item in found]
