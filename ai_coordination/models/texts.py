"""Texts that an item holds itself, or says where they are kept, because they are large."""

from dataclasses import dataclass

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

# No text of the API begins so once it is stored: what does is stored behind one NUL more.
_NUL = "\0"
_ELSEWHERE = f"{_NUL}large:"


@dataclass(frozen=True, slots=True)
class LargeText:
    """A text that is kept in the bucket: its SHA-256 (hexadecimal), and its bytes of UTF-8.

    `folder` is its owner's, inside the tenant's. Version 0.1.0 named it after the session alone;
    since then it begins with the coordination. Equal ones are equal texts, so nobody has to read
    two to compare them.
    """

    folder: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class LargeJson(LargeText):
    """A JSON value that is kept in the bucket as a text."""


Text = str | LargeText


def to_stored(text: Text) -> str:
    """A text as an item holds it."""
    if isinstance(text, LargeText):
        return f"{_ELSEWHERE}{text.folder}/{text.sha256}/{text.size}"
    return _NUL + text if text.startswith(_NUL) else text


def from_stored(stored: str) -> Text:
    """What `written` wrote."""
    if not stored.startswith(_NUL):
        return stored
    if not stored.startswith(_ELSEWHERE):
        return stored.removeprefix(_NUL)
    folder, sha256, size = stored.removeprefix(_ELSEWHERE).rsplit("/", 2)
    return LargeText(folder, sha256, int(size))


class TextAttribute(Attribute[Text]):
    """A text that may be large."""

    attr_type = STRING

    def serialize(self, value: Text) -> str:
        """As `written`."""
        return to_stored(value)

    def deserialize(self, value: str) -> Text:
        """As `read`."""
        return from_stored(value)
