"""The cost and depth of a document. The cost is an upper bound."""

from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ai_coordination.api.documents import costs, limits, selections
from ai_coordination.errors import QueryTooComplex
from ai_coordination.services.validation import MOST_ELEMENTS
from tests.support.cases import each

SCHEMA = build_schema("""
    interface Node { id: ID! }
    type PageInfo { hasNextPage: Boolean! }
    type Member { name: String! skills: [String!]! retry: Retry! }
    type Retry { maxAttempts: Int! }
    type Session implements Node {
      id: ID!
      status: String!
      members: [Member!]!
      mermaid: String
      nextRunAt: String
      output: String
      parent: Session
      logs: [Member!]!
      subtaskQueries: [Member!]!
      runs(first: Int = 25, filter: Filter): RunConnection!
    }
    type SessionAgent implements Node {
      id: ID! output: String sessionRuns(first: Int = 25): RunConnection!
    }
    input Filter { status: String }
    type Run implements Node { id: ID! outcome: String session: Session! }
    type SessionConnection {
      edges: [SessionEdge!]! nodes: [Session!]! pageInfo: PageInfo! totalCount: Int
    }
    type SessionEdge { cursor: String! node: Session! }
    type RunConnection { edges: [RunEdge!]! nodes: [Run!]! pageInfo: PageInfo! totalCount: Int }
    type RunEdge { cursor: String! node: Run! }
    type Payload { session: Session! }
    type Query {
      node(id: ID!): Node
      session: Session
      agent: SessionAgent
      sessions(first: Int = 25, filter: Filter): SessionConnection!
      openSessionAgents(first: Int = 25, agentUuid: ID): SessionConnection!
    }
    type Mutation { touch: Payload }
""")


def cost(query: str, variables: dict[str, Any] | None = None) -> int:
    document = parse(query)
    operation = next(iter(selections.operations(document)))
    return limits.Costs(SCHEMA, document).of(operation, variables or {})


@each(
    ("query", "expected"),
    [
        ("{ __typename }", 1),
        ("{ session { id status } }", 10 + 2),
        ("{ session { id mermaid } }", 10 + 1 + 10),
        ("{ session { nextRunAt } }", 10 + 10),
        ("{ session { parent { id } } }", 10 + 10 + 1),
        ("{ session { members { name } } }", 10 + 1 + 10),
        ("{ session { logs { name } } }", 10 + 1 + 1),
        ("{ session { subtaskQueries { name } } }", 10 + 10 + 10),
        ("{ session { output } agent { output } }", 10 + 10 + 10 + 1),
        ("{ session { members { skills retry { maxAttempts } } } }", 10 + 1 + 10 * (11 + 2)),
        ("{ sessions { nodes { id } } }", 10 + 25 + 1 + 25),
        ("{ sessions(first: 3) { nodes { id status } } }", 10 + 3 + 1 + 3 * 2),
        ("{ sessions(first: 3) { edges { cursor node { id } } } }", 10 + 3 + 1 + 3 * 3),
        ("{ sessions(first: 3) { pageInfo { hasNextPage } totalCount } }", 10 + 3 + 2 + 10),
        (
            "{ sessions(first: 2) { nodes { runs(first: 3) { nodes { id } } } } }",
            10 + 2 + 1 + 2 * (10 + 3 + 1 + 3),
        ),
        ('{ sessions(first: 3, filter: {status: "x"}) { nodes { id } } }', 150 + 3 + 1 + 3),
        ("{ sessions(first: 3, filter: null) { nodes { id } } }", 10 + 3 + 1 + 3),
        (
            "{ sessions(first: 3) { nodes { runs(first: 2, filter: {}) { totalCount } } } }",
            10 + 3 + 1 + 3 * (150 + 2 + 10),
        ),
        ("{ openSessionAgents(first: 3) { nodes { id } } }", 10 + 3 + 1 + 3),
        ("{ openSessionAgents(first: 3, agentUuid: 1) { nodes { id } } }", 150 + 3 + 1 + 3),
        ("{ agent { sessionRuns(first: 3) { nodes { id } } } }", 10 + 150 + 3 + 1 + 3),
        ("{ a: session { id } b: session { id } }", 2 * 11),
        ("{ session { id @skip(if: true) status @include(if: false) } }", 10 + 2),
        ("{ node(id: 1) { id ... on Session { status } ... on Run { outcome } } }", 10 + 3),
        ("{ session { ... { id } } }", 10 + 1),
        ("mutation { a: touch { session { id } } b: touch { session { id } } }", 2 * (20 + 2)),
        ("{ __schema { types { name fields { name } } } }", 5_000 + 4),
        ('{ __type(name: "Run") { name } }', 5_000 + 1),
        ('{ __type(name: "Run") { a: name } }', 2 * 5_000),
    ],
)
def test_a_cost_follows_the_formula(query: str, expected: int) -> None:
    assert validate(SCHEMA, parse(query)) == []

    assert cost(query) == expected


