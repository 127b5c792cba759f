"""Characters that are invisible to a reader."""

import unicodedata

# Line and paragraph separators, controls, and characters that change the direction of the text
# around them: embeddings, overrides and isolates. Right-to-left names need none of these. The marks
# LRM, RLM and ALM change nothing around them and are allowed.
_SEPARATORS = frozenset({"Cc", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Letters and symbols that are drawn blank: fillers, and the empty braille pattern.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def misleading(text: str) -> str | None:
    """Return the first character that changes how the text around it reads, or None."""
    if text.isascii() and text.isprintable():
        return None
    characters = (
        each for each in text if each in _TURNING or unicodedata.category(each) in _SEPARATORS
    )
    return next(characters, None)


def shows_something(text: str) -> bool:
    """Whether anything of a text is visible. A combining mark without a letter is not."""
    return any(each not in _BLANK and unicodedata.category(each)[0] not in "ZCM" for each in text)
