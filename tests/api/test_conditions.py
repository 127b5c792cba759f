"""Agents that are skipped by conditions, and what follows them."""

from typing import Any

import pytest

from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    echo,
    external,
    function,
    listed,
    outcomes,
    report,
    session,
    started,
    states,
    tell,
)
from tests.support.graph_api import Place
from tests.support.lambda_service import LambdaService, returning

pytestmark = pytest.mark.usefixtures("worked_queue")

ONCE = {"maxAttempts": 1}
MANY = {"maxAttempts": 5}


def said(*names: str, **texts: str) -> dict[str, Any]:
    """Agents that answer with these texts, each with its own name unless it has another one."""
    work = {**{name: name for name in names}, **texts}
    queries = [{"agentUuid": name, "subtaskQuery": text} for name, text in work.items()]
    return {"subtaskQueries": queries}


def ran(actions: list[dict[str, Any]], *, fails: str = "", **texts: str) -> Place:
    """A session of these actions. The agents answer as `said`, those that `fails` names fail."""
    names = [str(action["agentUuid"]) for action in actions]
    members = [echo(name, **({"fail": "No"} if name in fails else {})) for name in names]
    queries = {name: texts.get(name, name) for name in names}
    return started(members, actions, **said(**queries))


def notes(place: Place) -> dict[str, str]:
    return {name: one["notes"] for name, one in agents(place).items() if one["notes"]}


BRANCHES = [
    after("a"),
    after("b", "a", when="outputs.a == 'refund'"),
    after("c", "a", when="outputs.a == 'repair'"),
    after("d", "b"),
    after("e", "c"),
    after("f", "d", "e"),
    after("g", "e"),
]


def test_a_join_after_branches_runs_if_one_of_them_ran() -> None:
    place = ran(BRANCHES, a="repair")

    assert states(place) == {
        "a": "COMPLETED",
        "b": "SKIPPED",
        "c": "COMPLETED",
        "d": "SKIPPED",
        "e": "COMPLETED",
        "f": "COMPLETED",
        "g": "COMPLETED",
    }
    assert session(place)["status"] == "COMPLETED"
    assert notes(place) == {
        "b": "Skipped: `when` is false: outputs.a == 'refund'",
        "d": "Skipped: all its predecessors were skipped",
    }
    assert "b" not in agents(place)["f"]["agentInput"].split()


def test_a_join_is_skipped_if_no_branch_ran() -> None:
    place = ran(BRANCHES, a="neither")

    skipped = {name for name, state in states(place).items() if state == "SKIPPED"}
    assert skipped == set("bcdefg")
    assert session(place)["status"] == "COMPLETED"
    assert outcomes(place) == [("a", 1, "COMPLETED")]


def test_a_failure_is_caught_where_the_agent_continues() -> None:
    actions = [
        after("charge", onFailure="CONTINUE", retry=ONCE),
        after("thank", "charge", when="states.charge == 'COMPLETED'"),
        after("refund", "charge", when="states.charge == 'FAILED'"),
        after("log", "thank", "refund"),
    ]

    found = [states(ran(actions, fails=fails)) for fails in ("charge", "")]

    assert [(one["thank"], one["refund"], one["log"]) for one in found] == [
        ("SKIPPED", "COMPLETED", "COMPLETED"),
        ("COMPLETED", "SKIPPED", "COMPLETED"),
    ]


def test_a_failure_that_skips_is_stronger_than_a_condition() -> None:
    actions = [
        after("a", onFailure="SKIP_SUCCESSORS", retry=ONCE),
        after("b", when="`true`"),
        after("c", when="`false`"),
        after("d", "a", "b", "c", when="`true`"),
        after("e", "c", "d"),
        after("f", "b", "c"),
    ]

    place = ran(actions, fails="a")

    assert states(place) == {
        "a": "FAILED",
        "b": "COMPLETED",
        "c": "SKIPPED",
        "d": "SKIPPED",
        "e": "SKIPPED",
        "f": "COMPLETED",
    }
    assert notes(place) == {
        "a": "No",
        "c": "Skipped: `when` is false: `false`",
        "d": "Skipped: A has failed",
        "e": "Skipped: D was skipped",
    }


