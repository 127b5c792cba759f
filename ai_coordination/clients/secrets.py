"""Secrets by name: SSM parameters under the prefix that the setting names, each bound to hosts.

A blueprint names a secret, and the tenant that wrote it also chose the server. So the secret itself
says to which hosts it may be sent, and for which tenants: otherwise a name would be enough to have
the operator's key sent anywhere.
"""

import json
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination.agent_hosts import AllowedHost, HostRefused, Server
from ai_coordination.clients.aws import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.context import InvocationContext

KEPT_SECONDS: Final = 300.0
LARGEST_CHARACTERS: Final = 8_192

_VALUE = re.compile(r"[!-~]+")


class SecretUnavailable(Exception):
    """The secret cannot be used here. The message never contains its value."""

    def __init__(self, notes: str, *, retryable: bool = False) -> None:
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Secret:
    """A value, and to whom it may be sent. Without `hosts`, to each host that is listed by name.

    `hosts` are entries as in the setting AI_COORDINATION_AGENT_HOSTS. `tenants` are
    `endpoint#part`, where a `*` at the end stands for any text. Without them it is for all.
    """

    value: str = field(repr=False)
    hosts: tuple[str, ...] | None = None
    tenants: tuple[str, ...] | None = None

    def may_go_to(self, server: Server, allowed: AllowedHost) -> bool:
        """Whether it may be sent to a server that an entry of the setting allows."""
        if self.hosts is None:
            return not allowed.is_wildcard
        return any(AllowedHost.parse(host).allows(server) for host in self.hosts)

    def may_be_used_by(self, tenant: str) -> bool:
        """Whether it may be sent for a tenant."""
        return self.tenants is None or any(_is_like(tenant, known) for known in self.tenants)


class Secrets:
    """The secrets that this process has read, each kept for some minutes."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Secret]] = {}
        self._lock = threading.Lock()

    def value(
        self,
        name: str,
        server: Server,
        allowed: AllowedHost,
        *,
        tenant: str,
        context: InvocationContext,
    ) -> str:
        """A secret for a server and a tenant. Raises SecretUnavailable."""
        secret = self._read(name, context.monotonic())
        if not secret.may_be_used_by(tenant):
            # As if it did not exist: names of other tenants' secrets are not told.
            raise SecretUnavailable(_missing(name))
        if not secret.may_go_to(server, allowed):
            notes = f"The secret {name!r} may not be sent to {server.authority}"
            raise SecretUnavailable(notes)
        return secret.value

    def forget(self, name: str) -> None:
        """Read a secret anew the next time: the server has refused it, so it may have changed."""
        with self._lock:
            self._kept.pop(name, None)

    def _read(self, name: str, now: float) -> Secret:
        with self._lock:
            until, kept = self._kept.get(name, (0.0, None))
        if kept is not None and now < until:
            return kept
        secret = parse(name, _of_environment(name) or _of_ssm(name))
        with self._lock:
            self._kept[name] = now + KEPT_SECONDS, secret
        return secret


secrets = Secrets()


def parse(name: str, text: str) -> Secret:
    """The secret that a stored text is: its value, or an object with `value`, `hosts`, `tenants`.

    Raises SecretUnavailable.
    """
    text = text.strip()
    value: Any = {"value": text}
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise _malformed(name) from None
    if not isinstance(value, Mapping) or value.keys() - {"value", "hosts", "tenants"}:
        raise _malformed(name)
    known = value.get("value")
    if not isinstance(known, str) or len(known) > LARGEST_CHARACTERS or not _VALUE.fullmatch(known):
        raise _malformed(name)
    hosts, tenants = _names(name, value.get("hosts")), _names(name, value.get("tenants"))
    for host in hosts or ():
        try:
            AllowedHost.parse(host)
        except HostRefused:
            raise _malformed(name) from None
    return Secret(known, hosts, tenants)


def _names(name: str, value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _malformed(name)
    return tuple(value)


def _is_like(tenant: str, known: str) -> bool:
    return tenant.startswith(known[:-1]) if known.endswith("*") else tenant == known


def _of_environment(name: str) -> str | None:
    """A secret of a developer's own shell. In a deployed function's environment there is none."""
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        return None
    return os.environ.get(_variable(name)) or None


def _variable(name: str) -> str:
    return f"{PREFIX}SECRET_{name.upper().replace('-', '_')}"


def _unset(name: str) -> str:
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        return f"{PREFIX}SECRETS_PREFIX is not set"
    return f"neither {_variable(name)} nor {PREFIX}SECRETS_PREFIX is set"


def _of_ssm(name: str) -> str:
    prefix = settings().secrets_prefix
    if prefix is None:
        notes = f"There is no secret {name!r}: {_unset(name)}"
        raise SecretUnavailable(notes)
    path = f"/{prefix.strip('/')}/{name}"
    try:
        answer = clients("ssm").get_parameter(Name=path, WithDecryption=True)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ParameterNotFound":
            raise SecretUnavailable(_missing(name)) from None
        passing = code == "ThrottlingException" or code.startswith("Internal")
        notes = f"The secret {name!r} could not be read ({code})"
        raise SecretUnavailable(notes, retryable=passing) from None
    except BotoCoreError as error:
        notes = f"The secret {name!r} could not be read ({type(error).__name__})"
        raise SecretUnavailable(notes, retryable=True) from None
    return str(answer["Parameter"]["Value"])


def _missing(name: str) -> str:
    return f"There is no secret {name!r}"


def _malformed(name: str) -> SecretUnavailable:
    return SecretUnavailable(
        f"The secret {name!r} is neither a text without spaces nor an object with value, hosts and"
        " tenants"
    )
