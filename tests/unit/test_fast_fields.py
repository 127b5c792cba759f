"""The shorter way to stored attributes returns what graphql-core returns, errors included."""

import asyncio
import json
from functools import partial
from inspect import isawaitable
from typing import Any

import graphene
import pytest
from graphql import ExecutionContext, GraphQLError, parse, validate
from graphql import execute as execute_document
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_coordination import models, services
from ai_coordination.api.context import Context
from ai_coordination.api.execution import Execution
from ai_coordination.api.schema import schema
from ai_coordination.models import reads
from ai_coordination.models.reads import Page
from tests.support.graph_api import CALLER, NOBODY

FIELDS = """__typename id sessionUuid partitionKey taskUuid userId taskQuery status iterationCount
    inputFiles { name uri mediaType } logs { at level message } version createdAt startedAt"""

QUERIES = {
    "one": f'{{ session(coordinationUuid: "{NOBODY}", sessionUuid: "{NOBODY}") {{ {FIELDS} }} }}',
    "aliases": f"""{{
        session(coordinationUuid: "{NOBODY}", sessionUuid: "{NOBODY}") {{
            b: version a: version taskQuery c: taskUuid version
        }}
    }}""",
    "fragments": f"""
        {{ one: session(coordinationUuid: "{NOBODY}", sessionUuid: "{NOBODY}") {{ ...A userId }} }}
        fragment A on Session {{ version ...B ... on Node {{ id }} status }}
        fragment B on Session {{ createdAt version }}
    """,
    "directives": f"""query ($yes: Boolean = true, $no: Boolean = false) {{
        session(coordinationUuid: "{NOBODY}", sessionUuid: "{NOBODY}") {{
            version @skip(if: $yes) status @include(if: $no) userId @skip(if: $no)
            ... @include(if: $yes) {{ createdAt }}
        }}
    }}""",
    "a list": f'{{ sessions(coordinationUuid: "{NOBODY}") {{ nodes {{ {FIELDS} }} }} }}',
    "edges": f"""{{
        sessions(coordinationUuid: "{NOBODY}") {{ edges {{ node {{ version status }} }} }}
    }}""",
    "what is awaited": f"""{{
        session(coordinationUuid: "{NOBODY}", sessionUuid: "{NOBODY}") {{
            userId
            coordination {{ coordinationName agents {{ agentName runtime {{ kind }} }} version }}
            taskUuid
        }}
    }}""",
    "a mutation": f"""mutation {{
        first: updateSession(input: {{coordinationUuid: "{NOBODY}", sessionUuid: "{NOBODY}"}}) {{
            session {{ {FIELDS} }}
        }}
        second: updateSession(input: {{coordinationUuid: "{NOBODY}", sessionUuid: "{NOBODY}"}}) {{
            session {{ version userId }}
        }}
    }}""",
}

SESSION = {
    "coordination_uuid": NOBODY,
    "session_uuid": NOBODY,
    "partition_key": CALLER.partition_key,
    "task_uuid": None,
    "user_id": "bob",
    "task_query": "Two nights",
    "status": "initial",
    "iteration_count": 0,
    "input_files": [models.InputFile(name="a", uri="s3://a/a")],  # type: ignore[no-untyped-call]
    "version": 1,
    "created_at": "2026-11-22T14:27:00.123456+00:00",
}
# What an attribute might hold, and what none should.
VALUES = st.one_of(
    st.sampled_from(
        [None, "", "initial", "INITIAL", "unheard of", 0, 7, 2**31 - 1, 2**31, -(2**31) - 1]
    ),
    st.sampled_from([1.0, 1.5, float("nan"), True, False, [], ["x"], {}, {"x": 1}, b"x"]),
    st.builds(ValueError, st.just("an exception as a value")),
)
OF_LOGS = {"at", "level", "message"}
SESSIONS = st.dictionaries(st.sampled_from([*SESSION, *OF_LOGS, "started_at"]), VALUES)


def session(changes: dict[str, Any]) -> models.Session:
    entry = models.LogEntry(at="2026", level="info", message="m")  # type: ignore[no-untyped-call]
    entry.attribute_values.update({name: changes[name] for name in OF_LOGS & changes.keys()})
    row = models.Session.of({})
    row.attribute_values.update(SESSION | {"logs": [entry]} | changes)
    return row


