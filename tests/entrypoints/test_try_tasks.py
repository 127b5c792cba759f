"""`make try` of a file with several tasks."""

from itertools import pairwise
from pathlib import Path

import pytest

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local import blueprints, follow
from ai_coordination.local.blueprints import InvalidBlueprint
from ai_coordination.local.try_blueprint import COMPLETED, Options, Trial
from tests.support.clients import InProcess
from tests.support.contexts import SYSTEM
from tests.support.graph_api import data

BLUEPRINT = """\
coordination:
  coordinationName: Essays
  agents:
    - { agentUuid: writer, agentName: Writer, runtime: { kind: ECHO } }
    - { agentUuid: critic, agentName: Critic, runtime: { kind: ECHO } }
tasks:
  - taskName: Essay
    output: outputs.critic
    agentActions:
      - { agentUuid: critic, task: Draft, repeat: { until: outputs.writer.good } }
  - taskName: Draft
    agentActions: [{ agentUuid: writer }]
"""
TASKS = """{ coordinations(first: 1) { nodes { tasks(first: 9) { nodes {
    taskUuid taskName output budget { tokens }
    agentActions { agentUuid taskUuid repeat { until maxRounds } }
} } } } }"""


@pytest.fixture
def file(tables: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", made["QueueUrl"])
    settings.cache_clear()
    return tmp_path / "essays.yaml"


def written(file: Path, content: str, task: str | None = None) -> blueprints.Written:
    file.write_text(content)
    return blueprints.write(
        InProcess("http://127.0.0.1:8000/graphql"), blueprints.read(str(file), task=task)
    )


def tasks() -> dict[str, dict[str, object]]:
    (coordination,) = data(TASKS)["coordinations"]["nodes"]
    return {task["taskName"]: task for task in coordination["tasks"]["nodes"]}


def test_each_task_of_a_file_is_written_after_those_that_it_runs(file: Path) -> None:
    made = written(file, BLUEPRINT)

    essay, draft = tasks()["Essay"], tasks()["Draft"]
    repeat = {"until": "outputs.writer.good", "maxRounds": 3}
    of_critic = {"agentUuid": "critic", "taskUuid": draft["taskUuid"], "repeat": repeat}
    assert (essay["output"], essay["agentActions"]) == ("outputs.critic", [of_critic])
    assert made.task == essay["taskUuid"]
    assert made.done == [
        "Created coordination 'Essays'",
        "Created task 'Draft'",
        "Created task 'Essay'",
    ]


def test_a_file_that_is_applied_again_may_turn_its_tasks_round(file: Path) -> None:
    first = written(file, BLUEPRINT.replace("output:", "budget: { tokens: 9 }\n    output:"))
    names = {task["taskUuid"]: name for name, task in tasks().items()}
    turned = BLUEPRINT.replace("Essay\n", "X\n").replace("Draft", "Essay").replace("X\n", "Draft\n")

    second = written(file, turned, task="Essay")

    assert second.done == [
        "Updated coordination 'Essays'",
        "Updated task 'Essay'",
        "Updated task 'Draft'",
    ]
    assert first.task == second.task == tasks()["Essay"]["taskUuid"]
    assert names == {task["taskUuid"]: name for name, task in tasks().items()}
    # What the file no longer has is cleared.
    assert (tasks()["Essay"]["output"], tasks()["Essay"]["budget"]) == (None, None)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "until: outputs.writer.good",
            "until: outputs.critic.good",
            ":10:60: tasks[0].agentActions[0].repeat.until: 'critic' is none of the agents",
        ),
        ("output: outputs.critic", "output: outputs.writer", ":8:13: tasks[0].output: 'writer' is"),
        (
            "[{ agentUuid: writer }]",
            "[{ agentUuid: writer, delegatesTo: [writer] }]",
            ":12:55: tasks[1].agentActions[0].delegatesTo[0]: An agent cannot delegate to itself",
        ),
        (
            "task: Draft",
            "taskUuid: 01900000-0000-7000-8000-000000000000",
            ":10:40: tasks[0].agentActions[0].taskUuid: The coordination has no task 01900000",
        ),
    ],
)
def test_what_the_engine_refuses_is_shown_at_its_place_in_the_file(
    file: Path, old: str, new: str, problem: str
) -> None:
    with pytest.raises(InvalidBlueprint) as refused:
        written(file, BLUEPRINT.replace(old, new, 1))

    assert str(refused.value).startswith(f"{file}{problem}")


def test_a_line_of_tasks_that_is_too_long_is_shown_at_the_name_of_the_task(file: Path) -> None:
    head = BLUEPRINT.partition("tasks:")[0]
    line = "".join(
        f"  - taskName: T{before}\n    agentActions: [{{ agentUuid: critic, task: T{after} }}]\n"
        for before, after in pairwise(range(7))
    )

    with pytest.raises(InvalidBlueprint) as refused:
        written(file, f"{head}tasks:\n{line}  - taskName: T6\n")

    assert str(refused.value) == (
        f"{file}:8:47: tasks[0].agentActions[0].task: Tasks are nested more than 5 deep:"
        " T0 -> T1 -> T2 -> T3 -> T4 -> T5 -> T6"
    )


LIST = """\
coordination:
  coordinationName: Reading
  agents: [{ agentUuid: reader, agentName: Reader, runtime: { kind: ECHO } }]
task:
  taskName: Read
  initialTaskQuery: '{"list": [{"name": "a"}, {"name": "b"}], "style": "short"}'
  subtaskQueries: [{ agentUuid: reader, subtaskQuery: "{index}: {item.name}, {style}" }]
  agentActions: [{ agentUuid: reader, forEach: { items: json(taskQuery).list } }]
"""


def test_a_query_names_the_element_of_a_list_and_variables(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "SECONDS_BETWEEN_LOOKS", 0.02)
    file.write_text(LIST)
    client = InProcess("http://127.0.0.1:8000/graphql")

    def run(options: Options) -> int:
        blueprint = blueprints.read(str(file))
        return Trial(options, blueprint, client, server_is_own=False).run()

    assert run(Options(str(file))) == COMPLETED
    assert '["0: a, short", "1: b, short"]' in capsys.readouterr().out
    file.write_text(LIST.replace("{style}", "{stile}"))
    with pytest.raises(InvalidBlueprint, match="The task query has no member 'stile'"):
        run(Options(str(file)))
