"""What an agent answers whose rule has added others, and for which nothing is invoked."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ai_coordination import expressions, models, texts
from ai_coordination.models.texts import LargeText
from ai_coordination.runtimes import person_answers
from ai_coordination.runtimes.base import Answer, RunFailed
from ai_coordination.services import validation
from ai_coordination.states import SessionAgentState

# For the place of an output that does not fit.
ELSEWHERE_BYTES = 120

# What a person said about the last round counts as said about the agent that is repeated.
_SAID = (
    "asked_at",
    "answered_at",
    "answered_by",
    "approved",
    "choice",
    "user_input",
    "answer_comment",
)


@dataclass(frozen=True, slots=True)
class RoundAnswer(Answer):
    """The output of the last round, and what a person `said` about it, by attributes."""

    said: Mapping[str, Any] = field(default_factory=dict)


def answer(agent: models.SessionAgent, added: Sequence[models.SessionAgent]) -> Answer:
    """Return the list of all outputs, or the output of the last round.

    An agent of the list that has none is null there. Raises RunFailed if the last round has no
    output, TextUnavailable, Throttled.
    """
    if agent.agent_action.for_each is not None:
        return Answer(as_list(agent.partition_key, added))
    [last] = added
    if last.state != SessionAgentState.COMPLETED:
        notes = f"Round {agent.grown:.0f} has no output: its agent is {last.state.upper()}"
        raise RunFailed(notes, retryable=False)
    said = {name: getattr(last, name) for name in _SAID} if person_answers.asks(last) else {}
    return RoundAnswer(last.agent_output if last.agent_output is not None else "", said=said)


def as_list(tenant: str, agents: Sequence[models.SessionAgent]) -> str:
    """Return the outputs as a JSON list of at most 2 MB.

    An output that does not fit is named instead: `{"sessionAgentUuid": …, "bytes": …}`. If the
    agents ask a person, each is an object with its output and what the person said, as in a join.
    """
    left = validation.LONGEST_TEXT_BYTES - 2 - len(agents) * ELSEWHERE_BYTES
    wanted = [_output(agent) for agent in agents]
    read = _read(tenant, [text for agent in agents for text in _texts(agent)], left)
    parts: list[str] = []
    for agent, output in zip(agents, wanted, strict=True):
        part = _elsewhere(agent)
        if output is None:
            part = "null"
        elif all(text in read for text in _texts(agent) if isinstance(text, LargeText)):
            text = read[output] if isinstance(output, LargeText) else output
            whole = json.dumps(_value(agent, text, read), ensure_ascii=False)
            size = len(whole.encode(errors="surrogatepass"))
            if size <= left:
                part = whole
                left -= size
        parts.append(part)
    return f"[{', '.join(parts)}]"


def _value(agent: models.SessionAgent, output: str, read: Mapping[LargeText, str]) -> Any:
    value = expressions.output_value(output)
    if not person_answers.asks(agent):
        return value
    return {"agentOutput": value, **person_answers.members(agent, read)}


def _texts(agent: models.SessionAgent) -> list[models.Text | None]:
    """The texts in an agent's place: its output, and what a person said about it."""
    output = _output(agent)
    asks = output is not None and person_answers.asks(agent)
    return [output, agent.user_input] if asks else [output]


def _output(agent: models.SessionAgent) -> models.Text | None:
    return agent.agent_output if agent.state == SessionAgentState.COMPLETED else None


def _read(tenant: str, outputs: Sequence[models.Text | None], room: int) -> Mapping[LargeText, str]:
    """Read the large outputs that may fit: about twice as much as there is room for, at most."""
    large = list(_that_may_fit(outputs, room))
    return dict(zip(large, texts.read_all(tenant, large), strict=True))


def _that_may_fit(outputs: Sequence[Any], room: int) -> Iterator[LargeText]:
    for output in dict.fromkeys(one for one in outputs if isinstance(one, LargeText)):
        if output.size <= room:
            room -= output.size
            yield output


def _elsewhere(agent: models.SessionAgent) -> str:
    size = sum(map(texts.size, _texts(agent)))
    named = {"sessionAgentUuid": agent.session_agent_uuid, "bytes": size}
    return json.dumps(named)
