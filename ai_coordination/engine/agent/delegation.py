"""Let an agent delegate work to others, and run it again with their results."""

import json
from typing import Final

from ai_coordination import models, texts
from ai_coordination.engine.agent import delegated, question, resume, spending, transitions
from ai_coordination.engine.agent.growth import delegated_work, grow
from ai_coordination.engine.agent.growth.grow import NoRoom
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.errors import BadUserInput, InputError, PayloadTooLarge, TextUnavailable
from ai_coordination.models import moves
from ai_coordination.runtimes import delegations
from ai_coordination.runtimes.base import Delegation, RunFailed
from ai_coordination.runtimes.delegations import Work
from ai_coordination.services import characters, validation

MOST_PIECES: Final = 100
LAST_TURN: Final = "The agent has delegated again in its last turn: maxTurns is {}"
NOBODY: Final = "This agent has nobody to delegate to: its action has no delegatesTo"
NOT_TAKEN: Final = "The agent's delegation cannot be taken: {}"
TOO_DEEP: Final = f"Delegated work is at most {delegated.MOST_DEPTH} deep, and this is as deep"


def check(agent: models.SessionAgent, delegation: Delegation) -> None:
    """Check a delegation of an agent. Raises BadUserInput and PayloadTooLarge at its place."""
    if not agent.agent_action.delegates_to:
        raise BadUserInput(NOBODY, "work")
    if int(agent.depth or 0) >= delegated.MOST_DEPTH:
        raise BadUserInput(TOO_DEEP, "work")
    count = len(delegation.work)
    if not 1 <= count <= MOST_PIECES:
        message = f"A delegation has 1 to {MOST_PIECES} pieces of work, and this one has {count}"
        raise BadUserInput(message, "work")
    for index, piece in enumerate(delegation.work):
        _check_piece(agent, piece, index)
    if texts.size(as_text(delegation)) > validation.LONGEST_TEXT_BYTES:
        message = f"All pieces of work together have at most {validation.LONGEST_TEXT_BYTES} bytes"
        raise PayloadTooLarge(message, "work")
    resume.as_text(delegation.resume)


def _check_piece(agent: models.SessionAgent, piece: Work, index: int) -> None:
    place = "work", index
    if piece.agent_uuid == agent.agent_uuid:
        raise BadUserInput("An agent cannot delegate to itself", *place, "agent_uuid")
    allowed = agent.agent_action.delegates_to
    if piece.agent_uuid not in allowed:
        named = ", ".join(map(repr, allowed))
        message = f"This agent cannot delegate to {piece.agent_uuid!r}. It can to {named}"
        raise BadUserInput(message, *place, "agent_uuid")
    text = validation.required_text(piece.subtask_query, *place, "subtask_query")
    if not characters.shows_something(text):
        message = "The text of the work must contain a visible character"
        raise BadUserInput(message, *place, "subtask_query")
    for number, before in enumerate(piece.after):
        if not 0 <= before < index:
            message = f"This is not the place of an earlier piece of work: {before}"
            raise BadUserInput(message, *place, "after", number)
        if before in piece.after[:number]:
            message = f"This place is named twice: {before}"
            raise BadUserInput(message, *place, "after", number)


def as_text(delegation: Delegation) -> str:
    """Return a delegation as the text that its run has as its output."""
    return json.dumps(delegations.to_json(delegation.work), ensure_ascii=False)


def delegate(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    delegation: Delegation,
    *,
    reported: bool = False,
) -> None:
    """Take the delegation of the agent's current run. The agent runs again once the work is done.

    Fenced as an answer: see `complete`. Raises RunFailed if the work cannot be delegated, or if the
    agent has to answer in this turn; PayloadTooLarge; Throttled.
    """
    check_of_run(agent, delegation)
    pending = texts.PendingTexts(texts.Owner.of(agent))
    said: Changes = {
        "output": pending.stored_form(as_text(delegation)),
        "notes": pending.stored_form(delegation.notes),
    }
    kept: Changes = {"resume": pending.stored_form(resume.as_text(delegation.resume))}
    fence = moves.in_time(engine.now()) if reported else None
    try:
        added = delegated_work.plan_of(session, agent, delegation.work, pending)
        pending.write()

        def move(work: Changes, due_at: str | None) -> Transition:
            changes = {**kept, **work}
            moved = transitions.to_delegated(engine, agent, changes, said, fence, due_at)
            return spending.charged(moved, delegation.usage)

        grow.grow(engine, session, agent, added, move)
    except (BadUserInput, NoRoom, TextUnavailable) as error:
        notes = NOT_TAKEN.format(error.message)
        raise RunFailed(notes, retryable=False, usage=delegation.usage) from error


def check_of_run(agent: models.SessionAgent, delegation: Delegation) -> None:
    """Raise RunFailed if the agent's run cannot end with this delegation.

    Whatever is wrong with the work, the next attempt is told, and may do better.
    """
    try:
        check(agent, delegation)
    except (InputError, TypeError) as error:
        place, reason = "resume", "this is not JSON"
        if isinstance(error, InputError):
            place, reason = _place(error), error.message
        notes = NOT_TAKEN.format(f"{reason} ({place})")
        raise RunFailed(notes, usage=delegation.usage) from error
    if question.is_last_turn(agent):
        notes = LAST_TURN.format(agent.agent_action.max_turns)
        raise RunFailed(notes, retryable=False, usage=delegation.usage)


_NAMES: Final = {
    "work": delegations.MEMBER,
    "agent_uuid": "agentUuid",
    "subtask_query": "subtaskQuery",
}


def _place(error: InputError) -> str:
    """The place of an error, in the names of the JSON that an agent gives."""
    return ".".join(_NAMES.get(str(step), str(step)) for step in error.input_path)
