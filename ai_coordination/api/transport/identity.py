"""Who sent an event, as far as somebody verified it: an authorizer, IAM, or the configuration.

Never a header: the client writes those.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ai_coordination.caller import Caller
from ai_coordination.config import Settings
from ai_coordination.errors import BadUserInput, Unauthenticated

# What API Gateway itself writes beside the flat context of a REST API's authorizer.
_NO_CLAIMS = frozenset({"claims", "scopes", "integrationLatency"})

LONGEST_USER_ID = 512


@dataclass(frozen=True, slots=True)
class Identity:
    """What came with an event.

    `claims` is None only where no authorizer speaks for the caller; `user_arn` is IAM's.
    """

    claims: Mapping[str, Any] | None = None
    user_arn: str | None = None

    def caller(self, settings: Settings, request_id: str, deadline: float) -> Caller:
        """The caller. Raises Unauthenticated where nobody says for which tenant.

        An authorizer's claims stand alone: where they lack the tenant, the configured one does not
        take its place.
        """
        if self.claims is None:
            endpoint_id, part_id = settings.endpoint_id, settings.part_id
            user_id = self.user_arn
        else:
            endpoint_id = _text(self.claims.get(settings.endpoint_claim))
            part_id = _text(self.claims.get(settings.part_claim))
            user_id = _text(self.claims.get(settings.user_claim))
            if user_id is not None and not _fits(user_id):
                raise Unauthenticated(
                    f"The verified claim {settings.user_claim!r} must be a printable text of at"
                    f" most {LONGEST_USER_ID} characters."
                )
        if endpoint_id is None or part_id is None:
            raise Unauthenticated("The request names no verified endpoint and part.")
        try:
            return Caller(endpoint_id, part_id, user_id, request_id, deadline)
        except BadUserInput as error:
            raise Unauthenticated(f"The verified claims do not fit: {error.message}.") from error


def of_http_api(request_context: Mapping[str, Any]) -> Identity:
    """Of an HTTP API or a function URL (payload 2.0)."""
    authorizer = _mapping(request_context.get("authorizer"))
    user_arn = _text(_mapping(authorizer.get("iam")).get("userArn"))
    spoken = [name for name in authorizer if name != "iam"]
    if not spoken:
        return Identity(user_arn=user_arn)
    if "jwt" in spoken:
        return Identity(_mapping(_mapping(authorizer["jwt"]).get("claims")))
    return Identity(_mapping(authorizer.get("lambda")))


def of_rest_api(request_context: Mapping[str, Any]) -> Identity:
    """Of a REST API, or an HTTP API with payload 1.0: a user pool's claims, or a flat context."""
    authorizer = _mapping(request_context.get("authorizer"))
    if isinstance(claims := authorizer.get("claims"), dict):
        return Identity(claims)
    if claims is not None or authorizer.keys() - _NO_CLAIMS:
        return Identity(authorizer)
    identity = _mapping(request_context.get("identity"))
    return Identity(user_arn=_text(identity.get("userArn")))


def of_direct_invocation(context: Any, request_id: str, deadline: float) -> Caller:
    """The caller that a direct invocation names in `context`: IAM decided who may invoke.

    Raises BadUserInput with the `inputPath` below `context`.
    """
    if not isinstance(context, dict):
        raise BadUserInput("context must name the tenant: endpointId and partId.", "context")
    user_id = context.get("userId")
    if user_id is not None and not _fits(user_id):
        message = f"userId must be a printable text of at most {LONGEST_USER_ID} characters"
        raise BadUserInput(message, "context", "userId")
    return Caller(
        context.get("endpointId", ""),
        context.get("partId", ""),
        user_id or None,
        request_id,
        deadline,
    )


def _fits(user_id: Any) -> bool:
    if not isinstance(user_id, str):
        return False
    return len(user_id) <= LONGEST_USER_ID and user_id.isprintable()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
