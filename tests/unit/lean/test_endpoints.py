"""Where requests go is what botocore says; what only botocore handles has its client."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.handlers import BUILTIN_HANDLERS
from botocore.session import get_session

from ai_coordination import telemetry
from ai_coordination.config import settings
from ai_coordination.models import base, connection
from ai_coordination.models.fast.client import new_lean_client
from ai_coordination.models.fast.lean import endpoint
from ai_coordination.models.fast.lean.client import LeanClient
from ai_coordination.models.fast.lean.endpoint import NeedsBotocore, find

SETTING = "AI_COORDINATION_DYNAMODB_CLIENT"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def nothing_special(monkeypatch: pytest.MonkeyPatch) -> None:
    """No embedded AWS, which answers botocore's calls, and nothing of the machine's own."""
    ours = [one for one in BUILTIN_HANDLERS if one[1].__module__.startswith("botocore.")]
    monkeypatch.setattr(endpoint, "BUILTIN_HANDLERS", ours)
    for name in (*_PROXIES, "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def fresh_client() -> Iterator[None]:
    former = connection.exchange_client()
    yield
    connection.exchange_client(former)


def found() -> endpoint.Endpoint:
    return find(get_session())


def botocores() -> tuple[str, str]:
    """The URL and the region of the client that botocore makes."""
    meta = get_session().create_client("dynamodb").meta
    return meta.endpoint_url, meta.region_name


@pytest.mark.parametrize(
    "region", ["eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1"]
)
def test_a_region_has_the_endpoint_that_botocore_finds(
    monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)

    ours = found()

    assert (ours.url.rstrip("/"), ours.region) == botocores()
    assert (ours.scheme, ours.port) == ("https", 443)


@pytest.mark.parametrize(
    "environment",
    [
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:8000"},
        {"AWS_ENDPOINT_URL": "https://a:1", "AWS_ENDPOINT_URL_DYNAMODB": "https://b:2/"},
        {"AWS_ENDPOINT_URL": "https://vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com"},
        {"AWS_ENDPOINT_URL_DYNAMODB": "http://database"},
    ],
)
def test_an_endpoint_of_the_environment_is_the_one_that_botocore_finds(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    url, region = botocores()

    ours = found()

    assert (ours.url.rstrip("/"), ours.region) == (url.rstrip("/"), region)


ONLY_BOTOCORE: dict[str, tuple[dict[str, str], str]] = {
    "no region": ({"AWS_DEFAULT_REGION": ""}, "no region"),
    "the region local": ({"AWS_DEFAULT_REGION": "local"}, "local"),
    "a proxy": ({"HTTPS_PROXY": "http://proxy:3128"}, "a proxy"),
    "a proxy in lower case": ({"https_proxy": "http://proxy:3128"}, "a proxy"),
    "authorities": ({"AWS_CA_BUNDLE": "/roots.pem"}, "certificate authorities"),
    "others' authorities": ({"REQUESTS_CA_BUNDLE": "/roots.pem"}, "certificate authorities"),
    "FIPS": ({"AWS_USE_FIPS_ENDPOINT": "true"}, "use_fips_endpoint"),
    "dual-stack": ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "use_dualstack_endpoint"),
    "an account": ({"AWS_ACCOUNT_ID": "111122223333"}, "the account"),
    "a required account": ({"AWS_ACCOUNT_ID_ENDPOINT_MODE": "required"}, "the account"),
    "a path": ({"AWS_ENDPOINT_URL": "http://127.0.0.1:8000/path"}, "more than a host"),
    "a user": ({"AWS_ENDPOINT_URL": "http://user:word@127.0.0.1"}, "more than a host"),
    "no URL": ({"AWS_ENDPOINT_URL": "http://127.0.0.1:port"}, "not a URL"),
    "no scheme": ({"AWS_ENDPOINT_URL": "127.0.0.1:8000"}, "not http://host"),
    "an address of IPv6": ({"AWS_ENDPOINT_URL": "http://[::1]:8000"}, "not http://host"),
    "ignored endpoints": (
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        "ignore_configured_endpoint_urls",
    ),
    "a scheme of signatures": (
        {"AWS_AUTH_SCHEME_PREFERENCE": "sigv4a"},
        "auth_scheme_preference",
    ),
}


@pytest.mark.parametrize("case", ONLY_BOTOCORE)
def test_what_only_botocore_handles_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    environment, reason = ONLY_BOTOCORE[case]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(NeedsBotocore, match=reason):
        found()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("endpoint_url = http://127.0.0.1:8000", "endpoint_url"),
        ("services = mine", "services"),
        ("tcp_keepalive = true", "tcp_keepalive"),
        ("ca_bundle = /roots.pem", "certificate authorities"),
        ("use_fips_endpoint = true", "use_fips_endpoint"),
    ],
)
def test_what_a_profile_says_is_left_to_botocore(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, reason: str
) -> None:
    file = tmp_path / "config"
    file.write_text(f"[default]\n{line}\n[services mine]\ndynamodb =\n  endpoint_url = http://h\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))

    with pytest.raises(NeedsBotocore, match=reason):
        found()


@pytest.mark.parametrize(
    "environment",
    [
        {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".amazonaws.com"},
        {"HTTP_PROXY": "http://proxy:3128"},
        {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:8000",
            "HTTPS_PROXY": "http://proxy:3128",
            "AWS_CA_BUNDLE": "/roots.pem",
        },
        {"AWS_ACCOUNT_ID": "111122223333", "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled"},
    ],
    ids=["a host without proxy", "another scheme's proxy", "no TLS", "no endpoint of the account"],
)
def test_what_does_not_concern_the_endpoint_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert found().region == "eu-central-1"


def test_who_watches_botocores_calls_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tracer:
        """As wrappers of libraries are, it looks like what it wraps."""

        __module__ = BaseClient.__module__

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", Tracer())
        with pytest.raises(NeedsBotocore, match="watched"):
            found()

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", lambda *given: None)
        with pytest.raises(NeedsBotocore, match="watched"):
            found()


def test_who_answers_botocores_calls_answers_them(monkeypatch: pytest.MonkeyPatch) -> None:
    mock = SimpleNamespace()
    monkeypatch.setattr(endpoint, "BUILTIN_HANDLERS", [("before-send", mock)])

    with pytest.raises(NeedsBotocore, match="handlers"):
        found()


@pytest.mark.parametrize(
    ("environment", "is_lean"),
    [({}, True), ({SETTING: "lean"}, True), ({SETTING: "botocore"}, False)],
)
@pytest.mark.usefixtures("fresh_client")
def test_the_engine_has_the_client_of_the_setting(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_lean: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()

    assert isinstance(connection.client, LeanClient) is is_lean
    assert connection.client.meta.service_model.service_name == "dynamodb"


def test_the_log_says_why_the_client_is_botocores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setattr(telemetry.logger, "info", lambda text, extra: told.append((text, extra)))

    made = new_lean_client(base._CONFIG)

    assert not isinstance(made, LeanClient)
    reason = {"reason": "a proxy is configured"}
    assert told == [("the client of the database is botocore's", reason)]
