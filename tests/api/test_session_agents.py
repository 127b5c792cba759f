"""Agents that are added to a session by hand, their rules, and changing and deleting them."""

from typing import Any

import pytest

from ai_coordination import ids, models
from tests.support.graph_api import (
    NOBODY,
    RIVAL,
    Place,
    change,
    create,
    data,
    new_agent,
)
from tests.support.stored import put_state, refused, stored

RULES = """agentAction {
    agentUuid predecessors primaryPath userInTheLoop timeoutSeconds answerTimeoutSeconds
    retry { maxAttempts intervalSeconds backoffRate } onFailure
}"""
TEXTS = "subtaskQuery userInput agentInput agentOutput notes"
AGENT = f"""
    sessionUuid sessionAgentUuid coordinationUuid agentUuid {RULES} {TEXTS}
    inDegree state attempt deadlineAt version updatedBy createdAt updatedAt
    agent {{ agentName }} currentRun {{ runUuid }} predecessorUuids successorUuids
"""
ONE = f"""query ($s: ID!, $a: ID!) {{
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {{ {AGENT} }}
}}"""
WORK: dict[str, Any] = {
    "subtaskQuery": "Find {what}",
    "userInput": "Only lamps",
    "agentInput": '{"what": "lamps"}',
    "notes": "first of two",
}
DEFAULT_RULES = {
    "agentUuid": "rag",
    "predecessors": [],
    "primaryPath": True,
    "userInTheLoop": None,
    "timeoutSeconds": 300,
    "answerTimeoutSeconds": None,
    "retry": {"maxAttempts": 3, "intervalSeconds": 1.0, "backoffRate": 2.0},
    "onFailure": "FAIL_SESSION",
}


def read(session: str, agent: str) -> dict[str, Any]:
    return dict(data(ONE, {"s": session, "a": agent})["sessionAgent"])


def count_of_agents(place: Place) -> int:
    return int(stored(models.Session, *place).agent_count)


def test_an_agent_is_added_as_it_was_given(place: Place) -> None:
    made = create("createSessionAgent", {**place.key, "agentUuid": "rag", **WORK}, AGENT)

    uuid = made["sessionAgentUuid"]
    assert made == {
        "id": made["id"],
        **place.key,
        "sessionAgentUuid": uuid,
        "agentUuid": "rag",
        "agentAction": DEFAULT_RULES,
        **WORK,
        "agentOutput": None,
        "inDegree": 0,
        "state": "INITIAL",
        "attempt": 0,
        "deadlineAt": None,
        "version": 1,
        "updatedBy": "u-17",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
        "agent": None,
        "currentRun": None,
        "predecessorUuids": [],
        "successorUuids": [],
    }
    assert read(place.session, uuid) == {k: v for k, v in made.items() if k != "id"}
    assert count_of_agents(place) == 1


def test_an_agent_is_a_logical_reference_and_needs_no_member(place: Place) -> None:
    made = create("createSessionAgent", {**place.key, "agentUuid": "no.such-member_1"}, "agentUuid")

    assert made["agentUuid"] == "no.such-member_1"


def test_rules_that_are_null_have_their_defaults(place: Place) -> None:
    names = ("primaryPath", "userInTheLoop", "timeoutSeconds", "onFailure")
    retry = dict.fromkeys(("maxAttempts", "intervalSeconds", "backoffRate"))
    nulls: dict[str, Any] = {**dict.fromkeys(names), "retry": retry}

    every: list[dict[str, Any] | None] = [None, {}, {"retry": None}, {"retry": {}}, nulls]
    for rules in every:
        given = {**place.key, "agentUuid": "rag", "rules": rules}
        made = create("createSessionAgent", given, RULES)

        assert made["agentAction"] == DEFAULT_RULES


HIGHEST = {
    "primaryPath": False,
    "userInTheLoop": "APPROVAL",
    "timeoutSeconds": 31_536_000,
    "answerTimeoutSeconds": 31_536_000,
    "retry": {"maxAttempts": 100, "intervalSeconds": 86_400.0, "backoffRate": 100.0},
    "onFailure": "SKIP_SUCCESSORS",
}
LOWEST = {
    "primaryPath": True,
    "userInTheLoop": "INPUT",
    "timeoutSeconds": 1,
    "answerTimeoutSeconds": 1,
    "retry": {"maxAttempts": 1, "intervalSeconds": 0.0, "backoffRate": 1.0},
    "onFailure": "CONTINUE",
}


