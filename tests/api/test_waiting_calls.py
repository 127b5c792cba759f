"""The caller waits for many agents at the same time, and receives further calls itself."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination import timestamps, waiting, worker
from ai_coordination.clients import SqsQueue, clients
from ai_coordination.config import settings
from ai_coordination.engine import message_handler
from ai_coordination.engine.agent import lease
from ai_coordination.engine.agent.apply import apply
from ai_coordination.models.base import connection
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    blueprint,
    echo,
    function,
    session,
    start,
    states,
    taken,
)
from tests.api.test_lanes import bodies, calls, received, steps
from tests.entrypoints.conftest import logged, measured
from tests.entrypoints.lambda_stand_ins import Context, Lines
from tests.support.contexts import At
from tests.support.graph_api import Place
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.templates import TEMPLATE

__all__ = ["calls", "logged", "measured", "steps"]

pytestmark = pytest.mark.usefixtures("worked_queue", "quick")

# A caller has 900 s at its start.
FRESH = Context(remaining_ms=900_000)
# A test that waits for longer has failed.
SECONDS = 60


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty receive is repeated at once."""
    monkeypatch.setattr(waiting, "PAUSE_SECONDS", 0.001)


@dataclass
class Sqs:
    """What the worker asked of SQS."""

    received: list[int] = field(default_factory=list)
    """The number of messages of each receive."""
    deleted: int = 0
    visible: list[int] = field(default_factory=list)


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Sqs:
    seen, client = Sqs(), clients("sqs")
    receive, delete = client.receive_message, client.delete_message_batch
    change = client.change_message_visibility_batch

    def receiving(**given: Any) -> Any:
        answer = receive(**given)
        seen.received.append(len(answer.get("Messages", [])))
        return answer

    def deleting(**given: Any) -> Any:
        answer = delete(**given)
        seen.deleted += len(answer["Successful"])
        return answer

    def changing(**given: Any) -> Any:
        seen.visible += [entry["VisibilityTimeout"] for entry in given["Entries"]]
        return change(**given)

    monkeypatch.setattr(client, "receive_message", receiving)
    monkeypatch.setattr(client, "delete_message_batch", deleting)
    monkeypatch.setattr(client, "change_message_visibility_batch", changing)
    return seen


@pytest.fixture
def two_threads(calls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_CALL_THREADS", "2")
    settings.cache_clear()


def begun(count: int, **action: Any) -> list[Place]:
    """Sessions of one agent that is waited for, each with a message in the queue of calls."""
    key = blueprint([function("f", **WAITS)], [after("f", **action)])
    return [start(key, taskQuery=str(number)) for number in range(count)]


def records(url: str, *bodies: str) -> list[dict[str, Any]]:
    """Messages as Lambda passes them."""
    return [
        {"messageId": f"m{number}", "body": body, **taken(url, "1")}
        for number, body in enumerate(bodies)
    ]


def taken_out(url: str, most: int) -> list[str]:
    """Receive and delete messages, as Lambda does for a batch."""
    client = clients("sqs")
    answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=most)
    for message in answer.get("Messages", []):
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in answer.get("Messages", [])]


def numbers(url: str) -> tuple[int, int]:
    """How many messages are visible, and how many are being processed."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(told[names[0]]), int(told[names[1]])


def statuses(places: list[Place]) -> list[str]:
    return [session(place)["status"] for place in places]


def invoke(batch: list[dict[str, Any]], context: Context = FRESH) -> list[str]:
    """Return the names of the batch's failed messages."""
    answer = worker.handler({"Records": batch}, context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_the_calls_of_a_batch_wait_side_by_side(
    functions: LambdaService, calls: str, sqs: Sqs
) -> None:
    together = threading.Barrier(10)

    def meet(event: Any) -> Reply:
        together.wait(SECONDS)  # in vain, unless all ten are invoked
        return returning("Done")

    functions.deploy(FUNCTION, meet)
    places = begun(10)

    assert invoke(records(calls, *taken_out(calls, 10))) == []

    assert statuses(places) == ["COMPLETED"] * 10
    assert len(functions.invocations) == 10
    # Lambda deletes the messages of the batch.
    assert (sqs.deleted, sqs.visible, numbers(calls)) == (0, [], (0, 0))


@dataclass
class Busy:
    """Counts how many calls wait at the same time. The first waits until `count` others ended."""

    count: int
    now: int = 0
    most: int = 0
    ended: int = 0
    seen: list[Any] = field(default_factory=list)
    look: Callable[[], Any] = lambda: None
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, event: Any) -> Reply:
        with self.changed:
            is_first = self.most == 0
            self.now += 1
            self.most = max(self.most, self.now)
            if is_first:
                assert self.changed.wait_for(lambda: self.ended == self.count, SECONDS)
                self.seen.append(self.look())
            self.now -= 1
            self.ended += 1
            self.changed.notify_all()
        return returning("Done")


