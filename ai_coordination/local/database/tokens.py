"""The tokens of DynamoDB's expressions.

Source: Amazon DynamoDB Developer Guide, "Using expressions in DynamoDB".
"""

import re
from typing import NamedTuple

from ai_coordination.local.database.errors import Invalid

_TOKEN = re.compile(
    r"[:#][A-Za-z0-9_]+|[A-Za-z][A-Za-z0-9_]*|[0-9]+|<=|>=|<>|[=<>(),.\[\]+\-]|\S", re.ASCII
)
END = "<EOF>"


class Token(NamedTuple):
    """A word, a number, a placeholder or a sign, and its place in the text."""

    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The token in upper case: keywords are written either way."""
        return self.text.upper()

    @property
    def is_name(self) -> bool:
        """Whether it is an attribute's name, or the placeholder of one."""
        return self.text[0].isalpha() or (self.text[0] == "#" and len(self.text) > 1)

    @property
    def is_value(self) -> bool:
        """Whether it is the placeholder of a value."""
        return self.text[0] == ":" and len(self.text) > 1


class Tokens:
    """The tokens of one expression, read from left to right."""

    def __init__(self, kind: str, text: str) -> None:
        """`kind` is what the request calls the expression, for errors: `UpdateExpression`."""
        if not text:
            raise Invalid(f"Invalid {kind}: The expression can not be empty;")
        self.kind = kind
        self._text = text
        self._tokens = [Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text)]
        self._tokens.append(Token(END, len(text), len(text)))
        self._next = 0

    def peek(self, ahead: int = 0) -> Token:
        """The next token, or one after it."""
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The next token, which is read then."""
        token = self.peek()
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def take_if(self, word: str) -> bool:
        """Read the next token where it is this one, and say so."""
        if self.peek().word != word:
            return False
        self.take()
        return True

    def expect(self, word: str) -> None:
        """Read the next token. Raises Invalid where it is another than this one."""
        if not self.take_if(word):
            raise self.error()

    def error(self) -> Invalid:
        """The error of a next token that cannot stand there."""
        token = self.peek()
        start = self._tokens[self._next - 1].start if self._next else 0
        near = self._text[start : self.peek(1).end]
        return Invalid(f'Invalid {self.kind}: Syntax error; token: "{token.text}", near: "{near}"')