@pytest.mark.parametrize("rules", [HIGHEST, LOWEST], ids=["the highest", "the lowest"])
def test_rules_are_kept_as_they_were_given_at(place: Place, rules: Any) -> None:
    made = create("createSessionAgent", {**place.key, "agentUuid": "rag", "rules": rules}, RULES)

    expected = {**DEFAULT_RULES, **rules}
    assert made["agentAction"] == expected
    assert read(place.session, made["sessionAgentUuid"])["agentAction"] == expected


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("timeoutSeconds", [0, -1, 31_536_001]),
        ("answerTimeoutSeconds", [0, -1, 31_536_001]),
        ("maxAttempts", [0, -1, 101]),
        ("intervalSeconds", [-0.001, 86_400.001]),
        ("backoffRate", [0.999, 100.001]),
    ],
)
def test_a_rule_beyond_its_bounds_is_refused(place: Place, rule: str, values: list[float]) -> None:
    inside = [] if rule in DEFAULT_RULES else ["retry"]
    for value in values:
        rules = {"retry": {rule: value}} if inside else {rule: value}

        told = refused("createSessionAgent", {**place.key, "agentUuid": "rag", "rules": rules})

        path = ["input", "rules", *inside, rule]
        assert told == {"code": "BAD_USER_INPUT", "inputPath": path}


def test_agents_are_listed_in_the_order_they_were_added(place: Place) -> None:
    added = [new_agent(*place, notes=str(number)) for number in range(4)]

    document = "query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes { sessionAgentUuid } } }"
    listed = data(document, {"s": place.session})["sessionAgents"]["nodes"]

    assert [row["sessionAgentUuid"] for row in listed] == added
    ordinals = [ids.ordinal_of(place.session, agent) for agent in added]
    agents = [stored(models.SessionAgent, place.session, agent) for agent in added]
    assert [agent.ordinal for agent in agents] == ordinals
    assert ordinals == sorted({one for one in ordinals if one is not None})
    assert count_of_agents(place) == 4


def test_a_session_holds_a_thousand_agents_and_no_more(place: Place) -> None:
    put_state(models.Session, *place, agent_count=999)

    last = create("createSessionAgent", {**place.key, "agentUuid": "rag"}, "state")
    told = refused("createSessionAgent", {**place.key, "agentUuid": "rag"})

    assert last["state"] == "INITIAL"
    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "sessionUuid"]}
    assert count_of_agents(place) == 1_000


def test_an_update_changes_the_given_texts_alone(place: Place) -> None:
    session = place.session
    agent = new_agent(*place, **WORK)
    before = read(session, agent)
    given = {"sessionUuid": session, "sessionAgentUuid": agent}

    changed = {"userInput": "All lamps", "agentInput": None, "expectedVersion": 1}
    answer = change("updateSessionAgent", {**given, **changed}, f"sessionAgent {{ {AGENT} }}")

    updated = answer["sessionAgent"]
    assert updated["updatedAt"] > before["updatedAt"]
    texts = {"userInput": "All lamps", "agentInput": None}
    assert updated == {**before, **texts, "version": 2, "updatedAt": updated["updatedAt"]}
    assert read(session, agent) == updated
    told = refused("updateSessionAgent", {**given, "notes": "late", "expectedVersion": 1})
    assert told == {"code": "CONFLICT", "currentVersion": 2}


@pytest.mark.parametrize("name", ["updateSessionAgent", "deleteSessionAgent"])
def test_an_agent_that_is_not_there_is_neither_changed_nor_deleted(place: Place, name: str) -> None:
    coordination, session = place
    agent = new_agent(coordination, session)
    given = {"sessionUuid": session, "sessionAgentUuid": agent}

    assert refused(name, {**given, "sessionAgentUuid": NOBODY}) == {"code": "NOT_FOUND"}
    assert refused(name, {**given, "sessionUuid": NOBODY}) == {"code": "NOT_FOUND"}
    assert refused(name, given, RIVAL) == {"code": "NOT_FOUND"}
    wrong = {"code": "BAD_USER_INPUT", "inputPath": ["input", "sessionAgentUuid"]}
    assert refused(name, {**given, "sessionAgentUuid": "x"}) == wrong


def test_a_deleted_agent_is_gone_and_no_longer_counted(place: Place) -> None:
    session = place.session
    made = create("createSessionAgent", {**place.key, "agentUuid": "rag"})
    new_agent(*place)
    given = {"sessionUuid": session, "sessionAgentUuid": made["sessionAgentUuid"]}

    answer = change("deleteSessionAgent", given, "deletedId")

    assert answer == {"deletedId": made["id"]}
    gone = data(ONE, {"s": session, "a": made["sessionAgentUuid"]})
    assert gone == {"sessionAgent": None}
    assert count_of_agents(place) == 1
    assert refused("deleteSessionAgent", given) == {"code": "NOT_FOUND"}
