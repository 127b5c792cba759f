"""What can go wrong, said once: each error carries its code and the facts a client needs.

Errors are raised where the rule is, shown at the edge (`extensions` of a GraphQL error, which
graphql-core copies from the exception by itself), and caught nowhere in between.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self


class EngineError(Exception):
    """An error that a client may see. `facts` stand beside the code in `extensions`."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = {name: value for name, value in facts.items() if value is not None}

    @property
    def extensions(self) -> dict[str, Any]:
        return {"code": self.code, **self.facts}


class InputError(EngineError):
    """An error that has its place in the input.

    `input_path` names the place as the layer that raises it does; the API turns it into GraphQL's
    names.
    """

    def __init__(self, message: str, *input_path: str | int, **facts: Any) -> None:
        super().__init__(message, inputPath=list(input_path) or None, **facts)

    @property
    def input_path(self) -> tuple[str | int, ...]:
        return tuple(self.facts.get("inputPath", ()))

    def under(self, *parents: str | int) -> Self:
        """The same error, its place seen from further out."""
        return self.at(*parents, *self.input_path)

    def at(self, *place: str | int) -> Self:
        """The same error at another place."""
        self.facts["inputPath"] = [*place]
        return self


class BadUserInput(InputError):
    """The input is not what it has to be."""

    code = "BAD_USER_INPUT"


class NotFound(InputError):
    """It does not exist, or it is another tenant's, which is the same."""

    code = "NOT_FOUND"


class Conflict(InputError):
    """Somebody else was faster, or an idempotency key was used for something else."""

    code = "CONFLICT"


class PayloadTooLarge(InputError):
    """More than a text, an item or an answer may hold."""

    code = "PAYLOAD_TOO_LARGE"


class HasChildren(EngineError):
    """A parent cannot be deleted; `children` says how many of which hold it."""

    code = "HAS_CHILDREN"

    def __init__(self, message: str, children: Mapping[str, int]) -> None:
        super().__init__(message, children=dict(children))


class InvalidState(EngineError):
    """Not in this state; `state` says which one it is."""

    code = "INVALID_STATE"

    def __init__(self, message: str, state: str | None = None) -> None:
        super().__init__(message, state=state)


class QueryTooComplex(EngineError):
    """A document over one of the limits on tokens, depth and cost."""

    code = "QUERY_TOO_COMPLEX"


class Unauthenticated(EngineError):
    """The request names no tenant that somebody verified."""

    code = "UNAUTHENTICATED"


class TextUnavailable(EngineError):
    """A large text is not where its item says: the bucket answers, and does not have it.

    Waiting does not help: it was deleted by somebody else, or the tables were restored without it.
    """

    code = "TEXT_UNAVAILABLE"


class Throttled(EngineError):
    """The database refused for now, or did not answer. Nothing is half written.

    Without an answer, the last write was done whole or not at all: nobody knows which.
    """

    code = "THROTTLED"

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message, retryAfterSeconds=retry_after_seconds)
