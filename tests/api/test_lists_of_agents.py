"""Agents that are run once for each element of a list."""

import json
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.context import InvocationContext
from ai_coordination.engine import factory, message_handler
from ai_coordination.engine.agent.growth import grow, rest
from ai_coordination.engine.context import message
from ai_coordination.models import writes
from tests.api.execution import after, agents, echo, outcomes, session, started, states, tell
from tests.api.growing import ONCE, by_parent, mapped, rows, stored_session
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change, refusal

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_an_agent_is_run_for_each_element_and_answers_with_the_list_of_what_was_said() -> None:
    place = mapped('["x", {"n": 1}, 7, true, ["y"]]', "{index}: {item}!")

    added = by_parent(place)["b"]
    assert [one.subtask_query for one in added] == [
        "0: x!",
        '1: {"n": 1}!',
        "2: 7!",
        "3: true!",
        '4: ["y"]!',
    ]
    assert [(one.item_index, one.round, one.depth, one.ordinal) for one in added] == [
        (index, 1, 1, 3 + index) for index in range(5)
    ]
    [parent] = [one for one in rows(place) if one.agent_uuid == "b" and one.parent_ordinal is None]
    assert parent.state == "completed"
    assert json.loads(parent.agent_output) == [one.agent_output for one in added]
    assert parent.agent_input is None
    assert session(place)["status"] == "COMPLETED"
    now = stored_session(place)
    assert (now.agent_count, now.graph_size, now.next_ordinal) == (8, 8, 8)
    assert outcomes(place) == [(name, 1, "COMPLETED") for name in "a" + 6 * "b" + "c"]


@pytest.mark.parametrize(
    ("query", "more", "told"),
    [
        ("Sum up", {}, ["Sum up\n\nx", 'Sum up\n\n{"n": {"m": 1}}']),
        ("{{item}} {index}", {}, ["{item} 0", "{item} 1"]),
        ("Sum up", {"input": "{of: item, at: index}"}, ['{"of": "x", "at": 0}', None]),
        ("Sum up", {"input": "join(' ', [query, outputs.a[0], to_string(index)])"}, None),
    ],
)
def test_an_element_is_told_by_input_or_query_or_follows_the_query(
    query: str, more: dict[str, Any], told: list[str | None] | None
) -> None:
    place = mapped('["x", {"n": {"m": 1}}]', query, **more)

    told = told or ["Sum up x 0", "Sum up x 1"]
    said = [one.subtask_query for one in by_parent(place)["b"]]
    assert said == [text or '{"of": {"n": {"m": 1}}, "at": 1}' for text in told]


def test_variables_and_members_of_an_element_are_filled_at_once() -> None:
    members = [echo("a"), echo("b")]
    actions = [after("a"), after("b", "a", forEach={"items": "outputs.a"})]
    queries = [("a", '[{"n": {"m": "{x}"}}]'), ("b", "{x}: {item.n.m} {item.n} {{index}} {index}")]
    place = started(
        members,
        actions,
        taskQuery='{"x": "{index}"}',
        subtaskQueries=[{"agentUuid": name, "subtaskQuery": text} for name, text in queries],
    )

    [one] = by_parent(place)["b"]
    assert one.subtask_query == '{index}: {index} {"m": "{index}"} {index} 0'


def test_an_empty_list_adds_no_agents() -> None:
    place = mapped("[]")

    assert [one.agent_uuid for one in rows(place)] == ["a", "b", "c"]
    assert agents(place)["b"]["agentOutput"] == "[]"
    assert session(place)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("items", "query", "more", "notes"),
    [
        ("no list", None, {}, "`forEach.items` gives a text, and not a list"),
        ("", None, {}, "`forEach.items` gives a text, and not a list"),
        ('["x", null]', None, {}, "Element 1 of `forEach.items` (the first is 0) is null"),
        ('[{"n": 1}, {}]', "{item.n}", {}, "Element 1 of `forEach.items` (the first is 0) has no"),
        ('["x"]', "{item.n.m}", {}, "(the first is 0) has no 'n.m'"),
        ("[1]", None, {"input": "length(item)"}, "`input` has failed: "),
        (str([1] * 998), None, {}, "there is room for 997 more, and not for 998"),
        (str([1] * 5000), None, {}, "A session has at most 1000 agents"),
    ],
)
def test_what_cannot_be_a_list_fails_the_agent_at_once_and_adds_nothing(
    items: str, query: str | None, more: dict[str, Any], notes: str
) -> None:
    place = mapped(items, query, retry={"maxAttempts": 3}, **more)

    failed = agents(place)["b"]
    assert notes in failed["notes"]
    assert states(place) == {"a": "COMPLETED", "b": "FAILED", "c": "CANCELLED"}
    assert outcomes(place) == [("a", 1, "COMPLETED")]
    now = stored_session(place)
    assert (now.agent_count, now.graph_size, now.next_ordinal) == (3, 3, 3)
    assert [one.ordinal for one in rows(place)] == [0, 1, 2]


