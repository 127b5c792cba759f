"""Large texts: an item holds where they are, and they lie in a bucket, with their owner.

The owner is a session or a coordination. The texts are written before the item that names them. So
that none is left over where that item is never written, and none where its owner is deleted, a
message is sent first: its receiver deletes the texts of an owner that does not exist.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Self, overload
from urllib.parse import quote

from ai_coordination import models
from ai_coordination.clients import SqsQueue, TextBucket
from ai_coordination.config import settings
from ai_coordination.messages import CleanupMessage
from ai_coordination.models import reads
from ai_coordination.models.texts import LargeText, Text

LARGEST_INLINE_BYTES = 4_096
AT_ONCE = 16
SHA256_CHARACTERS = 64
LONGEST_KEY = 1_024
URL_SECONDS = 12 * 3600

# By then the owner is written, or deleted, or neither will ever be: no function works longer.
CLEANUP_DELAY_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Owner:
    """The session with which texts are kept and deleted; without one the coordination itself.

    A coordination's texts are deleted with it alone, not when it changes, and it cannot be deleted
    while it has sessions: so its sessions may name them too.
    """

    tenant: str
    coordination_uuid: str
    session_uuid: str | None = None

    @classmethod
    def of(cls, entity: models.Session | models.SessionAgent | models.SessionRun) -> Self:
        """The session that an entity is or belongs to."""
        return cls(entity.partition_key, entity.coordination_uuid, entity.session_uuid)

    @property
    def folder(self) -> str:
        """Where its texts are, inside the tenant's folder."""
        return f"{self.coordination_uuid}/{self.session_uuid or 'own'}"


class PendingTexts:
    """The texts of one owner that are about to be written."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self._large: dict[LargeText, str] = {}

    @overload
    def stored_form(self, text: Text, largest_inline: int = ...) -> Text: ...

    @overload
    def stored_form(self, text: Text | None, largest_inline: int = ...) -> Text | None: ...

    def stored_form(
        self, text: Text | None, largest_inline: int = LARGEST_INLINE_BYTES
    ) -> Text | None:
        """The text as an item holds it; where that only says where it is, `put` writes it.

        `largest_inline` is the most bytes of UTF-8 that the item itself holds.
        """
        if isinstance(text, str) and is_large(text, largest_inline):
            return self.reference(text)
        return text

    def reference(self, text: str) -> LargeText:
        """Where a text is that the bucket keeps whatever its size: `put` writes it."""
        encoded = text.encode()
        placed = LargeText(self.owner.folder, sha256(encoded).hexdigest(), len(encoded))
        self._large[placed] = text
        return placed

    def __bool__(self) -> bool:
        return bool(self._large)

    def write(self) -> None:
        """Writes what is large. Raises Throttled, and then some of it may be there."""
        if not self._large:
            return
        bucket = TextBucket(str(settings().texts_bucket))

        def put(item: tuple[LargeText, str]) -> None:
            bucket.put(_key(self.owner.tenant, item[0]), item[1])

        if len(self._large) == 1:
            put(*self._large.items())
            return
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="texts") as pool:
            list(pool.map(put, self._large.items()))


def is_large(text: str | None, largest_inline: int = LARGEST_INLINE_BYTES) -> bool:
    """Whether the bucket keeps a text, because it has more bytes of UTF-8 than an item holds.

    Without a bucket none is large.
    """
    if text is None or len(text) * 4 <= largest_inline or settings().texts_bucket is None:
        return False
    return len(text.encode()) > largest_inline


def store(owner: Owner, text: Text) -> Text:
    """Writes one text of an owner that exists, where it is large, and gives what an item holds.

    Raises Throttled.
    """
    pending = PendingTexts(owner)
    placed = pending.stored_form(text)
    pending.write()
    return placed


def is_same(stored: Text | None, text: str | None) -> bool:
    """Whether an item holds this text, wherever that is kept."""
    if isinstance(stored, LargeText) and text is not None:
        return stored.sha256 == sha256(text.encode()).hexdigest()
    return stored == text


@overload
def read(tenant: str, text: Text) -> str: ...


@overload
def read(tenant: str, text: Text | None) -> str | None: ...


def read(tenant: str, text: Text | None) -> str | None:
    """The whole text. Raises TextUnavailable, Throttled."""
    if not isinstance(text, LargeText):
        return text
    return TextBucket(str(settings().texts_bucket)).get(_key(tenant, text))


def read_all(tenant: str, texts: Iterable[Text]) -> list[str]:
    """Several, those that are elsewhere side by side. Raises TextUnavailable, Throttled."""
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


def inline_size(text: Text | None) -> int:
    """The bytes of it that the item itself holds."""
    return 0 if isinstance(text, LargeText) else size(text)


def url(tenant: str, text: LargeText) -> str:
    """A presigned URL of the text, valid for half a day at most for anyone who has it."""
    return TextBucket(str(settings().texts_bucket)).url(_key(tenant, text), URL_SECONDS)


def cleanup_message(owner: Owner) -> CleanupMessage:
    """The message whose receiver deletes the owner's texts, if the owner does not exist."""
    return CleanupMessage(
        tenant=owner.tenant,
        coordination_uuid=owner.coordination_uuid,
        session_uuid=owner.session_uuid,
    )


def schedule_cleanup(owner: Owner) -> None:
    """Send the cleanup message, delayed. Raises Throttled.

    Only for an owner that is about to be created under a new uuid, or that was read under exactly
    this key: of any other the texts would be deleted.
    """
    queue = SqsQueue(settings().required_queue_url())
    queue.must_send(cleanup_message(owner), CLEANUP_DELAY_SECONDS)


def clean_up(message: CleanupMessage) -> None:
    """Delete the texts of an owner that does not exist. Raises Throttled."""
    owner = Owner(message.tenant, message.coordination_uuid, message.session_uuid)
    name = settings().texts_bucket
    if name is None or _exists(owner):
        return
    bucket = TextBucket(name)
    bucket.delete_all(_prefix(owner.tenant, owner.folder))
    if owner.session_uuid is not None and not _is_listed(owner.tenant, owner.session_uuid):
        bucket.delete_all(_prefix(owner.tenant, owner.session_uuid))


def _exists(owner: Owner) -> bool:
    tenant, coordination_uuid = owner.tenant, owner.coordination_uuid
    if owner.session_uuid is None:
        return reads.get(models.Coordination, tenant, coordination_uuid, tenant=tenant) is not None
    return (
        reads.get(models.Session, coordination_uuid, owner.session_uuid, tenant=tenant) is not None
    )


def _is_listed(tenant: str, session_uuid: str) -> bool:
    """Whether the tenant has the session under any coordination.

    The folders of version 0.1.0 do not name the coordination, and its messages may name a wrong
    one: so only this tells that such a folder belongs to nobody.
    """
    return reads.is_in_index(models.Session, models.Session.of_tenant, tenant, session_uuid)


def _key(tenant: str, text: LargeText) -> str:
    return _prefix(tenant, text.folder) + text.sha256


def _prefix(tenant: str, folder: str) -> str:
    endpoint_id, part_id = tenant.split("#")
    prefix = f"{quote(endpoint_id, safe='')}/{quote(part_id, safe='')}/{folder}/"
    if len(prefix) + SHA256_CHARACTERS <= LONGEST_KEY:
        return prefix
    # Some characters become twelve. What begins with "=" is no name: quoted, it would be "%3D".
    return f"={sha256(tenant.encode()).hexdigest()}/{folder}/"
