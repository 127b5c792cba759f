"""What the editor of tasks reads and writes: every field, and nothing that was not edited."""

import json
import re
from pathlib import Path

import pytest

from ai_coordination.api.schema import schema
from ai_coordination.local import blueprints
from ai_coordination.local.blueprints import Blueprint
from tests.browser.conftest import Page, expect
from tests.browser.served import Served
from tests.browser.tasks import AGENTS, coordination, field, opened, save, section, stored, task

pytestmark = pytest.mark.browser

EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/**/*.yaml"))
ROUND_TRIP = """async ([c, t]) => {
  const { readTask, write } = await import('/console/editor/task_requests.js');
  const { read } = await readTask(c, t);
  const condition = { expectedVersion: read.version, idempotencyKey: 'unused' };
  await write({ coordinationUuid: c, taskUuid: t }, read.draft, {}, condition);
}"""


def written(served: Served, blueprint: Blueprint) -> blueprints.Written:
    """Write a blueprint, with functions instead of agents whose kinds are off here."""
    for agent in blueprint.coordination["agents"]:
        if agent["runtime"]["kind"] not in {"ECHO", "EXTERNAL", "PASS"}:
            agent["runtime"] = {"kind": "LAMBDA", "target": "agent-x"}
    return blueprints.write(served.api, blueprint)


def test_loading_and_saving_any_example_gives_the_same_task(served: Served, page: Page) -> None:
    page.goto(served.console("/blueprints"))
    assert len(EXAMPLES) > 30
    for file in EXAMPLES:
        c = written(served, blueprints.read(str(file))).coordination
        rows = served.api.pages(
            "query P($c: ID!, $after: String) { tasks(coordinationUuid: $c, after: $after) {"
            " nodes { taskUuid } pageInfo { hasNextPage endCursor } } }",
            "tasks",
            c=c,
        )
        for t in [row["taskUuid"] for row in rows]:
            before = stored(served, c, t)
            page.evaluate(ROUND_TRIP, [c, t])
            assert stored(served, c, t) == {**before, "version": before["version"] + 1}, file


def test_the_editor_knows_every_field_that_the_api_takes(served: Served, page: Page) -> None:
    page.goto(served.console("/blueprints"))
    known = page.evaluate("""async () => {
      const model = await import('/console/editor/task_model.js');
      const { newDraft } = await import('/console/editor/coordination_model.js');
      return {
        CreateTaskInput: [...Object.keys(model.newDraft()), 'coordinationUuid', 'idempotencyKey'],
        CreateCoordinationInput: [...Object.keys(newDraft()), 'idempotencyKey'],
        AgentActionInput: [...Object.keys(model.newAction('')), 'userInTheLoop'],
        AskInput: Object.keys(model.newRule('')),
        RetryPolicyInput: Object.keys(model.newAction('').retry),
      };
    }""")
    inputs = schema.graphql_schema.type_map
    for name, fields in known.items():
        assert set(fields) == inputs[name].fields.keys(), name


def test_a_number_of_64_bits_stays_exact(served: Served, page: Page) -> None:
    c = coordination(served)
    number = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 2**63 - 1}}}
    t = task(served, c, {"agentUuid": "one", "outputSchema": number})
    opened(served, page, c, t, "one")
    section(page, "Checked output")
    expect(field(page, "Output schema")).to_have_value(re.compile(f"{2**63 - 1}"))
    section(page, "Time and failure")
    fill(page, {"Attempts": "2"})
    save(page, 2)
    assert stored(served, c, t)["agentActions"][0]["outputSchema"] == number


