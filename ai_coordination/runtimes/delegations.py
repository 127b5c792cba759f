"""Work that an agent delegates: to whom it may, what it says, and what came of it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ai_coordination import models
from ai_coordination.runtimes import person_answers
from ai_coordination.runtimes.person_answers import PersonAnswer
from ai_coordination.states import SessionAgentState

MEMBER: Final = "delegate"
WITHOUT_NOTES: Final = "no reason is known"


class Delegate(NamedTuple):
    """A member of the coordination to which the agent may delegate."""

    agent_uuid: str
    agent_name: str
    description: str | None = None


class Work(NamedTuple):
    """A piece of work for one member. `after` are the places of the pieces that come first."""

    agent_uuid: str
    subtask_query: str
    after: tuple[int, ...] = ()


class Delegated(NamedTuple):
    """What came of a piece of work that the agent delegated in one of its turns.

    `place` is its place in that delegation. It has an output only if it is completed. If it asked a
    person about that, `said` is the answer, and `judged` has its members in a payload.
    """

    turn: int
    place: int
    agent_uuid: str
    agent_name: str
    session_agent_uuid: str
    state: SessionAgentState
    output: models.Text | None = None
    notes: str | None = None
    said: PersonAnswer | None = None
    judged: Mapping[str, Any] = MappingProxyType({})

    @property
    def is_done(self) -> bool:
        """Whether the work is completed."""
        return self.state is SessionAgentState.COMPLETED


class NotWork(Exception):
    """A value is no list of work. `path` is the place in the value."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def read(value: Any) -> list[Work]:
    """The pieces of work in JSON that an agent gives. Members that are not known are ignored.

    Only types are checked here: whether the work can be delegated, the engine knows. Raises
    NotWork.
    """
    if not isinstance(value, list):
        raise NotWork("This must be a list of work")
    return [_piece(piece, index) for index, piece in enumerate(value)]


def _piece(value: Any, index: int) -> Work:
    if not isinstance(value, Mapping):
        raise NotWork("This must be an object with agentUuid and subtaskQuery", index)
    for name in ("agentUuid", "subtaskQuery"):
        if not isinstance(value.get(name), str):
            raise NotWork("This must be a text", index, name)
    after = value.get("after")
    if after is None:
        after = []
    # True is an int, but no place.
    if not isinstance(after, list) or any(type(place) is not int for place in after):
        raise NotWork("This must be a list of whole numbers", index, "after")
    return Work(value["agentUuid"], value["subtaskQuery"], tuple(after))


def to_json(work: Sequence[Work]) -> list[dict[str, Any]]:
    """The pieces of work as an agent gives them."""
    return [
        {"agentUuid": piece.agent_uuid, "subtaskQuery": piece.subtask_query, "after": [*after]}
        for piece in work
        for after in [piece.after]
    ]


def said_of(delegated: Delegated) -> list[tuple[str, models.Text]]:
    """What a person said about the output of a piece of work: headings and texts."""
    if delegated.said is None:
        return []
    return list(person_answers.sections(delegated.agent_name, delegated.said))


def text_of(delegated: Delegated) -> models.Text:
    """The output of a piece of work; or how it ended instead, and why."""
    if delegated.is_done:
        return delegated.output or ""
    return f"{delegated.state.name}: {delegated.notes or WITHOUT_NOTES}"
