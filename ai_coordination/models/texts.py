"""Texts that an item stores itself, or by reference if they are large."""

from dataclasses import dataclass

from pynamodb.constants import STRING

from ai_coordination.models.fast.attributes import FastAttribute

# Marks a reference. A text that begins with NUL itself is stored with one more NUL in front.
_NUL = "\0"
_ELSEWHERE = f"{_NUL}large:"


@dataclass(frozen=True, slots=True)
class LargeText:
    """A text that is stored in the bucket: its SHA-256 (hexadecimal) and its size in UTF-8 bytes.

    `folder` is the owner's, within the tenant's. In version 0.1.0 it was the session's UUID; since
    then it begins with the coordination's. Equal values mean equal texts, so texts can be compared
    without reading them.
    """

    folder: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class LargeJson(LargeText):
    """A JSON value that is stored in the bucket as a text."""


@dataclass(frozen=True, slots=True)
class TextStart(LargeText):
    """The first characters of a text in the bucket. `size` is the fewest bytes that it can have.

    It is only for reading: no item stores it.
    """

    characters: int


Text = str | LargeText


def start_of(text: Text | None, characters: int) -> Text | None:
    """Return the first characters of a text, without reading it from the bucket."""
    if not isinstance(text, LargeText):
        return None if text is None else text[:characters]
    return TextStart(text.folder, text.sha256, min(text.size, characters), characters)


def to_stored(text: Text) -> str:
    """Encode a text or a reference for an item."""
    if isinstance(text, LargeText):
        return f"{_ELSEWHERE}{text.folder}/{text.sha256}/{text.size}"
    return _NUL + text if text.startswith(_NUL) else text


def from_stored(stored: str) -> Text:
    """Decode what `to_stored` has encoded."""
    if not stored.startswith(_NUL):
        return stored
    if not stored.startswith(_ELSEWHERE):
        return stored.removeprefix(_NUL)
    folder, sha256, size = stored.removeprefix(_ELSEWHERE).rsplit("/", 2)
    return LargeText(folder, sha256, int(size))


class TextAttribute(FastAttribute[Text]):
    """An attribute whose text may be large."""

    attr_type = STRING

    def serialize(self, value: Text) -> str:
        """As `to_stored`."""
        return to_stored(value)

    def deserialize(self, value: str) -> Text:
        """As `from_stored`."""
        return from_stored(value)
