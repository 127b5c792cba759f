"""The most tokens that one call of a model can use."""

import json
from collections.abc import Mapping
from typing import Any, Final

MAX_TOKENS: Final = "maxTokens"


def most_output_tokens(parameters: Any) -> int | None:
    """The most tokens of an answer; None if the parameters set no limit."""
    return parameters.get(MAX_TOKENS) if isinstance(parameters, Mapping) else None


def most_tokens(parameters: Any, told_bytes: int) -> tuple[int, int] | None:
    """The most tokens of a call's input and of its answer; None if nothing limits the answer.

    A token has at least one byte, so the bytes of a text are the most tokens that it can have.
    `told_bytes` are those of all that the model is told in addition to its parameters.
    """
    output = most_output_tokens(parameters)
    if output is None:
        return None
    return len(json.dumps(parameters, ensure_ascii=False).encode()) + told_bytes, output
