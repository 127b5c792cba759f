"""What the resolvers of one request share: who asks, and what has been loaded."""

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

# So many reads are side by side: enough to wait for none, and few enough for what they read.
_threads = ThreadPoolExecutor(10, thread_name_prefix="reads")
# So many items are in memory at once as DynamoDB gives them, of up to 400 KB each.
KEYS_OF_A_BATCH = 32


class Context:
    """One request's. Nested fields await what they load; what is loaded twice is loaded once."""

    def __init__(self, caller: Caller, draws: bool = True) -> None:
        """`draws`: the request asks for pictures, so whole graphs are read."""
        self.caller = caller
        self._draws = draws
        self.meter = Meter(settings().max_answer_bytes)
        self.allowance = Allowance()
        self._entities: DataLoader[Key, Any] | None = None
        self._texts: dict[models.LargeText, asyncio.Future[str]] = {}
        self._once: dict[Hashable, asyncio.Future[Any]] = {}
        self._remembered: dict[Hashable, Any] = {}

    @cached_property
    def engine(self) -> Engine:
        """What the mutations that execute sessions run on."""
        return factory.of_a_request(self.caller.deadline)

    async def run(self, read: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """A blocking read beside the others of this request, which is counted.

        Raises QueryTooComplex where the request has read too much.
        """

        def counted() -> T:
            with spending(self.allowance):
                return read(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(_threads, counted)

    def once(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> Awaitable[T]:
        """What `make` gives, made once for all fields that ask under the same key."""
        found = self._once.get(key)
        if found is None:
            found = self._once[key] = asyncio.ensure_future(make())
        return found

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """The same, for what is computed at once."""
        if key not in self._remembered:
            self._remembered[key] = make()
        found: T = self._remembered[key]
        return found

    async def load(self, kind: type[models.Entity], hash_key: str, range_key: str) -> Any:
        """An entity by its key, or None; those that are asked for together are a few calls."""
        if self._entities is None:
            self._entities = DataLoader(self._batch, max_batch_size=reads.MOST_KEYS_OF_A_BATCH)
        return await self._entities.load((kind, hash_key, range_key))

    async def all(self, loads: Iterable[Awaitable[T]]) -> list[T]:
        """Everything that was asked for, side by side."""
        return await asyncio.gather(*loads)

    async def text(self, text: models.LargeText) -> str:
        """A text that is kept outside of its item, read once."""
        found = self._texts.get(text)
        if found is None:
            read = self.run(texts.read, self.caller.partition_key, text)
            found = self._texts[text] = asyncio.ensure_future(read)
        return await found

    def texts(
        self, wanted: Iterable[models.LargeText]
    ) -> dict[models.LargeText, str | EngineError]:
        """Several of them, side by side, each with why it could not be read if it could not."""

        def read(text: models.LargeText) -> str | EngineError:
            try:
                return texts.read(self.caller.partition_key, text)
            except EngineError as error:
                return error

        different = list(dict.fromkeys(wanted))
        return dict(zip(different, _threads.map(read, different), strict=True))

    async def _batch(self, keys: list[Key]) -> list[Any]:
        return await self.run(
            reads.batch_get, keys, tenant=self.caller.partition_key, batch_size=KEYS_OF_A_BATCH
        )

    def agents_of(self, session: models.Session) -> Awaitable[list[models.SessionAgent]]:
        """All agents of a session, read once for the fields that need the whole graph.

        They have their states alone where no picture is asked for.
        """
        of_session = (
            services.session_graph.all_agents
            if self._draws
            else services.session_graph.agent_states
        )

        async def read() -> list[models.SessionAgent]:
            return await self.run(of_session, self.caller, session.session_uuid)

        return self.once(("agents", session.session_uuid), read)
