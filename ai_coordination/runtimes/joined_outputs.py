"""The outputs of several agents as one JSON text.

It is an object with the value of each agent under its `agentUuid`. An output that is a JSON object
or list is that, any other output is a text, and null stands for an agent that has failed. Agents of
the same `agentUuid` share a list. The value of an agent that asks a person is an object with
`agentOutput` and `userInput`; and with `choice`, with the `answer` to a form, or with `approved` if
a rejection does not fail the agent. A value that does not fit is replaced by an object with
`sessionAgentUuid` and `bytes`, so that a program can read it through the API.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from ai_coordination import models, texts
from ai_coordination.models.texts import LargeText
from ai_coordination.runtimes import person_answers
from ai_coordination.states import SessionAgentState

# As much as an agent's output may have.
LARGEST_BYTES: Final = 2 * 1024 * 1024
# Of an agent's name and its value: quotes, a colon, a comma, brackets, and spaces.
PUNCTUATION_BYTES: Final = 8

Read = Mapping[LargeText, str]


def output_of(agent: models.SessionAgent) -> models.Text | None:
    """The output that an agent has completed with."""
    return agent.agent_output if agent.state == SessionAgentState.COMPLETED else None


def is_asking(agent: models.SessionAgent) -> bool:
    """Whether an agent asks a person about its output, so that there may be two texts."""
    return person_answers.asks(agent)


def join(tenant: str, agents: Sequence[models.SessionAgent]) -> str:
    """The JSON of all agents' values; of one agent, its value. Raises TextUnavailable, Throttled.

    It has at most 2 MB, as long as the agents are not more than some thousand.
    """
    return _together(list(zip(agents, _values(tenant, agents), strict=True)))


def join_copies(tenant: str, copies: Sequence[Sequence[models.SessionAgent]]) -> str:
    """The JSON list of what each copy of a task said: what `join` gives of its last agents.

    Bounds and errors as those of `join`.
    """
    values = iter(_values(tenant, [agent for copy in copies for agent in copy]))
    told = [_together([(agent, next(values)) for agent in copy]) for copy in copies]
    return f"[{', '.join(told)}]"


def _together(values: Sequence[tuple[models.SessionAgent, str]]) -> str:
    if len(values) == 1:
        return values[0][1]
    by_name: dict[str, list[str]] = {}
    for agent, value in values:
        by_name.setdefault(agent.agent_uuid, []).append(value)
    members = [f"{_json(name)}: {_of_one_name(found)}" for name, found in by_name.items()]
    return f"{{{', '.join(members)}}}"


def _of_one_name(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def _values(tenant: str, agents: Sequence[models.SessionAgent]) -> list[str]:
    """The JSON of each agent's value, as far as they fit. What cannot fit is not read."""
    values = [_instead(agent) for agent in agents]
    names = sum(len(agent.agent_uuid) + PUNCTUATION_BYTES for agent in agents)
    room = LARGEST_BYTES - names - sum(map(len, values))
    wanted = _fitting(agents, room)
    large = [text for at in wanted for text in _texts(agents[at]) if isinstance(text, LargeText)]
    read = dict(zip(large, texts.read_all(tenant, large), strict=True))
    for place in wanted:
        value = _value(agents[place], read)
        # Only now is it known how many bytes JSON adds to a text.
        more = len(value.encode()) - len(values[place])
        if more <= room:
            room -= more
            values[place] = value
    return values


def _fitting(agents: Sequence[models.SessionAgent], room: int) -> list[int]:
    """The places of the agents whose texts fit, earlier ones first. JSON may need more bytes."""
    places = []
    for place, agent in enumerate(agents):
        size = sum(map(texts.size, _texts(agent)))
        if size <= room:
            places.append(place)
            room -= size
    return places


def _texts(agent: models.SessionAgent) -> list[models.Text | None]:
    """The texts in an agent's value: its output, and what a person said about it if it asks."""
    output = output_of(agent)
    return [output, agent.user_input] if is_asking(agent) and output is not None else [output]


def _value(agent: models.SessionAgent, read: Read) -> str:
    text = output_of(agent)
    output = read[text] if isinstance(text, LargeText) else text
    if output is None or not is_asking(agent):
        return _as_json(output)
    members = {"agentOutput": _as_json(output)}
    for name, said in person_answers.members(agent, read).items():
        members[name] = _json(said)
    return f"{{{', '.join(f'{_json(name)}: {value}' for name, value in members.items())}}}"


def _instead(agent: models.SessionAgent) -> str:
    size = sum(map(texts.size, _texts(agent)))
    return _json({"sessionAgentUuid": agent.session_agent_uuid, "bytes": size})


def _as_json(output: str | None) -> str:
    """An output that is a JSON object or list as it is written: numbers keep their digits."""
    text = (output or "").strip()
    if text[:1] in ("{", "[") and _is_json(text):
        return text
    return _json(output)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity, which Python reads, are not JSON."""
    raise ValueError(constant)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
