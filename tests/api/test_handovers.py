"""A worker completes an agent, claims the one that follows it, and invokes that one itself."""

from typing import Any

import pytest
from pynamodb.exceptions import CancellationReason, VerboseClientError

from ai_coordination import worker
from ai_coordination.engine.agent import attempts, release
from ai_coordination.errors import Throttled
from ai_coordination.models import connection
from ai_coordination.runtimes import registry
from ai_coordination.runtimes.base import Call, Result
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    blueprint,
    echo,
    external,
    function,
    outcomes,
    report,
    session,
    start,
    states,
    taken,
    tell,
)
from tests.api.test_lanes import calls, received, steps
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.contexts import SYSTEM
from tests.support.graph_api import data
from tests.support.lambda_service import LambdaService, returning

__all__ = ["calls", "steps"]

pytestmark = pytest.mark.usefixtures("worked_queue")

NAMES = ("a", "b", "c")


def chain(**more: Any) -> dict[str, str]:
    """A task of A, B and C, one after the other, with these settings of B."""
    return blueprint(
        [echo(name) for name in NAMES], [after("a"), after("b", "a", **more), after("c", "b")]
    )


def invoke(url: str, seconds: float = 100) -> list[str]:
    """Work off what is in a queue as one batch. Return the names of failed messages."""
    batch = [
        {"messageId": f"m{number}", "body": one["Body"], **taken(url, "1")}
        for number, one in enumerate(received(url))
    ]
    answer = worker.handler({"Records": batch}, Context(remaining_ms=int(seconds * 1000)))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def all_in(state: str) -> dict[str, str]:
    return dict.fromkeys(NAMES, state)


def test_one_message_works_off_a_whole_chain(steps: str) -> None:
    place = start(chain(), taskQuery="Which?")

    assert invoke(steps) == []

    assert states(place) == all_in("COMPLETED")
    assert session(place)["status"] == "COMPLETED"
    assert outcomes(place) == [(name, 1, "COMPLETED") for name in NAMES]
    assert received(steps) == []


def test_what_an_agent_says_and_its_thread_are_the_next_ones(steps: str) -> None:
    place = start(chain(), taskQuery="Which?")
    invoke(steps)

    assert agents(place)["c"]["agentInput"].endswith("Agent B\nWhich?")
    runs = data(
        "query ($s: ID!) { sessionRuns(sessionUuid: $s) { nodes { threadUuid } } }",
        {"s": place.session},
    )
    assert len({run["threadUuid"] for run in runs["sessionRuns"]["nodes"]}) == 1


def test_a_worker_with_little_time_left_sends_a_message_instead(steps: str) -> None:
    place = start(chain())

    for state_of_b in ("INITIAL", "COMPLETED"):
        invoke(steps, seconds=10)
        assert states(place)["b"] == state_of_b
    invoke(steps, seconds=10)

    assert states(place) == all_in("COMPLETED")


@pytest.mark.usefixtures("calls")
def test_chains_of_a_batch_take_turns(steps: str) -> None:
    key = chain()
    places = [start(key, taskQuery=query) for query in ("one", "two")]
    told: list[tuple[str, str]] = []
    echoes = registry.invoke

    def telling(call: Call) -> Result:
        told.append((call.agent.session_uuid, call.agent.agent_uuid))
        return echoes(call)

    batch = [
        {"messageId": "m", "body": one["Body"], **taken(steps, "1")} for one in received(steps)
    ]
    worker.handle({"Records": batch}, Context(remaining_ms=100_000), SYSTEM, telling)

    assert [name for _, name in told] == ["a", "a", "b", "b", "c", "c"]
    assert [states(place) for place in places] == [all_in("COMPLETED")] * 2


