"""Sizes of values as JSON: as the client receives them, and as Lambda returns them."""

import json
import sys
from typing import Any

# Lambda's runtime client encodes the handler's result as JSON. Up to Python 3.11 it escapes all
# characters outside ASCII, so a character of two bytes becomes six.
_RUNTIME_ESCAPES = sys.version_info < (3, 12)

# Lambda's limit on the result of a function, and an upper bound for an HTTP response without its
# body.
LAMBDA_RESPONSE_BYTES = 6_291_556
ENVELOPE_BYTES = 10_000


def to_json(value: Any) -> str:
    """Return compact JSON. Raises ValueError for infinity and NaN."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_bytes(value: Any) -> int:
    """Return the size of a value as compact JSON, as a client receives it."""
    return utf8_bytes(to_json(value))


def body_bytes(value: Any) -> int:
    """Return the size of `value` in Lambda's result, if it is the body of an HTTP response."""
    return result_bytes(to_json(value))


def result_bytes(value: Any) -> int:
    """Return the size of `value` in Lambda's result, if it is the result itself."""
    return utf8_bytes(json.dumps(value, ensure_ascii=_RUNTIME_ESCAPES))


def utf8_bytes(text: str) -> int:
    """Return the size of a text in UTF-8. Half surrogate pairs count too."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
