"""What runs used is theirs, and the sums of it are the agents' and the session's."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.agent import spending
from ai_coordination.engine.context import Engine
from ai_coordination.models import due_times
from tests.api.execution import (
    AGENT,
    after,
    agents,
    external,
    model,
    report,
    session,
    started,
    tell,
    work_off,
)
from tests.support.chat_server import ChatServer, saying
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change, create, data
from tests.support.ids import short
from tests.support.recording import recorded_calls
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

USAGE = """usage {
    inputTokens outputTokens cacheReadInputTokens cacheWriteInputTokens reasoningTokens model
}"""
SPENT = f"""query ($c: ID!, $s: ID!) {{ session(coordinationUuid: $c, sessionUuid: $s) {{
    {USAGE}
    sessionAgents {{ nodes {{ agentUuid {USAGE} }} }}
    sessionRuns {{ nodes {{ agentUuid outcome {USAGE} }} }}
}} }}"""
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}


def tokens(
    read: int, written: int, cached: int | None = None, name: str | None = "nova"
) -> dict[str, Any]:
    """A usage as the API shows it."""
    return {
        "inputTokens": read,
        "outputTokens": written,
        "cacheReadInputTokens": cached,
        "cacheWriteInputTokens": None,
        "reasoningTokens": None,
        "model": name,
    }


def spent(place: Place) -> tuple[Any, dict[str, Any], list[Any]]:
    """The sum of the session, those of its agents, and what each run used."""
    found = data(SPENT, {"c": place.coordination, "s": place.session})["session"]
    of_agents = {one["agentUuid"]: one["usage"] for one in found["sessionAgents"]["nodes"]}
    return found["usage"], of_agents, [one["usage"] for one in found["sessionRuns"]["nodes"]]


def complete(place: Place, name: str, usage: dict[str, Any] | None = None) -> None:
    given = {**report(place, name), "agentOutput": f"By {name}", "usage": usage}
    tell("completeSessionAgent", given)


def fail(place: Place, name: str, usage: dict[str, Any], *, retryable: bool = True) -> None:
    given = {**report(place, name), "notes": "No", "usage": usage, "retryable": retryable}
    tell("failSessionAgent", given)


def agent_item(place: Place, name: str) -> models.SessionAgent:
    address = agents(place)[name]["sessionAgentUuid"]
    return stored(models.SessionAgent, place.session, address)


def test_a_run_has_its_own_usage_and_the_sums_have_failed_ones_too() -> None:
    place = started([external("a"), external("b")], [after("a", **TWICE), after("b", "a")])
    fail(place, "a", tokens(10, 1, cached=4))
    complete(place, "a", tokens(20, 2))
    assert spent(place)[0] == tokens(30, 3, cached=4), "a has ended, and b has not"

    complete(place, "b", tokens(5, 1, name="other"))

    total, of_agents, runs = spent(place)
    assert runs == [tokens(10, 1, cached=4), tokens(20, 2), tokens(5, 1, name="other")]
    assert of_agents == {"a": tokens(30, 3, cached=4), "b": tokens(5, 1, name="other")}
    assert total == tokens(35, 4, cached=4, name=None)


def test_every_count_of_a_report_is_kept_and_added() -> None:
    place = started([external("a"), external("b")])
    every: dict[str, Any] = {
        "inputTokens": 9,
        "outputTokens": 8,
        "cacheReadInputTokens": 3,
        "cacheWriteInputTokens": 2,
        "reasoningTokens": 1,
        "model": "nova",
    }

    complete(place, "a", every)
    complete(place, "b", every)

    total, of_agents, runs = spent(place)
    assert runs == [every] * 2
    assert of_agents == {"a": every, "b": every}
    doubled = {name: count if name == "model" else 2 * count for name, count in every.items()}
    assert total == doubled


def test_a_run_that_reports_none_has_none_and_changes_no_sum() -> None:
    place = started([external("a")], [after("a", **TWICE)])
    fail(place, "a", tokens(10, 1))

    complete(place, "a")

    assert spent(place) == (tokens(10, 1), {"a": tokens(10, 1)}, [tokens(10, 1), None])
    assert agent_item(place, "a").usage is None


def test_a_session_without_usage_shows_none() -> None:
    place = started([external("a")])

    complete(place, "a")

    assert spent(place) == (None, {"a": None}, [None])


def test_a_sum_does_not_exceed_what_the_api_can_show() -> None:
    most = tokens(2_147_483_647, 0)
    place = started([external("a"), external("b")])

    complete(place, "a", most)
    complete(place, "b", most)

    assert spent(place)[0] == most
    kept = stored(models.Session, place.coordination, place.session)
    assert kept.used_input_tokens == 2 * 2_147_483_647


def test_an_agent_that_asks_is_charged_at_once_and_not_again_when_it_is_answered() -> None:
    place = started([external("a")], [after("a", userInTheLoop="APPROVAL")])
    complete(place, "a", tokens(7, 2))
    asking = spent(place)

    tell("answerSessionAgent", {**report(place, "a"), "approved": True})

    assert asking == spent(place) == (tokens(7, 2), {"a": tokens(7, 2)}, [tokens(7, 2)])


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_what_agents_used_before_their_session_ends_is_charged(how: str) -> None:
    far = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
    place = started([external("a"), external("b")], [after("a", **far), after("b")])
    fail(place, "a", tokens(7, 2))
    assert spent(place)[0] is None

    if how == "cancelled":
        change("cancelSession", place.key, "session { id }")
    else:
        fail(place, "b", tokens(1, 1), retryable=False)
    work_off()

    charged = tokens(7, 2) if how == "cancelled" else tokens(8, 3)
    assert spent(place)[0] == charged
    assert {agents(place)["a"]["state"], session(place)["status"]} == {"CANCELLED", how.upper()}
    assert agent_item(place, "a").unsettled_usage is None


def test_sums_go_on_when_a_session_is_retried() -> None:
    place = started([external("a")], [after("a", retry={"maxAttempts": 1})])
    fail(place, "a", tokens(10, 1))
    change("retrySession", place.key, "session { id }")
    work_off()
    again = spent(place)

    complete(place, "a", tokens(20, 2))

    assert again[:2] == (tokens(10, 1), {"a": tokens(10, 1)})
    assert spent(place)[:2] == (tokens(30, 3), {"a": tokens(30, 3)})


def test_an_answer_that_a_model_was_paid_for_counts_though_it_does_not_fit(
    models_server: ChatServer,
) -> None:
    schema = {"type": "object", "properties": {"verdict": {"enum": ["yes"]}}}
    models_server.answers(saying("prose"), saying('{"verdict": "yes"}'))

    place = started([model(models_server.url, outputSchema=schema)], [after("a", **TWICE)])

    total, of_agents, runs = spent(place)
    assert runs == [tokens(30, 7, name="m-1")] * 2
    assert of_agents == {"a": total}
    assert total == tokens(60, 14, name="m-1")


def test_a_recorded_run_is_part_of_both_sums() -> None:
    place = started([external("a")])
    address = agents(place)["a"]["sessionAgentUuid"]
    given = {**place.key, "agentUuid": "a", "outcome": "COMPLETED"}
    create("recordSessionRun", {**given, "usage": tokens(1, 2)})
    create("recordSessionRun", {**given, "sessionAgentUuid": address, "usage": tokens(3, 4)})

    complete(place, "a", tokens(5, 6))

    total, of_agents, _ = spent(place)
    assert (total, of_agents) == (tokens(9, 12), {"a": tokens(8, 10)})


@pytest.mark.parametrize(
    ("wrong", "member"),
    [
        ({"inputTokens": -1}, "inputTokens"),
        ({"cacheReadInputTokens": -1}, "cacheReadInputTokens"),
        ({"cacheWriteInputTokens": -1}, "cacheWriteInputTokens"),
        ({"reasoningTokens": -1}, "reasoningTokens"),
        ({"model": ""}, "model"),
        ({"model": "m" * 257}, "model"),
    ],
    ids=short,
)
@pytest.mark.parametrize("mutation", ["completeSessionAgent", "failSessionAgent"])
def test_a_usage_that_is_wrong_is_refused_at_its_place(
    mutation: str, wrong: dict[str, Any], member: str
) -> None:
    place = started([external("a")])
    text = {"completeSessionAgent": "agentOutput", "failSessionAgent": "notes"}[mutation]
    given = {**report(place, "a"), text: "Done", "usage": {**tokens(1, 1), **wrong}}

    told = refused(mutation, given)

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "usage", member]}
    assert agents(place)["a"]["state"] == "IN_PROGRESS"


def test_only_usage_costs_a_transaction_when_an_agent_rests() -> None:
    """The sum is part of the write that completes. The last write becomes a transaction."""
    operations = []
    for usage in (None, tokens(1, 2)):
        place = started([external("a")])
        given = {**report(place, "a"), "agentOutput": "Done", "usage": usage}
        with recorded_calls() as calls:
            change("completeSessionAgent", given, AGENT)
        operations.append([call.operation for call in calls if call.service == "dynamodb"])

    without, charged = operations
    assert charged == [*without[:-2], "TransactWriteItems", without[-1]]
    assert without[-2:] == ["UpdateItem", "GetItem"]


def rested(usages: int) -> tuple[Place, list[models.SessionAgent]]:
    """Agents that have ended, as a worker reads them before it settles them."""
    place = started([external(f"a{number}") for number in range(usages)])
    for number in range(usages):
        complete(place, f"a{number}")
    ended = []
    kind = models.SessionAgent
    for number in range(usages):
        agent = agent_item(place, f"a{number}")
        due = due_times.set_due(kind, place.session, agent.updated_at)
        usage: Any = {"input_tokens": 1, "output_tokens": number}
        agent.update([kind.unsettled_usage.set(usage), *due])
        ended.append(agent_item(place, f"a{number}"))
    return place, ended


def test_the_agents_of_a_batch_are_settled_in_one_transaction_and_each_once() -> None:
    place, ended = rested(3)
    engine = Engine(queue=None, context=SYSTEM)  # type: ignore[arg-type]
    spending.settle(engine, ended[:1])

    with recorded_calls() as calls:
        # Another worker has settled the first, so they are settled one by one.
        spending.settle(engine, ended)
        spending.settle(engine, ended)

    assert [call.operation for call in calls] == ["TransactWriteItems"] * 8
    assert spent(place)[0] == tokens(3, 3, name=None)
    assert [agent_item(place, f"a{number}").due_at for number in range(3)] == [None] * 3


def test_a_batch_is_one_transaction_also_if_it_has_an_agent_twice() -> None:
    place, ended = rested(3)
    engine = Engine(queue=None, context=SYSTEM)  # type: ignore[arg-type]

    with recorded_calls() as calls:
        spending.settle(engine, [*ended, ended[0]])

    assert [call.operation for call in calls] == ["TransactWriteItems"]
    assert spent(place)[0] == tokens(3, 3, name=None)
