"""Agents that a worker waits for have a queue and workers of their own."""

import json
from typing import Any

import pytest

from ai_coordination import worker
from ai_coordination.caller import Caller
from ai_coordination.clients import SqsQueue, clients
from ai_coordination.config import settings
from ai_coordination.texts import Owner, cleanup_message
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    blueprint,
    echo,
    external,
    function,
    report,
    session,
    start,
    taken,
    tell,
)
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, NOBODY, RIVAL, change
from tests.support.lambda_service import LambdaService, raising, returning

pytestmark = pytest.mark.usefixtures("worked_queue")


@pytest.fixture
def steps(worked_queue: None) -> str:
    return settings().required_queue_url()


@pytest.fixture
def calls(worked_queue: None, monkeypatch: pytest.MonkeyPatch) -> str:
    url = str(clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())["QueueUrl"])
    monkeypatch.setenv("AI_COORDINATION_CALLS_QUEUE_URL", url)
    settings.cache_clear()
    return url


def received(url: str) -> list[dict[str, Any]]:
    """The messages that are there, which are taken out."""
    sqs = clients("sqs")
    answer = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    for one in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return messages


def bodies(url: str) -> list[dict[str, Any]]:
    return [json.loads(one["Body"]) for one in received(url)]


def work(*messages: dict[str, Any]) -> None:
    records = [
        {"messageId": str(number), "body": json.dumps(one), "eventSource": "aws:sqs"}
        for number, one in enumerate(messages)
    ]
    assert worker.handler({"Records": records}, Context()) == {"batchItemFailures": []}


