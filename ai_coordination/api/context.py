"""State that the resolvers of one request share: the caller, and what has been loaded."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, TypeVar

from aiodataloader import DataLoader

from ai_coordination import models, services, texts
from ai_coordination.api.metering import Meter
from ai_coordination.caller import Caller
from ai_coordination.config import settings
from ai_coordination.engine import factory
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError
from ai_coordination.models import reads
from ai_coordination.models.allowance import Allowance, spending
from ai_coordination.models.reads import Key

T = TypeVar("T")

# Concurrent reads: enough that none has to wait, and few enough for the memory of their items.
_threads = ThreadPoolExecutor(10, thread_name_prefix="reads")
# Items of one call, which are in memory at once in DynamoDB's format, up to 400 KB each.
KEYS_OF_A_BATCH = 32

# The attributes of a session's agents that its fields need.
_OF_FIELDS = {
    "changes": services.session_changes.SMALL,
    "mermaid": services.session_graph.GRAPH,
    "progress": services.session_graph.STATES,
    "subtaskQueries": services.session_graph.QUERIES,
}
# And those that agents need below `changes`. They are small compared with texts.
_OF_CHANGED_AGENTS = {"agent": {"agent"}, "agentAction": {"agent_action"}, "ask": {"agent_action"}}


class Context:
    """The context of one request. It batches the loads of nested fields and removes duplicates."""

    def __init__(self, caller: Caller, selected: frozenset[str] = frozenset()) -> None:
        """`selected` are the names of all fields that the request selects."""
        self.caller = caller
        self.selected = selected
        self.meter = Meter(settings().max_answer_bytes)
        self.allowance = Allowance()
        self._entities: DataLoader[Key, Any] | None = None
        self._texts: dict[models.LargeText, asyncio.Future[str]] = {}
        self._once: dict[Hashable, asyncio.Future[Any]] = {}
        self._memoized: dict[Hashable, Any] = {}

    @cached_property
    def engine(self) -> Engine:
        """The engine that mutations call to execute sessions."""
        return factory.of_a_request(self.caller.context)

    async def run(self, read: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a blocking read in a thread, and count it against the request's allowance.

        Raises QueryTooComplex if the request has used up its allowance.
        """

        def count_and_read() -> T:
            with spending(self.allowance):
                return read(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(_threads, count_and_read)

    def once(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> Awaitable[T]:
        """Return the result of `make`, which runs once for all fields that use the same key."""
        future = self._once.get(key)
        if future is None:
            future = self._once[key] = asyncio.ensure_future(make())
        return future

    def memoized(self, key: Hashable, make: Callable[[], T]) -> T:
        """Do the same as `once` for a function that is not asynchronous."""
        if key not in self._memoized:
            self._memoized[key] = make()
        value: T = self._memoized[key]
        return value

    async def load(self, model: type[models.Entity], hash_key: str, range_key: str) -> Any:
        """Load an entity, or None if it does not exist. Concurrent loads share batched calls."""
        if self._entities is None:
            self._entities = DataLoader(self._batch, max_batch_size=reads.MOST_KEYS_OF_A_BATCH)
        return await self._entities.load((model, hash_key, range_key))

    async def all(self, loads: Iterable[Awaitable[T]]) -> list[T]:
        """Await several loads concurrently."""
        return await asyncio.gather(*loads)

    async def text(self, text: models.LargeText) -> str:
        """Read a large text from the bucket, once per request."""
        future = self._texts.get(text)
        if future is None:
            read = self.run(texts.read, self.caller.partition_key, text)
            future = self._texts[text] = asyncio.ensure_future(read)
        return await future

    def read_texts(
        self, wanted: Iterable[models.LargeText]
    ) -> dict[models.LargeText, str | EngineError]:
        """Read several large texts concurrently. An unreadable one maps to its error."""

        def read(text: models.LargeText) -> str | EngineError:
            try:
                return texts.read(self.caller.partition_key, text)
            except EngineError as error:
                return error

        distinct = list(dict.fromkeys(wanted))
        return dict(zip(distinct, _threads.map(read, distinct), strict=True))

    async def _batch(self, keys: list[Key]) -> list[Any]:
        found = await self.run(
            reads.batch_get,
            keys,
            tenant=self.caller.partition_key,
            context=self.caller.context,
            batch_size=KEYS_OF_A_BATCH,
        )
        return [services.session.present(entity) for entity in found]

    def agents_of(
        self, session: models.Session, *, consistent: bool | None = None
    ) -> Awaitable[list[models.SessionAgent]]:
        """Load all agents of a session, once for all fields that need the whole graph.

        They have the attributes that the fields of the request need. By default they are read
        consistently, unless the request asks for changes: then all is of the same moment.
        """
        selected = self.selected
        if consistent is None:
            consistent = "changes" not in selected
        fields = _OF_FIELDS | (_OF_CHANGED_AGENTS if "changes" in selected else {})
        attributes = frozenset[str]().union(*(fields[name] for name in fields if name in selected))
        uuid = session.session_uuid

        async def read() -> list[models.SessionAgent]:
            agents = services.session_graph.read
            return await self.run(agents, self.caller, uuid, attributes, consistent=consistent)

        return self.once(("agents", uuid, consistent), read)