def test_a_fragment_counts_at_each_use() -> None:
    query = "{ session { ...F ...F } } fragment F on Session { id mermaid }"

    assert cost(query) == 10 + 2 * (1 + 10)


def test_a_fragment_of_a_connection_counts_by_the_page_of_each_use() -> None:
    query = """
        { a: sessions(first: 2) { ...Page } b: sessions(first: 30) { ...Page } }
        fragment Page on SessionConnection { nodes { id } totalCount }
    """

    assert cost(query) == 2 * (10 + 1 + 10) + 2 * 2 + 2 * 30


@each("first", ["0", "-1", "101", "9" * 5_000, '"5"', "5.5", "true", "[5]"])
def test_a_literal_page_size_out_of_range_counts_as_the_largest(first: str) -> None:
    assert cost(f"{{ sessions(first: {first}) {{ nodes {{ id }} }} }}") == 10 + 100 + 1 + 100


@each(
    ("declared", "variables", "items"),
    [
        ("$n: Int", {"n": 7}, 7),
        ("$n: Int", {"n": 7.0}, 7),
        ("$n: Int", {}, 25),
        ("$n: Int", {"n": None}, 25),
        ("$n: Int = 4", {}, 4),
        ("$n: Int = 4", {"n": 6}, 6),
        ("$n: Int = 4", {"n": None}, 25),
        ("$n: Int = null", {}, 25),
        ("$n: Int = 400", {}, 100),
        ("$n: Int", {"n": 0}, 100),
        ("$n: Int", {"n": -1}, 100),
        ("$n: Int", {"n": 101}, 100),
        ("$n: Int", {"n": 5.5}, 100),
        ("$n: Int", {"n": float("nan")}, 100),
        ("$n: Int", {"n": "5"}, 100),
        ("$n: Int", {"n": [5]}, 100),
        ("$n: Int", {"n": {"a": 5}}, 100),
    ],
)
def test_a_page_size_given_as_a_variable_counts_by_its_value(
    declared: str, variables: dict[str, Any], items: int
) -> None:
    query = f"query ({declared}) {{ sessions(first: $n) {{ nodes {{ id }} }} }}"

    assert cost(query, variables) == 10 + 1 + 2 * items


def test_each_operation_has_its_own_cost_and_its_own_defaults() -> None:
    document = parse("""
        query A($n: Int = 2) { sessions(first: $n) { ...Page } }
        query B($n: Int = 3, $m: Int) {
          sessions(first: $n) { ...Page }
          b: sessions(first: $m) { ...Page }
        }
        fragment Page on SessionConnection { nodes { id } }
    """)
    of_document = limits.Costs(SCHEMA, document)

    found = [of_document.of(each, {"m": 10}) for each in selections.operations(document)]

    assert found == [11 + 2 * 2, 11 + 2 * 3 + 11 + 2 * 10]


def test_costs_are_remembered_for_a_bounded_number_of_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = parse("query ($n: Int) { sessions(first: $n) { nodes { id } } }")
    operation = next(iter(selections.operations(document)))
    of_document = limits.Costs(SCHEMA, document)
    weighed: list[OperationDefinitionNode] = []
    weigh = costs.CostEstimator.estimate

    def counted(scale: costs.CostEstimator, one: OperationDefinitionNode) -> int:
        weighed.append(one)
        return weigh(scale, one)

    monkeypatch.setattr(costs.CostEstimator, "estimate", counted)

    def ask(values: range) -> int:
        weighed.clear()
        assert [of_document.of(operation, {"n": n}) for n in values] == [11 + 2 * n for n in values]
        return len(weighed)

    assert ask(range(1, 65)) == 64
    assert ask(range(1, 65)) == 0
    assert ask(range(65, 101)) == 36
    assert ask(range(1, 65)) == 64


def test_doubling_fragments_cost_what_they_would_answer_and_are_told_bounded() -> None:
    doubling = (f"fragment F{n} on Session {{ ...F{n + 1} ...F{n + 1} }}" for n in range(100))
    query = "{ session { ...F0 } } fragment F100 on Session { id }" + " ".join(doubling)

    assert cost(query) == limits.MAX_COST


