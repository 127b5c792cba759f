"""A corpus's moments in embedded AWS, and what the API returns for them."""

from typing import Any

from ai_coordination.clients import TextBucket
from ai_coordination.models.base import connection, table_name
from tests.compatibility.life import Moment
from tests.compatibility.reading import KINDS, read, uuid_of
from tests.support.bucket import BUCKET
from tests.support.contexts import At, serving


def load(moment: Moment) -> None:
    """All that is there at a moment; what was there before stays, where it is another's."""
    for name, items in moment.items.items():
        for item in items:
            connection.client.put_item(TableName=table_name(name), Item=item)
    for key, text in moment.texts.items():
        TextBucket(BUCKET).put(key, text)


def told(moment: Moment, documents: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What the API says then of each entity, by kind and uuid."""
    with serving(At(moment=moment.utc)):
        return {
            kind: {
                uuid_of(table, item): read(documents[kind], kind, item)
                for item in moment.items.get(table, ())
            }
            for table, kind in KINDS.items()
        }
