"""Secrets by name: where they are read, how long they are kept, and to whom they may be sent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost
from ai_coordination.clients import clients
from ai_coordination.clients import secrets as module
from ai_coordination.clients.secrets import KEPT_SECONDS, Secrets, SecretUnavailable
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext

VALUE = "sk-0123456789abcdef"
SERVER = agent_hosts.parse("https://api.openai.com/v1")
EXACT = AllowedHost.parse("api.openai.com")
WILD = AllowedHost.parse("*.openai.com")


NOW = InvocationContext()


class At(InvocationContext):
    """An invocation at a moment of the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        object.__setattr__(self, "seconds", seconds)

    def monotonic(self) -> float:
        seconds: float = self.seconds  # type: ignore[attr-defined]
        return seconds


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """SSM under the prefix /company/ai; each answer is given once."""
    monkeypatch.setenv("AI_COORDINATION_SECRETS_PREFIX", "/company/ai/")
    settings.cache_clear()
    clients.forget()
    with Stubber(clients("ssm")) as stub:
        yield stub
    stub.assert_no_pending_responses()
    clients.forget()


def answers(ssm: Stubber, *values: Any, name: str = "openai") -> None:
    for value in values:
        text = value if isinstance(value, str) else json.dumps(value)
        expected = {"Name": f"/company/ai/{name}", "WithDecryption": True}
        ssm.add_response("get_parameter", {"Parameter": {"Value": text}}, expected)


def read(
    secrets: Secrets,
    allowed: AllowedHost = EXACT,
    tenant: str = "acme#sales",
    context: InvocationContext = NOW,
) -> str:
    return secrets.value("openai", SERVER, allowed, tenant=tenant, context=context)


def refusal(secrets: Secrets, allowed: AllowedHost = EXACT, tenant: str = "acme#sales") -> Any:
    with pytest.raises(SecretUnavailable) as raised:
        read(secrets, allowed, tenant)
    assert VALUE not in repr(raised.value)
    return raised.value


def test_a_secret_is_read_from_ssm_once_in_five_minutes(ssm: Stubber) -> None:
    first, later = At(1_000.0), At(1_000.0 + KEPT_SECONDS)
    secrets = Secrets()
    answers(ssm, VALUE, "sk-next")

    assert [read(secrets, context=now) for now in (first, first)] == [VALUE, VALUE]
    assert [read(secrets, context=now) for now in (later, later)] == ["sk-next", "sk-next"]


def test_a_secret_that_a_server_refuses_is_read_anew(ssm: Stubber) -> None:
    secrets = Secrets()
    answers(ssm, VALUE, "sk-next")

    read(secrets)
    secrets.forget("openai")

    assert read(secrets) == "sk-next"


def test_a_plain_secret_goes_to_hosts_that_are_listed_by_name_alone(ssm: Stubber) -> None:
    answers(ssm, VALUE)
    secrets = Secrets()

    assert read(secrets) == VALUE
    assert refusal(secrets, WILD).notes == "The secret 'openai' may not be sent to api.openai.com"


@pytest.mark.parametrize(
    ("hosts", "goes"),
    [
        (["api.openai.com"], True),
        (["*.openai.com"], True),
        (["other.example", "api.openai.com"], True),
        (["other.example"], False),
        (["api.openai.com:8443"], False),
        (["http://api.openai.com"], False),
        ([], False),
    ],
    ids=str,
)
def test_a_secret_with_hosts_goes_to_these_alone(
    ssm: Stubber, hosts: list[str], goes: bool
) -> None:
    answers(ssm, {"value": VALUE, "hosts": hosts})
    secrets = Secrets()

    if goes:
        assert read(secrets, WILD) == VALUE
    else:
        assert "may not be sent" in refusal(secrets).notes


@pytest.mark.parametrize(
    ("tenants", "used"),
    [(["acme#sales"], True), (["acme#*"], True), (["acme#"], False), (["acm"], False), ([], False)],
    ids=str,
)
def test_another_tenants_secret_is_as_one_that_does_not_exist(
    ssm: Stubber, tenants: list[str], used: bool
) -> None:
    answers(ssm, {"value": VALUE, "tenants": tenants})
    secrets = Secrets()

    if used:
        assert read(secrets) == VALUE
    else:
        assert refusal(secrets).notes == "There is no secret 'openai'"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "two words",
        "line\nbreak",
        "x" * 8_193,
        "{",
        '{"value": 7}',
        {"hosts": []},
        {"value": VALUE, "host": "api.openai.com"},
        {"value": VALUE, "hosts": "api.openai.com"},
        {"value": VALUE, "hosts": ["a b"]},
        {"value": VALUE, "tenants": [1]},
    ],
    ids=str,
)
def test_a_secret_that_is_not_one_is_named_and_not_shown(ssm: Stubber, value: Any) -> None:
    answers(ssm, value)

    refused = refusal(Secrets())

    assert refused.notes.startswith("The secret 'openai' is neither")
    assert not refused.retryable


@pytest.mark.parametrize(
    ("code", "notes", "retryable"),
    [
        ("ParameterNotFound", "There is no secret 'openai'", False),
        (
            "AccessDeniedException",
            "The secret 'openai' could not be read (AccessDeniedException)",
            False,
        ),
        (
            "ThrottlingException",
            "The secret 'openai' could not be read (ThrottlingException)",
            True,
        ),
        (
            "InternalServerError",
            "The secret 'openai' could not be read (InternalServerError)",
            True,
        ),
    ],
)
def test_what_ssm_refuses_is_told_without_its_names(
    ssm: Stubber, code: str, notes: str, retryable: bool
) -> None:
    ssm.add_client_error("get_parameter", code, "arn:aws:ssm:eu-central-1:1:parameter/company")

    refused = refusal(Secrets())

    assert (refused.notes, refused.retryable) == (notes, retryable)


def test_without_a_prefix_ssm_is_not_asked() -> None:
    assert refusal(Secrets()).notes == (
        "There is no secret 'openai': neither AI_COORDINATION_SECRET_OPENAI nor"
        " AI_COORDINATION_SECRETS_PREFIX is set"
    )


def test_a_secret_of_the_environment_is_used_outside_lambda_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AI_COORDINATION_SECRET_MY_KEY", VALUE)
    context = InvocationContext()

    def read_mine() -> str:
        return Secrets().value("my-key", SERVER, EXACT, tenant="acme#sales", context=context)

    assert read_mine() == VALUE
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "caller")
    with pytest.raises(SecretUnavailable):
        read_mine()


def test_an_ssm_that_does_not_answer_is_worth_another_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Unreachable:
        def get_parameter(self, **_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://ssm")

    monkeypatch.setenv("AI_COORDINATION_SECRETS_PREFIX", "ai")
    settings.cache_clear()
    monkeypatch.setattr(module, "clients", lambda service: Unreachable())

    refused = refusal(Secrets())

    assert (refused.notes, refused.retryable) == (
        "The secret 'openai' could not be read (EndpointConnectionError)",
        True,
    )


def test_a_secret_does_not_show_its_value() -> None:
    assert VALUE not in repr(module.parse("openai", VALUE))