CONDITIONS = {
    # What A says, the condition of B, and whether B runs.
    "an object": ('{"ok": true}', "outputs.a.ok", True),
    "a fenced object": ('Here:\n```json\n{"score": 8}\n```', "outputs.a.score >= `7`", True),
    "a text with a line break": ("APPROVED\n", "outputs.a == 'APPROVED'", True),
    "a function": ("Approved.", "contains(lower(outputs.a), 'approved')", True),
    "the session's query": ("x", "taskQuery == 'Which?' && query == 'b'", True),
    "a member that is not there": ("{}", "outputs.a.ok", False),
}


@pytest.mark.parametrize(("output", "when", "runs"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_sees_outputs_states_and_queries(output: str, when: str, runs: bool) -> None:
    place = ran([after("a"), after("b", "a", when=when)], a=output)

    assert states(place)["b"] == ("COMPLETED" if runs else "SKIPPED")
    assert notes(place) == ({} if runs else {"b": f"Skipped: `when` is null: {when}"})


def test_a_condition_sees_each_of_several_agents_of_a_member() -> None:
    queries = [
        *({"agentUuid": "a", "subtaskQuery": vote} for vote in ("yes", "no", "yes")),
        {"agentUuid": "b", "subtaskQuery": "b"},
    ]
    when = "length(outputs.a[?@ == 'yes']) == `2` && states.a[2] == 'COMPLETED'"

    place = started(
        [echo("a"), echo("b")], [after("a"), after("b", "a", when=when)], subtaskQueries=queries
    )

    assert states(place)["b"] == "COMPLETED"


def test_a_condition_that_fails_is_not_tried_again() -> None:
    actions = [
        after("a"),
        after("b", "a", when="outputs.a > `5`", retry=MANY, onFailure="CONTINUE"),
        after("c", "a", when="outputs.a", retry=MANY, onFailure="SKIP_SUCCESSORS"),
        after("d", "b"),
        after("e", "c"),
    ]

    place = ran(actions, a="seven")

    assert states(place) == {
        "a": "COMPLETED",
        "b": "FAILED",
        "c": "FAILED",
        "d": "COMPLETED",
        "e": "SKIPPED",
    }
    assert notes(place)["c"] == (
        "`when` has failed: it gives a text, and a condition gives true or false. Its expression"
        " is: outputs.a"
    )
    assert notes(place)["b"].startswith("`when` has failed: ")
    assert notes(place)["b"].endswith(". Its expression is: outputs.a > `5`")
    assert outcomes(place) == [("a", 1, "COMPLETED"), ("d", 1, "COMPLETED")]


def test_what_is_skipped_is_not_invoked_and_not_offered_to_workers(
    functions: LambdaService,
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    members = [echo("a"), function("b", **WAITS), function("c"), external("d"), echo("e")]
    never = {"when": "outputs.a == 'never'"}

    place = started(
        members, [after("a"), *(after(name, "a", **never) for name in "bcd"), after("e", *"bcd")]
    )

    assert set(states(place).values()) == {"COMPLETED", "SKIPPED"}
    assert states(place)["e"] == "SKIPPED"
    assert (functions.invocations, listed("IN_PROGRESS")) == ([], [])
    assert outcomes(place) == [("a", 1, "COMPLETED")]


def test_a_person_decides_which_way_a_session_goes() -> None:
    rule = {"kind": "APPROVAL", "onRejection": "CONTINUE"}
    actions = [
        after("a", ask=rule),
        after("b", "a", when="answers.a.approved"),
        after("c", "a", when="!(answers.a.approved)"),
    ]
    place = ran(actions)
    assert states(place) == {"a": "WAITING_FOR_INPUT", "b": "INITIAL", "c": "INITIAL"}

    tell("answerSessionAgent", {**report(place, "a"), "approved": False})

    assert states(place) == {"a": "COMPLETED", "b": "SKIPPED", "c": "COMPLETED"}
