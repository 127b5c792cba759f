"""Large texts: an item holds where they are, and they lie in a bucket, with their session.

They are written before the item that names them. So that none is left over where that item is never
written, and none where its session is deleted, a message is sent first: whoever gets it deletes the
texts of a session that is not there.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, overload
from urllib.parse import quote

from ai_coordination import models
from ai_coordination.clients import SqsQueue, TextBucket
from ai_coordination.config import settings
from ai_coordination.models import reads
from ai_coordination.models.texts import LargeText, Text

LARGEST_INSIDE_BYTES = 4_096
AT_ONCE = 16
URL_SECONDS = 12 * 3600
KIND = "texts"

# By then the session is written, or deleted, or neither will ever be: no function works longer.
UNDECIDED_SECONDS = 900.0


class Held:
    """The texts of one session that are about to be written."""

    def __init__(self, tenant: str, session_uuid: str) -> None:
        self._tenant = tenant
        self.session_uuid = session_uuid
        self._large: dict[LargeText, str] = {}

    @overload
    def text(self, text: Text) -> Text: ...

    @overload
    def text(self, text: Text | None) -> Text | None: ...

    def text(self, text: Text | None) -> Text | None:
        """The text as an item holds it; where that only says where it is, `put` writes it."""
        placed = place(self.session_uuid, text)
        if isinstance(placed, LargeText) and isinstance(text, str):
            self._large[placed] = text
        return placed

    def __bool__(self) -> bool:
        return bool(self._large)

    def put(self) -> None:
        """Writes what is large. Raises Throttled, and then some of it may be there."""
        if not self._large:
            return
        bucket = TextBucket(str(settings().texts_bucket))

        def put(item: tuple[LargeText, str]) -> None:
            bucket.put(_key(self._tenant, item[0]), item[1])

        if len(self._large) == 1:
            put(*self._large.items())
            return
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="texts") as pool:
            list(pool.map(put, self._large.items()))


@overload
def place(session_uuid: str, text: Text) -> Text: ...


@overload
def place(session_uuid: str, text: Text | None) -> Text | None: ...


def place(session_uuid: str, text: Text | None) -> Text | None:
    """What an item holds of a text: itself, or where it is. Without a bucket always itself."""
    if not isinstance(text, str) or len(text) * 4 <= LARGEST_INSIDE_BYTES:
        return text
    if settings().texts_bucket is None:
        return text
    encoded = text.encode()
    if len(encoded) <= LARGEST_INSIDE_BYTES:
        return text
    return LargeText(session_uuid, sha256(encoded).hexdigest(), len(encoded))


def keep(tenant: str, session_uuid: str, text: Text) -> Text:
    """Writes one text of a session that is there, where it is large, and gives what an item holds.

    Raises Throttled.
    """
    held = Held(tenant, session_uuid)
    placed = held.text(text)
    held.put()
    return placed


def same(held: Text | None, text: str | None) -> bool:
    """Whether an item holds this text, wherever that is kept."""
    if isinstance(held, LargeText) and text is not None:
        return held.sha256 == sha256(text.encode()).hexdigest()
    return held == text


@overload
def read(tenant: str, text: Text) -> str: ...


@overload
def read(tenant: str, text: Text | None) -> str | None: ...


def read(tenant: str, text: Text | None) -> str | None:
    """The whole text. Raises Throttled."""
    if not isinstance(text, LargeText):
        return text
    return TextBucket(str(settings().texts_bucket)).get(_key(tenant, text))


def read_all(tenant: str, texts: Iterable[Text]) -> list[str]:
    """Several, those that are elsewhere side by side."""
    given = list(texts)
    if not any(isinstance(text, LargeText) for text in given):
        return [read(tenant, text) for text in given]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="texts") as pool:
        return list(pool.map(lambda text: read(tenant, text), given))


def size(text: Text | None) -> int:
    """Its bytes of UTF-8."""
    if text is None:
        return 0
    return text.size if isinstance(text, LargeText) else len(text.encode())


def inside(text: Text | None) -> int:
    """The bytes of it that the item itself holds."""
    return 0 if isinstance(text, LargeText) else size(text)


def url(tenant: str, text: LargeText) -> str:
    """An address at which whoever has it reads the text, for half a day at most."""
    return TextBucket(str(settings().texts_bucket)).url(_key(tenant, text), URL_SECONDS)


def check(session: models.Session) -> dict[str, Any]:
    """The message whose receiver deletes the session's texts, if the session is not there."""
    return {
        "kind": KIND,
        "tenant": session.partition_key,
        "coordination": session.coordination_uuid,
        "session": session.session_uuid,
    }


def announce(session: models.Session) -> None:
    """Sends the message of `check`, for later. Raises Throttled."""
    queue = SqsQueue(settings().required_queue_url())
    queue.must_send(check(session), UNDECIDED_SECONDS)


def delete_if_gone(message: dict[str, Any]) -> None:
    """What is done with the message of `check`."""
    tenant, session_uuid = message["tenant"], message["session"]
    found = reads.get(models.Session, message["coordination"], session_uuid, tenant)
    bucket = settings().texts_bucket
    if found is None and bucket is not None:
        TextBucket(bucket).delete_all(_prefix(tenant, session_uuid))


def _key(tenant: str, text: LargeText) -> str:
    return _prefix(tenant, text.session_uuid) + text.sha256


def _prefix(tenant: str, session_uuid: str) -> str:
    endpoint_id, part_id = tenant.split("#")
    return f"{quote(endpoint_id, safe='')}/{quote(part_id, safe='')}/{session_uuid}/"
