"""Makes the payload of a function fit: what is too much is in the bucket, its address in its place.

Every join fits, however wide and whatever was said: first the texts that the bucket keeps already
give way, the largest first; then those that items hold; and where their addresses alone are too
much, whole members do, as JSON documents. What cannot give way is smaller than 64 KB.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ai_coordination import models, texts
from ai_coordination.config import settings
from ai_coordination.runtimes import lambda_payload
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.lambda_payload import Place

URL = "Url"
TOO_LARGE = (
    "What the function is to get is larger than {} bytes, and there is no bucket for large texts"
)
NULL_BYTES = 4


class DoesNotFit(Exception):
    """The payload is larger than Lambda takes, and there is no bucket for what is too much."""


def body(call: Call, largest: int) -> bytes:
    """The payload as JSON of at most `largest` bytes.

    Raises DoesNotFit; TextUnavailable; and Throttled where the bucket does not answer. What it puts
    into the bucket bears the name of its content, so a repeat is harmless.
    """
    given = lambda_payload.payload(call)
    fitting = _Fitting(texts.Owner.of(call.agent), given, largest)
    large = fitting.read()
    whole = fitting.shortened(large)
    if len(whole) > largest and settings().texts_bucket is not None:
        whole = fitting.moved_out()
    if len(whole) > largest:
        raise DoesNotFit(TOO_LARGE.format(largest))
    fitting.pending.write()
    return whole


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@dataclass(slots=True)
class _Sized:
    """A value in its place, how many bytes its JSON has, and where the bucket keeps it already."""

    place: Place
    size: int
    kept: models.LargeText | None = None


class _Fitting:
    """One payload while it is made to fit."""

    def __init__(self, owner: texts.Owner, given: dict[str, Any], largest: int) -> None:
        self.pending = texts.PendingTexts(owner)
        self._owner = owner
        self._given = given
        self._largest = largest

    def read(self) -> list[_Sized]:
        """Puts those of the large texts in their places that may fit, smallest first.

        Of the others there are the addresses. JSON may write a text longer than it is, so in the
        end it may be less that fits: never more.
        """
        large = [one for one in lambda_payload.texts_in(self._given) if _is_large(one)]
        large.sort(key=lambda one: one.value.size)
        named = [one.value for one in large]
        for place in large:
            place.value = None
        left = self._largest - len(_written(self._given))
        total = sum(text.size for text in named)
        while large and total > left:
            text = named.pop()
            total -= text.size
            left -= self._give_way(large.pop(), text)
        read = texts.read_all(self._owner.tenant, named)
        for place, whole in zip(large, read, strict=True):
            place.value = whole
        return [
            _Sized(place, len(_written(place.value)), kept)
            for place, kept in zip(large, named, strict=True)
        ]

    def shortened(self, large: Sequence[_Sized]) -> bytes:
        """The payload, after of these texts as many have given way as must."""
        return self._without(sorted(large, key=lambda one: one.size), _written(self._given))

    def moved_out(self) -> bytes:
        """The payload, after what items hold has given way too: texts or, if must be, documents."""
        whole = _written(self._given)
        inside = _sized(one for one in lambda_payload.texts_in(self._given))
        cost = self._address_bytes() - NULL_BYTES
        saved = sum(max(0, one.size - cost) for one in inside)
        if len(whole) - saved <= self._largest:
            return self._without(inside, whole)
        return self._without(_sized(lambda_payload.documents_in(self._given)), whole)

    def _without(self, sized: list[_Sized], whole: bytes) -> bytes:
        """The payload without the last of these values, as few as must be."""
        left = self._largest - len(whole)
        if left >= 0:
            return whole
        while sized and left < 0:
            one = sized.pop()
            text = one.kept or self._keep(one.place.value)
            left += one.size - NULL_BYTES - self._give_way(one.place, text)
        return _written(self._given)

    def _keep(self, value: Any) -> models.LargeText:
        """A value that is about to be written into the bucket."""
        return self.pending.reference(value if isinstance(value, str) else _written(value).decode())

    def _give_way(self, place: Place, text: models.LargeText) -> int:
        """Puts the address of a text beside its place, which is null; the bytes that it adds."""
        place.value = None
        place.holder[place.member + URL] = address = texts.url(self._owner.tenant, text)
        return len(_written({place.member + URL: address}))

    def _address_bytes(self) -> int:
        """How many bytes an address adds, about: they differ by the name of the member alone."""
        text = models.LargeText(self._owner.folder, "0" * 64, 0)
        return len(_written({f"subtaskQuery{URL}": texts.url(self._owner.tenant, text)}))


def _is_large(place: Place) -> bool:
    return isinstance(place.value, models.LargeText)


def _sized(places: Iterable[Place]) -> list[_Sized]:
    """Smallest first."""
    sized = [_Sized(place, len(_written(place.value))) for place in places]
    return sorted(sized, key=lambda one: one.size)
