"""What an agent is told: its own work, and what those before it have said."""

from collections.abc import Iterator, Sequence

from ai_coordination import models
from ai_coordination.services import texts, validation
from ai_coordination.states import SessionAgentState

LEFT_OUT_BYTES = 40


def told(agent: models.SessionAgent, before: Sequence[models.SessionAgent]) -> str:
    """The subtask query and what the predecessors said, as one text of about 2 MB at most.

    What does not fit any more is named, and not told: the agent reads it where it is kept.
    """
    said = list(_said(before))
    headings = sum(texts.size(heading) + LEFT_OUT_BYTES for heading, _ in said)
    left = validation.LONGEST_TEXT_BYTES - texts.size(agent.subtask_query) - headings
    wanted: list[models.Text] = [agent.subtask_query or ""]
    for _, text in said:
        size = texts.size(text)
        wanted.append(text if size <= left else f"({size} bytes, left out here)")
        left -= size if size <= left else 0
    query, *answers = texts.read_all(agent.partition_key, wanted)
    told = [f"{heading}:\n{text}" for (heading, _), text in zip(said, answers, strict=True)]
    return "\n\n".join([query, *told] if query else told)


def _said(before: Sequence[models.SessionAgent]) -> Iterator[tuple[str, models.Text]]:
    for one in before:
        if one.state != SessionAgentState.COMPLETED:
            continue
        yield one.agent.agent_name, one.agent_output
        if one.user_input:
            yield "User", one.user_input
