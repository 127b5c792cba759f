"""What a runtime needs to continue an agent: given with a question, or by a checkpoint of a call.

It is JSON that only the runtime understands. Each attempt of a turn gets the same.
"""

import json
from typing import Any

from ai_coordination import models, texts
from ai_coordination.engine.context import Engine
from ai_coordination.errors import InputError, PayloadTooLarge
from ai_coordination.models import moves, writes
from ai_coordination.runtimes.base import RunFailed
from ai_coordination.services import capacity, validation
from ai_coordination.states import SessionAgentState

NOT_KEPT = "What the agent needs to continue cannot be kept: {}"
TOO_LARGE = "it is larger than the 400 KB of an item, and there is no bucket for large texts"


def as_text(resume: Any) -> str | None:
    """Return a `resume` as the JSON text that is stored; None if there is nothing to keep.

    Raises BadUserInput if it is not JSON, PayloadTooLarge over 2 MB.
    """
    if resume is None:
        return None
    return json.dumps(validation.json_value(resume, "resume"), ensure_ascii=False)


def load(agent: models.SessionAgent) -> Any:
    """Return what the next call of the agent gets. Raises TextUnavailable, Throttled."""
    stored = texts.read(agent.partition_key, agent.resume)
    return None if stored is None else json.loads(stored)


def checkpoint(engine: Engine, agent: models.SessionAgent, resume: Any) -> bool:
    """Store a new `resume` in the middle of a call. Returns whether it landed.

    It does not if the run is over, or if another worker has taken it over. Raises RunFailed if the
    value cannot be kept; Throttled.
    """
    kind = models.SessionAgent
    stored = _stored(agent, resume)
    landed, _ = writes.update_if(
        agent,
        [
            kind.resume.remove() if stored is None else kind.resume.set(stored),
            kind.change_count.add(1),
        ],
        (kind.state == SessionAgentState.IN_PROGRESS.value)
        & moves.same_run(agent)
        & moves.same_worker(agent),
        engine.context,
    )
    return landed


def _stored(agent: models.SessionAgent, resume: Any) -> models.Text | None:
    try:
        text = as_text(resume)
    except (InputError, TypeError) as error:
        reason = error.message if isinstance(error, InputError) else "it is not JSON"
        raise RunFailed(NOT_KEPT.format(reason), retryable=False) from error
    if text is None:
        return None
    stored = texts.store(texts.Owner.of(agent), text)
    try:
        return capacity.grown(agent, "resume", stored)
    except PayloadTooLarge as error:
        raise RunFailed(NOT_KEPT.format(TOO_LARGE), retryable=False) from error