def test_a_default_timeout_stays_that_of_the_runtime_kind(served: Served, page: Page) -> None:
    c = coordination(served)
    t = task(served, c, {"agentUuid": "one"}, {"agentUuid": "two", "timeoutSeconds": 20})
    page.goto(served.console("/blueprints"))
    page.evaluate(ROUND_TRIP, [c, t])
    agents = [
        {"agentUuid": uuid, "agentName": uuid, "runtime": {"kind": "EXTERNAL"}} for uuid in AGENTS
    ]
    served.api.mutate(
        "updateCoordination", "coordination { version }", {"coordinationUuid": c, "agents": agents}
    )
    timeouts = [action["timeoutSeconds"] for action in stored(served, c, t)["agentActions"]]
    assert timeouts == [604_800, 20]


def fill(page: Page, values: dict[str, str]) -> None:
    """Fill fields by their labels. A list is chosen from by value."""
    for label, value in values.items():
        found = field(page, label)
        if found.evaluate("one => one.tagName") == "SELECT":
            found.select_option(value)
        else:
            found.fill(value)


def test_every_field_of_the_task_is_written(served: Served, page: Page) -> None:
    c = coordination(served)
    t = task(served, c, {"agentUuid": "one"}, {"agentUuid": "two"})
    opened(served, page, c, t)
    fields = {"Description": "About", "Task query": '{"topic": "tea"}', "Output of": "outputs.two"}
    fill(page, {"Name": "Tea", **fields, "Tokens": "1000", "Dollars": "0.5", "Seconds": "60"})
    page.locator(".node[data-id='two']").click()
    page.get_by_role("button", name="Give it work of its own").click()
    fill(page, {"Work": "Write about {topic}"})
    page.get_by_role("button", name="Add work").click()
    fill(page, {"Work 2": "And again"})
    save(page, 2)

    now = stored(served, c, t)
    assert now["subtaskQueries"] == [
        {"agentUuid": "two", "subtaskQuery": "Write about {topic}"},
        {"agentUuid": "two", "subtaskQuery": "And again"},
    ]
    assert now["budget"] == {"tokens": 1000, "dollars": 0.5, "seconds": 60}
    names = ("taskName", "taskDescription", "initialTaskQuery", "output")
    assert [now[name] for name in names] == ["Tea", *fields.values()]
    page.get_by_role("button", name="Remove work 1").click()
    page.keyboard.press("Escape")
    fill(page, {"Description": "", "Tokens": "", "Dollars": "", "Seconds": ""})
    save(page, 3)
    assert stored(served, c, t) == {
        **now,
        "taskDescription": None,
        "budget": None,
        "subtaskQueries": [{"agentUuid": "two", "subtaskQuery": "And again"}],
        "version": 3,
    }


def test_every_setting_of_an_agent_is_written(served: Served, page: Page) -> None:
    c = coordination(served)
    other = task(served, c, taskName="Sub-task")
    t = task(served, c, {"agentUuid": "one"}, {"agentUuid": "two", "predecessors": ["one"]})
    before = stored(served, c, t)["agentActions"][0]
    opened(served, page, c, t, "two")
    section(page, "Condition and input")
    fill(page, {"Condition": "outputs.one.go", "Input": "outputs.one", "Delay in seconds": "5"})
    page.get_by_label("Continues the thread").uncheck()
    section(page, "Loop and sub-task")
    fill(page, {"Sub-task": other})
    section(page, "People")
    fill(page, {"After the agent": "CHOICE", "Question": "Which one?", "Options": "red\ngreen"})
    fill(page, {"For the user": "mia"})
    fill(page, {"Suggested answer": "green", "When nobody answers": "DEFAULT"})
    fill(page, {"Time to answer": "90", "Turns": "4"})
    section(page, "Time and failure")
    fill(page, {"Timeout in seconds": "33", "Heartbeat": "11", "Attempts": "7"})
    fill(page, {"First wait": "0.25", "Backoff factor": "1.5", "When all": "CONTINUE"})
    section(page, "Checked output")
    fill(page, {"Output schema": '{"type": "object", "maximum": 1.5}'})
    section(page, "Delegation")
    page.get_by_role("group", name="Delegates to").get_by_label("Four").check()
    save(page, 2)

    assert stored(served, c, t)["agentActions"] == [
        before,
        {
            "agentUuid": "two",
            "predecessors": ["one"],
            "when": "outputs.one.go",
            "input": "outputs.one",
            "outputSchema": {"type": "object", "maximum": 1.5},
            "delaySeconds": 5,
            "primaryPath": False,
            "taskUuid": other,
            "delegatesTo": ["four"],
            "userInTheLoop": "CHOICE",
            "timeoutSeconds": 33,
            "answerTimeoutSeconds": 90,
            "heartbeatSeconds": 11,
            "onFailure": "CONTINUE",
            "maxTurns": 4,
            "forEach": None,
            "repeat": None,
            "ask": {
                "kind": "CHOICE",
                "title": "Which one?",
                "assignee": "mia",
                "group": None,
                "form": None,
                "options": ["red", "green"],
                "default": "green",
                "onTimeout": "DEFAULT",
                "onRejection": "FAIL",
            },
            "retry": {"maxAttempts": 7, "intervalSeconds": 0.25, "backoffRate": 1.5},
        },
    ]


