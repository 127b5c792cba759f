"""The context of invocations: the system's, or one whose time and numbers a test decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from ai_coordination.caller import Caller
from ai_coordination.context import InvocationContext

SYSTEM = InvocationContext()

C = TypeVar("C", bound=InvocationContext)

_serving: ContextVar[InvocationContext | None] = ContextVar("serving", default=None)


@dataclass(frozen=True)
class At(InvocationContext):
    """A clock that stands still."""

    moment: datetime = field(kw_only=True)

    def utc(self) -> datetime:
        return self.moment


@contextmanager
def serving(context: C) -> Iterator[C]:
    """Serve all requests to the API in this context, for a `with` block."""
    token = _serving.set(context)
    try:
        yield context
    finally:
        _serving.reset(token)


def served(caller: Caller) -> Caller:
    """The caller as the API gets to know it: in the context of the block around it, if any."""
    context = _serving.get()
    return caller if context is None else replace(caller, context=context)
