"""When a repeated key comes with the same input: every member of every input that takes a key."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import pytest
from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    Undefined,
    get_named_type,
    is_non_null_type,
)

from ai_coordination import models
from ai_coordination.api.schema import schema
from ai_coordination.engine.session import start
from ai_coordination.errors import BadUserInput
from ai_coordination.services import fingerprints, validation
from tests.support.graph_api import NOBODY, change, data, mutation, new_task, refusal
from tests.support.stored import everything_stored, refused
from tests.support.world import World

Given = dict[str, Any]
Path = tuple[str | int, ...]

KEY = "idempotencyKey"
_RETRY = {"maxAttempts": 5, "intervalSeconds": 2.0, "backoffRate": 3.0}
_RULES = {
    "primaryPath": False,
    "userInTheLoop": "APPROVAL",
    "timeoutSeconds": 60,
    "answerTimeoutSeconds": 90,
    "retry": _RETRY,
    "onFailure": "CONTINUE",
}
_QUERIES = [{"agentUuid": "rag", "subtaskQuery": "Find it."}]
_FILES = [{"name": "a.pdf", "uri": "s3://bucket/a.pdf", "mediaType": "application/pdf"}]

# Each mutation that takes a key, with every member of its input. None is a uuid of the world's.
FULL: dict[str, Given] = {
    "createCoordination": {
        "coordinationName": "A",
        "coordinationDescription": "B",
        "agents": [
            {
                "agentUuid": "rag",
                "agentName": "C",
                "agentDescription": "D",
                "runtime": {
                    "kind": "LAMBDA",
                    "target": "agent-a",
                    "parameters": {"a": None, "b": [1, {"c": None}]},
                },
            }
        ],
    },
    "createTask": {
        "coordinationUuid": None,
        "taskName": "A",
        "taskDescription": "B",
        "initialTaskQuery": "C",
        "subtaskQueries": _QUERIES,
        "agentActions": [
            {"agentUuid": "rag", **_RULES},
            {"agentUuid": "zh", "predecessors": ["rag"]},
        ],
    },
    "createTaskSchedule": {
        "coordinationUuid": None,
        "taskUuid": None,
        "schedule": "cron(0 8 * * ? *)",
        "timezone": "Europe/Berlin",
        "status": "PAUSED",
    },
    "createSession": {
        "coordinationUuid": None,
        "taskUuid": None,
        "userId": "A",
        "taskQuery": "B",
        "inputFiles": _FILES,
        "subtaskQueries": _QUERIES,
    },
    "startSession": {
        "coordinationUuid": None,
        "taskUuid": None,
        "userId": "A",
        "taskQuery": "B",
        "inputFiles": _FILES,
        "subtaskQueries": _QUERIES,
        "threadUuid": "C",
    },
    "createSessionAgent": {
        "coordinationUuid": None,
        "sessionUuid": None,
        "agentUuid": "rag",
        "predecessors": [None],
        "rules": _RULES,
        "subtaskQuery": "A",
        "userInput": "B",
        "agentInput": "C",
        "notes": "D",
    },
    "recordSessionRun": {
        "coordinationUuid": None,
        "sessionUuid": None,
        "agentUuid": "rag",
        "threadUuid": "A",
        "asyncTaskUuid": "B",
        "sessionAgentUuid": None,
        "outcome": "COMPLETED",
        "notes": "C",
        "usage": {"inputTokens": 1, "outputTokens": 2},
        "finishedAt": None,
    },
}


class Member(NamedTuple):
    """A member of an input, at its path in the full one."""

    mutation: str
    path: Path
    field: GraphQLInputField

    def __str__(self) -> str:
        return ".".join(map(str, (self.mutation, *self.path)))


def input_of(name: str) -> GraphQLInputObjectType:
    kind = schema.graphql_schema.mutation_type.fields[name].args["input"].type
    assert isinstance(kind, GraphQLNonNull)
    assert isinstance(kind.of_type, GraphQLInputObjectType)
    return kind.of_type


def members(name: str, kind: GraphQLInputObjectType, value: Any, *path: str | int) -> Iterator[Any]:
    """All members of an input type; one that the full input does not have fails the test."""
    for member, field in kind.fields.items():
        if member == KEY:
            continue
        assert member in value, f"{name} has a new member: {(*path, member)}"
        yield Member(name, (*path, member), field)
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLInputObjectType):
            given = value[member]
            at = (*path, member, 0) if isinstance(given, list) else (*path, member)
            yield from members(name, inner, given[0] if isinstance(given, list) else given, *at)


ACTION = ("agentActions", 0)
MEMBERS = [
    member
    for name, full in FULL.items()
    for member in members(
        name,
        input_of(name),
        # The members of an action are not all of one: who waits for nobody has no predecessors.
        {**full, "agentActions": [{"predecessors": [], **full["agentActions"][0]}]}
        if "agentActions" in full
        else full,
    )
]
OPTIONAL = [one for one in MEMBERS if not is_non_null_type(one.field.type)]
every_mutation = pytest.mark.parametrize("name", FULL)


def every(chosen: list[Member]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("member", chosen, ids=map(str, chosen))


def full(world: World, name: str) -> Given:
    """The full input, its uuids the world's."""
    given = deepcopy(FULL[name])
    uuids = world.key("coordination", "task", "session", "agent")
    given.update(
        {one: uuids[one] for one, value in given.items() if value is None and one in uuids}
    )
    if "predecessors" in given:
        given["predecessors"] = [world.agent]
    if "finishedAt" in given:
        given["finishedAt"] = data("{ coordinations { nodes { createdAt } } }")["coordinations"][
            "nodes"
        ][0]["createdAt"]
    return given


