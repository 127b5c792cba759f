"""Each call of a model reserves the tokens that it may use, and gives back what it did not."""

from datetime import timedelta
from typing import Any

import pytest

from ai_coordination.context import InvocationContext
from ai_coordination.engine import factory, message_handler
from ai_coordination.engine.context import Engine
from tests.api.budgeted import (
    CAP,
    MOST,
    QUERY,
    USED,
    committed,
    failed_at,
    in_a_row,
    item,
    models_of,
    reserved,
    seen,
)
from tests.api.execution import (
    SESSION,
    after,
    agents,
    blueprint,
    echo,
    start,
    started,
    states,
    work_off,
)
from tests.support.chat_server import ChatServer, refusing, replying, saying
from tests.support.contexts import SYSTEM, At
from tests.support.graph_api import Place, change
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.model_kinds import Chat, Use
from tests.support.recording import recorded_calls

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_a_run_reserves_before_its_call_and_gives_back_what_it_did_not_use(
    models_server: ChatServer,
) -> None:
    during = []

    def look(request: Any) -> Reply:
        during.append((committed(place), reserved(place)))
        return saying("Done")

    models_server.behaviour = look
    place = start(blueprint(models_of(models_server, 1)), taskQuery=QUERY, budget={"tokens": CAP})
    work_off()

    assert during == [(CAP, [CAP])]
    assert (committed(place), reserved(place)) == (USED, [None])
    assert seen(place)["status"] == "COMPLETED"
    assert seen(place)["usage"] == {"inputTokens": 30, "outputTokens": 7}


def test_a_run_that_fails_gives_back_what_it_did_not_use(models_server: ChatServer) -> None:
    schema = {"type": "object", "properties": {"verdict": {"enum": ["yes"]}}}
    twice = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
    models_server.answers(saying("prose"), refusing(500), refusing(429))
    of_each = models_of(models_server, 3, outputSchema=schema)

    place = started(of_each, in_a_row(3, **twice), budget={"tokens": 10_000})

    assert [run["state"] for run in agents(place).values()] == ["INITIAL"] * 3
    assert (committed(place), reserved(place)) == (USED, [None] * 3)


def test_a_cancelled_run_gives_back_its_reservation(models_server: ChatServer) -> None:
    def cancel(request: Any) -> Reply:
        change("cancelSession", place.key, SESSION)
        return saying("Too late")

    models_server.behaviour = cancel
    place = start(blueprint(models_of(models_server, 1)), taskQuery=QUERY, budget={"tokens": CAP})
    work_off()

    assert (seen(place)["status"], committed(place), reserved(place)) == ("CANCELLED", 0, [None])


def test_an_agent_that_asks_a_person_holds_no_reservation(models_server: ChatServer) -> None:
    asks = [after("m0", userInTheLoop="APPROVAL")]

    place = started(models_of(models_server, 1), asks, budget={"tokens": CAP})

    assert states(place) == {"m0": "WAITING_FOR_INPUT"}
    assert (committed(place), reserved(place)) == (USED, [None])


def test_a_budget_costs_no_call_but_part_of_the_claim_and_of_the_settlement() -> None:
    operations = []
    for budget in (None, {"tokens": 1000}):
        key = blueprint([echo("a")])
        place = start(key, taskQuery=QUERY, budget=budget)
        with recorded_calls() as calls:
            work_off()
        operations.append([call.operation for call in calls if call.service == "dynamodb"])
        assert seen(place)["status"] == "COMPLETED"

    assert operations[0] == operations[1]


def test_a_model_that_reports_no_usage_gives_everything_back(models_server: ChatServer) -> None:
    message = {"role": "assistant", "content": "Done"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    models_server.answers(replying({"choices": choices, "usage": None}))

    place = started(models_of(models_server, 2), in_a_row(2), budget={"tokens": CAP})

    assert (seen(place)["status"], committed(place)) == ("COMPLETED", 0)


def test_an_agent_waits_while_others_may_give_tokens_back(models_server: ChatServer) -> None:
    """Two workers: the second one's claim is refused while the first one's call is in progress."""
    during: list[Any] = []

    def look(request: Any) -> Reply:
        if not during:
            waiting = item(place, "m1")
            message_handler.agent_work(caller_at(SYSTEM), waiting)
            during.append((states(place), item(place, "m1").not_before > waiting.updated_at))
        return saying("Done")

    models_server.behaviour = look
    members = models_of(models_server, 2)
    place = start(blueprint(members, in_a_row(2)), taskQuery=QUERY, budget={"tokens": CAP + USED})
    work_off()

    assert during == [({"m0": "IN_PROGRESS", "m1": "INITIAL"}, True)]
    assert (seen(place)["status"], states(place)["m1"]) == ("IN_PROGRESS", "INITIAL")
    later = At(moment=SYSTEM.utc() + timedelta(minutes=1))
    message_handler.agent_work(caller_at(later), item(place, "m1"))
    assert states(place) == {"m0": "COMPLETED", "m1": "COMPLETED"}
    assert seen(place)["status"] == "COMPLETED"


def caller_at(context: InvocationContext) -> Engine:
    """A worker of the lane that waits for models."""
    return factory.of_a_worker(context, 400)._replace(waits=True)


STOCK = {"lambda": "agent-stock", "name": "stock", "description": "Pieces"}
ASKS = Use("c1", "stock", {"item": "oolong"})


def with_tools(
    server: ChatServer, functions: LambdaService, tokens: int
) -> tuple[Place, list[int]]:
    """A session of a model that calls a tool, and then answers: two calls in a run.

    Returns what was committed during each call, too.
    """
    functions.deploy("agent-stock", returning("60 pieces"))
    chat = Chat(server)
    chat.answers(chat.calls(ASKS), chat.says("60 pieces"))
    during, answer = [], server.behaviour

    def look(request: Any) -> Reply:
        during.append(committed(place))
        return answer(request)

    server.behaviour = look
    member = chat.member(tools=[{**STOCK, "schema": {"type": "object"}}], **MOST)
    key = blueprint([member], [after("a")])
    place = start(key, taskQuery=QUERY, budget={"tokens": tokens})
    work_off()
    return place, during


def test_each_further_call_of_a_run_reserves_what_it_can_use(
    models_server: ChatServer, functions: LambdaService
) -> None:
    place, (first, second) = with_tools(models_server, functions, 10_000)

    assert first > CAP
    assert second - first > 0
    assert (seen(place)["status"], committed(place)) == ("COMPLETED", 2 * USED)
    assert reserved(place) == [None]


def test_a_run_whose_next_call_is_too_much_ends_and_then_the_session(
    models_server: ChatServer, functions: LambdaService
) -> None:
    _, (first, _) = with_tools(models_server, functions, 10_000)

    place, during = with_tools(models_server, functions, first)

    assert during == [first], "the second call was not made"
    (agent,) = agents(place).values()
    assert (agent["state"], committed(place), reserved(place)) == ("INITIAL", USED, [None])
    assert agent["notes"].startswith("Throttled: The session's budget has not enough left")
    later = At(moment=SYSTEM.utc() + timedelta(minutes=1))
    message_handler.agent_work(caller_at(later), item(place, "a"))
    assert failed_at(place).startswith(f"The session's budget of {first} tokens is used up")
