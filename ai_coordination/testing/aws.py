"""AWS for one engine: the embedded services on its clock, its functions, and its faults."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from ai_coordination.clients import clients
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.functions.stored_texts import key_of
from ai_coordination.local.scheduler import GROUP_NAME
from ai_coordination.local.sqlite import File
from ai_coordination.local.tables import create_tables
from ai_coordination.testing.clock import Clock
from ai_coordination.testing.faults import Chance, Faults
from ai_coordination.testing.surroundings import BUCKET, CALLS_QUEUE, STEPS_QUEUE

Request = Mapping[str, Any]


class VirtualAws(EmbeddedAws):
    """The services of one engine, in memory. `invoke` answers invocations of functions."""

    def __init__(
        self, clock: Clock, chance: Chance, invoke: Callable[[Request], dict[str, Any]]
    ) -> None:
        self._chance = chance
        # Faults happen only to workers.
        self.in_worker = False
        self._memory = File()
        super().__init__(everything=True, file=self._memory, utc=clock.utc, functions=invoke)

    @property
    def has_faults(self) -> bool:
        """Whether requests of workers may fail."""
        return self._chance.faults != Faults()

    def close(self) -> None:
        """Forget everything. Nothing can be asked afterwards."""
        self._memory.close()

    @contextmanager
    def outside_workers(self) -> Iterator[None]:
        """What happens in the block has no faults."""
        in_worker, self.in_worker = self.in_worker, False
        try:
            yield
        finally:
            self.in_worker = in_worker

    def _database(self, operation: str, request: Request) -> dict[str, Any]:
        def perform() -> dict[str, Any]:
            return super(VirtualAws, self)._database(operation, request)

        return self._chance.request(operation, perform) if self.in_worker else perform()

    def create_resources(self) -> None:
        """Create the tables, the queues, the bucket and the group of schedules."""
        create_tables()
        for name in (STEPS_QUEUE, CALLS_QUEUE):
            clients("sqs").create_queue(QueueName=name)
        clients("s3").create_bucket(Bucket=BUCKET)
        clients("scheduler").create_schedule_group(Name=GROUP_NAME)

    def text_at(self, url: str) -> str:
        """Return the large text at a presigned URL."""
        key = unquote(key_of(url.partition("?")[0]))
        body = self.buckets.call("GetObject", {"Bucket": BUCKET, "Key": key})["Body"].read()
        return str(body.decode())
