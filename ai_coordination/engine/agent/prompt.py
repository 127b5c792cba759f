"""Build an agent's input: its own query, and the answers of its predecessors, or what shapes it.

Each section begins with a heading that no text can forge: the heading contains the run's own mark,
which was drawn after everything in the sections was written.
"""

import re
from collections.abc import Iterator, Sequence

from ai_coordination import models, texts
from ai_coordination.context import InvocationContext
from ai_coordination.engine.agent import delegated
from ai_coordination.runtimes import person_answers
from ai_coordination.runtimes.headings import OPENING, mark_of
from ai_coordination.services import validation
from ai_coordination.states import SessionAgentState

LEFT_OUT_BYTES = 40

_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

Section = tuple[str, models.Text]


def build(
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
    run_uuid: str,
    context: InvocationContext,
    shaped: str | None = None,
) -> str:
    """Return what the agent needs as one text of at most about 2 MB: its subtask query, what its
    predecessors answered, what came of the work that it has delegated, and what a person said to
    its own last question and output.

    `shaped` is what the agent's `input` gives. It is there instead of the query and of what the
    predecessors answered. An answer that does not fit is named and left out: the agent can read it
    through the API.
    """
    own = agent.subtask_query if shaped is None else shaped
    sections = list(_answers(predecessors)) if shaped is None else []
    sections += [*_replied(agent), *_rejected(agent)]
    told = delegated.sections(agent, delegated.load(agent, context))
    sections += [(_line(name), text) for name, text in told]
    if not sections:
        return texts.read(agent.partition_key, own) or ""
    mark = mark_of(run_uuid)
    opening = OPENING.format(mark)
    headings = [f"[{mark}] {heading}" for heading, _ in sections]
    fixed = sum(texts.size(heading) + LEFT_OUT_BYTES for heading in [opening, *headings])
    left = validation.LONGEST_TEXT_BYTES - texts.size(own) - fixed
    included: list[models.Text] = [own or ""]
    for _, text in sections:
        size = texts.size(text)
        included.append(text if size <= left else f"({size} bytes, left out here)")
        left -= size if size <= left else 0
    query, *answers = texts.read_all(agent.partition_key, included)
    parts = [f"{heading}\n{text}" for heading, text in zip(headings, answers, strict=True)]
    return "\n\n".join([query, opening, *parts] if query else [opening, *parts])


def _answers(predecessors: Sequence[models.SessionAgent]) -> Iterator[Section]:
    for predecessor in predecessors:
        if predecessor.state != SessionAgentState.COMPLETED:
            continue
        name = _line(predecessor.member.agent_name)
        yield f"Agent {name}", predecessor.agent_output
        yield from person_answers.sections(name, person_answers.about_output(predecessor))


def _line(text: str) -> str:
    """The text without line breaks."""
    return _NO_LINE.sub(" ", text)


def _replied(agent: models.SessionAgent) -> Iterator[Section]:
    if agent.reply is not None:
        yield "Your own question to a person", agent.question
        yield "The person's answer", agent.reply


def _rejected(agent: models.SessionAgent) -> Iterator[Section]:
    if agent.rejected_output is None:
        return
    yield "Your own earlier answer, which a person rejected", agent.rejected_output
    if agent.rejected_because:
        yield "Why the person rejected it", agent.rejected_because
