"""Characters that a reader does not see."""

import unicodedata

# Line and paragraph separators, controls, and what turns the direction of the text around it:
# embeddings, overrides and isolates. Right-to-left names need none of these; the marks LRM, RLM
# and ALM, which turn nothing, are fine.
_SEPARATORS = frozenset({"Cc", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Letters and symbols that are drawn as nothing: fillers, and the empty braille pattern.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def misleading(text: str) -> str | None:
    """The first character that changes how what is around it reads; None: there is none."""
    if text.isascii() and text.isprintable():
        return None
    found = (one for one in text if one in _TURNING or unicodedata.category(one) in _SEPARATORS)
    return next(found, None)


def shows_something(text: str) -> bool:
    """Whether anything of it is seen: a mark that has no letter to stand on is not."""
    return any(one not in _BLANK and unicodedata.category(one)[0] not in "ZCM" for one in text)