def coordination() -> models.Coordination:
    echo = models.AgentRuntime(kind="ECHO")  # type: ignore[no-untyped-call]
    members = [
        models.Agent(agent_uuid="rag", agent_name="Retrieval", runtime=echo),  # type: ignore[no-untyped-call]
        models.Agent(agent_uuid="zh", agent_name=None, runtime=echo),  # type: ignore[no-untyped-call]
    ]
    return models.Coordination(CALLER.partition_key, NOBODY, agents=members, coordination_name="C")


@pytest.fixture(scope="module")
def rows() -> Any:
    """The sessions that services find and reads load, whatever is asked for."""
    found: list[models.Session] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services.session, "get", lambda *_: found[0])
        patch.setattr(services.session, "update", lambda *_: found[0])
        patch.setattr(
            services.session_lists, "page", lambda *_, **__: Page(list(found), False, None)
        )
        patch.setattr(reads, "batch_get", lambda keys, **_: [coordination() for _ in keys])
        yield found


def answer(query: str, execution: type[ExecutionContext], of: graphene.Schema = schema) -> str:
    """Everything of it, in its order."""
    result: Any = execute_document(
        of.graphql_schema,
        parse(query),
        context_value=Context(CALLER),
        execution_context_class=execution,
    )
    if isawaitable(result):
        result = asyncio.run(_awaited(result))
    errors = [_all_of(error) for error in result.errors or []]
    return json.dumps([result.data, errors], default=repr)


async def _awaited(result: Any) -> Any:
    return await result


def _all_of(error: GraphQLError) -> Any:
    return error.formatted, repr(error.original_error), len(error.nodes or ())


@pytest.mark.parametrize("name", QUERIES)
def test_the_queries_compared_are_valid(name: str) -> None:
    assert validate(schema.graphql_schema, parse(QUERIES[name])) == []


@pytest.mark.parametrize("name", QUERIES)
@settings(deadline=None)
@given(changes=st.lists(SESSIONS, min_size=1, max_size=3))
def test_data_and_errors_are_those_of_graphql_core(
    rows: list[models.Session], name: str, changes: list[dict[str, Any]]
) -> None:
    rows[:] = [session(each) for each in changes]

    ours = answer(QUERIES[name], Execution)

    assert ours == answer(QUERIES[name], ExecutionContext)


class Entry(graphene.ObjectType):  # type: ignore[misc]
    """Shows a stored attribute by a resolver of its own, and another only with an argument."""

    at = graphene.String(resolver=partial(lambda name, root, info: f"{name} {root.at}", "at"))
    message = graphene.String(long=graphene.Boolean(required=True))


class Query(graphene.ObjectType):  # type: ignore[misc]
    entry = graphene.Field(Entry)

    @staticmethod
    def resolve_entry(root: None, info: graphene.ResolveInfo) -> models.LogEntry:
        return models.LogEntry(at="2026", message="m")  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("field", ["at", "message(long: true)", "message"])
def test_resolvers_and_arguments_are_left_to_graphql_core(field: str) -> None:
    query, of = f"{{ entry {{ {field} }} }}", graphene.Schema(query=Query)

    ours = answer(query, Execution, of)

    assert ours == answer(query, ExecutionContext, of)


def test_a_plain_session_is_shown(rows: list[models.Session]) -> None:
    rows[:] = [session({})]

    [data, errors] = json.loads(answer(QUERIES["a list"], Execution))

    assert errors == []
    [shown] = data["sessions"]["nodes"]
    assert list(shown)[:4] == ["__typename", "id", "sessionUuid", "partitionKey"]
    assert shown["status"] == "INITIAL"
    assert shown["inputFiles"] == [{"name": "a", "uri": "s3://a/a", "mediaType": None}]
    assert shown["version"] == 1
    assert shown["startedAt"] is None


def test_a_null_where_none_may_be_is_an_error_of_its_field(rows: list[models.Session]) -> None:
    rows[:] = [session({"version": None})]

    [data, errors] = json.loads(answer(QUERIES["one"], Execution))

    assert data == {"session": None}
    [[told, _, _]] = errors
    assert told["path"] == ["session", "version"]
    assert told["message"] == "Cannot return null for non-nullable field Session.version."
