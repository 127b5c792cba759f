"""The caller's identity: what counts as verified in each kind of event."""

from collections.abc import Callable
from typing import Any

import pytest

from ai_coordination.api.transport.groups import MOST_GROUPS
from ai_coordination.api.transport.identity import (
    Identity,
    of_direct_invocation,
    of_http_api,
    of_rest_api,
)
from ai_coordination.caller import MAX_USER_ID_CHARACTERS, Caller
from ai_coordination.config import Settings
from ai_coordination.errors import BadUserInput, Unauthenticated
from tests.support.cases import each
from tests.support.contexts import SYSTEM
from tests.support.ids import short

CONFIGURED = Settings(endpoint_id="home", part_id="attic")
CLAIMS = {"endpoint_id": "acme", "part_id": "travel", "sub": "user-1"}
ARN = "arn:aws:iam::123456789012:user/ada"

Reader = Callable[[dict[str, Any]], Identity]


def caller_of(identity: Identity, settings: Settings = CONFIGURED) -> Caller:
    return identity.caller(settings, "request-1", SYSTEM)


VERIFIED: list[tuple[Reader, dict[str, Any]]] = [
    (of_http_api, {"authorizer": {"jwt": {"claims": CLAIMS, "scopes": None}}}),
    (of_http_api, {"authorizer": {"lambda": CLAIMS}}),
    (of_rest_api, {"authorizer": {"claims": CLAIMS, "scopes": None}}),
    (of_rest_api, {"authorizer": {"principalId": "x", "integrationLatency": 3, **CLAIMS}}),
]


@each(("read", "request_context"), VERIFIED)
def test_the_tenant_is_in_the_claims_of_the_authorizer(
    read: Reader, request_context: dict[str, Any]
) -> None:
    caller = caller_of(read(request_context))

    assert caller == Caller("acme", "travel", "user-1", "request-1", context=SYSTEM)
    assert caller.partition_key == "acme#travel"


def test_the_names_of_the_claims_are_configured() -> None:
    settings = Settings(
        endpoint_claim="custom:org", part_claim="https://example.com/part", user_claim="email"
    )
    claims = {"custom:org": "acme", "https://example.com/part": "travel", "email": "ada@acme.com"}

    caller = caller_of(of_http_api({"authorizer": {"jwt": {"claims": claims}}}), settings)

    assert (caller.partition_key, caller.user_id) == ("acme#travel", "ada@acme.com")


@each("user", [None, "", " ", 7, ["user-1"]])
def test_claims_need_no_user(user: Any) -> None:
    claims = {**CLAIMS, "sub": user}

    assert caller_of(Identity(claims)).user_id is None


@each("user", ["x" * 513, "a\nb", "a\x00", "a\u202eb", "a\u2028b"], ids=short)
def test_a_verified_user_that_is_no_user_id_is_not_taken(user: str) -> None:
    claims = {**CLAIMS, "sub": user}

    with pytest.raises(Unauthenticated, match="The token claim 'sub' must be a printable text"):
        caller_of(Identity(claims))


def test_the_longest_verified_user_is_taken_as_it_is() -> None:
    claims = {**CLAIMS, "sub": "x" * 512}

    assert caller_of(Identity(claims)).user_id == "x" * 512


@each(
    ("read", "request_context", "user_id"),
    [
        (of_http_api, {}, None),
        (of_http_api, {"authorizer": None}, None),
        (of_http_api, {"authorizer": {}}, None),
        (of_http_api, {"authorizer": {"iam": None}}, None),
        (of_http_api, {"authorizer": {"iam": {"userArn": ARN}}}, ARN),
        (of_rest_api, {}, None),
        (of_rest_api, {"authorizer": {}}, None),
        (of_rest_api, {"authorizer": {"claims": None, "scopes": None}}, None),
        (of_rest_api, {"authorizer": {"integrationLatency": 3}}, None),
        (of_rest_api, {"identity": {"userArn": None, "sourceIp": "203.0.113.7"}}, None),
        (of_rest_api, {"identity": {"userArn": ARN}}, ARN),
    ],
)
def test_without_an_authorizer_of_claims_the_tenant_is_configured(
    read: Reader, request_context: dict[str, Any], user_id: str | None
) -> None:
    assert caller_of(read(request_context)) == Caller(
        "home", "attic", user_id, "request-1", is_service=True, context=SYSTEM
    )


