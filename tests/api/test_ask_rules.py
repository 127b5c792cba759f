"""How an action says what its agent asks a person: what is stored, shown and refused."""

from typing import Any

from ai_coordination import models
from tests.support.cases import each
from tests.support.graph_api import change, data, new_task
from tests.support.ids import short
from tests.support.stored import refused, stored
from tests.support.world import World

BAD = "BAD_USER_INPUT"
ASK = "ask { kind title form options default onTimeout onRejection }"
ACTIONS = f"""query ($c: ID!, $t: ID!) {{ task(coordinationUuid: $c, taskUuid: $t) {{
    agentActions {{ userInTheLoop answerTimeoutSeconds {ASK} }}
}} }}"""
NOTHING: dict[str, Any] = {
    "title": None,
    "form": None,
    "options": [],
    "default": None,
    "onTimeout": "FAIL",
    "onRejection": "FAIL",
}
FORM = {
    "type": "object",
    "properties": {"days": {"type": "integer", "minimum": 1, "default": 3}},
    "required": ["days"],
}
COLOURS = ["Red", "Green"]


@each(
    ("given", "asks", "rule"),
    [
        ({}, None, None),
        ({"ask": None}, None, None),
        ({"userInTheLoop": "INPUT"}, {"kind": "INPUT"}, None),
        ({"ask": {"kind": "APPROVAL"}}, {"kind": "APPROVAL"}, None),
        ({"ask": {"kind": "APPROVAL"}, "userInTheLoop": "APPROVAL"}, {"kind": "APPROVAL"}, None),
        (
            {"ask": {"kind": "INPUT", **NOTHING}},
            {"kind": "INPUT"},
            None,
        ),
        (
            {"ask": {"kind": "INPUT", "form": FORM, "default": {"days": 2}, "title": "When?"}},
            {"kind": "INPUT", "form": FORM, "default": {"days": 2}, "title": "When?"},
            {"title", "form", "default"},
        ),
        (
            {"ask": {"kind": "CHOICE", "options": COLOURS}},
            {"kind": "CHOICE", "options": COLOURS},
            {"options"},
        ),
        (
            {
                "ask": {"kind": "APPROVAL", "default": False, "onTimeout": "DEFAULT"},
                "answerTimeoutSeconds": 60,
            },
            {"kind": "APPROVAL", "default": False, "onTimeout": "DEFAULT"},
            {"default", "on_timeout"},
        ),
        (
            {"ask": {"kind": "APPROVAL", "onRejection": "CONTINUE"}},
            {"kind": "APPROVAL", "onRejection": "CONTINUE"},
            {"on_rejection"},
        ),
        (
            {"ask": {"kind": "CHOICE", "options": [f"{n}" * 128 for n in range(10, 60)]}},
            {"kind": "CHOICE", "options": [f"{n}" * 128 for n in range(10, 60)]},
            {"options"},
        ),
    ],
    ids=short,
)
def test_a_question_is_stored_without_defaults_and_shown_in_both_forms(
    still_world: World, given: dict[str, Any], asks: dict[str, Any] | None, rule: set[str] | None
) -> None:
    """The kind alone is stored as it always was: a rule only if there is more."""
    action = {"agentUuid": "rag", **given}
    task = new_task(still_world.coordination, agentActions=[action])

    key = {"c": still_world.coordination, "t": task}
    shown = data(ACTIONS, key)["task"]["agentActions"]
    change(
        "updateTask",
        {"coordinationUuid": key["c"], "taskUuid": task, "agentActions": [{**action, **shown[0]}]},
        "__typename",
    )

    expected = {
        "userInTheLoop": asks and asks["kind"],
        "answerTimeoutSeconds": given.get("answerTimeoutSeconds"),
        "ask": asks and {**NOTHING, **asks},
    }
    assert shown == data(ACTIONS, key)["task"]["agentActions"] == [expected]
    kept = stored(models.Task, still_world.coordination, task).agent_actions["rag"]
    written = kept.serialize(kept)
    assert (written["ask"]["M"].keys() if "ask" in written else None) == rule


