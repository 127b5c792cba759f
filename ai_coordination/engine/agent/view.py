"""What an expression sees of a session. Only what it names is loaded.

The texts that it names have at most 8 MB together, and their values at most 32 MB in memory; a
process evaluates few expressions at the same time. So those of one tenant cannot use up the memory
of a worker that all share.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from threading import BoundedSemaphore
from typing import Any

from ai_coordination import expressions, models, texts
from ai_coordination.errors import EngineError, InputError
from ai_coordination.expressions import ExpressionFailed, Roots
from ai_coordination.expressions.failures import kind_of
from ai_coordination.models.texts import LargeText, Text
from ai_coordination.runtimes import person_answers
from ai_coordination.services import validation
from ai_coordination.states import SessionAgentState

MOST_BYTES = 8_000_000
MOST_BYTES_OF_VALUES = 32_000_000
TOO_LARGE = f"what it names has more than {MOST_BYTES:,} bytes"
TOO_LARGE_VALUES = f"the values of what it names have more than {MOST_BYTES_OF_VALUES:,} bytes"

# A process that waits for many agents has many threads. So many of them evaluate at the same time.
AT_ONCE = 4

Agents = Sequence[models.SessionAgent]
_SLOTS = BoundedSemaphore(AT_ONCE)


class SettingFailed(EngineError):
    """The expression of a setting has no value. The message names both, and says why."""

    def __init__(self, setting: str, expression: str, reason: str) -> None:
        super().__init__(f"`{setting}` has failed: {reason}. Its expression is: {expression}")


def value(
    setting: str,
    expression: str,
    session: models.Session,
    agents: Agents,
    *,
    agent: models.SessionAgent | None = None,
    rounds: Sequence[Agents] = (),
    **more: Any,
) -> Any:
    """Return the value of a setting's expression. Parameters as those of `of`.

    Raises SettingFailed, TextUnavailable, Throttled.
    """
    try:
        roots = expressions.names(expression)
        with _SLOTS:
            context = of(session, agents, roots, agent=agent, rounds=rounds, **more)
            return expressions.evaluate(expression, context)
    except ExpressionFailed as failed:
        raise SettingFailed(setting, expression, failed.message) from failed


def shaped_input(
    session: models.Session, agent: models.SessionAgent, predecessors: Agents
) -> str | None:
    """Return what the agent is told by its `input`: a text, or JSON. None if it has none.

    Raises SettingFailed, TextUnavailable, Throttled.
    """
    expression = agent.input_expression
    if expression is None:
        return None
    found = value("input", expression, session, predecessors, agent=agent)
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    try:
        validation.text(text, "input")
    except InputError as wrong:
        raise SettingFailed("input", expression, wrong.message) from wrong
    return text


def condition(
    setting: str,
    expression: str,
    session: models.Session,
    agents: Agents,
    *,
    agent: models.SessionAgent | None = None,
    rounds: Sequence[Agents] = (),
    **more: Any,
) -> bool | None:
    """Return whether a setting's condition holds: true, false, or None for null, which is false.

    Any other value is a failure. Parameters and errors as those of `value`.
    """
    found = value(setting, expression, session, agents, agent=agent, rounds=rounds, **more)
    if found is None or isinstance(found, bool):
        return found
    reason = f"it gives {kind_of(found)}, and a condition gives true or false"
    raise SettingFailed(setting, expression, reason)


def of(
    session: models.Session,
    agents: Agents,
    roots: Roots,
    *,
    agent: models.SessionAgent | None = None,
    rounds: Sequence[Agents] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return the context of an expression that names these roots.

    `agents` are those that it sees under `outputs`, `states` and `answers`. `agent` has its query
    and its turn. `rounds` are the agents of earlier rounds, for `previous`. `more` are further
    roots: plain JSON values. Raises ExpressionFailed if all that is too large, TextUnavailable,
    Throttled.
    """
    seen = {root: _seen(roots, root, agents) for root in ("outputs", "states", "answers")}
    earlier = rounds if roots.needs("previous") else ()
    query = agent.subtask_query if agent is not None and roots.needs("query") else None
    task_query = _task_query(session, agent) if roots.needs("taskQuery") else None
    answers = {one.ordinal: person_answers.last(one) for one in seen["answers"]}
    loaded = _Loaded(
        session.partition_key,
        [
            query,
            task_query,
            *(_output(one) for of_round in (seen["outputs"], *earlier) for one in of_round),
            *(text for said in answers.values() for text in (said.text, said.answer)),
        ],
    )
    context = {
        "query": loaded.text(query),
        "taskQuery": loaded.text(task_query),
        "outputs": _by_agent(seen["outputs"], loaded.output),
        "states": _by_agent(seen["states"], lambda one: one.state.upper()),
        "answers": _by_agent(
            seen["answers"], lambda one: person_answers.value(answers[one.ordinal], loaded.read)
        ),
        "previous": [_by_agent(of_round, loaded.output) for of_round in earlier],
        **more,
    }
    if agent is not None:
        context["turn"] = agent.current_turn
    return context


def _task_query(session: models.Session, agent: models.SessionAgent | None) -> Text | None:
    """The query of the session, or of the copy of a task that the agent is part of."""
    own = None if agent is None else agent.task_query
    return session.task_query if own is None else own


def _seen(roots: Roots, root: str, agents: Agents) -> Agents:
    known = list(dict.fromkeys(str(agent.agent_uuid) for agent in agents))
    named = set(roots.agents(root, known))
    return [agent for agent in agents if agent.agent_uuid in named]


def _by_agent(agents: Agents, get: Callable[[models.SessionAgent], Any]) -> dict[str, Any]:
    """The value of each agent by its member: a list where a member has several agents."""
    by_agent: dict[str, list[Any]] = defaultdict(list)
    for agent in sorted(agents, key=lambda one: int(one.ordinal)):
        by_agent[str(agent.agent_uuid)].append(get(agent))
    return {
        member: values[0] if len(values) == 1 else values for member, values in by_agent.items()
    }


def _output(agent: models.SessionAgent) -> Text | None:
    return agent.agent_output if agent.state == SessionAgentState.COMPLETED else None


class _Loaded:
    """The texts that a context has, with those that are in the bucket. Bounds their values too."""

    def __init__(self, tenant: str, named: Iterable[Text | None]) -> None:
        wanted = [text for text in named if text is not None]
        if sum(map(texts.size, wanted)) > MOST_BYTES:
            raise ExpressionFailed(TOO_LARGE)
        large = list({text for text in wanted if isinstance(text, LargeText)})
        self.read = dict(zip(large, texts.read_all(tenant, large), strict=True))
        self._left = MOST_BYTES_OF_VALUES

    def text(self, text: Text | None) -> str | None:
        return self.read[text] if isinstance(text, LargeText) else text

    def output(self, agent: models.SessionAgent) -> Any:
        """The value of an agent's output. Raises ExpressionFailed if it needs too much memory."""
        text = self.text(_output(agent))
        if text is None:
            return None
        self._left -= expressions.value_bytes(text)
        if self._left < 0:
            raise ExpressionFailed(TOO_LARGE_VALUES)
        return expressions.output_value(text)
