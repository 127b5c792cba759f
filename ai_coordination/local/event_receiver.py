"""Receive the engine's events on this machine: print them, and perhaps post them to a URL."""

import json
import os
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ai_coordination.clients import webhooks
from ai_coordination.config import PREFIX, settings
from ai_coordination.local import embedded
from ai_coordination.local.printing import say

VARIABLE = f"{PREFIX}EVENT_BUS"
BUS_NAME = "local"
SECRET_VARIABLE = "EVENTS_SECRET"  # noqa: S105 - a name
SECONDS = 2.0


@dataclass(frozen=True)
class Receiver:
    """Prints each event. With a URL it posts the event too, signed if there is a secret."""

    url: str | None = None
    key: bytes | None = None

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """Return whether the event was received. Otherwise the engine sends it again."""
        say(_line(event))
        return self.url is None or self._post(self.url, event)

    def _post(self, url: str, event: Mapping[str, Any]) -> bool:
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = {"content-type": "application/json"}
        if self.key is not None:
            event_id = str(event["detail"]["id"])
            headers |= webhooks.headers(self.key, event_id, int(time.time()), body)
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - checked when it is made
        try:
            with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310 - see above
                return True
        except OSError as error:
            say(f"event not received at {url}: {error}")
            return False


def receiver(url: str | None) -> Receiver:
    """Create the receiver that posts to a URL, if there is one. Raises ValueError."""
    if url is None:
        return Receiver()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"EVENTS_URL is not a URL of http or https: {url}")
    secret = os.environ.get(SECRET_VARIABLE)
    try:
        return Receiver(url, webhooks.key_of(secret) if secret else None)
    except webhooks.NotASigningSecret as error:
        raise ValueError(f"{SECRET_VARIABLE}: {error}") from None


@contextmanager
def receiving(receive: Receiver, *, aws: bool) -> Iterator[None]:
    """Let the receiver get the events of embedded AWS within the block. Not those of AWS itself.

    Events are on then, unless the environment names an event bus.
    """
    if aws:
        yield
        return
    buses = embedded.running().event_buses
    buses.receiver, former = receive, buses.receiver
    is_set = VARIABLE in os.environ
    os.environ.setdefault(VARIABLE, BUS_NAME)
    settings.cache_clear()
    try:
        yield
    finally:
        buses.receiver = former
        if not is_set:
            del os.environ[VARIABLE]
        settings.cache_clear()


def _line(event: Mapping[str, Any]) -> str:
    """What is printed of an event: what has happened, and where."""
    detail = event["detail"]
    what = [detail.get("agentName"), detail.get("kind"), detail.get("title")]
    what += [detail.get("taskName"), detail.get("status")]
    said = " ".join(str(part) for part in what if part)
    return f"event {event['detail-type']}: {said}, session {detail['sessionUuid']}"
