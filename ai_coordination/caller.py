"""Who asks, and for which tenant."""

from dataclasses import dataclass, field

from ai_coordination.context import InvocationContext
from ai_coordination.errors import BadUserInput

LONGEST_TENANT_ID = 128


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller of one request, and the context of the invocation that serves it.

    Raises BadUserInput for an `endpoint_id` or `part_id` that is empty, too long, or holds `#`,
    which separates the two in `partition_key`.
    """

    endpoint_id: str
    part_id: str
    user_id: str | None = None
    request_id: str = ""
    context: InvocationContext = field(kw_only=True)
    partition_key: str = field(init=False)

    def __post_init__(self) -> None:
        _check(self.endpoint_id, "endpointId")
        _check(self.part_id, "partId")
        object.__setattr__(self, "partition_key", f"{self.endpoint_id}#{self.part_id}")


def _check(value: str, name: str) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TENANT_ID:
        raise BadUserInput(
            f"{name} must be a text of 1 to {LONGEST_TENANT_ID} characters", "context", name
        )
    if "#" in value or not value.isprintable():
        raise BadUserInput(f"{name} must be printable and hold no '#'", "context", name)
