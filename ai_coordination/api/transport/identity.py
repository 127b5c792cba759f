"""Determine the verified caller of an event: from an authorizer, IAM, or the configuration.

Never from a header, because clients can write any header.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ai_coordination.api.transport import groups
from ai_coordination.caller import MAX_USER_ID_CHARACTERS, Caller
from ai_coordination.config import Settings
from ai_coordination.context import InvocationContext
from ai_coordination.errors import BadUserInput, Unauthenticated

# Members that API Gateway adds to the flat context of a REST API's authorizer.
_NO_CLAIMS = frozenset({"claims", "scopes", "integrationLatency"})


class Identity(NamedTuple):
    """What an event says about its sender."""

    claims: Mapping[str, Any] | None = None
    """Claims verified by an authorizer. None only without an authorizer."""
    user_arn: str | None = None
    """The user that IAM authenticated."""

    def caller(self, settings: Settings, request_id: str, context: InvocationContext) -> Caller:
        """Return the caller.

        If there are claims, the tenant must be in them: the configured tenant does not replace a
        missing claim. Raises Unauthenticated if no tenant is verified.
        """
        of_groups: tuple[str, ...] = ()
        if self.claims is None:
            endpoint_id, part_id = settings.endpoint_id, settings.part_id
            user_id = self.user_arn
        else:
            endpoint_id = _text(self.claims.get(settings.endpoint_claim))
            part_id = _text(self.claims.get(settings.part_claim))
            user_id = _text(self.claims.get(settings.user_claim))
            of_groups = groups.of_claim(self.claims.get(settings.groups_claim))
            if user_id is not None and not _fits(user_id):
                raise Unauthenticated(
                    f"The token claim {settings.user_claim!r} must be a printable text of at most"
                    f" {MAX_USER_ID_CHARACTERS} characters."
                )
        if endpoint_id is None or part_id is None:
            raise Unauthenticated(
                "The request has no verified tenant: its token needs the claims"
                f" {settings.endpoint_claim!r} and {settings.part_claim!r}."
            )
        try:
            return Caller(
                endpoint_id,
                part_id,
                user_id,
                request_id,
                of_groups,
                is_service=self.claims is None,
                context=context,
            )
        except BadUserInput as error:
            raise Unauthenticated(f"The token claims are invalid: {error.message}.") from error


def of_http_api(request_context: Mapping[str, Any]) -> Identity:
    """Return the identity of a request to an HTTP API or a function URL (payload format 2.0)."""
    authorizer = _mapping(request_context.get("authorizer"))
    user_arn = _text(_mapping(authorizer.get("iam")).get("userArn"))
    sources = [name for name in authorizer if name != "iam"]
    if not sources:
        return Identity(user_arn=user_arn)
    if "jwt" in sources:
        return Identity(_mapping(_mapping(authorizer["jwt"]).get("claims")))
    return Identity(_mapping(authorizer.get("lambda")))


def of_rest_api(request_context: Mapping[str, Any]) -> Identity:
    """Return the identity of a request to a REST API, or to an HTTP API with payload format 1.0.

    A user pool passes `claims`. A Lambda authorizer passes a flat context.
    """
    authorizer = _mapping(request_context.get("authorizer"))
    if isinstance(claims := authorizer.get("claims"), dict):
        return Identity(claims)
    if claims is not None or authorizer.keys() - _NO_CLAIMS:
        return Identity(authorizer)
    identity = _mapping(request_context.get("identity"))
    return Identity(user_arn=_text(identity.get("userArn")))


def of_direct_invocation(members: Any, request_id: str, context: InvocationContext) -> Caller:
    """Return the caller that the `context` of a direct invocation names.

    It is trusted, because IAM decides who may invoke the function. Raises BadUserInput with an
    `inputPath` in `context`.
    """
    if not isinstance(members, dict):
        raise BadUserInput("context must be an object with endpointId and partId.", "context")
    user_id = members.get("userId")
    if user_id is not None and not _fits(user_id):
        message = f"userId must be a printable text of at most {MAX_USER_ID_CHARACTERS} characters"
        raise BadUserInput(message, "context", "userId")
    return Caller(
        members.get("endpointId", ""),
        members.get("partId", ""),
        user_id or None,
        request_id,
        groups.of_direct_invocation(members.get("groups")),
        is_service=not user_id,
        context=context,
    )


def _fits(user_id: Any) -> bool:
    if not isinstance(user_id, str):
        return False
    return len(user_id) <= MAX_USER_ID_CHARACTERS and user_id.isprintable()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
