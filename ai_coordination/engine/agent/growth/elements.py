"""The elements of a list, and what an agent is told about each of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from ai_coordination import expressions, models, texts
from ai_coordination.engine.agent import view
from ai_coordination.engine.planning import asked, element, variables
from ai_coordination.engine.planning.asked import Asked
from ai_coordination.errors import EngineError, InputError
from ai_coordination.expressions import ExpressionFailed, Meter
from ai_coordination.expressions.failures import kind_of
from ai_coordination.services import validation

SETTING = "forEach.items"
# All elements of a list together may cost as much as so many expressions.
EXPRESSIONS = 4


class BadElement(EngineError):
    """An agent cannot be told about an element of its list."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(f"Element {index} of `{SETTING}` (the first is 0) {reason}")


class NoList(EngineError):
    """The list is not one."""


def items(
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
) -> list[Any]:
    """Return the elements. Raises NoList, BadElement, SettingFailed, TextUnavailable, Throttled."""
    expression = agent.agent_action.for_each.items
    found = view.value(SETTING, expression, session, predecessors, agent=agent)
    if not isinstance(found, list):
        message = f"`{SETTING}` gives {kind_of(found)}, and not a list. Its expression is:"
        raise NoList(f"{message} {expression}")
    for index, item in enumerate(found):
        if item is None:
            raise BadElement(index, "is null")
    return found


def told(
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
    elements: Sequence[Any],
) -> Iterator[str]:
    """Yield what is told about each element: by `input`, or by the agent's query.

    A query that names neither the element nor its index is followed by the element. Raises as
    `items`, and BadElement for a text that is too large, or lacks something that it names.
    """
    room = variables.MOST_BYTES
    if agent.agent_action.input is None:
        all_texts = _by_query(session, agent, elements)
    else:
        all_texts = _by_input(session, agent, predecessors, elements)
    for index, text in enumerate(all_texts):
        _check_text(index, text)
        room -= texts.size(text)
        if room < 0:
            raise BadElement(index, "makes the texts of all elements larger than 32 MB")
        yield text


def asked_about(
    session: models.Session, agent: models.SessionAgent, elements: Sequence[Any]
) -> list[Asked]:
    """Return whom the agent asks about each element. Raises as `told`."""
    action = agent.agent_action
    if not asked.asks_by_element(action) or not asked.is_assigned(action):
        return [asked.of_item(agent)] * len(elements)
    task_query = agent.task_query or session.task_query
    given = variables.of(texts.read(agent.partition_key, task_query))
    asks = []
    for index, item in enumerate(elements):
        try:
            asks.append(asked.of_element(action, given, item, index))
        except element.NoMember as wrong:
            raise BadElement(index, wrong.message) from wrong
        except InputError as wrong:
            raise BadElement(index, f"names nobody to ask: {wrong.message}") from wrong
    return asks


def _check_text(index: int, text: str) -> None:
    try:
        validation.text(text)
    except InputError as wrong:
        raise BadElement(index, f"cannot be told: {wrong.message}") from wrong


def _by_input(
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
    elements: Sequence[Any],
) -> Iterator[str]:
    expression = agent.agent_action.input
    meter = Meter(EXPRESSIONS)
    try:
        context = view.of(session, predecessors, expressions.names(expression), agent=agent)
        for index, item in enumerate(elements):
            seen = {**context, element.ITEM: item, element.INDEX: index}
            yield element.as_text(expressions.evaluate(expression, seen, meter))
    except ExpressionFailed as failed:
        raise view.SettingFailed("input", expression, failed.message) from failed


def _by_query(
    session: models.Session, agent: models.SessionAgent, elements: Sequence[Any]
) -> Iterator[str]:
    query = texts.read(agent.partition_key, agent.subtask_query) or ""
    given = _variables(session, agent)
    names_it = element.names_it(query)
    for index, item in enumerate(elements):
        try:
            text = element.filled(query, given, item, index)
        except (element.NoMember, InputError) as wrong:
            raise BadElement(index, wrong.message) from wrong
        yield text if names_it else _followed_by(agent, text, item)


def _followed_by(agent: models.SessionAgent, query: str, item: Any) -> str:
    """The query and then the element; for the copy of a task the element alone."""
    text = element.as_text(item)
    return f"{query}\n\n{text}" if query and agent.agent_action.task_uuid is None else text


def own_query(session: models.Session, agent: models.SessionAgent) -> str | None:
    """Return what the query of an agent with a list says to the agent itself: only its variables
    are filled. None for other agents, whose query is filled already.

    Raises TextUnavailable, Throttled.
    """
    if agent.agent_action.for_each is None:
        return None
    query = texts.read(agent.partition_key, agent.subtask_query) or ""
    return element.without_element(query, _variables(session, agent))


def _variables(session: models.Session, agent: models.SessionAgent) -> variables.Variables | None:
    """The variables that the agent's query may name. The task query itself has none."""
    task_query = agent.task_query or session.task_query
    if agent.subtask_query == task_query:
        return None
    return variables.of(texts.read(agent.partition_key, task_query))
