"""People claim questions, release them, and answer what is theirs."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import writes
from ai_coordination.models.writes import Outcome
from benchmarks.units import kept
from tests.api.asking import invalid, time_out
from tests.api.execution import after, agents, external, report, started, states, tell
from tests.api.inbox import (
    APPROVAL,
    EVE,
    INBOX,
    MAX,
    MIA,
    ROLE,
    SERVICE,
    inbox,
    message_of,
    person,
    to,
)
from tests.support.graph_api import CALLER, RIVAL, Place, change, data, refusal
from tests.support.recording import recorded_calls
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

AGENT = """sessionAgent { version updatedAt updatedBy state
    ask { claimedBy claimedAt answeredBy assignee group } }"""
YES = {"approved": True}


def claim(given: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    return dict(change("claimSessionAgent", given, AGENT, caller)["sessionAgent"])


def release(given: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    return dict(change("releaseSessionAgent", given, AGENT, caller)["sessionAgent"])


def item(place: Place) -> Any:
    uuid = agents(place)["a"]["sessionAgentUuid"]
    return stored(models.SessionAgent, place.session, uuid)


def test_who_claims_a_question_has_it_until_it_is_released() -> None:
    place = to({"group": "finance"})
    given = report(place, "a")
    before = item(place)

    with recorded_calls() as calls:
        claimed = claim(given, MIA)

    assert [call.operation for call in calls] == ["GetItem", "UpdateItem"]
    assert claimed["ask"]["claimedBy"] == claimed["updatedBy"] == "mia"
    assert claimed["ask"]["claimedAt"] == claimed["updatedAt"] > before.updated_at
    assert (claimed["version"], claimed["state"]) == (before.version + 1, "WAITING_FOR_INPUT")
    assert (inbox(MIA), inbox(MAX), inbox(MAX, group="finance")) == ([place.session], [], [])
    (row,) = data(INBOX, {"of": {"mine": True}}, MIA)["openSessionAgents"]["nodes"]
    assert row["ask"]["claimedBy"] == "mia"
    # The same claim again changes nothing, and others are told who has it.
    assert claim(given, MIA) == claimed
    why = ("INVALID_STATE", "'mia' has claimed this question")
    for name, more in (("claim", {}), ("release", {}), ("answer", YES)):
        assert message_of(f"{name}SessionAgent", {**given, **more}, MAX) == why

    released = release(given, MIA)

    assert released["ask"]["claimedBy"] is released["ask"]["claimedAt"] is None
    assert released["version"] == claimed["version"] + 1
    assert (inbox(MIA), inbox(MAX, group="finance")) == ([], [place.session])
    assert release(given, MAX) == release(given, MIA) == released
    assert item(place).asked_order == before.asked_order
    assert claim(given, MAX)["ask"]["claimedBy"] == "max"
    assert tell("answerSessionAgent", {**given, **YES}, MAX)["state"] == "COMPLETED"
    agent = item(place)
    claims = (agent.claimed_by, agent.claimed_at, agent.asked_of, agent.asked_order)
    assert (agent.answered_by, *claims) == ("max", None, None, None, None)


def test_a_question_to_all_is_in_nobodys_list_until_it_is_claimed() -> None:
    place = to({})
    given = report(place, "a")

    claim(given, EVE)
    assert inbox(EVE) == [place.session]
    assert refused("answerSessionAgent", {**given, **YES}, MIA) == invalid("WAITING_FOR_INPUT")
    release(given, EVE)

    assert inbox(EVE) == []
    assert item(place).asked_of is None
    assert tell("answerSessionAgent", {**given, **YES}, MIA)["state"] == "COMPLETED"


@pytest.mark.parametrize(
    ("rule", "allowed", "other", "named"),
    [
        ({"assignee": "mia"}, MIA, MAX, "the user 'mia'"),
        ({"group": "ops"}, MIA, MAX, "the group 'ops'"),
        ({"group": "finance"}, MAX, EVE, "the group 'finance'"),
        ({"group": "ops"}, person(None, "ops"), person(None), "the group 'ops'"),
        ({"assignee": "mia"}, MIA, person(None, "mia"), "the user 'mia'"),
    ],
)
def test_only_those_whom_an_agent_asks_may_answer_and_claim(
    rule: dict[str, Any], allowed: Caller, other: Caller, named: str
) -> None:
    place = to(rule)
    given = {**report(place, "a"), **YES}
    key = report(place, "a")

    refusals = [message_of("answerSessionAgent", given, other)]
    if other.user_id is not None:
        refusals.append(message_of("claimSessionAgent", key, other))

    assert set(refusals) == {("FORBIDDEN", f"This question is to {named}")}
    assert refused("answerSessionAgent", given, other) == {"code": "FORBIDDEN"}
    assert tell("answerSessionAgent", given, allowed)["state"] == "COMPLETED"


def test_a_service_of_the_tenant_answers_for_others_and_releases_claims() -> None:
    place = to({"assignee": "mia"})
    given = report(place, "a")

    assert message_of("claimSessionAgent", given, SERVICE)[0] == "FORBIDDEN"
    claim(given, MIA)
    assert refused("answerSessionAgent", {**given, **YES}, SERVICE) == invalid("WAITING_FOR_INPUT")
    assert release(given, SERVICE)["ask"]["claimedBy"] is None
    assert claim(given, ROLE)["ask"] == {
        "claimedBy": ROLE.user_id,
        "claimedAt": item(place).claimed_at,
        "answeredBy": None,
        "assignee": "mia",
        "group": None,
    }
    assert (inbox(MIA), inbox(ROLE)) == ([], [place.session])
    assert release(given, SERVICE)["ask"]["claimedBy"] is None
    assert inbox(MIA) == [place.session]
    assert tell("answerSessionAgent", {**given, **YES}, SERVICE)["state"] == "COMPLETED"
    # A service may have another name when it repeats its answer.
    assert tell("answerSessionAgent", {**given, **YES}, ROLE)["state"] == "COMPLETED"


def test_the_second_of_two_people_is_told_who_has_answered_also_with_the_same_answer() -> None:
    place = to({"group": "finance"})
    given = {**report(place, "a"), **YES}

    told = tell("answerSessionAgent", given, MIA)

    assert tell("answerSessionAgent", given, MIA) == told
    why = ("INVALID_STATE", "'mia' has answered this question")
    for name, more in (
        ("claim", {}),
        ("release", {}),
        ("answer", YES),
        ("answer", {"approved": False}),
    ):
        key = {**report(place, "a"), **more}
        assert message_of(f"{name}SessionAgent", key, MAX) == why
    assert refused("answerSessionAgent", given, MAX) == invalid("COMPLETED")


def test_a_claim_is_of_one_question_and_the_next_one_is_free_again() -> None:
    place = started([external("a")], [after("a", ask=APPROVAL)], taskQuery="{}")
    first = report(place, "a")
    tell("askSessionAgent", {**first, "question": "Which account?"})
    claim(first, MIA)
    tell("answerSessionAgent", {**first, "userInput": "The first"}, MIA)
    second = report(place, "a")
    tell("completeSessionAgent", {**second, "agentOutput": "Paid"})

    assert first["runUuid"] != second["runUuid"]
    assert item(place).claimed_by is None
    assert refusal("claimSessionAgent", first, MIA) == invalid("WAITING_FOR_INPUT")
    assert claim(second, MAX)["ask"]["claimedBy"] == "max"
    change("cancelSession", place.key, "__typename")
    assert item(place).claimed_by is None
    assert refusal("claimSessionAgent", second, MAX) == invalid("CANCELLED")


def test_a_claim_does_not_stop_the_time_for_the_answer() -> None:
    rule = {"default": True, "onTimeout": "DEFAULT", "assignee": "mia"}
    place = to(rule, answerTimeoutSeconds=60)
    given = report(place, "a")
    claim(given, MIA)

    time_out(place)

    assert states(place)["a"] == "COMPLETED"
    assert (item(place).answered_by, item(place).claimed_by) == ("engine", None)
    assert message_of("claimSessionAgent", given, MIA) == (
        "INVALID_STATE",
        "'engine' has answered this question",
    )


def test_a_question_whose_time_is_over_is_not_claimed() -> None:
    place = to({"assignee": "mia"}, answerTimeoutSeconds=60)
    kind = models.SessionAgent
    item(place).update([kind.deadline_at.set("2026-01-01T00:00:00.000000+00:00")])

    assert message_of("claimSessionAgent", report(place, "a"), MIA) == (
        "INVALID_STATE",
        "The time for the answer has passed",
    )


def test_what_another_does_between_the_read_and_the_write_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = to({"group": "finance"})
    given = report(place, "a")
    write = writes.update_if
    others = [MAX]

    def after_another(*arguments: Any) -> Outcome[Any]:
        if others:
            claim(given, others.pop())
        return write(*arguments)

    monkeypatch.setattr(writes, "update_if", after_another)

    assert message_of("claimSessionAgent", given, MIA)[1] == "'max' has claimed this question"
    assert claim(given, MAX)["ask"]["claimedBy"] == "max"


def test_an_answer_that_a_claim_overtakes_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    place = to({"group": "finance"})
    given = report(place, "a")
    commit = writes.Transaction.commit
    others = [lambda: claim(given, MAX)]

    def after_another(*arguments: Any) -> None:
        while others:
            others.pop()()
        commit(*arguments)

    monkeypatch.setattr(writes.Transaction, "commit", after_another)

    answer = {**given, **YES}
    assert message_of("answerSessionAgent", answer, MIA)[1] == "'max' has claimed this question"
    # It is released before the answer is tried again.
    others += [lambda: release(given, MAX)]
    assert tell("answerSessionAgent", answer, MAX)["state"] == "COMPLETED"


def test_a_repeated_claim_whose_first_answer_was_lost_finds_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = to({"group": "finance"})
    given = report(place, "a")
    write = writes.update_if

    def lost(*arguments: Any) -> Outcome[Any]:
        _, now = write(*arguments)
        return Outcome(False, now)

    monkeypatch.setattr(writes, "update_if", lost)
    claimed = claim(given, MIA)
    assert (claimed["ask"]["claimedBy"], claimed["version"]) == ("mia", 2)
    assert release(given, MIA)["ask"]["claimedBy"] is None
    assert item(place).version == 3


def test_claims_of_other_tenants_and_of_no_agent_find_nothing() -> None:
    place = to({})
    given = report(place, "a")
    no_agent = {"code": "NOT_FOUND", "inputPath": ["input", "sessionAgentUuid"]}
    nobody = {**given, "sessionAgentUuid": place.session}
    other_run = {**given, "runUuid": place.session}

    for name in ("claimSessionAgent", "releaseSessionAgent"):
        assert refused(name, given, RIVAL) == refused(name, nobody) == no_agent
        assert refused(name, other_run) == invalid("WAITING_FOR_INPUT")
        assert refused(name, {**given, "runUuid": "x"})["inputPath"] == ["input", "runUuid"]


def test_what_an_earlier_version_let_ask_is_claimed_and_released() -> None:
    place = to({})
    given = report(place, "a")
    kind = models.SessionAgent
    names = ("asked_at", "asked_of", "asked_order", "asked_title", "asked_user", "asked_group")
    item(place).update([getattr(kind, name).remove() for name in names])
    before = item(place)

    claim(given, CALLER)
    assert inbox(CALLER) == [place.session]
    release(given, CALLER)

    now = item(place)
    assert (now.asked_of, now.asked_order, now.open_since) == (None, None, before.open_since)
    assert tell("answerSessionAgent", {**given, **YES})["state"] == "COMPLETED"


def test_a_question_to_a_group_costs_two_units_more_than_one_to_all() -> None:
    def units(work: Any) -> tuple[int, int]:
        """What is written to tables, and to indexes."""
        with kept() as ledger:
            work()
        of_tables = sum(write.units for write in ledger.writes)
        return of_tables, sum(write.total for write in ledger.writes) - of_tables

    def of_question(rule: dict[str, str]) -> list[tuple[int, int]]:
        ask = {"ask": {**APPROVAL, **rule}}
        place = started([external("a")], [after("a", **ask)], taskQuery="{}")
        given = report(place, "a")
        return [
            units(lambda: tell("completeSessionAgent", {**given, "agentOutput": "Paid"}, MIA)),
            units(lambda: claim(given, MIA)),
            units(lambda: release(given, MIA)),
            units(lambda: tell("answerSessionAgent", {**given, **YES}, MIA)),
        ]

    to_all, to_group = of_question({}), of_question({"group": "ops"})

    # With a group the item has more than a kilobyte, 2 units. A claim changes the row of the index
    # of open work, and that of the list of questions.
    assert to_all == [(6, 6), (1, 2), (1, 2), (8, 7)]
    assert to_group == [(6, 7), (2, 3), (2, 3), (8, 8)]
