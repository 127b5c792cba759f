"""The runtime EXTERNAL. Its parameters are for the external worker."""

from collections.abc import Iterator
from typing import Any

from ai_coordination.services.runtimes.problems import Problem, no_target


def problems(target: str | None, _: Any) -> Iterator[Problem]:
    """Any parameters are right."""
    return no_target(target)
