"""The errors of the engine. Each has a code, and the facts that a client needs.

An error is raised where the rule is, and formatted by the API. Nothing in between catches it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self


class EngineError(Exception):
    """An error that a client may see. Its code and `facts` become the error's `extensions`."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = {name: value for name, value in facts.items() if value is not None}

    @property
    def extensions(self) -> dict[str, Any]:
        """The `extensions` of the GraphQL error, which graphql-core reads from this attribute."""
        return {"code": self.code, **self.facts}


class InputError(EngineError):
    """An error about a value of the input.

    `input_path` is the path of the value, in the names of the layer that raises the error. The API
    translates them to GraphQL names.
    """

    def __init__(self, message: str, *input_path: str | int, **facts: Any) -> None:
        super().__init__(message, inputPath=list(input_path) or None, **facts)

    @property
    def input_path(self) -> tuple[str | int, ...]:
        return tuple(self.facts.get("inputPath", ()))

    def under(self, *parents: str | int) -> Self:
        """Prefix the path, because the value is a member of a larger one. Returns this error."""
        return self.at(*parents, *self.input_path)

    def at(self, *path: str | int) -> Self:
        """Replace the path. Returns this error."""
        self.facts["inputPath"] = [*path]
        return self


class BadUserInput(InputError):
    """An input value is invalid."""

    code = "BAD_USER_INPUT"


class NotFound(InputError):
    """The object does not exist, or belongs to another tenant. Callers cannot tell which."""

    code = "NOT_FOUND"


class Conflict(InputError):
    """The object was changed by another caller, or an idempotency key had another input before."""

    code = "CONFLICT"


class PayloadTooLarge(InputError):
    """A text, an item, a request or a response is over its limit."""

    code = "PAYLOAD_TOO_LARGE"


class HasChildren(EngineError):
    """An object cannot be deleted while it has children. `children` has their numbers by type."""

    code = "HAS_CHILDREN"

    def __init__(self, message: str, children: Mapping[str, int]) -> None:
        super().__init__(message, children=dict(children))


class InvalidState(EngineError):
    """The operation is not allowed in the object's current state, which `state` names."""

    code = "INVALID_STATE"

    def __init__(self, message: str, state: str | None = None) -> None:
        super().__init__(message, state=state)


class Forbidden(EngineError):
    """The question is to another user, or to another group. The message names them."""

    code = "FORBIDDEN"


class QueryTooComplex(EngineError):
    """A document is over a limit on tokens, depth or cost, or a query reads too much."""

    code = "QUERY_TOO_COMPLEX"


class Unauthenticated(EngineError):
    """The request has no verified tenant."""

    code = "UNAUTHENTICATED"


class TextUnavailable(EngineError):
    """A large text that an item refers to is missing from the bucket.

    It was deleted outside of the engine, or the tables were restored without the bucket. Retrying
    does not help.
    """

    code = "TEXT_UNAVAILABLE"


class Throttled(EngineError):
    """An AWS service is busy or did not respond. The caller may retry.

    Nothing is half written. If there was no response, the last write may or may not have landed.
    """

    code = "THROTTLED"

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message, retryAfterSeconds=retry_after_seconds)
