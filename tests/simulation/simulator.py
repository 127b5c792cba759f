"""The engine on a virtual clock: its tables, its queue, its agents, and its faults."""

import heapq
import json
import math
import random
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple, TypeVar
from unittest.mock import patch

from ai_coordination import telemetry, texts
from ai_coordination.caller import Caller
from ai_coordination.config import PREFIX, settings
from ai_coordination.context import InvocationContext
from ai_coordination.engine import message_handler, read_ahead, sweeper
from ai_coordination.engine.agent import delegation, invoke, release
from ai_coordination.engine.context import Engine
from ai_coordination.messages import CleanupMessage, Lane, Message
from ai_coordination.models import TABLES, due_times, retention
from ai_coordination.models.base import SharedConnection
from ai_coordination.models.texts import Text
from ai_coordination.runtimes.base import Answer, Call, Delegation, Question, Result
from tests.simulation.bucket import Bucket, OneAfterAnother
from tests.simulation.bus import Bus
from tests.simulation.store import WRITES, Store

START = datetime(2026, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
VISIBILITY_SECONDS = 90.0
LATEST_SECONDS = 5.0
# An early message of an agent that waits is sent again. If each were doubled again and again, a
# wait of minutes would have thousands.
MOST_DOUBLED = 100
MOST_WAITING = 5
TENANT = "acme#sales"
# Longer than any session of a simulation lasts.
RETENTION = timedelta(days=365)
A = TypeVar("A")
B = TypeVar("B")
ENVIRONMENT = {
    f"{PREFIX}TEXTS_BUCKET": "texts",
    f"{PREFIX}QUEUE_URL": "queue",
    f"{PREFIX}AGENT_HOSTS": "llm.example",
    f"{PREFIX}BEDROCK_MODELS": "*",
    # Usage of "nova" is priced by its name, and all other usage of a model by the model's member.
    f"{PREFIX}MODEL_PRICES": json.dumps(
        {
            "nova": {"input": 0.7, "output": 2.9, "cacheRead": 0.07, "cacheWrite": 0.9},
            "amazon.nova-*": {"input": 0.06, "output": 0.24},
            "m*": {"input": 1, "output": 3.3333},
        }
    ),
    f"{PREFIX}CALLBACK_URL": "https://engine.example",
    f"{PREFIX}RETENTION_DAYS": str(RETENTION.days),
}


class Died(BaseException):
    """The process is gone: nothing catches this."""


class Faulty(Exception):
    """An unexpected error of a runtime."""


class Called(NamedTuple):
    """What an agent saw of its call."""

    ordinal: int
    iteration: int
    turn: int
    attempt: int
    run_uuid: str


@dataclass(frozen=True)
class SimulatorContext(InvocationContext):
    """The simulator's time, numbers and identifiers. Waiting before another try takes no time."""

    simulator: "Simulator" = field(kw_only=True, repr=False)

    def utc(self) -> datetime:
        return self.simulator.clock

    def monotonic(self) -> float:
        return self.simulator.clock.timestamp()

    def sleep(self, seconds: float) -> None:
        pass

    def random_bits(self, bits: int) -> int:
        return self.simulator.random_bits(bits)

    def random(self) -> float:
        return self.simulator.random.random()

    def map(self, work: Callable[[A], B], items: Iterable[A], threads: int, name: str) -> list[B]:
        return [work(item) for item in items]

    def token(self) -> str:
        return self.simulator.token()

    def new_uuid(self) -> str:
        return self.simulator.new_uuid()

    def new_ordinal(self, session_uuid: str, taken: int = 0) -> int:
        return self.simulator.new_ordinal()


class Simulator:
    """One set of tables, one clock, one queue; engines come and go.

    `seam` is told of each moment before and after a write or a message. `landed` is told of each
    write that has. `spoils` may say what else goes wrong with a write: see `_written`.
    """

    def __init__(self, seed: int = 0, store: Store | None = None) -> None:
        self.random = random.Random(seed)
        # Of its own, because how many of them are drawn says nothing.
        self._bits, self._workers = random.Random(seed), random.Random(seed)
        self.clock = START
        self.context = SimulatorContext(simulator=self)
        self.caller = Caller("acme", "sales", "u-17", "simulation", context=self.context)
        self.rival = Caller("globex", "sales", "u-99", "simulation", context=self.context)
        self.store = store or Store(lambda: self.clock)
        self.bucket = Bucket(self)
        self.queue: list[tuple[datetime, int, Message]] = []
        self.calls: list[Called] = []
        # What was ever answered by the work on a run.
        self.said: dict[str, list[Text]] = defaultdict(list)
        # By run the tokens with which its agent may call back: one for each call.
        self.tokens: dict[str, list[str]] = defaultdict(list)
        # By run, what was ever asked by the work on it, with what is to be given back; and what
        # people ever replied.
        self.asked: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        self.replied: dict[str, list[Any]] = defaultdict(list)
        # By run, what it ever delegated, with what is to be given back.
        self.delegated: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        # The ordinals that any retry has named.
        self.named: set[int] = set()
        self.answers: Callable[[Call], Result] = lambda call: Answer("done")
        self.polls: Callable[[Call], Result] = lambda call: Answer("done")
        self.cancels: Callable[[Call], None] = lambda call: None
        self.seam: Callable[[str], None] = lambda point: None
        self.landed: Callable[[], None] = lambda: None
        self.spoils: Callable[[str, Any], str | None] = lambda operation, request: None
        # None: events are off.
        self.bus: Bus | None = None
        self.lost = 0.0
        self.doubled = 0.0
        self.batched = 0.0
        # How many workers hand over. The others are of a version that does not.
        self.hands_over = 1.0
        self.older = 0.0
        self.most_waiting = MOST_WAITING
        # How many invocations may follow from another: Lambda drops those behind as a loop.
        self.longest_chain = math.inf
        self._hops: dict[int, int] = {}
        self._hop = 0
        self._swept = START
        self._sent, self._uuids, self._ordinals = count(), count(1), count(1)

    def engine(self) -> Engine:
        """A new worker's."""
        return Engine(
            queue=self,
            invoke=self.invoke,
            poll=self.poll,
            cancel=self.cancels,
            context=self.context,
            events=self.bus,
        )

    def request(self) -> Engine:
        """The engine of a new request, which lets workers send events."""
        return self.engine()._replace(sends_events=False)

    def new_uuid(self) -> str:
        return f"01900000-0000-7000-8000-{next(self._uuids):012x}"

    def new_ordinal(self) -> int:
        return next(self._ordinals)

    def token(self) -> str:
        return f"{self._bits.getrandbits(64):016x}"

    def random_bits(self, bits: int) -> int:
        return self._bits.getrandbits(bits)

    def send(self, messages: Sequence[Message], delay_seconds: float = 0) -> None:
        """The queue: what is doubled is also late, so it overtakes and is overtaken."""
        self.seam("before sending")
        for message in messages:
            copies = 0 if self.random.random() < self.lost else 1
            copies += self.random.random() < self.doubled and len(self.queue) < MOST_DOUBLED
            # Nothing else would bring these back: SQS has said that it has them.
            copies = max(copies, int(isinstance(message, CleanupMessage)))
            for _ in range(copies):
                late = self.random.random() * LATEST_SECONDS if self.doubled else 0.0
                self._push(self._aged(message), delay_seconds + late)
        self.seam("after sending")

    def _aged(self, message: Message) -> Message:
        """Perhaps as an engine sends it that knows of no lanes."""
        if message.lane is Lane.CALLS and self.random.random() < self.older:
            return replace(message, lane=Lane.STEPS)
        return message

    def is_behind(self, lane: Lane) -> bool:
        """Whether workers are behind. Delayed messages do not count."""
        waiting = [message for at, _, message in self.queue if at <= self.clock]
        of_lane = [message for message in waiting if message.lane is lane]
        return len(of_lane) > self.most_waiting

    def must_send(self, message: Message, delay_seconds: float = 0) -> None:
        self.send([message], delay_seconds)

    def _push(self, message: Message, delay_seconds: float) -> None:
        at, number = self.clock + timedelta(seconds=delay_seconds), next(self._sent)
        self._hops[number] = self._hop + 1
        heapq.heappush(self.queue, (at, number, message))

    def invoke(self, call: Call) -> Result:
        """The runtime of every agent."""
        iteration = int(call.agent.iteration)
        ordinal = int(call.agent.ordinal)
        self.calls.append(Called(ordinal, iteration, call.turn, call.attempt, call.run_uuid))
        return self._noted(call, self.answers(call))

    def poll(self, call: Call) -> Result:
        """What every runtime finds of the work that it has accepted."""
        return self._noted(call, self.polls(call))

    def _noted(self, call: Call, answer: Result) -> Result:
        if isinstance(answer, Answer):
            self.said[call.run_uuid].append(answer.output)
        elif isinstance(answer, Question):
            self.asked[call.run_uuid].append((answer.text, answer.resume))
        elif isinstance(answer, Delegation):
            self.delegated[call.run_uuid].append((delegation.as_text(answer), answer.resume))
        return answer

    def call(self, operation: str, request: Any) -> Any:
        """DynamoDB."""
        if operation not in WRITES:
            return self.store.call(operation, request)
        self.seam("before writing")
        try:
            return self._written(operation, request)
        finally:
            self.landed()
            self.seam("after writing")

    def _written(self, operation: str, request: Any) -> Any:
        """A write may be refused for a while, or its answer lost: then the SDK writes again.

        So a change without a condition is made twice, and a condition that its own write has made
        false refuses it.
        """
        spoilt = self.spoils(operation, request)
        if spoilt is None:
            return self.store.call(operation, request)
        if spoilt == "conflict" and operation == "BatchWriteItem":
            return {"UnprocessedItems": request["RequestItems"]}
        if spoilt == "conflict":
            raise self.store.conflict(operation, request)
        self.store.call(operation, request)
        self.landed()
        self.seam("answer lost")
        return self.store.call(operation, request, repeated=True)

    def step(self) -> None:
        """The next message, or the next minute's sweep where that comes first."""
        if self.queue and self.queue[0][0] <= self._swept + MINUTE:
            batch = self._received()
            if not survives(lambda: self._work_off(batch)):
                self._hop -= 1  # the same message again
                for message in batch:
                    self._push(message, VISIBILITY_SECONDS)
            self._hop = 0
            return
        self.clock = self._swept = max(self.clock, self._swept + MINUTE)
        survives(self.sweep)

    def _received(self) -> list[Message]:
        """The next message, and perhaps more of those that are there."""
        self.clock = max(self.clock, self.queue[0][0])
        batch = [heapq.heappop(self.queue)]
        while self.queue and self.queue[0][0] <= self.clock and self.random.random() < self.batched:
            batch.append(heapq.heappop(self.queue))
        self._hop = max(self._hops.pop(number) for _, number, _ in batch)
        is_dropped = self._hop > self.longest_chain
        # Of a text's message nothing would come back: its being dropped is not of interest here.
        return [one for _, _, one in batch if not is_dropped or isinstance(one, CleanupMessage)]

    def _work_off(self, batch: list[Message]) -> None:
        """As the worker's handler does it."""
        engine = self.engine()
        if len(batch) > 1:
            engine = engine._replace(gathered=[], ahead=read_ahead.read(batch, engine.context))
        self._work(engine, batch)

    def _work(self, engine: Engine, batch: Iterable[Message]) -> None:
        """Handle messages, and then what they hand over. Earlier versions hand nothing over."""
        if self._workers.random() >= self.hands_over:
            for message in batch:
                message_handler.work(engine, message)
            release.release_gathered(engine)
            return
        engine = engine._replace(onward=deque())
        for message in batch:
            message_handler.work(engine, message)
        release.release_gathered(engine)
        while engine.onward:
            for _ in range(len(engine.onward)):
                message_handler.go_on(engine, engine.onward.popleft())
            release.release_gathered(engine)

    def wake(self, call: Call) -> None:
        """Resume the worker of a call that was stopped in it and presumed dead."""
        if call.agent.poll_at:
            invoke.poll(self.engine(), call.session, call.agent)
        else:
            invoke.invoke(self.engine(), call.session, call.agent, call.predecessors)

    def stand_still(self, minutes: float, *, sweeps: bool = False, loses: bool = False) -> None:
        """No worker takes a message meanwhile; perhaps sweeps go on, or all messages are lost."""
        until = self.clock + timedelta(minutes=minutes)
        while sweeps and self._swept + MINUTE <= until:
            self._swept += MINUTE
            self.clock = max(self.clock, self._swept)
            survives(self.sweep)
        self.clock = max(self.clock, until)
        if loses:
            # Nothing else would bring those of texts back: SQS has said that it has them.
            self.queue = [one for one in self.queue if isinstance(one[2], CleanupMessage)]
            heapq.heapify(self.queue)

    def sweep(self) -> None:
        sweeper.sweep(self.engine())

    def work_any(self) -> None:
        """Another worker, with one of the messages, which stays in the queue as a second copy.

        Early too, for none but the engine's pauses hangs on when it comes.
        """
        at, _, message = self.random.choice(self.queue)
        if at <= self.clock or not isinstance(message, CleanupMessage):
            survives(lambda: self._work(self.engine(), [message]))

    @contextmanager
    def running(self) -> Iterator[None]:
        """The engine runs here, as long as the block does; what is due is in one shard."""

        def attempt(connection: SharedConnection, operation: str, request: Any) -> Any:
            return self.call(operation, request)

        for table in TABLES:
            table._get_connection()
        with (
            patch.object(SharedConnection, "attempt", attempt),
            patch.object(due_times, "SHARDS", due_times.SHARDS[:1]),
            patch.object(retention, "SHARDS", retention.SHARDS[:1]),
            patch.object(texts, "TextBucket", lambda name: self.bucket),
            patch.object(texts, "SqsQueue", lambda url: self),
            patch.object(texts, "ThreadPoolExecutor", OneAfterAnother),
            patch.object(telemetry.logger, "info"),
            patch.object(telemetry.logger, "exception", _raise_on),
            patch.dict("os.environ", ENVIRONMENT),
        ):
            settings.cache_clear()
            yield
        settings.cache_clear()


def _raise_on(*given: Any, **more: Any) -> None:
    """Raise what the engine has caught and logged: unless a test meant it, it is a finding."""
    if not isinstance(sys.exc_info()[1], Faulty):
        raise  # noqa: PLE0704 - it is called where an exception is handled


def survives(work: Callable[[], Any]) -> bool:
    """Whether the process survives the work."""
    try:
        work()
    except Died:
        return False
    return True
