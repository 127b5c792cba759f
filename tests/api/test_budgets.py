"""A session spends no more than its budget: runs reserve what they may use before they are made."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.context import InvocationContext
from ai_coordination.engine import factory, message_handler
from ai_coordination.engine.context import Engine
from tests.api.execution import (
    SESSION,
    after,
    agents,
    blueprint,
    echo,
    external,
    model,
    report,
    start,
    started,
    states,
    tell,
    work_off,
)
from tests.support.chat_server import ChatServer, refusing, replying, saying
from tests.support.contexts import SYSTEM, At
from tests.support.graph_api import Place, change, create, data, new_coordination
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.model_kinds import Chat, Use
from tests.support.recording import recorded_calls
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

LOGS = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status budget { tokens } usage { inputTokens outputTokens } logs { level message }
} }"""
QUERY = "Which?"
MOST: dict[str, Any] = {"maxTokens": 100}
# The bytes of what the model is told, and the most that it may answer.
CAP = len(json.dumps({"model": "m-1", **MOST})) + len(QUERY) + 100
# What the server of these tests says that each call has used.
USED = 37


def seen(place: Place) -> dict[str, Any]:
    return dict(data(LOGS, {"c": place.coordination, "s": place.session})["session"])


def committed(place: Place) -> int:
    session = stored(models.Session, place.coordination, place.session)
    return int(session.committed_tokens or 0)


def reserved(place: Place) -> list[Any]:
    of_session = [one["sessionAgentUuid"] for one in agents(place).values()]
    items = [stored(models.SessionAgent, place.session, one) for one in of_session]
    return [item.reserved_tokens for item in items]


def failed_at(place: Place) -> str:
    """Why the session has failed: its last log entry."""
    found = seen(place)
    assert (found["status"], found["logs"][-1]["level"]) == ("FAILED", "ERROR")
    return str(found["logs"][-1]["message"])


def models_of(server: ChatServer, number: int, **parameters: Any) -> list[dict[str, Any]]:
    return [model(server.url, f"m{one}", **{**MOST, **parameters}) for one in range(number)]


def in_a_row(number: int, **more: Any) -> list[dict[str, Any]]:
    """Independent agents: each reserves the same, because none is told what another said."""
    return [after(f"m{one}", **more) for one in range(number)]


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


def test_a_session_fails_when_the_next_call_may_exceed_what_is_left(
    models_server: ChatServer,
) -> None:
    budget = CAP + USED
    place = started(models_of(models_server, 3), in_a_row(3), budget={"tokens": budget})

    assert len(models_server.requests) == 2, "the third may need a token more than there is"
    assert failed_at(place) == (
        f"The session's budget of {budget} tokens is used up: {CAP - USED} are left, and M2 needs"
        f" up to {CAP}"
    )
    assert states(place) == {"m0": "COMPLETED", "m1": "COMPLETED", "m2": "CANCELLED"}
    assert committed(place) == 2 * USED
    assert reserved(place) == [None] * 3


def test_a_larger_budget_lets_a_retry_continue_with_what_is_left(
    models_server: ChatServer,
) -> None:
    place = started(models_of(models_server, 2), in_a_row(2), budget={"tokens": CAP})
    assert failed_at(place).startswith(f"The session's budget of {CAP} tokens is used up")
    change("retrySession", place.key, SESSION)
    work_off()
    assert len(models_server.requests) == 1, "there is still too little"

    change("updateSession", {**place.key, "budget": {"tokens": CAP + USED}}, SESSION)
    change("retrySession", place.key, SESSION)
    work_off()

    assert seen(place)["status"] == "COMPLETED"
    assert (len(models_server.requests), committed(place)) == (2, 2 * USED)


def test_a_budget_that_is_removed_no_longer_limits(models_server: ChatServer) -> None:
    place = started(models_of(models_server, 2), in_a_row(2), budget={"tokens": CAP})
    change("updateSession", {**place.key, "budget": None}, SESSION)

    change("retrySession", place.key, SESSION)
    work_off()

    assert seen(place) | {"logs": None, "usage": None} == {
        "status": "COMPLETED",
        "budget": None,
        "logs": None,
        "usage": None,
    }


def test_a_task_has_a_budget_for_its_sessions_and_a_start_may_have_another(
    models_server: ChatServer,
) -> None:
    key = blueprint(models_of(models_server, 1), budget={"tokens": CAP - 1})
    small, enough = start(key, taskQuery=QUERY), start(key, taskQuery=QUERY, budget={"tokens": CAP})
    work_off()

    assert [seen(one)["status"] for one in (small, enough)] == ["FAILED", "COMPLETED"]
    assert [seen(one)["budget"]["tokens"] for one in (small, enough)] == [CAP - 1, CAP]
    assert len(models_server.requests) == 1


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


