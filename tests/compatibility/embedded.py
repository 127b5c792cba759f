"""A corpus's moments in embedded AWS, and what the API says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ai_coordination.clients import TextBucket, clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.models.base import connection, table_name
from tests.compatibility.life import Moment, at_the_time_of
from tests.compatibility.reading import KINDS, read, uuid_of

BUCKET = "texts"


@contextmanager
def bucket() -> Iterator[None]:
    """There is a bucket for large texts, empty at first."""
    region = {"LocationConstraint": "eu-central-1"}
    clients("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
    with patch.dict("os.environ", {f"{PREFIX}TEXTS_BUCKET": BUCKET}):
        settings.cache_clear()
        yield
        TextBucket(BUCKET).delete_all("")
        clients("s3").delete_bucket(Bucket=BUCKET)
    settings.cache_clear()


def load(moment: Moment) -> None:
    """All that is there at a moment; what was there before stays, where it is another's."""
    for name, items in moment.items.items():
        for item in items:
            connection.client.put_item(TableName=table_name(name), Item=item)
    for key, text in moment.texts.items():
        TextBucket(BUCKET).put(key, text)


def told(moment: Moment, documents: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What the API says then of each entity, by kind and uuid."""
    with at_the_time_of(lambda: moment.utc):
        return {
            kind: {
                uuid_of(table, item): read(documents[kind], kind, item)
                for item in moment.items.get(table, ())
            }
            for table, kind in KINDS.items()
        }
