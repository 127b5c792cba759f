"""Texts as a terminal may show them."""

from typing import Final

# A terminal obeys these: it clears the screen, moves, or changes what is typed next.
_CONTROLS: Final = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}


def harmless(text: str) -> str:
    """Return a text with a visible sign in place of each control character, but for tabs and
    line ends: agents may be anyone's.
    """
    return text.replace("\r\n", "\n").translate(_CONTROLS)