def test_what_other_agents_report_is_deducted_and_refuses_the_next_ones() -> None:
    actions = [after("a"), after("b", "a"), after("c", "b")]
    place = started([external("a"), external("b"), echo("c")], actions, budget={"tokens": 10})
    used = {"inputTokens": 8, "outputTokens": 2}
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "A", "usage": used})
    assert states(place)["b"] == "IN_PROGRESS", "all is used, and no more"

    tell("completeSessionAgent", {**report(place, "b"), "agentOutput": "B", "usage": used})

    message = "The session's budget of 10 tokens is used up: C cannot start"
    assert failed_at(place) == message
    assert states(place) == {"a": "COMPLETED", "b": "COMPLETED", "c": "CANCELLED"}


def test_a_recorded_run_is_deducted(models_server: ChatServer) -> None:
    key = blueprint(models_of(models_server, 1))
    place = start(key, taskQuery=QUERY, budget={"tokens": CAP})
    used = {"inputTokens": 1, "outputTokens": 0}
    create("recordSessionRun", {**place.key, "agentUuid": "other", "usage": used})

    work_off()

    assert failed_at(place).endswith(f"{CAP - 1} are left, and M0 needs up to {CAP}")


@pytest.mark.parametrize("where", ["start", "task", "dispatch", "retry"])
def test_a_model_without_max_tokens_cannot_take_part_in_a_session_with_a_budget(
    models_server: ChatServer, where: str
) -> None:
    budget = {"tokens": 1_000_000}
    members = [model(models_server.url)]
    if where == "retry":
        models_server.answers(refusing(400))
        place = started([model(models_server.url, **MOST)], budget=budget)
        change(
            "updateCoordination",
            {"coordinationUuid": place.coordination, "agents": members},
            "coordination { id }",
        )
        told = refused("retrySession", {**place.key, "withCurrentMembers": True})
        assert told["inputPath"] == ["input", "withCurrentMembers"]
        return
    if where == "dispatch":
        coordination = new_coordination(agents=members)
        given = {"coordinationUuid": coordination, "budget": budget}
        session = create("createSession", given, "sessionUuid")["sessionUuid"]
        place = Place(coordination, session)
        create("createSessionAgent", {**place.key, "agentUuid": "a"})
        told = refused("dispatchSession", place.key)
        assert told["inputPath"] == ["input", "sessionUuid"]
        return
    key = blueprint(members, budget=budget if where == "task" else None)
    given = {**key, "budget": budget} if where == "start" else dict(key)

    told = refused("startSession", given)

    place_of = {"start": "budget", "task": "taskUuid"}[where]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", place_of]}
    assert models_server.requests == []


@pytest.mark.parametrize("budget", [None, {"seconds": 9}])
def test_a_session_that_has_started_gets_no_first_limit_of_tokens(budget: Any) -> None:
    place = started([external("a")], budget=budget)

    told = refused("updateSession", {**place.key, "budget": {"tokens": 5}})

    assert told == {"code": "INVALID_STATE", "state": "IN_PROGRESS"}
    assert seen(place)["budget"] == (budget and {"tokens": None})
    change("updateSession", {**place.key, "budget": {"seconds": 5}}, SESSION)


@pytest.mark.parametrize("tokens", [0, -1])
@pytest.mark.parametrize("mutation", ["createTask", "createSession", "startSession"])
def test_a_budget_has_at_least_one_token(mutation: str, tokens: int) -> None:
    key = blueprint([echo("a")])
    given = {**key, "budget": {"tokens": tokens}}
    if mutation == "createTask":
        given = {"coordinationUuid": key["coordinationUuid"], "taskName": "T"} | {
            "budget": given["budget"]
        }

    told = refused(mutation, given)

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "budget", "tokens"]}


def test_earlier_answers_of_the_thread_are_reserved_too(models_server: ChatServer) -> None:
    members = models_of(models_server, 2, history={"of": "ALL", "bytes": 5_000})
    actions = [after("m0"), after("m1", "m0")]
    during = []

    def look(request: Any) -> Reply:
        during.append(max(one or 0 for one in reserved(place)))
        return saying("Done")

    models_server.behaviour = look
    place = start(blueprint(members, actions), taskQuery=QUERY, budget={"tokens": 100_000})
    work_off()

    first, second = during
    assert 5_000 < second - first < 5_200, "the history, and what m0 has said in m1's input"


def test_the_reason_says_how_much_the_history_of_a_thread_needs(models_server: ChatServer) -> None:
    members = models_of(models_server, 2)
    place = start(
        blueprint(members, [after("m0"), after("m1", "m0")]),
        taskQuery=QUERY,
        budget={"tokens": 20_000},
    )
    work_off()

    assert failed_at(place).endswith(", 65536 of them for the history of its thread")


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
    return replace(factory.of_a_worker(context, 400), waits=True)


def item(place: Place, name: str) -> models.SessionAgent:
    address = agents(place)[name]["sessionAgentUuid"]
    return stored(models.SessionAgent, place.session, address)


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
