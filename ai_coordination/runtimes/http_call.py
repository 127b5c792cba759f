"""The call of an HTTP agent: the payload with its callback, the signature, and one request."""

from collections.abc import Mapping
from typing import Any, Final

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost, Server
from ai_coordination.clients import http, keys, webhooks
from ai_coordination.clients.http import NotAnswered, Reply
from ai_coordination.clients.keys import AUTHORIZATION, Key
from ai_coordination.clients.secrets import SecretUnavailable, secrets
from ai_coordination.clients.webhooks import NotASigningSecret
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import http_reply, lambda_fitting, memory
from ai_coordination.runtimes.base import Call, Result, RunFailed

LARGEST_BYTES: Final = 1_000_000
UNAUTHORIZED: Final = 401
FIXED: Final[Mapping[str, str]] = {
    "content-type": "application/json",
    "accept": "application/json, text/plain",
    "user-agent": "ai-coordination-engine",
}


def answer(call: Call) -> Result:
    """Send the payload, and return what the agent says.

    Raises RunFailed, TextUnavailable and Throttled.
    """
    # From here on: large texts are stored in the same time.
    ends_at = call.context.within(max(call.seconds, 1.0))
    server = agent_hosts.parse(str(call.target))
    allowed = agent_hosts.find_allowed(server, settings().agent_hosts)
    if allowed is None:
        raise RunFailed("This function does not call agents' hosts", retryable=False)
    try:
        reply = _ask(_Peer(call, server, allowed), ends_at)
    except SecretUnavailable as error:
        raise RunFailed(error.notes, retryable=error.retryable) from error
    except NotAnswered as error:
        notes = error.notes_of("The agent")
        if error.timed_out:
            notes = f"The agent has not answered within {call.seconds:.0f} s"
        raise RunFailed(notes, retryable=error.retryable, timed_out=error.timed_out) from error
    return http_reply.read(reply, call.context.utc())


class _Peer:
    """The server of one call, and the secrets for it."""

    def __init__(self, call: Call, server: Server, allowed: AllowedHost) -> None:
        self.call = call
        self.server = server
        self.allowed = allowed
        self._signing = Key(call.parameters["signingSecret"], call.agent.partition_key)

    def signing_key(self) -> bytes:
        """The key for signatures. Raises SecretUnavailable."""
        secret = self._signing.value(self.server, self.allowed, self.call.context)
        try:
            return webhooks.key_of(secret)
        except NotASigningSecret as error:
            raise SecretUnavailable(f"{error}, and {self._signing.secret!r} is not") from None

    def newer_signing_key(self, known: bytes) -> bytes | None:
        """The key for signatures, if it is another one by now. Raises SecretUnavailable."""
        secrets.forget(self._signing.secret)
        key = self.signing_key()
        return None if key == known else key

    def send(self, body: bytes, key: bytes, ends_at: InvocationContext) -> Reply:
        """Send the body once; twice if the server does not accept a key that has changed."""
        context = self.call.context

        def post(authorization: Mapping[str, str]) -> Reply:
            seconds = int(context.utc().timestamp())
            signature = webhooks.headers(key, self.call.run_uuid, seconds, body)
            headers = {**FIXED, **authorization, **signature}
            left = ends_at.seconds_left()
            return http.post(self.server, self.allowed, headers, body, left, context=context)

        return keys.ask_with(_key(self.call), self.server, self.allowed, context, post)


def _ask(peer: _Peer, ends_at: InvocationContext) -> Reply:
    """The reply. If the server refuses the signature, it is asked again with a newer secret."""
    # Before anything is stored for a request that cannot be sent.
    key = peer.signing_key()
    body = _body(peer.call)
    memory.calls.take(len(body))
    reply = peer.send(body, key, ends_at)
    if reply.status != UNAUTHORIZED:
        return reply
    newer = peer.newer_signing_key(key)
    return reply if newer is None else peer.send(body, newer, ends_at)


def _key(call: Call) -> Key | None:
    name = call.parameters.get("apiKeySecret")
    if name is None:
        return None
    return Key(name, call.agent.partition_key, call.parameters.get("keyHeader", AUTHORIZATION))


def _body(call: Call) -> bytes:
    """The payload. A server elsewhere reports to the callback, and is not told the function."""
    callback = call.callback()
    more: dict[str, Any] = {"replyTo": {"functionName": None}, "callback": None}
    if callback is not None:
        more["callback"] = {
            "url": callback.url,
            "token": callback.token,
            "expiresAt": callback.expires_at,
        }
    try:
        return lambda_fitting.body(call, LARGEST_BYTES, more)
    except lambda_fitting.DoesNotFit as error:
        raise RunFailed(str(error), retryable=False) from error
