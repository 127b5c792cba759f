"""Texts of which only the first characters are shown, if the client says so."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

import graphene

from ai_coordination.api.fields import Info
from ai_coordination.errors import BadUserInput
from ai_coordination.models.texts import Text, start_of

MOST_CHARACTERS = 100_000

FIRST = (
    f"Only so many of the first characters (Unicode code points), 1 to {MOST_CHARACTERS:,}. Ask for"
    " one more than you show, to know whether there are others. Without it, the whole text."
)

Read = Callable[[Any, Info], Awaitable[Any] | Any]


def text_field(description: str, read: Read) -> graphene.Field:
    """Declare a field of a text with the argument `firstCharacters`. `read` returns the text."""

    async def start_later(text: Awaitable[Any], first: int) -> Text | None:
        return start_of(await text, first)

    def resolve(root: Any, info: Info, first_characters: int | None = None) -> Any:
        if first_characters is None:
            return read(root, info)
        first = _checked(first_characters)
        text = read(root, info)
        return start_later(text, first) if isawaitable(text) else start_of(text, first)

    return graphene.Field(
        graphene.String,
        description=description,
        first_characters=graphene.Int(description=FIRST),
        resolver=resolve,
    )


def _checked(first: int) -> int:
    if not 1 <= first <= MOST_CHARACTERS:
        message = f"`firstCharacters` must be 1 to {MOST_CHARACTERS:,}, not {first}"
        raise BadUserInput(message, "first_characters")
    return first
