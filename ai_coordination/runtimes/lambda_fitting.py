"""Make the payload of an agent fit: what is too large is in the bucket, and its URL is passed.

Every join fits, however wide. First the texts that the bucket stores already are replaced by URLs,
the largest first; then those that items store; and if even their URLs are too large together,
whole JSON documents are. What cannot be replaced is smaller than 64 KB.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ai_coordination import models, texts
from ai_coordination.config import settings
from ai_coordination.runtimes import lambda_payload
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.lambda_payload import Place

URL = "Url"
TOO_LARGE = "The agent's payload is larger than {} bytes, and there is no bucket for large texts"
NULL_BYTES = 4


class DoesNotFit(Exception):
    """The payload is larger than the other side accepts, and there is no bucket for large texts."""


def body(call: Call, largest: int, more: Mapping[str, Any] | None = None) -> bytes:
    """The payload as JSON of at most `largest` bytes. `more` are members to add, or to replace.

    Raises DoesNotFit; TextUnavailable; and Throttled if the bucket does not answer. An object in
    the bucket is named by the hash of its content, so repeating this is harmless.
    """
    payload = lambda_payload.build_payload(call) | dict(more or {})
    fitting = _Fitting(texts.Owner.of(call.agent), payload, largest)
    large = fitting.read()
    whole = fitting.shortened(large)
    if len(whole) > largest and settings().texts_bucket is not None:
        whole = fitting.moved_out()
    if len(whole) > largest:
        raise DoesNotFit(TOO_LARGE.format(largest))
    fitting.pending.write()
    return whole


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@dataclass(slots=True)
class _Sized:
    """A value, the size of its JSON in bytes, and where the bucket stores it already."""

    place: Place
    size: int
    stored: models.LargeText | None = None


class _Fitting:
    """Makes one payload fit."""

    def __init__(self, owner: texts.Owner, payload: dict[str, Any], largest: int) -> None:
        self.pending = texts.PendingTexts(owner)
        self._owner = owner
        self._payload = payload
        self._largest = largest

    def read(self) -> list[_Sized]:
        """Put those large texts in their places that may fit, the smallest first, and return them.

        The others are replaced by their URLs. JSON may need more bytes than the text, never fewer,
        so in the end fewer texts may fit.
        """
        large = [place for place in lambda_payload.texts_in(self._payload) if _is_large(place)]
        large.sort(key=lambda place: place.value.size)
        stored = [place.value for place in large]
        for place in large:
            place.value = None
        left = self._largest - len(_encoded(self._payload))
        total = sum(text.size for text in stored)
        while large and total > left:
            text = stored.pop()
            total -= text.size
            left -= self._replace(large.pop(), text)
        for place, whole in zip(large, texts.read_all(self._owner.tenant, stored), strict=True):
            place.value = json.loads(whole) if place.is_json else whole
        return [
            _Sized(place, len(_encoded(place.value)), text)
            for place, text in zip(large, stored, strict=True)
        ]

    def shortened(self, large: Sequence[_Sized]) -> bytes:
        """The payload after replacing as few of these texts as possible, the largest first."""
        by_size = sorted(large, key=lambda value: value.size)
        return self._without(by_size, _encoded(self._payload))

    def moved_out(self) -> bytes:
        """The payload after replacing texts that items store or, if need be, whole documents."""
        whole = _encoded(self._payload)
        inline = _by_size(lambda_payload.texts_in(self._payload))
        cost = self._url_bytes() - NULL_BYTES
        saved = sum(max(0, value.size - cost) for value in inline)
        if len(whole) - saved <= self._largest:
            return self._without(inline, whole)
        return self._without(_by_size(lambda_payload.documents_in(self._payload)), whole)

    def _without(self, values: list[_Sized], whole: bytes) -> bytes:
        """The payload after replacing the last of these values, as few as possible."""
        left = self._largest - len(whole)
        if left >= 0:
            return whole
        while values and left < 0:
            value = values.pop()
            text = value.stored or self._reference(value.place.value)
            left += value.size - NULL_BYTES - self._replace(value.place, text)
        return _encoded(self._payload)

    def _reference(self, value: Any) -> models.LargeText:
        """Names a value in the bucket that will be written there."""
        return self.pending.reference(value if isinstance(value, str) else _encoded(value).decode())

    def _replace(self, place: Place, text: models.LargeText) -> int:
        """Replace a value by null, and add a text's URL next to it. Return the bytes added."""
        place.value = None
        place.holder[place.member + URL] = url = texts.url(self._owner.tenant, text)
        return len(_encoded({place.member + URL: url}))

    def _url_bytes(self) -> int:
        """About how many bytes a URL adds. Members' names have different lengths."""
        text = models.LargeText(self._owner.folder, "0" * 64, 0)
        return len(_encoded({f"subtaskQuery{URL}": texts.url(self._owner.tenant, text)}))


def _is_large(place: Place) -> bool:
    return isinstance(place.value, models.LargeText)


def _by_size(places: Iterable[Place]) -> list[_Sized]:
    """The values at these places, the smallest first."""
    values = [_Sized(place, len(_encoded(place.value))) for place in places]
    return sorted(values, key=lambda value: value.size)
