"""Which media type an answer has: what `Accept` asks for, in the order of RFC 9110."""

import re
from functools import lru_cache
from typing import NamedTuple

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"

_QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")

# Named with the same weight, the newer type wins; through a wildcard, the older one, which every
# client can read.
_RANGES = {
    GRAPHQL_RESPONSE: {GRAPHQL_RESPONSE: 4, "application/*": 2, "*/*": 1},
    JSON: {JSON: 3, "application/*": 2, "*/*": 1},
}


class _Range(NamedTuple):
    name: str
    quality: float


@lru_cache(maxsize=64)
def media_type(accept: str | None) -> str | None:
    """The type to answer with, or None where the client accepts neither of ours."""
    if not accept or not accept.strip():
        return JSON
    ranges = [_range(part) for part in accept.split(",")]
    ranked = [(*_rank(ours, ranges), ours) for ours in (JSON, GRAPHQL_RESPONSE)]
    quality, _, best = max(ranked, key=lambda rank: rank[:2])
    return best if quality > 0 else None


def essence(value: str | None) -> tuple[str, dict[str, str]]:
    """A media type without its parameters, and these; names in lower case, values unquoted."""
    name, *parts = (value or "").split(";")
    pairs = (part.partition("=") for part in parts)
    parameters = {key.strip().lower(): given.strip().strip('"') for key, _, given in pairs}
    return name.strip().lower(), parameters


def is_utf8(parameters: dict[str, str]) -> bool:
    """Whether a media type's parameters name UTF-8, or no other encoding."""
    return parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def _range(part: str) -> _Range:
    name, parameters = essence(part)
    weight = parameters.get("q", "1")
    usable = _QUALITY.fullmatch(weight) and is_utf8(parameters)
    return _Range(name, float(weight)) if usable else _Range("", 0)


def _rank(ours: str, ranges: list[_Range]) -> tuple[float, int]:
    """The weight of the most specific range that holds `ours`, and how specific that is."""
    matches = [
        (specificity, given.quality)
        for given in ranges
        if (specificity := _RANGES[ours].get(given.name))
    ]
    specificity, quality = max(matches, default=(0, 0.0))
    return quality, specificity
