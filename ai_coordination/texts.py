"""Store large texts in S3. The item stores a reference instead.

Texts belong to an owner, a session or a coordination. They are written before the item that refers
to them. Before that, a delayed cleanup message is sent: its receiver deletes the texts if the owner
does not exist. So no text is left behind if the item is never written, or its owner is deleted.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import NamedTuple, Self, overload
from urllib.parse import quote

from ai_coordination import models
from ai_coordination.clients import SqsQueue, TextBucket
from ai_coordination.config import settings
from ai_coordination.messages import CleanupMessage
from ai_coordination.models import reads
from ai_coordination.models.texts import LargeText, Text, TextStart

LARGEST_INLINE_BYTES = 4_096
AT_ONCE = 16
SHA256_CHARACTERS = 64
LONGEST_KEY = 1_024
URL_SECONDS = 12 * 3600

# No function runs longer, so by then the owner either exists or will never be written.
CLEANUP_DELAY_SECONDS = 900.0


class Owner(NamedTuple):
    """The session that texts are deleted with. Without one, the coordination.

    The texts of a coordination are deleted only with it, not when it changes, and it cannot be
    deleted while it has sessions. So its sessions may refer to them too.
    """

    tenant: str
    coordination_uuid: str
    session_uuid: str | None = None

    @classmethod
    def of(cls, entity: models.Session | models.SessionAgent | models.SessionRun) -> Self:
        """Return the session of an entity as an owner."""
        return cls(entity.partition_key, entity.coordination_uuid, entity.session_uuid)

    @property
    def folder(self) -> str:
        """The folder of its texts in the tenant's folder."""
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
        """Return what the item stores: the text, or a reference to one that `write` stores.

        `largest_inline` is the maximum size of a text in the item, in bytes of UTF-8.
        """
        if isinstance(text, str) and is_large(text, largest_inline):
            return self.reference(text)
        return text

    def reference(self, text: str) -> LargeText:
        """Return a reference to a text that `write` stores in the bucket, whatever its size."""
        encoded = text.encode()
        placed = LargeText(self.owner.folder, sha256(encoded).hexdigest(), len(encoded))
        self._large[placed] = text
        return placed

    def __bool__(self) -> bool:
        return bool(self._large)

    def write(self) -> None:
        """Write the large texts to the bucket. After Throttled, some may have been written."""
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
    """Return whether a text is stored in the bucket. Without a bucket none is."""
    if text is None or len(text) * 4 <= largest_inline or settings().texts_bucket is None:
        return False
    return len(text.encode()) > largest_inline


def store(owner: Owner, text: Text) -> Text:
    """Store one text of an owner that exists. Returns what the item stores. Raises Throttled."""
    pending = PendingTexts(owner)
    placed = pending.stored_form(text)
    pending.write()
    return placed


def is_same(stored: Text | None, text: str | None) -> bool:
    """Return whether a stored text or reference is this text."""
    if isinstance(stored, LargeText) and text is not None:
        return stored.sha256 == sha256(text.encode()).hexdigest()
    return stored == text


@overload
def read(tenant: str, text: Text) -> str: ...


@overload
def read(tenant: str, text: Text | None) -> str | None: ...


def read(tenant: str, text: Text | None) -> str | None:
    """Return the text itself, from the bucket if necessary. Raises TextUnavailable, Throttled."""
    if not isinstance(text, LargeText):
        return text
    bucket = TextBucket(str(settings().texts_bucket))
    if isinstance(text, TextStart):
        return bucket.get_start(_key(tenant, text), text.characters)
    return bucket.get(_key(tenant, text))


def read_all(tenant: str, texts: Iterable[Text]) -> list[str]:
    """Return several texts, reading from the bucket concurrently. Raises like `read`."""
    stored = list(texts)
    if not any(isinstance(text, LargeText) for text in stored):
        return [read(tenant, text) for text in stored]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="texts") as pool:
        return list(pool.map(lambda text: read(tenant, text), stored))


def size(text: Text | None) -> int:
    """Return the size of a text in bytes of UTF-8, without reading it."""
    if text is None:
        return 0
    return text.size if isinstance(text, LargeText) else len(text.encode())


def inline_size(text: Text | None) -> int:
    """Return the size of a text in its item. It is 0 for a text in the bucket."""
    return 0 if isinstance(text, LargeText) else size(text)


def url(tenant: str, text: LargeText) -> str:
    """Return a presigned URL, with which anyone can read the text for at most half a day."""
    return TextBucket(str(settings().texts_bucket)).url(_key(tenant, text), URL_SECONDS)


def cleanup_message(owner: Owner) -> CleanupMessage:
    """Return the message that deletes the owner's texts if the owner does not exist."""
    return CleanupMessage(
        tenant=owner.tenant,
        coordination_uuid=owner.coordination_uuid,
        session_uuid=owner.session_uuid,
    )


def schedule_cleanup(owner: Owner) -> None:
    """Send the cleanup message with a delay. Raises Throttled.

    The owner must be about to be created with a new UUID, or have been read under exactly this key.
    Otherwise the texts of another owner could be deleted.
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
    """Return whether the tenant has the session in any coordination.

    Folders of version 0.1.0 do not contain the coordination, and its messages may have a wrong one.
    So only this check shows that such a folder has no owner.
    """
    index = models.Session.of_tenant
    return reads.in_index(models.Session, index, tenant, session_uuid) is not None


def _key(tenant: str, text: LargeText) -> str:
    return _prefix(tenant, text.folder) + text.sha256


def _prefix(tenant: str, folder: str) -> str:
    endpoint_id, part_id = tenant.split("#")
    prefix = f"{quote(endpoint_id, safe='')}/{quote(part_id, safe='')}/{folder}/"
    if len(prefix) + SHA256_CHARACTERS <= LONGEST_KEY:
        return prefix
    # Quoting can make one character twelve. No quoted name begins with "=", so this is unambiguous.
    return f"={sha256(tenant.encode()).hexdigest()}/{folder}/"
