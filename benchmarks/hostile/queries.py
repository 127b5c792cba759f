"""Build documents with each field of the schema as often as the limits accept it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from ai_coordination.api.documents import DocumentRejected, prepare
from ai_coordination.api.schema import schema
from ai_coordination.config import settings
from ai_coordination.errors import QueryTooComplex

TYPES = schema.graphql_schema.type_map

# Where fields are asked for: the type there, and the document around them.
PLACES = {
    "coordination": ("Coordination", 'coordination(coordinationUuid: "{big}") {{ {} }}'),
    "coordinations": ("Coordination", "coordinations(first: 100) {{ nodes {{ {} }} }}"),
    "session": (
        "Session",
        'session(coordinationUuid: "{small}", sessionUuid: "{crowded}") {{ {} }}',
    ),
    "small sessions": (
        "Session",
        'sessions(coordinationUuid: "{small}", first: 100) {{ nodes {{ {} }} }}',
    ),
    "full sessions": (
        "Session",
        'sessions(coordinationUuid: "{full}", first: 100) {{ nodes {{ {} }} }}',
    ),
    "wide sessions": (
        "Session",
        'sessions(coordinationUuid: "{wide}", first: 20) {{ nodes {{ {} }} }}',
    ),
    "sessions of coordinations": (
        "Session",
        "coordinations(first: 10) {{ nodes {{ sessions(first: 100) {{ nodes {{ {} }} }} }} }}",
    ),
    "crowded agents": (
        "SessionAgent",
        'sessionAgents(sessionUuid: "{crowded}", first: 100) {{ nodes {{ {} }} }}',
    ),
    "agents with texts": (
        "SessionAgent",
        'sessionAgents(sessionUuid: "{texts}", first: 100) {{ nodes {{ {} }} }}',
    ),
    "agents with megabytes": (
        "SessionAgent",
        'sessionAgents(sessionUuid: "{megabytes}", first: 100) {{ nodes {{ {} }} }}',
    ),
    "agents of wide sessions": (
        "SessionAgent",
        """sessions(coordinationUuid: "{wide}", first: 20) {{ nodes {{
            sessionAgents(first: 100) {{ nodes {{ {} }} }} }} }}""",
    ),
    "agents of texts": (
        "SessionAgent",
        """session(coordinationUuid: "{small}", sessionUuid: "{texts}") {{
            sessionAgents(first: 100) {{ nodes {{ {} }} }} }}""",
    ),
    "runs": (
        "SessionRun",
        'sessionRuns(sessionUuid: "{crowded}", first: 100) {{ nodes {{ {} }} }}',
    ),
    "task": ("Task", 'task(coordinationUuid: "{big}", taskUuid: "{task}") {{ {} }}'),
    "tasks": ("Task", 'tasks(coordinationUuid: "{big}", first: 100) {{ nodes {{ {} }} }}'),
    "schedules": (
        "TaskSchedule",
        'taskSchedules(taskUuid: "{task}", first: 100) {{ nodes {{ {} }} }}',
    ),
    "schedules of tasks": (
        "TaskSchedule",
        """tasks(coordinationUuid: "{big}", first: 10) {{ nodes {{
            schedules(first: 100) {{ nodes {{ {} }} }} }} }}""",
    ),
    "query": ("Query", "{}"),
}
ARGUMENTS = {
    "sessions": "filter: {{status: FAILED}}",
    "sessionAgents": "filter: {{state: FAILED}}",
    "sessionRuns": 'filter: {{agentUuid: "nobody"}}',
    "openSessionAgents": 'agentUuid: "nobody"',
}
OF_QUERY = {
    "coordination": 'coordinationUuid: "{big}"',
    "session": 'coordinationUuid: "{full}", sessionUuid: "{crowded}"',
    "task": 'coordinationUuid: "{big}", taskUuid: "{task}"',
    "tasks": 'coordinationUuid: "{big}"',
    "taskSchedules": 'taskUuid: "{task}"',
    "sessionAgents": 'sessionUuid: "{crowded}"',
    "sessionRuns": 'sessionUuid: "{crowded}"',
    "openSessionAgents": "state: IN_PROGRESS",
}


@dataclass(frozen=True)
class Query:
    """A document that the limits accept."""

    name: str
    document: str
    times: int
    cost: int
    tokens: int


def every(uuids: Mapping[str, str]) -> Iterator[Query]:
    """Yield a document for each field, with little and with much below it."""
    for place, (type_name, around) in PLACES.items():
        of_type = TYPES[type_name]
        assert isinstance(of_type, GraphQLObjectType)
        plain = False
        for field, definition in of_type.fields.items():
            # Stored scalars are all alike: the first of them stands for the others.
            if plain and _is_plain(definition):
                continue
            plain = plain or _is_plain(definition)
            for way, text in _ways(type_name, field, definition):
                query = _most(f"{place}: {way}", around, text, uuids)
                if query:
                    yield query


def _is_plain(definition: GraphQLField) -> bool:
    return is_leaf_type(get_named_type(definition.type)) and isinstance(definition.resolve, partial)


def _ways(type_name: str, field: str, definition: GraphQLField) -> Iterator[tuple[str, str]]:
    """Yield selections of a field: with as little below it as possible, and with much."""
    of_type = get_named_type(definition.type)
    required = [
        name for name, one in definition.args.items() if isinstance(one.type, GraphQLNonNull)
    ]
    given = OF_QUERY.get(field, "") if type_name == "Query" else ""
    if required and not all(name in given for name in required):
        return
    if is_leaf_type(of_type):
        yield field, field
    elif of_type.name.endswith("Connection"):
        filtered = (
            ARGUMENTS.get(field) if "filter" in definition.args or field in OF_QUERY else None
        )
        for more in filter(None, ("first: 100", f"first: 1, {filtered}" if filtered else None)):
            arguments = ", ".join(filter(None, (given, more)))
            yield (
                f"{field}({more})",
                f"{field}({arguments}) {{{{ pageInfo {{{{ hasNextPage }}}} }}}}",
            )
            rows = "nodes {{ __typename }}"
            yield (
                f"{field}({more}), rows",
                f"{field}({arguments}) {{{{ {rows.replace('{', '{{').replace('}', '}}')} }}}}",
            )
    else:
        arguments = f"({given})" if given else ""
        yield field, f"{field}{arguments} {{{{ __typename }}}}"
        yield f"{field}, all of it", f"{field}{arguments} {_all_of(of_type, 2)}"


def _all_of(of_type: Any, levels: int) -> str:
    parts = []
    for name, field in of_type.fields.items():
        inner = get_named_type(field.type)
        if any(isinstance(one.type, GraphQLNonNull) for one in field.args.values()):
            continue
        if is_leaf_type(inner):
            parts.append(name)
        elif (
            levels
            and not inner.name.endswith("Connection")
            and not isinstance(inner, GraphQLInputObjectType)
        ):
            parts.append(f"{name} {_all_of(inner, levels - 1)}")
    return f"{{{{ {' '.join(parts)} }}}}"


def _most(name: str, around: str, field: str, uuids: Mapping[str, str]) -> Query | None:
    """Return the document with the most aliases of a field, None if not even one is accepted."""
    one, two = (_weighed(name, around, field, times, uuids) for times in (1, 2))
    if one is None or two is None:
        return one
    tokens = (settings().max_tokens - one.tokens) // (two.tokens - one.tokens)
    cost = (settings().max_cost - one.cost) // (two.cost - one.cost)
    return _weighed(name, around, field, 1 + min(tokens, cost), uuids)


def _weighed(
    name: str, around: str, field: str, times: int, uuids: Mapping[str, str]
) -> Query | None:
    fields = " ".join(f"a{number}: {field}" for number in range(times))
    document = f"{{ {around.replace('{}', fields).format(**uuids)} }}"
    try:
        prepared = prepare(schema.graphql_schema, document, settings())
        operation = prepared.operation(None)
        prepared.check_cost(operation, None, settings().max_cost)
    except (DocumentRejected, QueryTooComplex):
        return None
    cost = prepared.costs.of(operation, {})
    return Query(name, document, times, cost, prepared.node.token_count)
