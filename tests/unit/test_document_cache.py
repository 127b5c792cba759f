"""Documents are parsed once while the cache holds them, and the cache is bounded."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

from ai_coordination.api.documents import Document, DocumentRejected, prepare, rules
from ai_coordination.api.documents import cache as document_cache
from ai_coordination.config import Settings

SDL = "type Query { session: Session } type Session { id: ID! }"
SCHEMA = build_schema(SDL)
SETTINGS = Settings()


def test_the_same_text_is_read_once_for_each_schema_and_each_setting() -> None:
    query = "{ session { id } }"
    other_schema = build_schema(SDL)

    first = prepare(SCHEMA, query, SETTINGS)

    assert prepare(SCHEMA, query, SETTINGS._replace(max_cost=1)) is first
    assert prepare(SCHEMA, query + " ", SETTINGS) is not first
    assert prepare(other_schema, query, SETTINGS) is not first
    for changed in ({"introspection": False}, {"max_tokens": 100}, {"max_depth": 10}):
        assert prepare(SCHEMA, query, SETTINGS._replace(**changed)) is not first
    assert prepare(SCHEMA, query, SETTINGS) is first


def test_a_refused_document_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[GraphQLSchema] = []
    violations = rules.violations

    def counted(schema: GraphQLSchema, *rest: Any, **named: Any) -> list[dict[str, Any]]:
        reads.append(schema)
        return violations(schema, *rest, **named)

    monkeypatch.setattr(rules, "violations", counted)

    for _ in range(2):
        with pytest.raises(DocumentRejected):
            prepare(SCHEMA, "{ unknown }", SETTINGS)

    assert len(reads) == 2


def kept(cache: document_cache.Cache, keys: str) -> str:
    return "".join(key for key in keys if cache.get(key))


@pytest.fixture
def document() -> Document:
    return prepare(SCHEMA, "{ __typename }", SETTINGS)


def test_the_cache_forgets_what_was_used_longest_ago(document: Document) -> None:
    cache = document_cache.Cache(max_documents=2, max_bytes=100)

    cache.put("a", document, 1)
    cache.put("b", document, 1)
    cache.get("a")
    cache.put("c", document, 1)

    assert kept(cache, "abc") == "ac"


def test_the_cache_is_bounded_in_bytes(document: Document) -> None:
    cache = document_cache.Cache(max_documents=10, max_bytes=100)

    cache.put("a", document, 40)
    cache.put("b", document, 60)
    cache.put("b", document, 60)
    assert kept(cache, "ab") == "ab"
    cache.put("c", document, 41)
    assert kept(cache, "abc") == "c"
    cache.put("d", document, 59)
    assert kept(cache, "cd") == "cd"


def test_a_document_larger_than_the_cache_displaces_nothing(document: Document) -> None:
    cache = document_cache.Cache(max_documents=10, max_bytes=100)

    cache.put("a", document, 40)
    cache.put("b", document, 101)

    assert kept(cache, "ab") == "a"


def test_many_threads_share_the_cache() -> None:
    queries = [f"{{ a{n}: session {{ id }} }}" for n in range(280)] * 2

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda query: prepare(SCHEMA, query, SETTINGS), queries))

    for query, document in zip(queries, found, strict=True):
        assert document.node.loc is not None
        assert document.node.loc.source.body == query
