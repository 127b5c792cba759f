"""Sockets of which every read and write is within the bounds of a whole request.

The timeout of a socket applies to one read, so a peer that sends a byte at a time could hold a
worker without end.
"""

import socket
import ssl
from dataclasses import dataclass
from typing import Any

from ai_coordination.context import InvocationContext


class TooMuch(Exception):
    """The other side sends more than any answer has."""


@dataclass(slots=True)
class Bounds:
    """When a request ends, and how many bytes may still be received, not those of the body alone.

    Headers, trailers, parts of chunks and interim answers have no end of their own. `has_ended`
    is set once the other side has sent all that it will.
    """

    context: InvocationContext
    bytes_left: int
    has_ended: bool = False

    def receive(self, count: int) -> int:
        """Count received bytes. Raises TooMuch if they are too many."""
        self.has_ended = not count
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise TooMuch
        return count

    def left(self) -> float:
        """The seconds that are left. Raises TimeoutError if there are none."""
        left = self.context.seconds_left()
        if left <= 0:
            raise TimeoutError
        return left


class Bounded(socket.socket):
    """A socket of which every read and write has the time that is left of the whole request."""

    bounds: Bounds

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self.settimeout(self.bounds.left())
        return self.bounds.receive(super().recv_into(*arguments, **named))

    def sendall(self, *arguments: Any, **named: Any) -> None:
        self.settimeout(self.bounds.left())
        super().sendall(*arguments, **named)


class BoundedTls(ssl.SSLSocket):
    """The same over TLS."""

    bounds: Bounds

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self.settimeout(self.bounds.left())
        return self.bounds.receive(super().recv_into(*arguments, **named))

    def send(self, *arguments: Any, **named: Any) -> int:
        # `sendall` of a TLS socket calls this for each part.
        self.settimeout(self.bounds.left())
        return super().send(*arguments, **named)
