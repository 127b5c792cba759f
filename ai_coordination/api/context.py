"""What the resolvers of one request share: who asks, and what has been loaded."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any, TypeVar

from aiodataloader import DataLoader

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.config import settings
from ai_coordination.errors import PayloadTooLarge
from ai_coordination.models import reads
from ai_coordination.models.reads import Key
from ai_coordination.services.execution import engines
from ai_coordination.services.execution.engine import Engine

T = TypeVar("T")

# As many reads of one request side by side as the connection pool gives half of to each of two.
_threads = ThreadPoolExecutor(models.base.POOL // 2, thread_name_prefix="reads")


class Context:
    """One request's. Nested fields await what they load; what is loaded twice is loaded once."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._entities: DataLoader[Key, Any] | None = None
        self._texts: dict[models.LargeText, asyncio.Future[str]] = {}
        self._text_bytes = 0
        self._graphs: dict[str, asyncio.Future[list[models.SessionAgent]]] = {}

    @cached_property
    def engine(self) -> Engine:
        """What the mutations that execute sessions run on."""
        return engines.of_a_request(self.caller.deadline)

    async def run(self, read: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """A blocking read beside the others of this request."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_threads, partial(read, *args, **kwargs))

    async def load(self, kind: type[models.Entity], hash_key: str, range_key: str) -> Any:
        """An entity by its key, or None; all that are asked for together are one call."""
        if self._entities is None:
            self._entities = DataLoader(self._batch, max_batch_size=reads.MOST_KEYS_OF_A_BATCH)
        return await self._entities.load((kind, hash_key, range_key))

    async def all(self, loads: Iterable[Awaitable[T]]) -> list[T]:
        """Everything that was asked for, side by side."""
        return await asyncio.gather(*loads)

    async def text(self, text: models.LargeText) -> str:
        """A text that is kept outside of its item, read once.

        Raises PayloadTooLarge, and reads nothing, where no answer could hold it beside the others.
        """
        found = self._texts.get(text)
        if found is None:
            self._text_bytes += text.size
            if self._text_bytes > settings().max_answer_bytes:
                raise PayloadTooLarge("The texts are more than one answer holds: ask for fewer")
            read = self.run(services.texts.read, self.caller.partition_key, text)
            found = self._texts[text] = asyncio.ensure_future(read)
        return await found

    async def _batch(self, keys: list[Key]) -> list[Any]:
        return await self.run(reads.batch_get, keys, self.caller.partition_key)

    async def agents_of(self, session: models.Session) -> list[models.SessionAgent]:
        """All agents of a session, read once for the fields that need the whole graph."""
        found = self._graphs.get(session.session_uuid)
        if found is None:
            found = asyncio.ensure_future(
                self.run(services.graphs.everything, self.caller, session.session_uuid)
            )
            self._graphs[session.session_uuid] = found
        return await found
