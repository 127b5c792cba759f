"""Texts that an item holds itself, or says where they are kept, because they are large."""

from dataclasses import dataclass

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

# No text of the API begins so once it is stored: what does is stored behind one NUL more.
_NUL = "\0"
_ELSEWHERE = f"{_NUL}large:"


@dataclass(frozen=True, slots=True)
class LargeText:
    """A text that is kept with its session: its SHA-256 (hexadecimal), and its bytes of UTF-8.

    Equal ones are equal texts, so nobody has to read two to compare them.
    """

    session_uuid: str
    sha256: str
    size: int


Text = str | LargeText


def written(text: Text) -> str:
    """A text as an item holds it."""
    if isinstance(text, LargeText):
        return f"{_ELSEWHERE}{text.session_uuid}/{text.sha256}/{text.size}"
    return _NUL + text if text.startswith(_NUL) else text


def read(stored: str) -> Text:
    """What `written` wrote."""
    if not stored.startswith(_NUL):
        return stored
    if not stored.startswith(_ELSEWHERE):
        return stored.removeprefix(_NUL)
    session_uuid, sha256, size = stored.removeprefix(_ELSEWHERE).split("/")
    return LargeText(session_uuid, sha256, int(size))


class TextAttribute(Attribute[Text]):
    """A text that may be large."""

    attr_type = STRING

    def serialize(self, value: Text) -> str:
        """As `written`."""
        return written(value)

    def deserialize(self, value: str) -> Text:
        """As `read`."""
        return read(value)
