"""Which models of Amazon Bedrock agents may have: the setting AI_COORDINATION_BEDROCK_MODELS."""

import re
from collections.abc import Sequence

_ID = re.compile(r"(?!arn:)[A-Za-z0-9][A-Za-z0-9._:-]*")
_ARN = re.compile(
    r"arn:aws(-[a-z-]+)?:bedrock:[a-z0-9-]{1,20}:([0-9]{12})?:"
    r"(foundation-model|inference-profile|application-inference-profile|provisioned-model"
    r"|custom-model|custom-model-deployment|imported-model|prompt-router|default-prompt-router)"
    r"/[A-Za-z0-9._:/-]+"
)
# Only these can be named by their ID as well. Entries may have `*` in place of the kind.
_NAMED = re.compile(r"arn:.*:(?:foundation-model|inference-profile|\*)/(?P<id>[^/]+)")


def refusal(target: str | None, models: Sequence[str]) -> str | None:
    """Why an agent may not have this target. None if it may."""
    if target is None:
        return "A BEDROCK agent needs the ID or the ARN of a model or of an inference profile"
    if not (_ID.fullmatch(target) or _ARN.fullmatch(target)):
        return "This is not the ID or the ARN of a model or of an inference profile"
    if any(_allows(entry, target) for entry in models):
        return None
    return (
        f"The model {target} is not allowed. The setting AI_COORDINATION_BEDROCK_MODELS lists the"
        " models that agents may have"
    )


def _allows(entry: str, target: str) -> bool:
    """Whether an entry allows a target: its ID or ARN, in which `*` stands for any characters.

    An ARN allows the ID in it too. So the list can be that of an IAM policy.
    """
    named = _NAMED.fullmatch(entry)
    return _matches(entry, target) or (named is not None and _matches(named["id"], target))


def _matches(pattern: str, text: str) -> bool:
    """Whether a text is of a pattern. In linear time, whatever both are."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    *middle, last = rest
    place = len(first)
    for part in middle:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(text) - place >= len(last) and text.endswith(last)
