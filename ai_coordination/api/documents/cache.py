"""Parse, limit and validate documents, and keep them in a bounded cache."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from threading import Lock
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
)

from ai_coordination.api.documents import limits, rules, selections
from ai_coordination.config import Settings
from ai_coordination.errors import BadUserInput, EngineError, PayloadTooLarge, QueryTooComplex

# Of a document. Long texts belong in variables, which are not parsed.
MAX_CHARACTERS = 500_000
# For the position of each error, graphql-core counts lines from the start.
MAX_LINES = 10_000

CACHED_DOCUMENTS = 256
CACHED_BYTES = 32_000_000
# Measured: a token with its node takes 300 to 600 bytes. A character takes up to 4 bytes, twice.
BYTES_PER_TOKEN = 600
BYTES_PER_CHARACTER = 8

# How graphql-core's messages begin when its parser reaches a limit.
TOO_MANY_TOKENS = "Syntax Error: Document contains more than"
TOO_DEEP = "Syntax Error: Document is nested too deeply"


class DocumentRejected(Exception):
    """The document is invalid or over a limit. `errors` are in the format of a GraphQL result."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


class Document(NamedTuple):
    """A valid document within the limits on size, tokens and depth. Shared between requests."""

    node: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    costs: limits.Costs
    selected: frozenset[str] = frozenset()
    """The names of all fields that it selects."""

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to execute.

        Raises BadUserInput if the name is unknown, or missing although there are several.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            message = "operationName is required: the document has several operations."
            raise BadUserInput(message, "operationName")
        if name not in self.operations:
            message = f"The document has no operation named {name[:100]!r}."
            raise BadUserInput(message, "operationName")
        return self.operations[name]

    def check_cost(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None, limit: int
    ) -> None:
        """Raise QueryTooComplex if the operation, with these variables, costs over `limit`."""
        self.costs.check(operation, variables or {}, limit)


def prepare(schema: GraphQLSchema, query: str, settings: Settings) -> Document:
    """Return a valid document within the limits, except for its cost. Raises DocumentRejected."""
    key = schema, query, settings.introspection, settings.max_tokens, settings.max_depth
    document = _cache.get(key)
    if document is None:
        document = _read(schema, query, settings)
        size = document.node.token_count * BYTES_PER_TOKEN + len(query) * BYTES_PER_CHARACTER
        _cache.put(key, document, size)
    return document


def _read(schema: GraphQLSchema, query: str, settings: Settings) -> Document:
    try:
        _check_size(query)
        node = _parse(query, settings.max_tokens)
        limits.check_depth(node, settings.max_depth)
    except EngineError as error:
        failure = {"message": error.message, "extensions": error.extensions}
        raise DocumentRejected([failure]) from None
    violations = rules.violations(schema, node, introspection=settings.introspection)
    if violations:
        raise DocumentRejected(violations)
    operations = {selections.name(each): each for each in selections.operations(node)}
    selected = frozenset(field.name.value for field in selections.every_field(node))
    return Document(node, operations, limits.Costs(schema, node), selected)


def _check_size(query: str) -> None:
    if len(query) > MAX_CHARACTERS or query.count("\n") + query.count("\r") > MAX_LINES:
        raise PayloadTooLarge(
            f"The document has more than {MAX_CHARACTERS} characters or {MAX_LINES} lines:"
            " send long texts as variables.",
            "query",
        )


def _parse(query: str, max_tokens: int) -> DocumentNode:
    try:
        return parse(query, max_tokens=max_tokens)
    except GraphQLSyntaxError as error:
        if error.message.startswith(TOO_MANY_TOKENS):
            message = f"The document has more than {max_tokens} tokens."
            raise QueryTooComplex(message, limit=max_tokens) from None
        if error.message.startswith(TOO_DEEP):
            raise QueryTooComplex("The document is nested too deeply to parse.") from None
        raise DocumentRejected([rules.formatted(error, "GRAPHQL_PARSE_FAILED")]) from None


class Cache:
    """A cache of the documents used last, bounded in number and bytes. Thread-safe."""

    def __init__(self, max_documents: int, max_bytes: int) -> None:
        self._max_documents = max_documents
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, tuple[Document, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Document | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, document: Document, size: int) -> None:
        if size > self._max_bytes:
            return
        with self._lock:
            _, replaced = self._entries.pop(key, (None, 0))
            self._entries[key] = document, size
            self._bytes += size - replaced
            while len(self._entries) > self._max_documents or self._bytes > self._max_bytes:
                _, (_, freed) = self._entries.popitem(last=False)
                self._bytes -= freed


_cache = Cache(CACHED_DOCUMENTS, CACHED_BYTES)
