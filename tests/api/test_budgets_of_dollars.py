"""A session costs no more than its budget of dollars, by the configured prices of models."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.config import settings
from ai_coordination.errors import BadUserInput
from ai_coordination.services import budgets
from ai_coordination.states import AgentRuntimeKind
from tests.api.budgeted import MOST, PLACES, QUERY, failed_at, in_a_row, is_refused_at, models_of
from tests.api.execution import (
    SESSION,
    after,
    agents,
    bedrock_model,
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
from tests.support.chat_server import ChatServer, refusing, saying
from tests.support.graph_api import Place, change, create, data
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.model_kinds import Chat, Use
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

LOGS = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status budget { tokens dollars } dollars logs { level message }
} }"""
MEMBER = {"model": "m-1", **MOST}
PRICES: dict[str, Any] = {"m-*": {"input": 10, "output": 50}, "*nova*": {"input": 20, "output": 80}}
# In nanodollars: the bytes that the model is told, and the most that it may answer.
CAP = (len(json.dumps(MEMBER)) + len(QUERY)) * 10_000 + 100 * 50_000
# 30 tokens read and 7 written: what the server of these tests says of each call.
USED = 30 * 10_000 + 7 * 50_000


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    def configure(prices: Any) -> None:
        monkeypatch.setenv("AI_COORDINATION_MODEL_PRICES", json.dumps(prices))
        settings.cache_clear()

    return configure


@pytest.fixture(autouse=True)
def _prices(priced: Callable[[Any], None]) -> None:
    priced(PRICES)


def dollars(nanodollars: int) -> dict[str, float]:
    return {"dollars": nanodollars / 10**9}


def seen(place: Place) -> dict[str, Any]:
    return dict(data(LOGS, {"c": place.coordination, "s": place.session})["session"])


def amounts(place: Place) -> tuple[int, int]:
    """What the session has committed, and its agents have reserved: nanodollars."""
    session = stored(models.Session, place.coordination, place.session)
    of_session = [one["sessionAgentUuid"] for one in agents(place).values()]
    items = [stored(models.SessionAgent, place.session, one) for one in of_session]
    reserved = sum(int(item.reserved_nanodollars or 0) for item in items)
    return int(session.committed_nanodollars or 0), reserved


def test_a_run_reserves_the_most_that_its_call_can_cost_and_gives_back_the_rest(
    models_server: ChatServer,
) -> None:
    during = []

    def look(request: Any) -> Reply:
        during.append(amounts(place))
        return saying("Done")

    models_server.behaviour = look
    place = start(blueprint(models_of(models_server, 1)), taskQuery=QUERY, budget=dollars(CAP))
    work_off()

    assert during == [(CAP, CAP)]
    assert amounts(place) == (USED, 0)
    found = seen(place)
    assert (found["status"], found["dollars"]) == ("COMPLETED", 0.00065)
    assert found["budget"] == {"tokens": None, "dollars": CAP / 10**9}


def test_a_session_fails_when_the_next_call_may_cost_more_than_is_left(
    models_server: ChatServer,
) -> None:
    place = started(models_of(models_server, 3), in_a_row(3), budget=dollars(CAP + USED))

    assert len(models_server.requests) == 2
    assert states(place) == {"m0": "COMPLETED", "m1": "COMPLETED", "m2": "CANCELLED"}
    assert failed_at(place) == (
        f"The session's budget of {(CAP + USED) / 10**9:g} dollars is used up:"
        f" {(CAP - USED) / 10**9:g} are left, and M2 needs up to {CAP / 10**9:g}"
    )
    assert amounts(place) == (2 * USED, 0)

    change("updateSession", {**place.key, "budget": dollars(CAP + 2 * USED)}, SESSION)
    change("retrySession", place.key, SESSION)
    work_off()
    assert seen(place)["status"] == "COMPLETED"
    assert amounts(place) == (3 * USED, 0)


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ({"dollars": 2.5, "tokens": 20}, "budget of 20 tokens is used up: 20 are left"),
        ({"dollars": 0.005, "tokens": 9_999}, "budget of 0.005 dollars is used up: 0.005 are"),
        ({"dollars": 0.5, "tokens": 999_999}, None),
    ],
)
def test_the_limit_that_is_reached_first_counts(
    models_server: ChatServer, budget: Any, reason: str | None
) -> None:
    place = started(models_of(models_server, 1), in_a_row(1), budget=budget)

    if reason is None:
        assert seen(place)["status"] == "COMPLETED"
    else:
        assert reason in failed_at(place)
    assert len(models_server.requests) == (reason is None)


