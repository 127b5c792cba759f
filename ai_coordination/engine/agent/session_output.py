"""The output of a session: what its task's expression gives once all agents have ended."""

import json
from collections.abc import Sequence

from pynamodb.expressions.update import Action

from ai_coordination import ids, models, telemetry, texts
from ai_coordination.engine.agent import view
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session_log import log_entry
from ai_coordination.errors import InputError, PayloadTooLarge, TextUnavailable
from ai_coordination.models import reads, sizes
from ai_coordination.services import validation
from ai_coordination.states import LogLevel

SETTING = "output"
TOO_LARGE = "the output is larger than an item, and there is no bucket for large texts"
# What tells the agents that end the session from all others, by their stored names.
PLACE = ("ordinal", "successors", "parent", "superseded")


def actions(
    engine: Engine, session: models.Session, agents: Sequence[models.SessionAgent]
) -> list[Action]:
    """Return what the write that completes a session stores of its output. Raises Throttled.

    `agents` are all agents of the session, with their places at least.

    The agents have ended, so every worker that completes the session finds the same. An expression
    that fails does not fail the session, because its agents have done their work: then there is no
    output, and the log has an error.
    """
    expression = session.output_expression
    if expression is None:
        return []
    try:
        stored = _stored(engine, session, expression, agents)
    except (view.SettingFailed, TextUnavailable) as wrong:
        telemetry.logger.warning("session output", extra={"reason": wrong.message})
        return log_entry(engine, session, LogLevel.ERROR, f"No output: {wrong.message}")
    return [] if stored is None else [models.Session.output.set(stored)]


def _stored(
    engine: Engine,
    session: models.Session,
    expression: str,
    agents: Sequence[models.SessionAgent],
) -> models.Text | None:
    """Store the output: a text as it is, any other value as JSON. None for null."""
    last = _last_agents(engine, session, agents)
    found = view.value(SETTING, expression, session, last)
    if found is None:
        return None
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    try:
        validation.text(text, SETTING)
        stored = texts.store(texts.Owner.of(session), text)
        if sizes.of_entity(session.changed({"output": stored})) > sizes.LARGEST_GROWN_BYTES:
            raise PayloadTooLarge(TOO_LARGE, SETTING)
    except InputError as wrong:
        raise view.SettingFailed(SETTING, expression, wrong.message) from wrong
    return stored


def _last_agents(
    engine: Engine, session: models.Session, agents: Sequence[models.SessionAgent]
) -> list[models.SessionAgent]:
    """Read the agents of the session's own graph that no other follows."""
    kind, tenant = models.SessionAgent, session.partition_key
    keys: list[reads.Key] = [
        (kind, session.session_uuid, ids.session_agent_uuid(session.session_uuid, int(row.ordinal)))
        for row in agents
        if not row.successors and row.parent_ordinal is None and not row.superseded
    ]
    found = reads.batch_get(keys, tenant=tenant, context=engine.context)
    return [agent for agent in found if agent is not None]