def test_an_error_after_a_handover_is_of_that_agent_alone(
    steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(chain())

    def failing(engine: object, agent: Any) -> None:
        raise Throttled("The database is busy")

    monkeypatch.setattr(release, "release", failing)
    assert invoke(steps) == []

    assert states(place) == all_in("COMPLETED")
    assert session(place)["status"] == "IN_PROGRESS"


def test_a_successor_that_cannot_be_prepared_does_not_lose_the_answer_before_it(
    steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(chain())
    prepare = attempts.prepare

    def failing(engine: Any, session: Any, agent: Any, *more: Any) -> attempts.Attempt:
        if agent.agent_uuid == "b":
            raise KeyError("a fault of the engine")
        return prepare(engine, session, agent, *more)

    monkeypatch.setattr(attempts, "prepare", failing)
    assert invoke(steps) == []
    assert states(place) == {"a": "COMPLETED", "b": "INITIAL", "c": "INITIAL"}

    # Its own message fails then, and stays in the queue.
    assert invoke(steps) == ["m0"]


def test_a_handover_that_dynamodb_does_not_accept_does_not_lose_the_answer(
    steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(chain())
    attempt = connection.attempt

    def refusing(operation: str, request: dict[str, Any]) -> Any:
        parts = request.get("TransactItems", ())
        if len([part for part in parts if "Update" in part]) > 1:
            # Of the successor's part alone. No reason that the engine knows.
            reasons = [None, None, CancellationReason("ValidationError", "It cannot be updated")]
            told = {"Error": {"Code": "TransactionCanceledException", "Message": "Cancelled"}}
            raise VerboseClientError(told, operation, {}, cancellation_reasons=reasons)
        return attempt(operation, request)

    monkeypatch.setattr(connection, "attempt", refusing)
    for state_of_b in ("INITIAL", "COMPLETED"):
        assert invoke(steps) == []
        assert states(place)["b"] == state_of_b
    invoke(steps)

    assert states(place) == all_in("COMPLETED")
    assert outcomes(place) == [(name, 1, "COMPLETED") for name in NAMES]


def test_an_external_agent_is_claimed_with_the_end_of_the_one_before_it(steps: str) -> None:
    place = start(blueprint([echo("a"), external("b")], [after("a"), after("b", "a")]))

    assert invoke(steps) == []

    assert states(place) == {"a": "COMPLETED", "b": "IN_PROGRESS"}
    assert received(steps) == []
    tell("completeSessionAgent", {**report(place, "b"), "agentOutput": "Done"})
    invoke(steps)
    assert session(place)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({"when": "states.a == 'COMPLETED'"}, 0),
        ({"when": "`false`"}, 1),
        ({"delaySeconds": 100}, 1),
        ({"forEach": {"items": "['x']"}}, 1),
    ],
    ids=["when", "skipped", "delayed", "for each"],
)
def test_what_comes_first_with_an_agent_has_a_message(
    steps: str, more: dict[str, Any], left: int
) -> None:
    place = start(chain(**more))

    invoke(steps)

    assert len(received(steps)) == left
    assert states(place)["a"] == "COMPLETED"
    assert states(place)["b"] == ("INITIAL" if left else "COMPLETED")


def test_agents_of_a_session_with_a_budget_have_messages(steps: str) -> None:
    place = start(chain(), budget={"tokens": 1_000})

    for count in range(len(NAMES)):
        assert list(states(place).values()).count("COMPLETED") == count
        invoke(steps)

    assert states(place) == all_in("COMPLETED")


def test_an_agent_that_two_follow_hands_nothing_over(steps: str) -> None:
    actions = [after("a"), after("b", "a"), after("c", "a")]
    place = start(blueprint([echo(name) for name in NAMES], actions))

    invoke(steps)

    assert states(place) == {"a": "COMPLETED", "b": "INITIAL", "c": "INITIAL"}
    assert len(received(steps)) == 2


def test_calls_of_a_chain_stay_in_their_worker(
    functions: LambdaService, steps: str, calls: str
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    members = [function("a", **WAITS), function("b", **WAITS), echo("c")]
    place = start(blueprint(members, [after("a"), after("b", "a"), after("c", "b")]))

    assert invoke(calls, seconds=900) == []

    assert states(place) == all_in("COMPLETED")
    assert (received(steps), received(calls)) == ([], [])


def test_a_worker_of_steps_leaves_an_agent_that_is_waited_for_to_another(
    functions: LambdaService, steps: str, calls: str
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    place = start(blueprint([echo("a"), function("b", **WAITS)], [after("a"), after("b", "a")]))

    invoke(steps)

    assert states(place) == {"a": "COMPLETED", "b": "INITIAL"}
    assert len(received(calls)) == 1