@each(
    ("wrong", "place"),
    [
        ({"userInTheLoop": "CHOICE"}, ["userInTheLoop"]),
        ({"userInTheLoop": "INPUT", "ask": {"kind": "APPROVAL"}}, ["userInTheLoop"]),
        ({"ask": {"kind": "CHOICE"}}, ["ask", "options"]),
        ({"ask": {"kind": "CHOICE", "options": ["Red"]}}, ["ask", "options"]),
        ({"ask": {"kind": "CHOICE", "options": list("ab") * 26}}, ["ask", "options"]),
        ({"ask": {"kind": "CHOICE", "options": ["Red", "Red"]}}, ["ask", "options", 1]),
        ({"ask": {"kind": "CHOICE", "options": ["Red", " "]}}, ["ask", "options", 1]),
        ({"ask": {"kind": "CHOICE", "options": ["Red", "x" * 257]}}, ["ask", "options", 1]),
        ({"ask": {"kind": "INPUT", "options": COLOURS}}, ["ask", "options"]),
        ({"ask": {"kind": "APPROVAL", "form": FORM}}, ["ask", "form"]),
        ({"ask": {"kind": "INPUT", "form": {"type": "array"}}}, ["ask", "form"]),
        ({"ask": {"kind": "INPUT", "form": {**FORM, "if": {}}}}, ["ask", "form", "if"]),
        ({"ask": {"kind": "INPUT", "title": ""}}, ["ask", "title"]),
        ({"ask": {"kind": "INPUT", "title": "x" * 257}}, ["ask", "title"]),
        ({"ask": {"kind": "INPUT", "default": 3}}, ["ask", "default"]),
        ({"ask": {"kind": "INPUT", "default": "x" * 4_096}}, ["ask", "default"]),
        (
            {"ask": {"kind": "INPUT", "form": FORM, "default": {"days": 0}}},
            ["ask", "default", "days"],
        ),
        ({"ask": {"kind": "INPUT", "form": FORM, "default": "3"}}, ["ask", "default"]),
        ({"ask": {"kind": "APPROVAL", "default": "yes"}}, ["ask", "default"]),
        (
            {"ask": {"kind": "CHOICE", "options": COLOURS, "default": "Blue"}},
            ["ask", "default"],
        ),
        (
            {"answerTimeoutSeconds": 9, "ask": {"kind": "INPUT", "onTimeout": "DEFAULT"}},
            ["ask", "onTimeout"],
        ),
        (
            {"ask": {"kind": "INPUT", "default": "x", "onTimeout": "DEFAULT"}},
            ["ask", "onTimeout"],
        ),
        ({"ask": {"kind": "INPUT", "onRejection": "CONTINUE"}}, ["ask", "onRejection"]),
        (
            {"ask": {"kind": "CHOICE", "options": COLOURS, "onRejection": "CONTINUE"}},
            ["ask", "onRejection"],
        ),
    ],
    ids=short,
)
def test_a_question_that_cannot_be_asked_is_refused_at_its_place(
    still_world: World, wrong: dict[str, Any], place: list[str | int]
) -> None:
    actions = {"agentActions": [{"agentUuid": "rag", **wrong}]}

    created = refused("createTask", {**still_world.key("coordination"), "taskName": "A", **actions})
    updated = refused("updateTask", {**still_world.key_of("task"), **actions})

    assert created == {"code": BAD, "inputPath": ["input", "agentActions", 0, *place]}
    assert updated == created


def test_an_agent_of_a_session_built_by_hand_asks_only_in_the_short_form(
    still_world: World,
) -> None:
    key = still_world.key("coordination", "session")
    given = {**key, "agentUuid": "rag", "rules": {"userInTheLoop": "CHOICE"}}

    refusal = refused("createSessionAgent", given)

    assert refusal == {"code": BAD, "inputPath": ["input", "rules", "userInTheLoop"]}
