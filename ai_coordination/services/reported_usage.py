"""The token usage that a caller reports or records, checked."""

from collections.abc import Mapping
from typing import Any

from ai_coordination.models.token_usage import COUNTS, MAX_TOKENS
from ai_coordination.runtimes.base import Usage
from ai_coordination.services import validation

PLACE = "usage"


def checked(usage: Mapping[str, Any] | None) -> Usage | None:
    """The usage in an input. Raises BadUserInput with the place of what is wrong."""
    if usage is None:
        return None
    counts = {
        name: int(validation.number(usage[name], 0, MAX_TOKENS, PLACE, name))
        for name in COUNTS
        if usage.get(name) is not None
    }
    model = validation.shown_label(usage.get("model"), PLACE, "model")
    return Usage(**counts, model=model)
