"""A plain value is a NamedTuple: CONTRIBUTING.md says why."""

import re
from pathlib import Path

import pytest

from ai_coordination.api.ask import Ask

PACKAGE = Path(__file__).parents[2] / "ai_coordination"
NOT_DEPLOYED = {"local", "testing"}
FROZEN = re.compile(
    r"^@dataclass\(frozen=True.*\)\nclass (\w+)(\(.*\))?:\n((?: {4}.*\n|\n)*)", re.MULTILINE
)
BASES = re.compile(r"^class \w+\((.*)\):", re.MULTILINE)
MORE = ("cached_property", "__post_init__", "repr=False", "compare=False")


def test_a_frozen_dataclass_is_only_what_a_tuple_cannot_be() -> None:
    texts = {file.relative_to(PACKAGE): file.read_text() for file in PACKAGE.rglob("*.py")}
    inherited = {
        name
        for text in texts.values()
        for bases in BASES.findall(text)
        for name in bases.split(", ")
    }
    frozen = [
        found
        for file, text in texts.items()
        if file.parts[0] not in NOT_DEPLOYED
        for found in FROZEN.findall(text)
    ]

    plain = [
        name
        for name, bases, body in frozen
        if not bases and name not in inherited and not any(more in body for more in MORE)
    ]

    assert plain == []
    assert {"Secret", "Transition", "LargeText", "AgentMessage"} < {name for name, *_ in frozen}


def test_an_object_type_knows_its_fields_and_has_null_for_those_not_given() -> None:
    with pytest.raises(TypeError, match=r"^Ask has no field tilte$"):
        Ask(tilte="Offer")

    asked = Ask(title="Offer")

    assert (asked.title, asked.comment) == ("Offer", None)