@pytest.mark.usefixtures("two_threads")
def test_while_a_call_waits_further_ones_are_received_for_the_free_threads_alone(
    functions: LambdaService, calls: str, sqs: Sqs
) -> None:
    """The second thread does thirteen calls while the first one waits."""
    busy = Busy(13, look=lambda: (sqs.deleted, numbers(calls)))
    functions.deploy(FUNCTION, busy)
    places = begun(14)
    batch = records(calls, *taken_out(calls, 1))
    sqs.received.clear()

    assert invoke(batch) == []

    assert statuses(places) == ["COMPLETED"] * 14
    assert (len(functions.invocations), busy.most) == (14, 2)
    assert [most for most in sqs.received if most] == [1] * 13
    # Ten are deleted together, and the last three at the end. One of the fourteen is Lambda's.
    assert busy.seen == [(10, (0, 3))]
    assert (sqs.deleted, sqs.visible, numbers(calls)) == (13, [], (0, 0))


def test_a_received_message_stays_in_the_queue_until_its_call_has_ended(
    functions: LambdaService, calls: str, sqs: Sqs
) -> None:
    """So it is delivered again if the worker dies."""
    seen = []

    def look(event: Any) -> Reply:
        seen.append((sqs.deleted, numbers(calls)))
        return returning("Done")

    functions.deploy(FUNCTION, look)
    begun(2)

    invoke(records(calls, *taken_out(calls, 1)))

    assert seen[1] == (0, (0, 1))
    assert (sqs.deleted, numbers(calls)) == (1, (0, 0))