def _complete(place: Place, agent: models.SessionAgent) -> None:
    key = {
        "sessionUuid": place.session,
        "sessionAgentUuid": agent.session_agent_uuid,
        "runUuid": agent.current_run_uuid,
    }
    tell("completeSessionAgent", {**key, "agentOutput": agent.subtask_query})


def test_more_failures_than_are_tolerated_fail_the_agent_after_all_have_ended() -> None:
    members = [echo("a"), echo("b", fail="No"), echo("c")]

    tolerated = mapped("[1, 2]", each={"toleratedFailures": 2}, members=members, retry=ONCE)
    place = mapped("[1, 2]", each={"toleratedFailures": 1}, members=members, retry=ONCE)

    assert agents(tolerated)["c"]["state"] == "COMPLETED"
    [parent] = [one for one in rows(tolerated) if one.ordinal == 1]
    assert (parent.state, parent.agent_output) == ("completed", "[null, null]")
    assert [one.agent_action.on_failure for one in by_parent(place)["b"]] == 2 * ["continue"]
    parent = rows(place)[1]
    assert parent.state == "failed"
    assert parent.notes == "2 of 2 elements have failed, and 1 may: see `children`"
    assert [one.state for one in by_parent(place)["b"]] == ["failed", "failed"]
    assert session(place)["status"] == "FAILED"


@pytest.mark.parametrize(
    ("policy", "status", "output"),
    [("FAIL_SESSION", "FAILED", None), ("SKIP_SUCCESSORS", "COMPLETED", "[null, null]")],
)
def test_without_a_number_of_failures_elements_keep_the_policy_of_the_agent(
    policy: str, status: str, output: str | None
) -> None:
    members = [echo("a"), echo("b", fail="No"), echo("c")]
    place = mapped("[1, 2]", members=members, retry=ONCE, onFailure=policy)

    assert session(place)["status"] == status
    assert rows(place)[1].agent_output == output
    assert rows(place)[2].state == ("completed" if output else "cancelled")


def test_so_many_elements_run_at_a_time_as_the_action_says() -> None:
    members = [echo("a"), {**echo("b"), "runtime": {"kind": "EXTERNAL"}}, echo("c")]
    place = mapped("[0, 1, 2, 3, 4]", "{item}", each={"maxConcurrency": 2}, members=members)

    order: list[list[str]] = []
    while working := [one for one in rows(place) if one.state == "in_progress"]:
        order.append([one.subtask_query for one in working])
        # The later one first: the next begins after the one two places before it.
        _complete(place, working[-1])
    assert order == [["0", "1"], ["0", "3"], ["0"], ["2"], ["4"]]
    assert session(place)["status"] == "COMPLETED"
    edges = [(one.order_predecessors, one.order_successors) for one in by_parent(place)["b"]]
    assert edges == [(None, {5}), (None, {6}), ({3}, {7}), ({4}, None), ({5}, None)]


@pytest.mark.parametrize(("count", "is_small"), [(4, True), (5, False)])
def test_a_growth_is_one_transaction_as_long_as_it_fits(
    count: int, monkeypatch: pytest.MonkeyPatch, *, is_small: bool
) -> None:
    monkeypatch.setattr(grow, "MOST_AT_ONCE", 4)
    monkeypatch.setattr(rest, "CHUNK", 3)
    written: list[int] = []
    commit = writes.Transaction.commit

    def counting(transaction: writes.Transaction, context: InvocationContext) -> None:
        puts = sum("Put" in part and "round" in part["Put"]["Item"] for part in transaction._parts)
        if puts:
            written.append(puts)
        commit(transaction, context)

    monkeypatch.setattr(writes.Transaction, "commit", counting)
    place = mapped(json.dumps(list(range(count))), "{item}")

    assert written == ([4] if is_small else [3, 2])
    assert [one.subtask_query for one in by_parent(place)["b"]] == [str(at) for at in range(count)]
    assert json.loads(rows(place)[1].agent_output) == list(map(str, range(count)))
    assert session(place)["status"] == "COMPLETED"
    assert stored_session(place).agent_count == count + 3


