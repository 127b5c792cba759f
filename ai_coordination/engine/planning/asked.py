"""Whom an agent asks: a user, or the members of a group, as `ask` of its action names them.

The name may have `{variables}` of the task query. They are filled when the agent is planned, so
that a name that cannot be filled is refused before anything has run.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ai_coordination import models, texts
from ai_coordination.engine.planning import element, variables
from ai_coordination.engine.planning.variables import Variables
from ai_coordination.errors import BadUserInput, InputError
from ai_coordination.services import validation

PLACE = "task_query"


class Asked(NamedTuple):
    """A user or a group, never both. Neither: any person of the tenant may answer."""

    user: str | None = None
    group: str | None = None


ANY_PERSON = Asked()


def of_item(agent: models.SessionAgent) -> Asked:
    """Return whom an agent asks, as it is stored."""
    return Asked(agent.asked_user, agent.asked_group)


def stored(asked: Asked) -> dict[str, Any]:
    """Return the attributes that say whom an agent asks."""
    return {"asked_user": asked.user, "asked_group": asked.group}


def planned(action: models.AgentAction, values: Variables | None) -> Asked:
    """Return whom an agent of a task asks. `values` are the variables of the task query.

    Of an agent with a list only the names are checked: each element is asked about by a copy of the
    agent. Raises BadUserInput.
    """
    if not asks_by_element(action):
        return _filled(action, lambda text: _fill(text, values))
    for text in texts_of(action):
        element.check(text, values or {}, PLACE)
    return ANY_PERSON


def of_element(
    action: models.AgentAction, values: Variables | None, item: Any, index: int
) -> Asked:
    """Return whom the copy of an agent asks that handles one element of its list.

    Raises BadUserInput, and NoMember for what the element lacks.
    """
    return _filled(action, lambda text: element.filled(text, values, item, index))


def of_query(
    partition_key: str, action: models.AgentAction, task_query: models.Text | None
) -> Asked:
    """Return whom an agent asks that does delegated work.

    The task query is read only if a name needs it. Raises BadUserInput, TextUnavailable, Throttled.
    """

    def fill(text: str) -> str:
        query = texts.read(partition_key, task_query) if "{" in text else None
        return _fill(text, variables.of(query))

    return _filled(action, fill)


def asks_by_element(action: models.AgentAction) -> bool:
    """Whether copies of the agent ask, each about one element of its list."""
    return action.for_each is not None and action.task_uuid is None


def is_assigned(action: models.AgentAction) -> bool:
    """Whether the action says to which user or group its agent's questions are."""
    return bool(texts_of(action))


def texts_of(action: models.AgentAction) -> list[str]:
    """Return the texts that say whom an agent asks, with their variables."""
    rule = action.ask
    return [] if rule is None else [text for text in (rule.assignee, rule.group) if text]


def _fill(text: str, values: Variables | None) -> str:
    # A task query that is no JSON object has no members.
    return variables.filled(text, values or {}, variables.MOST_BYTES, PLACE)


def _filled(action: models.AgentAction, fill: Callable[[str], str]) -> Asked:
    rule = action.ask
    if rule is None:
        return ANY_PERSON
    user, group = (text and _checked(fill(text)) for text in (rule.assignee, rule.group))
    return Asked(user, group)


def _checked(name: str) -> str:
    try:
        validation.shown_label(name)
    except InputError as wrong:
        message = f"Whom the agent asks is no name ({name[:40]!r}): {wrong.message}"
        raise BadUserInput(message, PLACE) from wrong
    return name