def test_an_invocation_whose_calls_have_ended_looks_once_and_returns(
    functions: LambdaService, calls: str, sqs: Sqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PAUSE_SECONDS", SECONDS)
    functions.deploy(FUNCTION, returning("Done"))
    begun(1)
    batch = records(calls, *taken_out(calls, 1))
    sqs.received.clear()

    assert invoke(batch) == []

    assert (sqs.received, sqs.deleted) == ([0], 0)


@pytest.mark.parametrize(("remaining_ms", "more"), [(59_999, 0), (60_000, 1)])
def test_near_the_end_of_its_time_an_invocation_receives_nothing(
    remaining_ms: int, more: int, functions: LambdaService, calls: str, sqs: Sqs
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    places = begun(2, timeoutSeconds=10)
    batch = records(calls, *taken_out(calls, 1))

    assert invoke(batch, Context(remaining_ms=remaining_ms)) == []

    assert statuses(places).count("COMPLETED") == len(functions.invocations) == 1 + more
    assert (sqs.deleted, numbers(calls)) == (more, (1 - more, 0))


@pytest.mark.usefixtures("two_threads")
def test_a_call_that_there_is_too_little_time_for_is_sent_again_and_no_further_one_received(
    functions: LambdaService,
    calls: str,
    sqs: Sqs,
    logged: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "ENOUGH", 1.01)
    sent = threading.Event()
    functions.deploy(FUNCTION, lambda event: returning("Done" if sent.wait(SECONDS) else ""))
    send = SqsQueue.send

    def sending(*given: Any) -> None:
        send(*given)
        sent.set()

    (short,) = begun(1)
    batch = records(calls, *taken_out(calls, 1))
    (long,) = begun(1, timeoutSeconds=3_600)
    (message,) = bodies(calls)
    clients("sqs").send_message(QueueUrl=calls, MessageBody=json.dumps(message))
    sqs.received.clear()
    monkeypatch.setattr(SqsQueue, "send", sending)

    assert invoke(batch) == []

    assert statuses([short, long]) == ["COMPLETED", "IN_PROGRESS"]
    assert [agent["attempt"] for agent in agents(long).values()] == [0]
    outcomes = [line["outcome"] for line in logged() if line["message"] == "step"]
    assert sorted(outcomes) == ["done", "no time"]
    assert sqs.received == [1]
    assert (sqs.deleted, sqs.visible) == (1, [])
    (again,) = received(calls)
    assert json.loads(again["Body"]) == message
    # A new message: it comes no nearer to the dead-letter queue.
    assert again["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_call_ends_early_enough_for_all_threads_to_write_their_results(
    functions: LambdaService, calls: str
) -> None:
    """At its end the worker has 10 s for all, and each call 5 s of its own."""
    functions.deploy(FUNCTION, returning("Done"))
    (place,) = begun(1, timeoutSeconds=3_600)
    batch = records(calls, *taken_out(calls, 1))
    moment = datetime.now(UTC)
    seen = []

    def applied(engine: Any, transition: Any) -> Any:
        claimed = apply(engine, transition)
        assert claimed is not None
        seen.append((claimed.lease_until, lease.call_seconds(engine, claimed)))
        return claimed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ai_coordination.engine.agent.claim.apply", applied)
        worker.handle({"Records": batch}, FRESH, At(moment=moment))

    leased = timestamps.to_text(moment + timedelta(seconds=900 - 10 + 30))
    assert seen == [(leased, 900 - 10 - 5)]
    assert statuses([place]) == ["COMPLETED"]


def test_a_call_that_fails_harms_no_other_and_comes_again_soon(
    functions: LambdaService, calls: str, sqs: Sqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    places = begun(4)
    texts = taken_out(calls, 3)
    broken = json.loads(texts[1])["session"]
    work = message_handler.work

    def fails(engine: Any, message: Any) -> None:
        if message.session_uuid == broken:
            raise RuntimeError("a defect")
        work(engine, message)

    monkeypatch.setattr(message_handler, "work", fails)
    clients("sqs").send_message(QueueUrl=calls, MessageBody="received, and no JSON")
    clients("sqs").send_message(QueueUrl=calls, MessageBody=texts[1])

    failed = invoke(records(calls, *texts, "in the batch, and no JSON"))

    assert sorted(failed) == ["m1", "m3"]
    told = dict(zip((place.session for place in places), statuses(places), strict=True))
    assert told.pop(broken) == "IN_PROGRESS"
    assert set(told.values()) == {"COMPLETED"}
    assert sqs.visible == [30] * 4
    assert (sqs.deleted, numbers(calls)) == (1, (0, 2))


def test_each_thread_releases_the_successors_of_its_agent(
    functions: LambdaService, steps: str, calls: str
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    members = [function("f", **WAITS), function("g", **WAITS), echo("e")]
    place = start(blueprint(members, [after("f"), after("g"), after("e", "f", "g")]))

    assert invoke(records(calls, *taken_out(calls, 10))) == []

    assert states(place) == {"f": "COMPLETED", "g": "COMPLETED", "e": "INITIAL"}
    assert len(received(steps)) == 1


def test_threads_mix_up_neither_log_lines_nor_counts(
    functions: LambdaService, calls: str, logged: Lines, measured: Lines
) -> None:
    together = threading.Barrier(8)
    functions.deploy(FUNCTION, lambda event: returning(f"{together.wait(SECONDS)}"))
    begun(8)
    texts = taken_out(calls, 10)
    measured()

    invoke(records(calls, *texts))

    sessions = {f"m{number}": json.loads(body)["session"] for number, body in enumerate(texts)}
    lines = [line for line in logged() if line["message"] == "step"]
    assert {line["message_id"]: line["session"] for line in lines} == sessions
    assert [line["counted"]["AgentsCompleted"] for line in lines] == [1] * 8
    assert sum(sum(blob.get("AgentsCompleted", ())) for blob in measured()) == 8


@pytest.mark.parametrize("lane", ["steps", "calls"])
def test_without_threads_or_a_queue_for_calls_a_batch_is_handled_alone(
    lane: str,
    request: pytest.FixtureRequest,
    functions: LambdaService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = request.getfixturevalue(lane)
    if lane == "calls":
        monkeypatch.setenv("AI_COORDINATION_CALL_THREADS", "1")
        settings.cache_clear()
    threads = []
    functions.deploy(FUNCTION, returning("Done"))
    begun(2)
    work = message_handler.work

    def working(*given: Any) -> None:
        threads.append(threading.current_thread())
        work(*given)

    monkeypatch.setattr(message_handler, "work", working)

    assert invoke(records(url, *taken_out(url, 1))) == []

    assert threads == [threading.main_thread()]
    assert numbers(url) == (1, 0)


def test_each_thread_can_keep_a_connection_to_each_service(calls: str) -> None:
    most = TEMPLATE["Parameters"]["CallThreads"]["MaxValue"]
    made = [clients("sqs"), clients("lambda"), connection.client]

    assert [client.meta.config.max_pool_connections for client in made] == [most] * 3
