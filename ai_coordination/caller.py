"""The verified caller of a request: tenant and user."""

from dataclasses import dataclass, field

from ai_coordination.context import InvocationContext
from ai_coordination.errors import BadUserInput

MAX_TENANT_ID_CHARACTERS = 128
MAX_USER_ID_CHARACTERS = 512
MAX_GROUP_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller of one request, and the context of the invocation that serves it.

    Raises BadUserInput for an `endpoint_id` or `part_id` that is empty, too long or not printable,
    or contains `#`, which separates the two in `partition_key`.
    """

    endpoint_id: str
    part_id: str
    user_id: str | None = None
    request_id: str = ""
    groups: tuple[str, ...] = ()
    """The user's groups."""
    is_service: bool = False
    """Whether it is no person, but a service that the tenant trusts: IAM has verified it, and no
    user was named. It may answer what others are asked."""
    context: InvocationContext = field(kw_only=True)
    partition_key: str = field(init=False)
    """The tenant: `endpointId#partId`."""

    def __post_init__(self) -> None:
        _check(self.endpoint_id, "endpointId")
        _check(self.part_id, "partId")
        object.__setattr__(self, "partition_key", f"{self.endpoint_id}#{self.part_id}")


def _check(value: str, name: str) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TENANT_ID_CHARACTERS:
        message = f"{name} must be a string of 1 to {MAX_TENANT_ID_CHARACTERS} characters"
        raise BadUserInput(message, "context", name)
    if "#" in value or not value.isprintable():
        raise BadUserInput(f"{name} must be printable and must not contain '#'", "context", name)