def perform(name: str, given: Given, key: str = "once") -> str:
    """The id of what a mutation has made, or had."""
    field = (
        "session" if name == "startSession" else name.removeprefix("create").removeprefix("record")
    )
    field = field[0].lower() + field[1:]
    document = mutation(name, input_of(name).name, f"{field} {{ id }}")
    return str(data(document, {"input": {**given, KEY: key}})[name][field]["id"])


def put(given: Given, path: Path, value: Any) -> Given:
    """A copy with another value at a path; Undefined leaves it out."""
    given = deepcopy(given)
    holder: Any = given
    for step in path[:-1]:
        holder = holder[step]
    if value is Undefined:
        holder.pop(path[-1], None)
    else:
        holder[path[-1]] = value
    return given


def at(given: Given, path: Path) -> Any:
    value: Any = given
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value[step]
    return value


def another(value: Any) -> Any:
    """Another value of the same kind; it does not have to be one that would be taken."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return [*value, *value] if value else ["zh"]
    if isinstance(value, dict):
        return {**value, "other": 1}
    return {"APPROVAL": "INPUT", "CONTINUE": "SKIP_SUCCESSORS", "PAUSED": "ACTIVE"}.get(
        value, {"COMPLETED": "FAILED", "LAMBDA": "EXTERNAL"}.get(value, f"{value}1")
    )


def test_each_mutation_that_takes_a_key_is_here() -> None:
    mutations = schema.graphql_schema.mutation_type.fields

    assert {name for name in mutations if KEY in input_of(name).fields} == FULL.keys()


def test_the_members_that_hold_json_and_the_defaults_are_known() -> None:
    def named(path: Path) -> str:
        return "".join(f"_{one.lower()}" if one.isupper() else one for one in str(path[-1]))

    json_members = {
        named(one.path) for one in MEMBERS if get_named_type(one.field.type).name == "JSON"
    }
    defaults = {
        named(one.path): one.field.default_value
        for one in MEMBERS
        if len(one.path) > 1 and one.field.default_value is not Undefined
    }

    assert json_members == fingerprints.JSON_MEMBERS
    assert defaults == fingerprints.DEFAULTS


@every(MEMBERS)
def test_another_value_anywhere_is_a_conflict(world: World, member: Member) -> None:
    given = full(world, member.mutation)
    if (
        isinstance(at(given, member.path), dict)
        and get_named_type(member.field.type).name != "JSON"
    ):
        return  # Its members are here themselves.
    perform(member.mutation, given)
    value = at(given, member.path)
    changed = put(given, member.path, another([] if value is None else value))
    if "finishedAt" in member.path:
        changed = put(given, member.path, "2026-01-01T00:00:00Z")

    told = refused(member.mutation, {**changed, KEY: "once"})

    assert told == {"code": "CONFLICT", "inputPath": ["input", KEY]}


@every(OPTIONAL)
def test_a_member_that_is_null_or_has_its_default_is_as_one_that_is_left_out(
    world: World, member: Member
) -> None:
    given = full(world, member.mutation)
    if member.mutation == "recordSessionRun" and member.path == ("outcome",):
        given = put(put(given, ("finishedAt",), Undefined), ("usage",), Undefined)
    if member.path[-1] == "target":
        given = put(given, (*member.path[:-1], "kind"), "EXTERNAL")
    first = perform(member.mutation, put(given, member.path, Undefined))

    null = perform(member.mutation, put(given, member.path, None))

    assert null == first
    default = member.field.ast_node and member.field.ast_node.default_value
    if default is None and member.field.default_value is not Undefined:
        value = member.field.default_value
        value = getattr(value, "name", value)
        assert perform(member.mutation, put(given, member.path, value)) == first


@pytest.mark.parametrize(
    "parameters",
    [{}, {"a": None}, {"b": [1, {"c": None}]}, {"a": None, "b": [1, {}]}, {"a": None, "b": [1]}],
)
def test_a_null_in_a_json_value_is_a_part_of_it(world: World, parameters: Any) -> None:
    given = full(world, "createCoordination")
    path = ("agents", 0, "runtime", "parameters")
    first = perform("createCoordination", given)

    told = refused("createCoordination", {**put(given, path, parameters), KEY: "once"})

    assert told["code"] == "CONFLICT"
    backwards = dict(reversed(at(given, path).items()))
    assert perform("createCoordination", put(given, path, backwards)) == first


def test_no_queries_are_another_input_than_those_of_the_task(world: World) -> None:
    given = full(world, "startSession")
    perform("startSession", {**given, "subtaskQueries": []})

    assert refused("startSession", {**given, "subtaskQueries": None, KEY: "once"}) == {
        "code": "CONFLICT",
        "inputPath": ["input", KEY],
    }


def test_a_key_is_either_a_created_session_s_or_a_started_one_s(world: World) -> None:
    given = full(world, "createSession")
    perform("createSession", given)

    assert refused("startSession", {**given, KEY: "once"})["code"] == "CONFLICT"


@every_mutation
def test_a_repeat_gives_the_same_though_the_input_would_be_refused_now(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = perform(name, full(world, name))
    before = everything_stored()

    def refuse(*given: Any, **more: Any) -> Any:
        raise BadUserInput("Stricter now")

    for rule in ("uuid", "name", "agent_uuid", "text"):
        monkeypatch.setattr(validation, rule, refuse)
    again = perform(name, full(world, name))

    assert again == first
    assert everything_stored() == before
    assert refusal(name, {**full(world, name), KEY: "another"})["code"] == "BAD_USER_INPUT"


def without_members(world: World) -> None:
    given = {**world.key("coordination"), "agents": []}
    change("updateCoordination", given, "coordination { version }")


def with_a_wrong_query(world: World) -> None:
    queries = [{"agentUuid": "rag", "subtaskQuery": "{unknown}"}]
    given = {**world.key("coordination", "task"), "subtaskQueries": queries}
    change("updateTask", given, "task { version }")
    change(
        "updateTask", {**world.key("coordination", "task"), "initialTaskQuery": "{}"}, "__typename"
    )


def without_the_task(world: World) -> None:
    change("deleteTaskSchedule", world.key("task", "schedule"), "deletedId")
    change("deleteTask", world.key("coordination", "task"), "deletedId")


SPOILERS: list[Callable[[World], None]] = [without_members, with_a_wrong_query, without_the_task]


@pytest.mark.parametrize("spoil", SPOILERS)
@pytest.mark.parametrize("name", ["startSession", "createSession"])
def test_a_session_is_given_again_whatever_its_blueprint_is_now(
    world: World, name: str, spoil: Callable[[World], None]
) -> None:
    given = {**world.key("coordination", "task"), "userId": "bob"}
    first = perform(name, given)
    spoil(world)
    before = everything_stored()

    again = perform(name, given)

    assert again == first
    assert everything_stored() == before
    if name == "startSession":
        assert refused(name, {**given, KEY: "another"})["code"] in ("BAD_USER_INPUT", "NOT_FOUND")


def test_a_start_that_died_goes_on_whatever_its_blueprint_is_now(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = [{"agentUuid": "rag", "subtaskQuery": "Find it."}] * 120
    given = {**world.key("coordination", "task"), "subtaskQueries": queries}
    with monkeypatch.context() as patch:
        patch.setattr(start, "resume", lambda *given: 1 / 0)
        assert refusal("startSession", {**given, KEY: "once"})["code"] == "INTERNAL"
    without_the_task(world)

    first = perform("startSession", given)

    found = data(
        "query ($id: ID!) { node(id: $id) { ... on Session { status progress { total } } } }",
        {"id": first},
    )
    assert found["node"] == {"status": "IN_PROGRESS", "progress": {"total": 120}}
    assert perform("startSession", given) == first


def of_0_1_0(*values: Any) -> str:
    """The fingerprint that version 0.1.0 made of an input's members."""

    def without_nulls(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: without_nulls(one) for name, one in value.items() if one is not None}
        return [without_nulls(one) for one in value] if isinstance(value, list) else value

    written = json.dumps(without_nulls(list(values)), sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def make_old(fingerprint: str) -> None:
    """The one record there is as version 0.1.0 would have written it."""
    (record,) = models.Idempotency.scan()
    kind = models.Idempotency
    record.update([kind.algorithm.remove(), kind.fingerprint.set(fingerprint)])


def test_keys_of_0_1_0_are_compared_as_it_did(world: World) -> None:
    uuids = [world.coordination, world.task]
    given = {**world.key("coordination", "task"), "inputFiles": _FILES, "threadUuid": "t"}
    first = perform("startSession", given)
    files = [{"name": "a.pdf", "uri": "s3://bucket/a.pdf", "media_type": "application/pdf"}]
    make_old(of_0_1_0(*uuids, None, None, files, None, "t"))

    assert perform("startSession", given) == first
    assert refused("startSession", {**given, "threadUuid": "u", KEY: "once"})["code"] == "CONFLICT"


def test_keys_of_0_1_0_know_its_defaults_and_drop_the_nulls_of_json(world: World) -> None:
    action = {"agentUuid": "rag", "timeoutSeconds": None, "retry": {"maxAttempts": 4}}
    given = {**world.key("coordination"), "taskName": "A", "agentActions": [action]}
    first = perform("createTask", given)
    written = {
        "agent_uuid": "rag",
        "predecessors": [],
        "primary_path": True,
        "retry": {"max_attempts": 4, "interval_seconds": 1.0, "backoff_rate": 2.0},
        "on_failure": "fail_session",
    }
    make_old(of_0_1_0(world.coordination, "A", None, None, [], [written]))

    assert perform("createTask", given) == first
    told = refused("createTask", {**put(given, (*ACTION, "timeoutSeconds"), 5), KEY: "once"})
    assert told["code"] == "CONFLICT"


def test_a_key_of_a_later_version_gives_what_it_has_made(world: World) -> None:
    first = perform("createTask", {**world.key("coordination"), "taskName": "A"})
    (record,) = models.Idempotency.scan()
    record.update([models.Idempotency.algorithm.set(fingerprints.CURRENT + 1)])

    assert perform("createTask", {**world.key("coordination"), "taskName": "A"}) == first
    assert new_task(world.coordination, taskName="B", idempotencyKey="B") != NOBODY
