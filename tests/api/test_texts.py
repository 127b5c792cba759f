"""Texts that are too long, empty or not Unicode, in every field of every input."""

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLString,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from ai_coordination.api.schema import schema
from tests.api.full_inputs import Path, put
from tests.support.cases import each
from tests.support.graph_api import AGENTS
from tests.support.ids import short
from tests.support.stored import refused
from tests.support.world import KEYS, World

LONGEST = 2 * 1024 * 1024
TOO_LONG = {"ascii": "x" * (LONGEST + 1), "multi-byte": "€" * (LONGEST // 3 + 1)}
# A little more than callers may put into an item, in the bytes of UTF-8.
TOO_LARGE = {"ascii": "x" * 307_200, "multi-byte": "🦊" * 76_800}
HALF_A_PAIR = "\ud83e"

Field = tuple[str, Path]

WORK = [{"agentUuid": "rag", "subtaskQuery": "Find it"} for _ in range(2)]
LISTS: dict[str, list[dict[str, Any]]] = {
    "agents": AGENTS,
    "subtaskQueries": [{"agentUuid": "rag", "subtaskQuery": "Find it"} for _ in range(2)],
    "work": WORK,
    "inputFiles": [{"name": "offer.pdf", "uri": "s3://files/offer.pdf"} for _ in range(2)],
    "labels": [{"key": key, "value": "A"} for key in "ab"],
}
MINIMAL: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "createCoordination": ((), {"coordinationName": "A", "agents": AGENTS}),
    "updateCoordination": (KEYS["coordination"], {}),
    "createTask": (("coordination",), {"taskName": "A"}),
    "updateTask": (KEYS["task"], {}),
    "createTaskSchedule": (("coordination", "task"), {"schedule": "rate(1 day)"}),
    "createSession": (("coordination", "task"), {}),
    "updateSession": (KEYS["session"], {}),
    "createSessionAgent": (("coordination", "session"), {"agentUuid": "rag"}),
    "updateSessionAgent": (KEYS["agent"], {}),
    "recordSessionRun": (("coordination", "session"), {"agentUuid": "rag"}),
    "startSession": (KEYS["task"], {}),
    "cancelSession": (KEYS["session"], {}),
    "answerSessionAgent": ((*KEYS["agent"], "run"), {}),
    "askSessionAgent": ((*KEYS["agent"], "run"), {"question": "Which?"}),
    "acceptSessionAgent": ((*KEYS["agent"], "run"), {}),
    "heartbeatSessionAgent": ((*KEYS["agent"], "run"), {}),
    "completeSessionAgent": ((*KEYS["agent"], "run"), {}),
    "failSessionAgent": ((*KEYS["agent"], "run"), {}),
    "delegateSessionAgent": ((*KEYS["agent"], "run"), {"work": WORK}),
}

MEMBER: Path = ("agents", 1)
SECOND: Path = ("subtaskQueries", 1, "subtaskQuery")
TEXTS: list[Field] = [
    ("createCoordination", ("coordinationDescription",)),
    ("createCoordination", (*MEMBER, "agentDescription")),
    ("createCoordination", (*MEMBER, "runtime", "parameters")),
    ("updateCoordination", ("coordinationDescription",)),
    ("updateCoordination", (*MEMBER, "agentDescription")),
    ("updateCoordination", (*MEMBER, "runtime", "parameters")),
    ("createTask", ("taskDescription",)),
    ("createTask", ("initialTaskQuery",)),
    ("createTask", SECOND),
    ("updateTask", ("taskDescription",)),
    ("updateTask", ("initialTaskQuery",)),
    ("updateTask", SECOND),
    ("createSession", ("taskQuery",)),
    ("createSession", SECOND),
    ("updateSession", ("taskQuery",)),
    ("updateSession", SECOND),
    ("createSessionAgent", ("subtaskQuery",)),
    ("createSessionAgent", ("userInput",)),
    ("createSessionAgent", ("agentInput",)),
    ("createSessionAgent", ("notes",)),
    ("updateSessionAgent", ("userInput",)),
    ("updateSessionAgent", ("agentInput",)),
    ("updateSessionAgent", ("notes",)),
    ("recordSessionRun", ("notes",)),
]
TEXTS_OF_EXECUTION: list[Field] = [
    ("startSession", ("taskQuery",)),
    ("startSession", SECOND),
    ("cancelSession", ("reason",)),
    ("answerSessionAgent", ("userInput",)),
    ("answerSessionAgent", ("comment",)),
    ("askSessionAgent", ("question",)),
    ("completeSessionAgent", ("agentOutput",)),
    ("delegateSessionAgent", ("work", 1, "subtaskQuery")),
    ("delegateSessionAgent", ("notes",)),
    ("failSessionAgent", ("notes",)),
]
# One line that says something: 1 to 256 characters.
NAMES: list[Field] = [
    ("createCoordination", ("coordinationName",)),
    ("createCoordination", (*MEMBER, "agentName")),
    ("updateCoordination", ("coordinationName",)),
    ("updateCoordination", (*MEMBER, "agentName")),
    ("createTask", ("taskName",)),
    ("updateTask", ("taskName",)),
    ("createSession", ("inputFiles", 1, "name")),
    ("updateSession", ("inputFiles", 1, "name")),
    ("startSession", ("inputFiles", 1, "name")),
]
# May be left out, but is not empty: 1 to 256 characters.
LABELS: list[Field] = [
    ("createCoordination", (*MEMBER, "runtime", "target")),
    ("updateCoordination", (*MEMBER, "runtime", "target")),
    ("createCoordination", ("idempotencyKey",)),
    ("createTask", ("idempotencyKey",)),
    ("createTaskSchedule", ("idempotencyKey",)),
    ("createSession", ("idempotencyKey",)),
    ("createSession", ("userId",)),
    ("createSession", ("inputFiles", 1, "mediaType")),
    ("updateSession", ("userId",)),
    ("updateSession", ("inputFiles", 1, "mediaType")),
    ("createSessionAgent", ("idempotencyKey",)),
    ("recordSessionRun", ("idempotencyKey",)),
    ("startSession", ("idempotencyKey",)),
    ("startSession", ("userId",)),
    ("startSession", ("inputFiles", 1, "mediaType")),
    ("heartbeatSessionAgent", ("note",)),
    ("answerSessionAgent", ("choice",)),
]
FOREIGN_IDS: list[Field] = [
    ("recordSessionRun", ("threadUuid",)),
    ("recordSessionRun", ("asyncTaskUuid",)),
    ("startSession", ("threadUuid",)),
    ("acceptSessionAgent", ("threadUuid",)),
    ("acceptSessionAgent", ("asyncTaskUuid",)),
]
URIS: list[Field] = [
    ("createSession", ("inputFiles", 1, "uri")),
    ("updateSession", ("inputFiles", 1, "uri")),
    ("startSession", ("inputFiles", 1, "uri")),
]
# Tested further in test_labels.py.
OF_SESSION_LABELS: list[Field] = [
    (name, ("labels", 1, member))
    for name in ("createSession", "startSession")
    for member in ("key", "value")
]
EVERY_TEXT = [
    *(*TEXTS, *TEXTS_OF_EXECUTION, *NAMES, *LABELS, *FOREIGN_IDS, *URIS),
    *OF_SESSION_LABELS,
]
# Tested with the schedules.
OF_A_SCHEDULE: list[Field] = [
    (name, (field,))
    for name in ("createTaskSchedule", "updateTaskSchedule")
    for field in ("schedule", "timezone")
]


def every(fields: list[Field]) -> Callable[..., Any]:
    ids = [f"{name}.{'.'.join(map(str, path))}" for name, path in fields]
    return each(("name", "path"), fields, ids=ids)


def given_with(world: World, name: str, path: Path, value: Any) -> dict[str, Any]:
    """An input that is accepted, but for `value` at its place."""
    kinds, more = MINIMAL[name]
    around = {field: rows for field, rows in LISTS.items() if field == path[0]}
    return put({**world.key(*kinds), **more, **around}, path, value)


@every([*TEXTS, *TEXTS_OF_EXECUTION])
@each("kind", TOO_LONG)
def test_a_text_holds_two_megabytes_at_most(
    still_world: World, name: str, path: Path, kind: str
) -> None:
    told = refused(name, given_with(still_world, name, path, TOO_LONG[kind]))

    assert told == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", *path]}


@every(TEXTS)
@each("kind", TOO_LARGE)
def test_callers_put_three_hundred_kilobytes_into_an_item_at_most(
    still_world: World, name: str, path: Path, kind: str
) -> None:
    told = refused(name, given_with(still_world, name, path, TOO_LARGE[kind]))

    assert told == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", path[0]]}


@every(EVERY_TEXT)
def test_half_a_surrogate_pair_is_no_text(still_world: World, name: str, path: Path) -> None:
    for text in (HALF_A_PAIR, f"a{HALF_A_PAIR}b", f"{HALF_A_PAIR}{HALF_A_PAIR}"):
        told = refused(name, given_with(still_world, name, path, text))

        assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", *path]}


@every(NAMES)
@each("text", ["", " ", "\t\n", "\u3000", "n" * 257, "🦊" * 257], ids=short)
def test_a_name_says_something_in_256_characters(
    still_world: World, name: str, path: Path, text: str
) -> None:
    told = refused(name, given_with(still_world, name, path, text))

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", *path]}


@every([*LABELS, *FOREIGN_IDS])
@each("text", ["", "n" * 257], ids=["empty", "257"])
def test_what_may_be_left_out_is_not_empty(
    still_world: World, name: str, path: Path, text: str
) -> None:
    told = refused(name, given_with(still_world, name, path, text))

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", *path]}


@every(URIS)
@each("text", ["", " ", "javascript:x", "s3://" + "u" * 8188])
def test_a_uri_is_there_and_not_endless(
    still_world: World, name: str, path: Path, text: str
) -> None:
    told = refused(name, given_with(still_world, name, path, text))

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", *path]}


def test_every_text_of_an_input_is_here() -> None:
    mutations = schema.graphql_schema.mutation_type
    assert mutations

    found = {
        (name, path)
        for name, field in mutations.fields.items()
        for path in _texts(field.args["input"].type)
    }

    others = {*FOREIGN_IDS, *(field for field in TEXTS if field[1][-1] == "parameters")}
    # The tests of usage, of actions and of control flow are about these.
    own = {("usage", "model"), ("output",)}
    found = {one for one in found if one[1] not in own and one[1][0] != "agentActions"}
    assert found == {*EVERY_TEXT} - others | {*OF_A_SCHEDULE}


def _texts(kind: GraphQLInputType) -> list[Path]:
    """Where the texts of an input are; in lists, in the second element."""
    named = get_named_type(kind)
    if named is GraphQLString:
        return [()]
    if not isinstance(named, GraphQLInputObjectType):
        return []
    within: list[Path] = []
    for name, field in named.fields.items():
        steps: Path = (name, 1) if is_list_type(get_nullable_type(field.type)) else (name,)
        within += [(*steps, *path) for path in _texts(field.type)]
    return within
