"""What an agent answers whose rule has added others, and for which nothing is invoked."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ai_coordination import expressions, models, texts
from ai_coordination.models.texts import LargeText
from ai_coordination.runtimes.base import Answer, RunFailed
from ai_coordination.services import validation
from ai_coordination.states import SessionAgentState

# For the place of an output that does not fit.
ELSEWHERE_BYTES = 120


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
    return Answer(last.agent_output if last.agent_output is not None else "")


def as_list(tenant: str, agents: Sequence[models.SessionAgent]) -> str:
    """Return the outputs as a JSON list of at most 2 MB.

    An output that does not fit is named instead: `{"sessionAgentUuid": …, "bytes": …}`.
    """
    left = validation.LONGEST_TEXT_BYTES - 2 - len(agents) * ELSEWHERE_BYTES
    wanted = [_output(agent) for agent in agents]
    read = _read(tenant, wanted, left)
    parts: list[str] = []
    for agent, output in zip(agents, wanted, strict=True):
        text = read.get(output) if isinstance(output, LargeText) else output
        part = _elsewhere(agent, output)
        if output is None:
            part = "null"
        elif text is not None:
            whole = json.dumps(expressions.output_value(text), ensure_ascii=False)
            size = len(whole.encode(errors="surrogatepass"))
            if size <= left:
                part = whole
                left -= size
        parts.append(part)
    return f"[{', '.join(parts)}]"


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


def _elsewhere(agent: models.SessionAgent, output: models.Text | None) -> str:
    named = {"sessionAgentUuid": agent.session_agent_uuid, "bytes": texts.size(output)}
    return json.dumps(named)