def test_a_cost_over_the_limit_is_refused_with_both_figures() -> None:
    document = parse("{ sessions(first: 10) { nodes { id } } }")
    operation = next(iter(selections.operations(document)))
    of_document = limits.Costs(SCHEMA, document)

    of_document.check(operation, {}, limit=31)
    with pytest.raises(QueryTooComplex) as refused:
        of_document.check(operation, {}, limit=30)

    assert refused.value.extensions == {"code": "QUERY_TOO_COMPLEX", "cost": 31, "limit": 30}


@each(
    ("query", "expected"),
    [
        ("{ __typename }", 1),
        ("{ session { parent { id } } session { id } }", 3),
        ("{ session { ... on Session { ... { id } } } }", 2),
        (
            "{ session { ...F } } fragment F on Session { parent { ...G } } fragment G on S { id }",
            3,
        ),
        ("{ session { ...Unknown } }", 1),
        ("{ un { kn { own } } }", 3),
        ("{ a { b } } query { a { b { c { d } } } }", 4),
        ("{ __schema { types { ofType { name } } } }", 1),
        ('{ session { id } __type(name: "A") { ...T } } fragment T on __Type { a { b { c } } }', 2),
        ("{ ...F } fragment F on Query { a { ...F } }", 0),
        ("fragment F on Query { a }", 0),
        ("type A { b: Int }", 0),
    ],
)
def test_depth_counts_nested_fields_of_any_document(query: str, expected: int) -> None:
    assert limits.depth(parse(query)) == expected


def test_a_chain_of_fragments_longer_than_the_stack_has_a_depth() -> None:
    chain = (f"fragment F{n} on A {{ a {{ ...F{n + 1} }} }}" for n in range(2_000))
    query = "{ ...F0 } fragment F2000 on A { a }" + " ".join(chain)

    assert limits.depth(parse(query)) == 2_001


def test_a_document_over_the_depth_is_refused_with_both_figures() -> None:
    document = parse("{ a { b { c } } }")

    limits.check_depth(document, limit=3)
    with pytest.raises(QueryTooComplex) as refused:
        limits.check_depth(document, limit=2)

    assert refused.value.extensions == {"code": "QUERY_TOO_COMPLEX", "depth": 3, "limit": 2}


def everything(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """Answers each field with as much as it can hold; a connection is its page size.

    Of a list that lies in an item it is a hundredth, since a hundred elements count as one.
    """
    if str(info.return_type).startswith("["):
        if info.parent_type.name.endswith("Connection"):
            return list(range(source))
        most = costs.MOST_ELEMENTS.get(info.field_name, MOST_ELEMENTS)
        return list(range(most // costs.ELEMENTS))
    first = arguments.get("first", 1)
    return 25 if first is None else first


@st.composite
def selection_sets(draw: st.DrawFn, on: str = "Query", levels: int = 5) -> str:
    of_type = SCHEMA.type_map[on]
    assert isinstance(of_type, GraphQLObjectType | GraphQLInterfaceType)
    chosen = draw(st.lists(st.sampled_from(sorted(of_type.fields)), min_size=1, max_size=3))
    parts = []
    for place, name in enumerate(chosen):
        inner = get_named_type(of_type.fields[name].type)
        text = f"a{levels}{place}: {name}"
        if name == "node" and on == "Query":
            text += "(id: 1)"
        if "first" in of_type.fields[name].args:
            text += draw(st.sampled_from(["", "(first: 2)", "(first: 3)", "(first: null)"]))
        if not is_leaf_type(inner):
            text += draw(selection_sets(inner.name, levels - 1)) if levels else "{ __typename }"
        parts.append(text)
    return f"{{ {' '.join(parts)} }}"


def fields_in(answer: Any) -> int:
    if isinstance(answer, list):
        return sum(map(fields_in, answer))
    if isinstance(answer, dict):
        return len(answer) + sum(map(fields_in, answer.values()))
    return 0


@settings(max_examples=40, deadline=None)
@given(selection_sets())
def test_no_answer_holds_more_fields_than_its_document_costs_but_for_long_stored_lists(
    query: str,
) -> None:
    assume(cost(query) <= 20_000)

    result = execute_sync(
        SCHEMA, parse(query), field_resolver=everything, type_resolver=lambda *_: "Session"
    )

    assert result.errors is None
    assert fields_in(result.data) <= cost(query)
