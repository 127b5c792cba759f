"""What a model has said, whatever its protocol: an answer, or why there is none."""

import re
from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ai_coordination.runtimes import output_schema
from ai_coordination.runtimes.base import Answer, RunFailed, Usage
from ai_coordination.runtimes.model_parameters import FAIL, TAKE

LONGEST_MESSAGE: Final = 500

_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|maximum context|too many (input )?tokens|exceed_context"
    r"|input is too long|prompt is too long",
    re.IGNORECASE,
)


class Stop(Enum):
    """Why a model has stopped."""

    DONE = auto()
    LENGTH = auto()
    REFUSED = auto()
    TOOL = auto()
    MALFORMED = auto()


class Completion(NamedTuple):
    """What is taken from a reply. `facts` are for the log line, and have no texts.

    `message` is the model's message as the protocol has it, and as JSON can store it.
    """

    text: str
    stop: Stop
    refusal: str | None = None
    usage: Usage | None = None
    facts: Mapping[str, Any] = MappingProxyType({})
    message: dict[str, Any] | None = None


def answer(completion: Completion, parameters: Mapping[str, Any]) -> Answer:
    """The agent's answer. Raises RunFailed if the completion has none: it was paid for too."""
    try:
        return Answer(_text(completion, parameters), completion.usage)
    except RunFailed as failed:
        failed.usage = completion.usage
        raise


def _text(completion: Completion, parameters: Mapping[str, Any]) -> str:
    _check_stop(completion, parameters)
    text = completion.text
    if "outputSchema" in parameters:
        text = output_schema.json_of(text)
    if not text.strip():
        raise RunFailed("The model has answered nothing")
    if "outputSchema" in parameters:
        problem = output_schema.problem_of(parameters["outputSchema"], text)
        if problem is not None:
            raise RunFailed(problem, output=text)
    return text


def _check_stop(completion: Completion, parameters: Mapping[str, Any]) -> None:
    stop = completion.stop
    if stop is Stop.REFUSED:
        reason = f": {completion.refusal[:LONGEST_MESSAGE]}" if completion.refusal else ""
        raise RunFailed(f"The model refuses to answer{reason}", retryable=False)
    if stop is Stop.TOOL:
        raise RunFailed("The model called a tool, and the agent has none", retryable=False)
    if stop is Stop.MALFORMED:
        raise RunFailed("The model's answer is malformed")
    if stop is Stop.LENGTH and parameters.get("onLength", FAIL) != TAKE:
        notes = "The model's answer was cut off: it needs more than maxTokens, or than its context"
        raise RunFailed(notes, retryable=False)


def is_too_long(message: str) -> bool:
    """Whether a provider's error means that the input is too long for the model."""
    return _TOO_LONG.search(message) is not None
