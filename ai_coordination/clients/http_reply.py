"""The answer to one HTTP request."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Final, NamedTuple

# Some servers name a charset in the same header, which is no compression.
_COMPRESSIONS: Final = frozenset({"gzip", "x-gzip", "compress", "deflate", "br", "zstd"})


class Reply(NamedTuple):
    """An answer, whatever its status. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def has_events(self) -> bool:
        """Whether the body is a stream of server-sent events."""
        media_type = self.headers.get("content-type", "").partition(";")[0]
        return media_type.strip().lower() == "text/event-stream"

    @property
    def is_compressed(self) -> bool:
        """Whether the body is compressed."""
        codings = self.headers.get("content-encoding", "").lower().split(",")
        return not _COMPRESSIONS.isdisjoint(coding.strip() for coding in codings)

    def retry_after(self, now: datetime) -> float | None:
        """After how many seconds the server wants to be asked again, if it says so."""
        milliseconds = _number(self.headers.get("retry-after-ms"))
        if milliseconds is not None:
            return milliseconds / 1000
        value = self.headers.get("retry-after")
        seconds = _number(value)
        if seconds is not None or value is None:
            return seconds
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    return float(text) if text.isascii() and text.replace(".", "", 1).isdecimal() else None


class FinalResponse(HTTPResponse):
    """The final answer. Of the interim ones before it, the standard library skips 100 alone.

    A server may send others, such as 102 while it is still working.
    """

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc] # unknown to the stubs
        is_interim = status in (HTTPStatus.PROCESSING, HTTPStatus.EARLY_HINTS)
        return version, HTTPStatus.CONTINUE if is_interim else status, reason
