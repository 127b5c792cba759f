"""Choose the media type of a response by the header `Accept`, as RFC 9110 specifies."""

import re
from functools import lru_cache
from typing import NamedTuple

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"

_QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")

# Rank of each range that matches a type. With equal weights the newer type wins if both are named.
# With a wildcard the older one wins, because every client can read it.
_RANGES = {
    GRAPHQL_RESPONSE: {GRAPHQL_RESPONSE: 4, "application/*": 2, "*/*": 1},
    JSON: {JSON: 3, "application/*": 2, "*/*": 1},
}


class _Range(NamedTuple):
    name: str
    quality: float


@lru_cache(maxsize=64)
def media_type(accept: str | None) -> str | None:
    """Return the media type of the response, None if the client accepts neither of ours."""
    if not accept or not accept.strip():
        return JSON
    ranges = [_range(part) for part in accept.split(",")]
    ranked = [(*_rank(ours, ranges), ours) for ours in (JSON, GRAPHQL_RESPONSE)]
    quality, _, best = max(ranked, key=lambda rank: rank[:2])
    return best if quality > 0 else None


def essence(value: str | None) -> tuple[str, dict[str, str]]:
    """Return a media type and its parameters. Names are in lower case, values without quotes."""
    name, *parts = (value or "").split(";")
    pairs = (part.partition("=") for part in parts)
    parameters = {key.strip().lower(): text.strip().strip('"') for key, _, text in pairs}
    return name.strip().lower(), parameters


def is_utf8(parameters: dict[str, str]) -> bool:
    """Return whether a media type's parameters allow UTF-8."""
    return parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def _range(part: str) -> _Range:
    name, parameters = essence(part)
    weight = parameters.get("q", "1")
    usable = _QUALITY.fullmatch(weight) and is_utf8(parameters)
    return _Range(name, float(weight)) if usable else _Range("", 0)


def _rank(ours: str, ranges: list[_Range]) -> tuple[float, int]:
    """Return the weight and the rank of the most specific range that matches `ours`."""
    matches = [
        (specificity, accepted.quality)
        for accepted in ranges
        if (specificity := _RANGES[ours].get(accepted.name))
    ]
    specificity, quality = max(matches, default=(0, 0.0))
    return quality, specificity