def test_the_reason_says_what_the_history_of_a_thread_may_cost(models_server: ChatServer) -> None:
    models_server.answers(saying("Done"))
    key = blueprint(models_of(models_server, 1), in_a_row(1))
    for budget in ({"dollars": 1}, {"dollars": 0.0025}):
        place = start(key, taskQuery=QUERY, threadUuid="t", budget=budget)
        work_off()

    # The thread has `Which?` and `Done`, with two bytes between texts.
    message = failed_at(place)
    assert message.startswith("The session's budget of 0.0025 dollars is used up: 0.0025 are left")
    assert message.endswith(", 0.00014 of them for the history of its thread")


def test_each_run_is_charged_by_the_prices_of_its_time(
    models_server: ChatServer, priced: Callable[[Any], None]
) -> None:
    """The price doubles in the call: the run is charged the new one, and gives all else back."""

    def double(request: Any) -> Reply:
        priced({"m-1": {"input": 20, "output": 100}})
        return saying("Done")

    models_server.behaviour = double
    budget = {"dollars": 1}
    place = started(models_of(models_server, 2), in_a_row(2), budget=budget)
    assert (amounts(place), seen(place)["dollars"]) == ((4 * USED, 0), 0.0026)

    def forget(request: Any) -> Reply:
        priced({})
        return saying("Done")

    priced(PRICES)
    models_server.behaviour = forget
    place = started(models_of(models_server, 1), in_a_row(1), budget=budget)
    assert (amounts(place), seen(place)["dollars"]) == ((0, 0), None)


def test_a_model_that_has_lost_its_price_is_not_called(
    models_server: ChatServer, priced: Callable[[Any], None]
) -> None:
    place = start(blueprint(models_of(models_server, 1)), budget={"dollars": 1})
    priced({})
    work_off()

    (agent,) = agents(place).values()
    assert (agent["state"], models_server.requests) == ("FAILED", [])
    assert agent["notes"].endswith("has no price in AI_COORDINATION_MODEL_PRICES")


def test_without_a_budget_what_runs_cost_is_counted_too(models_server: ChatServer) -> None:
    models_server.answers(refusing(500), saying("Done"))
    retry = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}
    place = started(models_of(models_server, 1), [after("m0", **retry)])

    assert (amounts(place), seen(place)["dollars"]) == ((USED, 0), 0.00065)


def test_a_model_of_bedrock_is_priced_by_its_target(bedrock: ChatServer) -> None:
    place = started([bedrock_model(**MOST)], budget={"dollars": 1})

    session = stored(models.Session, place.coordination, place.session)
    usage = session.used_input_tokens, session.used_output_tokens
    assert session.used_nanodollars == usage[0] * 20_000 + usage[1] * 80_000 > 0


def test_reported_and_recorded_usage_is_deducted_by_the_model_that_it_names() -> None:
    actions = [after("a"), after("b", "a")]
    place = started([external("a"), echo("b")], actions, budget={"dollars": 0.0013})
    used = {"inputTokens": 60, "outputTokens": 8, "cacheReadInputTokens": 50}
    for name in ("m-7", "unknown", None):
        given = {"agentUuid": "other", "usage": {**used, "model": name}}
        create("recordSessionRun", {**place.key, **given})
    assert seen(place)["dollars"] == 0.001
    named = {"usage": {**used, "model": "m-8"}}
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "A", **named})

    assert (seen(place)["dollars"], amounts(place)) == (0.002, (2_000_000, 0))
    assert failed_at(place) == "The session's budget of 0.0013 dollars is used up: B cannot start"