def test_every_kind_of_loop_and_question_is_written(served: Served, page: Page) -> None:
    c = coordination(served)
    t = task(served, c, {"agentUuid": "one"})
    before = stored(served, c, t)["agentActions"]
    opened(served, page, c, t, "one")
    section(page, "Loop and sub-task")
    section(page, "People")
    fill(page, {"Runs": "each", "List": "`[1, 2]`", "At the same": "2", "Tolerated failures": "0"})
    form = {"type": "object", "properties": {"n": {"type": "integer"}}}
    fill(
        page, {"After the agent": "INPUT", "Form": json.dumps(form), "Suggested answer": '{"n": 1}'}
    )
    save(page, 2)
    one = stored(served, c, t)["agentActions"][0]
    assert one["forEach"] == {"items": "`[1, 2]`", "maxConcurrency": 2, "toleratedFailures": 0}
    assert one["ask"].items() >= {"kind": "INPUT", "default": {"n": 1}, "form": form}.items()

    fill(page, {"For the group": "{team}"})
    fill(page, {"Runs": "rounds", "Until": "outputs.one.done", "Rounds at most": "9"})
    fill(
        page,
        {"After the agent": "APPROVAL", "Suggested answer": "false", "When the output": "CONTINUE"},
    )
    save(page, 3)
    one = stored(served, c, t)["agentActions"][0]
    assert (one["forEach"], one["repeat"]) == (None, {"until": "outputs.one.done", "maxRounds": 9})
    rule = {
        "kind": "APPROVAL",
        "group": "{team}",
        "default": False,
        "form": None,
        "onRejection": "CONTINUE",
    }
    assert one["ask"].items() >= rule.items()

    fill(page, {"After the agent": "", "Runs": "once"})
    save(page, 4)
    assert stored(served, c, t)["agentActions"] == before


def test_an_error_of_the_api_is_shown_at_its_field_and_agent(served: Served, page: Page) -> None:
    c = coordination(served)
    t = task(served, c, {"agentUuid": "one"}, {"agentUuid": "two", "predecessors": ["one"]})
    opened(served, page, c, t, "two")
    section(page, "Condition and input")
    field(page, "Condition").fill("outputs.[")
    page.locator(".node[data-id='one']").click()
    page.get_by_role("heading", name="One", exact=True).wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="Two", exact=True).wait_for()
    expect(page.locator(".field.wrong textarea")).to_have_value("outputs.[")
    expect(page.locator(".field.wrong textarea")).to_be_visible()
    field(page, "Condition").fill("")
    section(page, "Checked output")
    field(page, "Output schema").fill('{"type": ')
    page.locator(".node[data-id='one']").click()
    expect(page).to_have_url(re.compile("/two$"))  # a text that is not JSON is not lost
    field(page, "Output schema").fill("")
    page.get_by_text("version 1", exact=True).wait_for()
