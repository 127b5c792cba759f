"""Blueprint files with several tasks, and with the settings of control flow."""

from pathlib import Path

import pytest

from ai_coordination.local import blueprints
from ai_coordination.local.blueprints import InvalidBlueprint

GOOD = """\
coordination:
  coordinationName: Essays
  agents:
    - { agentName: Writer, runtime: { kind: ECHO } }
    - { agentName: Critic, runtime: { kind: ECHO } }
    - { agentName: Chief editor, runtime: { kind: ECHO } }
tasks:
  - taskName: Essay
    output: '{ text: outputs."chief-editor" }'
    agentActions:
      - agentUuid: Chief editor
        when: query != 'stop'
        input: >-
          { topic: taskQuery }
        outputSchema: { type: object, properties: { text: { type: string } } }
        delaySeconds: 60
        forEach: { items: query, maxConcurrency: 2, toleratedFailures: 1 }
        delegatesTo: [Critic, Writer]
        task: Draft
  - taskName: Draft
    agentActions:
      - { agentUuid: Writer }
      - { agentUuid: Critic, predecessors: [Writer], task: Check, repeat: { until: outputs.x } }
  - taskName: Check
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("essays.yaml").write_text(GOOD)
    return Path("essays.yaml")


def problems(file: Path, *changes: str, task: str | None = None) -> list[str]:
    """The problems of the good file after replacements, without the name of the file."""
    text = GOOD
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)
    with pytest.raises(InvalidBlueprint) as refused:
        blueprints.read(str(file), task=task)
    return [line.removeprefix("essays.yaml:") for line in str(refused.value).splitlines()]


def test_tasks_are_read_in_an_order_in_which_each_comes_after_those_that_it_runs(
    file: Path,
) -> None:
    read = blueprints.read(str(file))

    assert [task["taskName"] for task in read.tasks] == ["Check", "Draft", "Essay"]
    assert read.task == {
        "taskName": "Essay",
        "output": '{ text: outputs."chief-editor" }',
        "agentActions": [
            {
                "agentUuid": "chief-editor",
                "when": "query != 'stop'",
                "input": "{ topic: taskQuery }",
                "outputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
                "delaySeconds": 60,
                "forEach": {"items": "query", "maxConcurrency": 2, "toleratedFailures": 1},
                "delegatesTo": ["critic", "writer"],
                "task": "Draft",
            }
        ],
    }
    assert read.tasks[1]["agentActions"][1]["predecessors"] == ["writer"]


def test_a_session_is_started_of_the_first_task_or_of_the_one_that_is_named(file: Path) -> None:
    first, named = (blueprints.read(str(file), task=task) for task in (None, "Check"))

    assert (first.started, first.task_path) == ("Essay", ("tasks", 0))
    assert (named.started, named.task_path) == ("Check", ("tasks", 2))
    assert named.task == {"taskName": "Check"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "task: Draft",
            "task: Drafts",
            (
                "19:15: tasks[0].agentActions[0].task: 'Drafts' is not a task of this file. Did you"
                " mean 'Draft'?"
            ),
        ),
        (
            "task: Draft",
            "task: Draft\n        taskUuid: 01900000-0000-7000-8000-000000000000",
            "19:15: tasks[0].agentActions[0].task: An action has `task` or `taskUuid`, not both",
        ),
        (
            "taskName: Check",
            "taskName: Draft",
            "24:15: tasks[2].taskName: Several tasks are named 'Draft'",
        ),
        (
            "taskName: Check",
            "taskName: Check\n    agentActions: [{ agentUuid: Writer, task: Draft }]",
            "These tasks contain each other: ",
        ),
        (
            "delegatesTo: [Critic, Writer]",
            "delegatesTo: [Critic, Riter]",
            (
                "18:31: tasks[0].agentActions[0].delegatesTo[1]: 'Riter' is not an agent of the"
                " coordination. Did you mean 'writer'?"
            ),
        ),
        (
            "when: query != 'stop'",
            "when: true",
            (
                "12:15: tasks[0].agentActions[0].when: This must be text, not 'true', which is true"
                " or false: put it in quotes"
            ),
        ),
        (
            "input: >-\n          { topic: taskQuery }",
            "input: { topic: taskQuery }",
            (
                "13:16: tasks[0].agentActions[0].input: This must be text, not a mapping: put it in"
                " quotes"
            ),
        ),
        (
            "maxConcurrency: 2",
            "maxConcurency: 2",
            (
                "17:34: tasks[0].agentActions[0].forEach.maxConcurency: 'maxConcurency' is not a"
                " field here. Did you mean 'maxConcurrency'?"
            ),
        ),
        (
            "{ until: outputs.x }",
            "{ maxRounds: 2 }",
            "23:75: tasks[1].agentActions[1].repeat: The field 'until' is missing",
        ),
        ("tasks:\n", "task: { taskName: A }\ntasks:\n", "A file has `task` or `tasks`, not both"),
        ("  - taskName: Check", "  - task: Check", "24:5: tasks[2].task: 'task' is not a field"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_place(
    file: Path, old: str, new: str, problem: str
) -> None:
    assert any(problem in line for line in problems(file, old, new)), problems(file, old, new)


def test_a_file_has_at_least_one_task(file: Path) -> None:
    head = GOOD.partition("tasks:")[0]

    reported = [problems(file, GOOD, f"{head}{tasks}") for tasks in ("tasks: []\n", "", "tasks: x")]

    assert reported == [
        ["7:8: tasks: A file has at least one task"],
        ["1:1: The field 'task' is missing"],
        ["7:8: tasks: This must be a list, not 'x'"],
    ]


def test_the_task_to_start_is_one_of_the_file(file: Path) -> None:
    assert problems(file, task="Drft") == [
        "1:1: The file has no task 'Drft'. Did you mean 'Draft'?"
    ]