@pytest.mark.stress
def test_a_session_has_up_to_1000_agents_and_a_list_of_997_fills_it() -> None:
    place = mapped(json.dumps(list(range(997))), "{item}")

    assert session(place)["status"] == "COMPLETED"
    now = stored_session(place)
    assert (now.agent_count, now.graph_size, now.next_ordinal) == (1000, 1000, 1000)
    assert json.loads(rows(place)[1].agent_output) == list(map(str, range(997)))
    assert rows(place)[1].growing is None


def test_people_judge_the_elements_and_not_the_list() -> None:
    schema = {"type": "object"}
    more: dict[str, Any] = {"userInTheLoop": "APPROVAL", "outputSchema": schema, "retry": ONCE}
    place = mapped('[{"n": 1}, {"n": 2}]', "{item}", **more)

    asking = [one for one in rows(place) if one.state == "waiting_for_input"]
    assert [one.item_index for one in asking] == [0, 1]
    for one in asking:
        key = {"sessionUuid": place.session, "sessionAgentUuid": one.session_agent_uuid}
        tell("answerSessionAgent", {**key, "runUuid": one.current_run_uuid, "approved": True})
    said = [one["agentOutput"] for one in json.loads(rows(place)[1].agent_output)]
    assert said == [{"n": 1}, {"n": 2}]
    assert session(place)["status"] == "COMPLETED"


def test_large_elements_and_outputs_are_in_the_bucket(bucket: None) -> None:
    items = ["x" * 6_000, "y" * 6_000]
    place = mapped(json.dumps(items), "{item}")

    added = by_parent(place)["b"]
    assert all(isinstance(one.subtask_query, models.LargeText) for one in added)
    by_uuid = {one["sessionAgentUuid"]: one for one in session(place)["sessionAgents"]["nodes"]}
    parent = by_uuid[rows(place)[1].session_agent_uuid]
    assert json.loads(parent["agentOutput"]) == items


def test_a_session_whose_plan_of_a_growth_is_lost_fails_and_says_why(bucket: None) -> None:
    members = [echo("a"), {**echo("b"), "runtime": {"kind": "EXTERNAL"}}, echo("c")]
    place = mapped("[1, 2]", members=members)
    parent = rows(place)[1]
    lost = models.LargeText(f"{place.coordination}/{place.session}", "0" * 64, 10)
    kind = models.SessionAgent
    writes.update_if(parent, [kind.growing.set(lost)], kind.state == "initial", SYSTEM)

    message_handler.work(factory.of_a_worker(SYSTEM, 60), message(parent))

    now = stored_session(place)
    assert now.status == "failed"
    assert now.logs[-1].message == (
        "B cannot add its agents: A large text is missing from the bucket"
    )
    assert [one.state for one in rows(place)[1:]] == 4 * ["cancelled"]
    assert rows(place)[1].growing is None


def test_a_session_that_has_grown_is_deleted_agent_by_agent_and_not_retried_meanwhile() -> None:
    members = [echo("a"), echo("b", fail="No"), echo("c")]
    place = mapped("[1, 2]", members=members, retry=ONCE)
    key = {"coordinationUuid": place.coordination, "sessionUuid": place.session}
    assert session(place)["status"] == "FAILED"

    for one in reversed(rows(place)):
        given = {"sessionUuid": place.session, "sessionAgentUuid": one.session_agent_uuid}
        for run in models.SessionRun.query(place.session):
            if run.session_agent_uuid == one.session_agent_uuid:
                of_run = {"sessionUuid": place.session, "runUuid": run.run_uuid}
                change("deleteSessionRun", of_run, "deletedId")
        change("deleteSessionAgent", given, "deletedId")
        if rows(place):
            assert refusal("retrySession", key)["code"] == "INVALID_STATE"
    change("deleteSession", key, "deletedId")
