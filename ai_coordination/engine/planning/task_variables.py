"""The names of the `{variables}` that a task's texts have."""

from collections.abc import Iterator

from ai_coordination import models
from ai_coordination.engine.planning import asked, element, variables


def names(task: models.Task) -> list[str]:
    """Return what a JSON task query has to have for a start, each name once, as they appear.

    Names of an element of `forEach` are none of them.
    """
    return list(dict.fromkeys(_names(task)))


def _names(task: models.Task) -> Iterator[str]:
    for query in task.subtask_queries:
        yield from _of(str(query.subtask_query), task.agent_actions.get(query.agent_uuid))
    for action in task.agent_actions.values():
        for text in asked.texts_of(action):
            yield from _of(text, action)


def _of(text: str, action: models.AgentAction | None) -> list[str]:
    if action is None or action.for_each is None:
        return variables.names(text)
    return element.variables_in(text)
