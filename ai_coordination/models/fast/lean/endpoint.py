"""Where requests go, and whether the lean client may send them."""

import os
from collections.abc import Mapping
from types import FunctionType
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.endpoint_provider import EndpointProvider
from botocore.handlers import BUILTIN_HANDLERS
from botocore.session import Session
from botocore.utils import get_environ_proxies

SERVICE: Final = "dynamodb"
_URLS: Final = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
_PORTS: Final = {"http": 80, "https": 443}
# What changes requests or where they go, and is nothing that the lean client knows.
_UNKNOWN_VARIABLES: Final = (
    "use_fips_endpoint",
    "use_dualstack_endpoint",
    "ignore_configured_endpoint_urls",
    "auth_scheme_preference",
)
_UNKNOWN_IN_PROFILES: Final = ("endpoint_url", "services", "tcp_keepalive")


class NeedsBotocore(Exception):
    """Something is configured that only botocore's own client handles. The message says what."""


class Endpoint(NamedTuple):
    """The server of a region. `authority` is the header Host: the port only if it is not usual."""

    region: str
    scheme: str
    host: str
    port: int
    authority: str

    @property
    def url(self) -> str:
        """As botocore's errors name it."""
        return f"{self.scheme}://{self.authority}/"


def find(session: Session, environment: Mapping[str, str] = os.environ) -> Endpoint:
    """Find the endpoint as botocore does. Raises NeedsBotocore."""
    _refuse_handlers()
    _refuse_settings(session)
    region = session.get_config_variable("region")
    if not region:
        raise NeedsBotocore("no region is configured")
    configured = next((environment[name] for name in _URLS if environment.get(name)), None)
    endpoint = _parsed(region, configured or _of_region(session, region))
    if endpoint.scheme in get_environ_proxies(endpoint.url):
        raise NeedsBotocore("a proxy is configured")
    if endpoint.scheme == "https" and _has_own_roots(session, environment):
        raise NeedsBotocore("a file of certificate authorities is configured")
    return endpoint


def _refuse_handlers() -> None:
    """Those that answer or watch botocore's calls, as mocks and tracers do, would miss these."""
    watched = BaseClient._make_api_call  # type: ignore[attr-defined] # unknown to the stubs
    if type(watched) is not FunctionType or watched.__module__ != BaseClient.__module__:
        raise NeedsBotocore("botocore's calls are watched")
    handlers: Any = (entry[1] for entry in BUILTIN_HANDLERS)
    if any(not _is_botocores(handler) for handler in handlers):
        raise NeedsBotocore("handlers of botocore's events are registered")


def _is_botocores(handler: Any) -> bool:
    return str(getattr(handler, "__module__", "")).startswith("botocore.")


def _refuse_settings(session: Session) -> None:
    profile = session.get_scoped_config()
    for name in _UNKNOWN_VARIABLES:
        if session.get_config_variable(name):
            raise NeedsBotocore(f"{name} is configured")
    for name in _UNKNOWN_IN_PROFILES:
        if name in profile:
            raise NeedsBotocore(f"the profile has {name}")
    credentials = session.get_credentials()
    mode = session.get_config_variable("account_id_endpoint_mode")
    if mode == "required" or (mode != "disabled" and getattr(credentials, "account_id", None)):
        raise NeedsBotocore("the endpoint is the one of the account")


def _has_own_roots(session: Session, environment: Mapping[str, str]) -> bool:
    return bool(session.get_config_variable("ca_bundle") or environment.get("REQUESTS_CA_BUNDLE"))


def _of_region(session: Session, region: str) -> str:
    loader = session.get_component("data_loader")
    provider = EndpointProvider(
        loader.load_service_model(SERVICE, "endpoint-rule-set-1"), loader.load_data("partitions")
    )
    found = provider.resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False)
    if found.properties or found.headers:
        raise NeedsBotocore(f"the endpoint of {region} has requirements of its own")
    return str(found.url)


def _parsed(region: str, url: str) -> Endpoint:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NeedsBotocore("the endpoint is not a URL") from None
    if parts.scheme not in _PORTS or not parts.hostname or ":" in parts.hostname:
        raise NeedsBotocore("the endpoint is not http://host or https://host")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise NeedsBotocore("the endpoint is more than a host")
    usual = _PORTS[parts.scheme]
    port = port or usual
    authority = parts.hostname if port == usual else f"{parts.hostname}:{port}"
    return Endpoint(region, parts.scheme, parts.hostname, port, authority)