def test_an_agent_that_is_waited_for_is_called_on_a_message_of_its_own_queue(
    functions: LambdaService, steps: str, calls: str
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    chain = [after("e"), after("f", "e"), after("g", "f")]
    place = start(blueprint([echo("e"), function("f", **WAITS), echo("g")], chain))

    work(*bodies(steps))
    assert (len(functions.invocations), received(steps)) == (0, [])
    (message,) = bodies(calls)
    assert message["lane"] == "calls"
    work(message)
    assert (len(functions.invocations), received(calls)) == (1, [])
    work(*bodies(steps))

    assert session(place)["status"] == "COMPLETED"


def test_functions_that_answer_later_and_all_other_agents_are_steps(
    functions: LambdaService, steps: str, calls: str
) -> None:
    functions.deploy(FUNCTION, returning(None))
    start(
        blueprint([echo("e"), function("f"), external("x")], [after("e"), after("f"), after("x")])
    )

    messages = bodies(steps)

    assert len(messages) == 3
    assert not any("lane" in one for one in messages)
    assert received(calls) == []


def test_the_next_attempt_is_a_call_too(functions: LambdaService, steps: str, calls: str) -> None:
    functions.deploy(FUNCTION, raising("Busy", "Later"))
    start(blueprint([function("f", **WAITS)]))

    work(*bodies(calls))

    assert (delayed(steps), delayed(calls)) == (0, 1)


def test_an_agent_that_is_retried_forgets_its_answer_and_is_called_at_once(
    functions: LambdaService, steps: str, calls: str
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    place = start(blueprint([function("f", **WAITS)]))
    work(*bodies(calls))
    (uuid,) = (agent["sessionAgentUuid"] for agent in agents(place).values())

    change("retrySession", {**place.key, "sessionAgentUuids": [uuid]}, "session { status }")

    assert received(steps) == []
    (message,) = bodies(calls)
    assert (message["lane"], message["iteration"]) == ("calls", 2)


def delayed(url: str) -> int:
    """How many messages wait for their time."""
    name = "ApproximateNumberOfMessagesDelayed"
    told = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(told["Attributes"][name])


def test_a_message_that_does_not_name_its_lane_is_handed_over_and_nobody_waits(
    functions: LambdaService, steps: str, calls: str
) -> None:
    """As an older engine sent it."""
    functions.deploy(FUNCTION, returning("Done"))
    place = start(blueprint([function("f", **WAITS)]))
    (message,) = bodies(calls)
    older = {name: value for name, value in message.items() if name != "lane"}

    work(older)

    assert (len(functions.invocations), received(steps)) == (0, [])
    assert agents(place)["f"]["attempt"] == 0
    assert bodies(calls) == [message]
    work(message)
    assert session(place)["status"] == "COMPLETED"


def test_without_a_queue_of_their_own_calls_are_in_the_one_that_there_is(
    functions: LambdaService, steps: str
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    place = start(blueprint([function("f", **WAITS)]))

    (message,) = bodies(steps)
    work(message)

    assert session(place)["status"] == "COMPLETED"


def test_messages_of_a_tenant_are_a_group_so_that_its_backlog_delays_nobody_else(
    steps: str,
) -> None:
    key = blueprint([echo("e")])
    start(key)
    start(key)
    strange = Caller("\u00e4" * 128, "'\U0001f600 " * 10, context=SYSTEM)
    queue = SqsQueue(steps)
    queue.send([cleanup_message(Owner(one.partition_key, NOBODY)) for one in (RIVAL, strange)])
    queue.must_send(cleanup_message(Owner(CALLER.partition_key, NOBODY)))

    messages = received(steps)

    groups = [
        (json.loads(one["Body"])["tenant"], one["Attributes"]["MessageGroupId"]) for one in messages
    ]
    assert len(groups) == 5
    assert len({tenant for tenant, _ in groups}) == len(set(groups)) == 3
    assert len({group for _, group in groups}) == 3
    assert all(group.isalnum() and group.isascii() and len(group) == 32 for _, group in groups)


def test_a_person_answers_and_the_function_behind_is_a_call(
    functions: LambdaService, steps: str, calls: str
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    place = start(blueprint([external("x"), function("f", **WAITS)], [after("x"), after("f", "x")]))
    work(*bodies(steps))

    tell("completeSessionAgent", {**report(place, "x"), "agentOutput": "Yes"})

    assert received(steps) == []
    work(*bodies(calls))
    assert session(place)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("times", "seconds"), [("1", 30), ("2", 60), ("3", 120), ("4", 240), ("9", 600)]
)
def test_what_fails_comes_again_soon_and_each_time_later(
    times: str, seconds: int, steps: str, calls: str, visible: list[tuple[str, int]]
) -> None:
    poison = {"messageId": "m", "body": "no JSON", **taken(calls, times)}

    answer = worker.handler({"Records": [poison]}, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert visible == [(calls, seconds)]


def test_what_there_was_no_time_for_is_for_the_next_worker_at_once(
    steps: str, calls: str, visible: list[tuple[str, int]]
) -> None:
    start(blueprint([echo("e")]))
    (body,) = [one["Body"] for one in received(steps)]
    records = [{"messageId": str(number), "body": body, **taken(steps, "3")} for number in range(2)]

    worker.handler({"Records": records}, Context(remaining_ms=9_000))

    assert visible == [(steps, 0), (steps, 0)]


def test_that_a_message_cannot_be_shown_harms_nothing(steps: str) -> None:
    """Its receipt is not one: SQS refuses, and the message comes when its time is over."""
    poison = {"messageId": "m", "body": "no JSON", **taken(steps, "1")}

    answer = worker.handler({"Records": [poison]}, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}


@pytest.fixture
def visible(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The queue and the seconds of each message that is to be visible again."""
    shown: list[tuple[str, int]] = []

    def show(QueueUrl: str, Entries: list[dict[str, Any]]) -> None:  # noqa: N803
        assert all(one["ReceiptHandle"] == "receipt" for one in Entries)
        shown.extend((QueueUrl, one["VisibilityTimeout"]) for one in Entries)

    monkeypatch.setattr(clients("sqs"), "change_message_visibility_batch", show)
    return shown