def test_without_claims_and_configuration_nobody_is_asking() -> None:
    with pytest.raises(Unauthenticated):
        caller_of(of_http_api({"authorizer": {"iam": {"userArn": ARN}}}), Settings())


UNUSABLE: list[dict[str, Any]] = [
    {},
    {"endpoint_id": "acme"},
    {"part_id": "travel"},
    {"endpoint_id": "acme", "part_id": ""},
    {"endpoint_id": "  ", "part_id": "travel"},
    {"endpoint_id": "acme", "part_id": None},
    {"endpoint_id": 7, "part_id": "travel"},
    {"endpoint_id": ["acme"], "part_id": "travel"},
    {"endpoint_id": "acme#travel", "part_id": "travel"},
    {"endpoint_id": "acme", "part_id": "#"},
    {"endpoint_id": "acme", "part_id": "tra\nvel"},
    {"endpoint_id": "a" * 129, "part_id": "travel"},
    {"ENDPOINT_ID": "acme", "PART_ID": "travel"},
]


@each("claims", UNUSABLE)
@each(
    ("read", "authorizer"),
    [
        (of_http_api, lambda claims: {"jwt": {"claims": claims}}),
        (of_http_api, lambda claims: {"lambda": claims}),
        (of_rest_api, lambda claims: {"claims": claims}),
        (of_rest_api, lambda claims: {"principalId": "user-1", **claims}),
    ],
)
def test_claims_without_a_usable_tenant_never_fall_back_on_the_configured_one(
    read: Reader, authorizer: Callable[[Any], dict[str, Any]], claims: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        caller_of(read({"authorizer": authorizer(claims)}))


@each(
    ("read", "authorizer"),
    [
        (of_http_api, {"jwt": None}),
        (of_http_api, {"jwt": {"claims": None}}),
        (of_http_api, {"jwt": {"claims": None}, "lambda": CLAIMS}),
        (of_http_api, {"lambda": None}),
        (of_http_api, {"lambda": "endpoint_id"}),
        (of_http_api, {"something": "new"}),
        (of_http_api, {"iam": {"userArn": ARN}, "lambda": {}}),
        (of_rest_api, {"claims": "endpoint_id"}),
        (of_rest_api, {"principalId": "user-1"}),
    ],
)
def test_an_authorizer_that_says_nothing_never_falls_back_either(
    read: Reader, authorizer: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        caller_of(read({"authorizer": authorizer}))


@each("read", [of_http_api, of_rest_api])
def test_what_the_client_itself_writes_is_no_identity(read: Reader) -> None:
    request_context = {
        "headers": CLAIMS,
        "endpoint_id": "acme",
        "part_id": "travel",
        "claims": CLAIMS,
        "jwt": {"claims": CLAIMS},
    }

    assert caller_of(read(request_context)).partition_key == "home#attic"


@each(
    ("context", "user_id"),
    [
        ({"endpointId": "acme", "partId": "travel"}, None),
        ({"endpointId": "acme", "partId": "travel", "userId": None}, None),
        ({"endpointId": "acme", "partId": "travel", "userId": ""}, None),
        ({"endpointId": "acme", "partId": "travel", "userId": "ada", "more": 1}, "ada"),
    ],
)
def test_a_direct_invocation_names_its_tenant(context: Any, user_id: str | None) -> None:
    caller = of_direct_invocation(context, "request-1", SYSTEM)

    is_service = user_id is None
    assert caller == Caller(
        "acme", "travel", user_id, "request-1", is_service=is_service, context=SYSTEM
    )


@each(
    ("context", "input_path"),
    [
        (None, ("context",)),
        ("acme#travel", ("context",)),
        ([], ("context",)),
        ({}, ("context", "endpointId")),
        ({"endpointId": "acme"}, ("context", "partId")),
        ({"endpointId": None, "partId": "travel"}, ("context", "endpointId")),
        ({"endpointId": 7, "partId": "travel"}, ("context", "endpointId")),
        ({"endpointId": "acme", "partId": {"a": 1}}, ("context", "partId")),
        ({"endpointId": "ac#me", "partId": "travel"}, ("context", "endpointId")),
        ({"endpointId": "acme", "partId": "#"}, ("context", "partId")),
        ({"endpointId": "acme", "partId": "travel", "userId": 7}, ("context", "userId")),
        ({"endpointId": "acme", "partId": "travel", "userId": "a\n"}, ("context", "userId")),
        ({"endpointId": "acme", "partId": "travel", "groups": "a b"}, ("context", "groups")),
        (
            {"endpointId": "acme", "partId": "travel", "groups": ["a"] * (MOST_GROUPS + 1)},
            ("context", "groups"),
        ),
        (
            {"endpointId": "acme", "partId": "travel", "groups": ["a", " "]},
            ("context", "groups", 1),
        ),
        ({"endpointId": "acme", "partId": "travel", "groups": [7]}, ("context", "groups", 0)),
        (
            {
                "endpointId": "acme",
                "partId": "travel",
                "userId": "a" * (MAX_USER_ID_CHARACTERS + 1),
            },
            ("context", "userId"),
        ),
    ],
)
def test_a_direct_invocation_that_names_it_wrongly_is_told_where(
    context: Any, input_path: tuple[str, ...]
) -> None:
    with pytest.raises(BadUserInput) as caught:
        of_direct_invocation(context, "request-1", SYSTEM)

    assert caught.value.input_path == input_path


GROUPS: list[tuple[Any, tuple[str, ...]]] = [
    (None, ()),
    ("", ()),
    (["finance", "ops", "finance"], ("finance", "ops")),
    (["Sales, north", "x" * 256], ("Sales, north", "x" * 256)),
    # No names of groups: they give no right.
    (["finance", "", " ", 7, None, ["ops"], "x" * 257, "a\nb"], ("finance",)),
    (7, ()),
    ({"finance": True}, ()),
    # As JSON.
    ('["Sales, north", "ops"]', ("Sales, north", "ops")),
    ("[]", ()),
    # As an HTTP API writes an array.
    ("[finance]", ("finance",)),
    ("[finance ops]", ("finance", "ops")),
    ("[7 8]", ("7", "8")),
    ("[7]", ("7",)),
    ("[a,b c]", ("a,b", "c")),
    ('["finance", 7]', ('"finance",', "7")),
    ("[" * 100_000 + "]", ()),
    # As a REST API does, and a scope.
    ("finance", ("finance",)),
    ("finance,Sales north , ops", ("finance", "Sales north", "ops")),
    (" finance  ops ", ("finance", "ops")),
]


@each(("claim", "groups"), GROUPS, ids=short)
def test_groups_are_read_however_an_authorizer_writes_them(
    claim: Any, groups: tuple[str, ...]
) -> None:
    claims = {**CLAIMS, "cognito:groups": claim, "roles": claim}

    assert caller_of(Identity(claims)).groups == groups
    assert caller_of(Identity(claims), Settings(groups_claim="roles")).groups == groups
    assert caller_of(Identity(claims), Settings(groups_claim="teams")).groups == ()


def test_only_a_caller_without_a_user_that_iam_has_verified_is_a_service() -> None:
    named = {"endpointId": "acme", "partId": "travel", "userId": "ada", "groups": ["ops", "ops"]}

    invoked = of_direct_invocation(named, "request-1", SYSTEM)
    token_without_user = caller_of(Identity({**CLAIMS, "sub": None}))

    assert (invoked.is_service, invoked.groups) == (False, ("ops",))
    assert not token_without_user.is_service
    assert caller_of(of_http_api({"authorizer": {"iam": {"userArn": ARN}}})).is_service
