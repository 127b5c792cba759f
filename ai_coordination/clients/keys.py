"""Requests with the key of a server: a secret by name, in a header."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from ai_coordination.agent_hosts import AllowedHost, Server
from ai_coordination.clients.http import Reply
from ai_coordination.clients.secrets import secrets
from ai_coordination.context import InvocationContext

AUTHORIZATION: Final = "authorization"

_UNAUTHORIZED = 401


class Key(NamedTuple):
    """The name of a secret, the header that has it, and the tenant for which it is used.

    The header `authorization` has it as a bearer token, any other one as it is.
    """

    secret: str
    tenant: str
    header: str = AUTHORIZATION

    def value(self, server: Server, allowed: AllowedHost, context: InvocationContext) -> str:
        """The secret, if it may be sent there. Raises SecretUnavailable."""
        return secrets.value(self.secret, server, allowed, tenant=self.tenant, context=context)


Ask = Callable[[Mapping[str, str]], Reply]


def ask_with(
    key: Key | None, server: Server, allowed: AllowedHost, context: InvocationContext, ask: Ask
) -> Reply:
    """The reply of `ask`, which sends a request with the headers that it is given.

    A server that does not accept the key is asked once more, if there is a newer one. A server that
    repeats the key does not bring it to light: the reply's body is without it. Raises
    SecretUnavailable, and what `ask` raises.
    """
    if key is None:
        return ask({})
    value = key.value(server, allowed, context)
    reply = _ask(key, value, ask)
    if reply.status != _UNAUTHORIZED:
        return reply
    secrets.forget(key.secret)
    newer = key.value(server, allowed, context)
    return reply if newer == value else _ask(key, newer, ask)


def _ask(key: Key, value: str, ask: Ask) -> Reply:
    reply = ask({key.header: f"Bearer {value}" if key.header == AUTHORIZATION else value})
    return reply._replace(body=reply.body.replace(value.encode(), b"(key)"))
