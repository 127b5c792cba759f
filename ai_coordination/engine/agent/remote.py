"""What a runtime needs to find work that was accepted elsewhere: JSON that only it understands."""

import json
from typing import Any


def encoded(remote: Any) -> str:
    """The value as it is stored. Raises TypeError and ValueError."""
    return json.dumps(remote, separators=(",", ":"))


def stored(remote: Any) -> str | None:
    """The value as it is stored; None if there is none. Raises TypeError and ValueError."""
    return None if remote is None else encoded(remote)


def decoded(remote: str | None) -> Any:
    """The value as the runtime gave it. None if there is none."""
    return None if remote is None else json.loads(remote)
