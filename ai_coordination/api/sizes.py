"""How many bytes a value takes as JSON: for the client, and in Lambda's answer."""

import json
import sys
from typing import Any

# Lambda's runtime client writes the answer as JSON once more. Up to Python 3.11 it escapes
# everything but ASCII: a text of two bytes becomes six.
_RUNTIME_ESCAPES = sys.version_info < (3, 12)

# What Lambda takes from a function, and what an HTTP answer needs beside its body.
LAMBDA_ANSWER_BYTES = 6_291_556
ENVELOPE_BYTES = 10_000


def as_text(value: Any) -> str:
    """Compact JSON. Raises ValueError for a number that JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def plain(value: Any) -> int:
    """How many bytes a client receives."""
    return utf8(as_text(value))


def as_body(value: Any) -> int:
    """How many bytes `value` takes in Lambda's answer as the body of an HTTP response."""
    return as_result(as_text(value))


def as_result(value: Any) -> int:
    """How many bytes `value` takes in Lambda's answer as itself."""
    return utf8(json.dumps(value, ensure_ascii=_RUNTIME_ESCAPES))


def utf8(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
