"""Questions to a user or a group: whom agents ask, and how people find what is theirs."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from tests.api.execution import (
    after,
    blueprint,
    echo,
    external,
    report,
    start,
    started,
    tell,
    work_off,
)
from tests.api.growing import mapped, rows
from tests.api.inbox import (
    APPROVAL,
    EVE,
    INBOX,
    LISTED,
    MAX,
    MIA,
    SERVICE,
    asks,
    inbox,
    person,
    to,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, RIVAL, change, data, error, refusal
from tests.support.recording import recorded_calls
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_a_question_is_listed_for_the_user_or_the_group_that_it_is_to() -> None:
    to_mia, to_max, to_all = to({"assignee": "mia"}), to({"assignee": "max"}), to({})
    late = to({"group": "finance"})
    soon = to({"group": "finance"}, answerTimeoutSeconds=60)

    assert (inbox(MIA), inbox(MAX), inbox(EVE)) == ([to_mia.session], [to_max.session], [])
    assert inbox(EVE, assignee="mia") == [to_mia.session]
    # Those that expire first come first.
    assert inbox(EVE, group="finance") == [soon.session, late.session]
    assert inbox(MIA, group="ops") == inbox(MIA, group="mia") == inbox(MIA, assignee="ops") == []
    assert inbox(Caller("globex", "sales", "mia", context=SYSTEM)) == []
    everything = {one.session for one in (to_mia, to_max, to_all, late, soon)}
    rows = data(INBOX, {}, MIA)["openSessionAgents"]["nodes"]
    assert {row["sessionUuid"] for row in rows} == everything
    assert (inbox(RIVAL, assignee="mia"), inbox(RIVAL, group="finance")) == ([], [])


def test_a_list_of_questions_is_one_query_and_shows_whom_they_are_to() -> None:
    place = to({"assignee": "mia"})
    to({"group": "ops"}, answerTimeoutSeconds=60)

    with recorded_calls() as calls:
        (row,) = data(INBOX, {"of": {"mine": True}}, MIA)["openSessionAgents"]["nodes"]
        (other,) = data(INBOX, {"of": {"group": "ops"}}, MIA)["openSessionAgents"]["nodes"]

    assert [call.operation for call in calls] == ["Query", "Query"]
    asked_at = row["ask"].pop("askedAt")
    nobody = {"claimedBy": None, "claimedAt": None}
    mine = {"title": "Pay it?", "assignee": "mia", "group": None, **nobody, "dueAt": None}
    assert row == {"sessionUuid": place.session, "agentUuid": "a", "ask": mine}
    assert (other["ask"]["group"], other["ask"]["assignee"]) == ("ops", None)
    assert other["ask"]["dueAt"] > other["ask"]["askedAt"] >= asked_at
    # What an index does not have is one more read for all rows.
    document = f"""{{ openSessionAgents(state: WAITING_FOR_INPUT) {{ nodes {{
        sessionUuid {LISTED} more: ask {{ title askedAt dueAt assignee group kind }}
    }} }} }}"""
    with recorded_calls() as calls:
        whole = data(document, caller=MIA)["openSessionAgents"]["nodes"]
    assert [call.operation for call in calls] == ["Query", "BatchGetItem"]
    for one in whole:
        assert one["more"].pop("kind") == "APPROVAL"
        assert one["more"].items() <= one["ask"].items()


def test_a_page_of_questions_continues_after_the_last_one() -> None:
    places = [to({"group": "ops"}) for _ in range(3)]
    sessions = [place.session for place in places]

    given: dict[str, Any] = {"of": {"group": "ops"}, "first": 2}
    page = data(INBOX, given)["openSessionAgents"]
    after_it = {**given, "after": page["pageInfo"]["endCursor"]}
    rest = data(INBOX, after_it)["openSessionAgents"]

    assert [row["sessionUuid"] for row in page["nodes"]] == sessions[:2]
    assert [row["sessionUuid"] for row in rest["nodes"]] == sessions[2:]
    assert (page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    for of in ({"group": "finance"}, {"assignee": "ops"}, None):
        assert error(INBOX, {**after_it, "of": of})["inputPath"] == ["after"]


@pytest.mark.parametrize(
    ("of", "path"),
    [
        ({}, ["of"]),
        ({"mine": True, "group": "ops"}, ["of"]),
        ({"group": "ops", "assignee": "mia"}, ["of"]),
        ({"mine": None, "group": None}, ["of"]),
        ({"mine": False}, ["of", "mine"]),
        ({"group": ""}, ["of", "group"]),
        ({"group": "x" * 257}, ["of", "group"]),
        ({"assignee": ""}, ["of", "assignee"]),
        ({"assignee": "x" * 513}, ["of", "assignee"]),
    ],
)
def test_a_list_of_questions_is_of_one_user_or_one_group(of: Any, path: list[str]) -> None:
    assert error(INBOX, {"of": of}, MIA) == {"code": "BAD_USER_INPUT", "inputPath": path}


def test_work_elsewhere_and_callers_without_a_user_have_no_questions() -> None:
    work = INBOX.replace("WAITING_FOR_INPUT", "IN_PROGRESS")

    assert error(work, {"of": {"mine": True}}, MIA)["inputPath"] == ["state"]
    assert error(INBOX, {"of": {"mine": True}}, SERVICE)["inputPath"] == ["of", "mine"]


def test_open_work_may_be_that_of_one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_coordination.models.reads.MOST_KEYS_OF_A_BATCH", 2)
    rule = {"ask": {**APPROVAL, "assignee": "mia"}}
    keys = [blueprint([echo("a")], [after("a", **rule)]) for _ in range(2)]
    sessions = [start(keys[number], taskQuery="{}").session for number in (0, 1, 1, 0, 1, 0)]
    work_off()

    def pages(first: int, **more: Any) -> list[list[str]]:
        given: dict[str, Any] = {"task": keys[0]["taskUuid"], "first": first, **more}
        found = []
        while True:
            page = data(INBOX, given, MIA)["openSessionAgents"]
            found.append([row["sessionUuid"] for row in page["nodes"]])
            if not page["pageInfo"]["hasNextPage"]:
                return found
            given["after"] = page["pageInfo"]["endCursor"]

    mine = [sessions[0], sessions[3], sessions[5]]
    for more in ({}, {"of": {"mine": True}}):
        assert pages(10, **more) == [mine]
        assert pages(3, **more) == [mine]
        assert pages(1, **more) == [mine[:1], mine[1:2], mine[2:]]
    with recorded_calls() as calls:
        data(INBOX, {"task": keys[1]["taskUuid"], "first": 1}, MIA)
    assert [call.operation for call in calls] == ["Query", "BatchGetItem"]
    assert pages(1, task=sessions[0]) == [[]]
    assert error(INBOX, {"task": "x"})["inputPath"] == ["taskUuid"]


def test_a_name_may_have_variables_of_the_task_query() -> None:
    place = to({"assignee": "{team}-{{lead}}"}, '{"team": "blue", "n": 7}')
    group = to({"group": "level-{n}"}, '{"team": "blue", "n": 7}')

    assert asks(place) == [("a", "blue-{lead}", None)]
    assert asks(group) == [("a", None, "level-7")]
    assert inbox(person("blue-{lead}")) == [place.session]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("{reviewer}", "Which?"),
        ("{reviewer}", '{"other": "mia"}'),
        ("{reviewer}", '{"reviewer": ""}'),
        ("{reviewer}", '{"reviewer": "\\u202emia"}'),
        ("{reviewer}{reviewer}", f'{{"reviewer": "{"x" * 200}"}}'),
    ],
)
@pytest.mark.parametrize("kind", ["assignee", "group"])
def test_a_name_that_cannot_be_filled_is_refused_at_the_start(
    kind: str, name: str, query: str
) -> None:
    key = blueprint([echo("a")], [after("a", ask={**APPROVAL, kind: name})])

    refused = refusal("startSession", {**key, "taskQuery": query})

    assert refused == {"code": "BAD_USER_INPUT", "inputPath": ["input", "taskQuery"]}


def test_each_element_of_a_list_may_be_for_somebody_else() -> None:
    reviewers = '[{"to": "mia"}, {"to": "max"}, {"to": "mia"}]'
    rule = {**APPROVAL, "assignee": "{item.to}-{index}"}

    place = mapped(reviewers, "Read it", ask=rule)

    elements = [one for one in rows(place) if one.item_index is not None]
    of_elements = [(one.asked_user, one.asked_of) for one in elements]
    names = ["mia-0", "max-1", "mia-2"]
    assert of_elements == [(name, f"acme#sales#u#{name}") for name in names]
    assert asks(place) == [("b", name, None) for name in names]

    lacking = mapped('[{"to": "mia"}, {}]', "Read it", ask={**APPROVAL, "group": "{item.to}"})
    too_long = mapped(f'["{"x" * 257}"]', "Read it", ask={**APPROVAL, "group": "{item}"})
    no_member, no_name = "Element 1 of `forEach.items`", "names nobody to ask"
    for failed, why in ((lacking, no_member), (too_long, no_name)):
        (one,) = [one for one in rows(failed) if one.agent_uuid == "b"]
        assert (one.state, why in one.notes) == ("failed", True)


def test_a_large_list_whose_rest_is_written_later_asks_whom_each_element_names() -> None:
    elements = ", ".join(f'"user-{number}"' for number in range(120))

    place = mapped(f"[{elements}]", "Read it", ask={**APPROVAL, "assignee": "{item}"})

    asked = [one.asked_user for one in rows(place) if one.item_index is not None]
    assert sorted(asked) == sorted(f"user-{number}" for number in range(120))


def test_rounds_copies_of_tasks_and_delegated_work_ask_whom_their_rules_name() -> None:
    members = [echo("a"), echo("b")]
    rule = {"ask": {**APPROVAL, "assignee": "{who}"}}
    until = {"repeat": {"until": "`true`", "maxRounds": 2}}
    loop = started(members, [after("a", **rule, **until)], taskQuery='{"who": "mia"}')
    assert asks(loop) == [("a", "mia", None)]

    inner = blueprint(members, [after("b", **rule)])
    outer = {"coordinationUuid": inner["coordinationUuid"], "taskName": "Outer"}
    actions = [after("a", taskUuid=inner["taskUuid"], input="taskQuery")]
    made = change("createTask", {**outer, "agentActions": actions}, "task { taskUuid }")["task"]
    copy = start({**inner, **made}, taskQuery='{"who": "max"}')
    work_off()
    assert asks(copy) == [("b", "max", None)]

    team = [external("a"), echo("b")]
    actions = [after("a", delegatesTo=["b"]), after("b", **rule)]
    lead = started(team, actions, taskQuery='{"who": "eve"}')
    given = report(lead, "a")
    tell("delegateSessionAgent", {**given, "work": [{"agentUuid": "b", "subtaskQuery": "Pay"}]})
    assert asks(lead) == [("b", "eve", None)]


def test_an_agents_own_question_is_to_the_same_person_and_so_is_each_further_one() -> None:
    rule = {**APPROVAL, "assignee": "mia"}
    place = started([external("a")], [after("a", ask=rule)], taskQuery="{}")
    tell("askSessionAgent", {**report(place, "a"), "question": "Which account?"})
    (row,) = data(INBOX, {"of": {"mine": True}}, MIA)["openSessionAgents"]["nodes"]
    assert (row["ask"]["title"], row["ask"]["assignee"]) == (None, "mia")

    tell("answerSessionAgent", {**report(place, "a"), "userInput": "The first"}, MIA)
    assert inbox(MIA) == []
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Paid"})
    assert inbox(MIA) == [place.session]
    change("cancelSession", place.key, "__typename")
    work_off()
    assert inbox(MIA) == []
    (agent,) = rows(place)
    assert (agent.asked_of, agent.asked_order, agent.asked_title) == (None, None, None)
    change("retrySession", place.key, "__typename")
    work_off()
    assert inbox(MIA) == [place.session]


def test_a_user_whose_key_would_be_too_long_has_an_inbox_too() -> None:
    name = "\N{OLD ITALIC LETTER A}" * 256
    tenant = "\N{OLD ITALIC LETTER A}" * 128
    caller = Caller(tenant, tenant, name, context=SYSTEM)

    key = models.asked_of_user(caller.partition_key, name)

    assert len(key.encode()) <= 2_048
    assert inbox(caller) == []


def test_nothing_is_listed_and_nothing_more_is_written_for_a_question_to_all() -> None:
    place = to({})

    agent: Any = stored(models.SessionAgent, place.session, rows(place)[0].session_agent_uuid)

    assert agent.open_as == models.open_as(CALLER.partition_key, "waiting_for_input")
    assert (agent.asked_of, agent.asked_order) == (None, None)
