"""Who uses the development server: a person chosen when it starts, or by a request.

Nothing is verified here. The person becomes what an authorizer of API Gateway tells the function.
So from there on everything is as it is deployed, where no header names a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ai_coordination.config import Settings

# Percent-encoded, because a browser sends no other characters than those of Latin-1.
USER_HEADER = "x-local-user"
GROUPS_HEADER = "x-local-groups"


@dataclass(frozen=True)
class Person:
    """A user of the API, and the groups of which they are a member."""

    user_id: str
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.user_id} ({', '.join(self.groups)})" if self.groups else self.user_id


def chosen(user: str | None, groups: str | None) -> Person | None:
    """Return the person that options name: a user, and groups separated by commas.

    None is nobody: then requests come from a service of the tenant. Raises ValueError.
    """
    if not user and groups:
        raise ValueError("Groups have a user: choose one with --user")
    return Person(user, _words(groups or "")) if user else None


def of(headers: Mapping[str, str], default: Person | None) -> Person | None:
    """Return the person that a request's headers name. An empty `x-local-user` is nobody."""
    given = {name.lower(): value for name, value in headers.items()}
    user = given.get(USER_HEADER)
    if user is None:
        return default
    groups = tuple(unquote(name) for name in _words(given.get(GROUPS_HEADER, "")))
    return Person(unquote(user), groups) if user else None


def authorizer(person: Person, settings: Settings) -> dict[str, Any]:
    """Return what a Lambda authorizer tells the function of a person, as a request has it."""
    claims = {
        settings.endpoint_claim: settings.endpoint_id,
        settings.part_claim: settings.part_id,
        settings.user_claim: person.user_id,
        settings.groups_claim: list(person.groups),
    }
    return {"lambda": claims}


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