def test_each_further_call_of_a_run_reserves_what_it_can_cost(
    models_server: ChatServer, functions: LambdaService
) -> None:
    functions.deploy("agent-stock", returning("60 pieces"))
    chat = Chat(models_server)
    chat.answers(chat.calls(Use("c1", "stock", {"item": "oolong"})), chat.says("60 pieces"))
    during, answer = [], models_server.behaviour

    def look(request: Any) -> Reply:
        during.append(amounts(place)[0])
        return answer(request)

    models_server.behaviour = look
    tool = {"lambda": "agent-stock", "name": "stock", "description": "Pieces"}
    member = chat.member(tools=[{**tool, "schema": {"type": "object"}}], **MOST)
    place = start(blueprint([member], [after("a")]), taskQuery=QUERY, budget={"dollars": 1})
    work_off()

    first, second = during
    assert first > CAP
    # The answer of the second call is reserved in full, and some input.
    assert second - first > 100 * 50_000
    assert (seen(place)["status"], amounts(place)) == ("COMPLETED", (2 * USED, 0))


@pytest.mark.parametrize("where", PLACES)
def test_a_model_without_a_price_cannot_take_part_in_a_session_with_a_budget_of_dollars(
    models_server: ChatServer, where: str
) -> None:
    members = [model(models_server.url, **{**MOST, "model": "free"})]

    is_refused_at(where, models_server, members, {"dollars": 2.5})


def test_a_price_of_nothing_is_a_price(
    models_server: ChatServer, priced: Callable[[Any], None]
) -> None:
    priced({"free": {"input": 0, "output": 0}})

    place = started([model(models_server.url, **{**MOST, "model": "free"})], budget={"dollars": 1})

    assert (seen(place)["status"], seen(place)["dollars"]) == ("COMPLETED", 0.0)


def test_the_refusal_names_the_member_and_the_setting() -> None:
    parameters = {"model": "free", **MOST}
    kinds: Any = models
    runtime = kinds.AgentRuntime(kind=AgentRuntimeKind.OPENAI, parameters=parameters)
    member = kinds.Agent(agent_uuid="a", agent_name="Writer", runtime=runtime)

    with pytest.raises(BadUserInput) as raised:
        budgets.check_members(kinds.Budget(nanodollars=1), "acme#sales", [member], "budget")

    assert raised.value.message == (
        "'Writer' needs a price of its model 'free' in AI_COORDINATION_MODEL_PRICES: the session"
        " has a budget of dollars"
    )


@pytest.mark.parametrize("budget", [None, {"tokens": 9_000}])
def test_a_session_that_has_started_gets_no_first_limit_of_dollars(budget: Any) -> None:
    place = started([external("a")], budget=budget)

    told = refused("updateSession", {**place.key, "budget": {"dollars": 5.0}})

    assert told == {"code": "INVALID_STATE", "state": "IN_PROGRESS"}


@pytest.mark.parametrize("amount", [0, -1, 0.0000001, 1_000_001])
def test_a_budget_of_dollars_is_from_a_millionth_to_a_million(amount: float) -> None:
    told = refused("startSession", {**blueprint([echo("a")]), "budget": {"dollars": amount}})

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "budget", "dollars"]}


def test_an_amount_is_kept_as_it_was_written() -> None:
    amounts_of = [0.1, 2.5, 0.000001, 1_000_000, 0.123456789]
    key = blueprint([echo("a")])

    kept = [seen(start(key, budget={"dollars": one}))["budget"]["dollars"] for one in amounts_of]

    assert kept == amounts_of
