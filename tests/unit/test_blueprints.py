"""Blueprint files: what is read, and how each mistake is reported."""

import json
from pathlib import Path

import pytest

from ai_coordination.local import blueprints
from ai_coordination.local.blueprints import InvalidBlueprint
from ai_coordination.local.try_blueprint import Options, agents_file, task_query

GOOD = """\
coordination:
  coordinationName: Offers
  agents:
    - agentName: Market researcher
      runtime: { kind: ECHO, parameters: { seconds: 0.5, on: yes, day: 2026-11-29, none: null } }
    - agentUuid: w
      agentName: Writer
      agentDescription:
      runtime: { kind: ECHO }
task:
  taskName: Offer
  subtaskQueries:
    - { agentUuid: Writer, subtaskQuery: "Write" }
  agentActions:
    - { agentUuid: w, predecessors: [Market researcher], timeoutSeconds: 30 }
    - { agentUuid: market-researcher, primaryPath: false, retry: { intervalSeconds: 2 } }
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("offers.yaml")


def test_a_file_is_read_as_the_inputs_of_the_api_with_agents_by_their_uuids(file: Path) -> None:
    file.write_text(GOOD)

    read = blueprints.read(str(file))

    parameters = {"seconds": 0.5, "on": "yes", "day": "2026-11-29", "none": None}
    assert read.coordination == {
        "coordinationName": "Offers",
        "agents": [
            {
                "agentUuid": "market-researcher",
                "agentName": "Market researcher",
                "runtime": {"kind": "ECHO", "parameters": parameters},
            },
            {"agentUuid": "w", "agentName": "Writer", "runtime": {"kind": "ECHO"}},
        ],
    }
    assert read.task == {
        "taskName": "Offer",
        "subtaskQueries": [{"agentUuid": "w", "subtaskQuery": "Write"}],
        "agentActions": [
            {"agentUuid": "w", "predecessors": ["market-researcher"], "timeoutSeconds": 30},
            {
                "agentUuid": "market-researcher",
                "primaryPath": False,
                "retry": {"intervalSeconds": 2},
            },
        ],
    }


def test_anchors_may_be_used_for_what_is_repeated(file: Path) -> None:
    text = GOOD.replace("timeoutSeconds: 30 }", "retry: &once { maxAttempts: 1 } }")
    file.write_text(text.replace("retry: { intervalSeconds: 2 }", "retry: *once"))

    actions = blueprints.read(str(file)).task["agentActions"]

    assert actions[0]["retry"] == actions[1]["retry"] == {"maxAttempts": 1}


def problems(file: Path, *changes: str) -> list[str]:
    """The problems of the good file after replacements, without the name of the file."""
    text = GOOD
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)
    with pytest.raises(InvalidBlueprint) as refused:
        blueprints.read(str(file))
    return [line.removeprefix("offers.yaml:") for line in str(refused.value).splitlines()]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        (
            "agentDescription:",
            "agentDescripton: x",
            "8:7: coordination.agents[1].agentDescripton",
            "'agentDescripton' is not a field here. Did you mean 'agentDescription'?",
        ),
        (
            "taskName: Offer",
            "taskName: 5",
            "11:13: task.taskName",
            "This must be text, not '5', which is a whole number: put it in quotes",
        ),
        (
            "taskName: Offer",
            "description: x",
            "11:3: task.description",
            "'description' is not a field here. Did you mean 'taskDescription'?",
        ),
        (
            "  coordinationName: Offers\n",
            "",
            "2:3: coordination",
            "The field 'coordinationName' is missing",
        ),
        (
            "coordinationName: Offers",
            "coordinationName:",
            "2:20: coordination.coordinationName",
            "This must be text, not null",
        ),
        (
            "runtime: { kind: ECHO }",
            "runtime:",
            "9:15: coordination.agents[1].runtime",
            "This must be a mapping, not null",
        ),
        (
            "runtime: { kind: ECHO }",
            "runtime: { kind: }",
            "9:23: coordination.agents[1].runtime.kind",
            (
                "This must be one of ECHO, LAMBDA, EXTERNAL, PASS, OPENAI, BEDROCK, HTTP, A2A, not"
                " null"
            ),
        ),
        (
            "runtime: { kind: ECHO }",
            "runtime: { kind: Echo }",
            "9:24: coordination.agents[1].runtime.kind",
            (
                "This must be one of ECHO, LAMBDA, EXTERNAL, PASS, OPENAI, BEDROCK, HTTP, A2A, not"
                " 'Echo'"
            ),
        ),
        (
            "runtime: { kind: ECHO }",
            "runtime: ECHO",
            "9:16: coordination.agents[1].runtime",
            "This must be a mapping, not 'ECHO'",
        ),
        (
            "predecessors: [Market researcher]",
            "predecessors: Market researcher",
            "15:37: task.agentActions[0].predecessors",
            "This must be a list, not 'Market researcher'",
        ),
        (
            "[Market researcher]",
            "[Market reseacher]",
            "15:38: task.agentActions[0].predecessors[0]",
            (
                "'Market reseacher' is not an agent of the coordination. Did you mean 'Market "
                "researcher'?"
            ),
        ),
        (
            "agentUuid: Writer",
            "agentUuid: Bob",
            "13:20: task.subtaskQueries[0].agentUuid",
            (
                "'Bob' is not an agent of the coordination. "
                "Known names: Market researcher, Writer, "
                "market-researcher, w"
            ),
        ),
        (
            "timeoutSeconds: 30",
            "timeoutSeconds: 30.5",
            "15:74: task.agentActions[0].timeoutSeconds",
            "This must be a whole number, not '30.5'",
        ),
        (
            "timeoutSeconds: 30",
            "primaryPath: yes",
            "15:71: task.agentActions[0].primaryPath",
            "This must be true or false, not 'yes'",
        ),
        (
            "intervalSeconds: 2",
            "intervalSeconds: soon",
            "16:85: task.agentActions[1].retry.intervalSeconds",
            "This must be a number, not 'soon'",
        ),
        (
            "taskName: Offer",
            "taskName: Offer\n  taskName: Other",
            "12:3: task.taskName",
            "This key occurs twice",
        ),
        (
            "taskName: Offer",
            "taskName: Offer\n  coordinationUuid: x",
            "12:3: task.coordinationUuid",
            "This field is set by the tool, and not by the file",
        ),
        (
            "coordinationName: Offers",
            "coordinationName: Offers\n  idempotencyKey: x",
            "3:3: coordination.idempotencyKey",
            "This field is set by the tool, and not by the file",
        ),
        (
            "none: null",
            "1: null",
            "5:84: coordination.agents[0].runtime.parameters",
            "A key must be text. Put it in quotes",
        ),
        (
            "none: null",
            "none: 1e999",
            "5:90: coordination.agents[0].runtime.parameters.none",
            "This must be JSON, not '1e999'",
        ),
        (
            "none: null",
            "none: !!binary AA",
            "5:90: coordination.agents[0].runtime.parameters.none",
            "This must be JSON, not 'AA'",
        ),
        (
            "agentName: Market researcher",
            'agentName: "研究"',
            "4:18: coordination.agents[0].agentName",
            "No agentUuid can be made from this name: add an agentUuid",
        ),
        (
            "agentUuid: w\n",
            "agentUuid: market-researcher\n",
            "4:7: coordination.agents[0]",
            "Several agents have the agentUuid 'market-researcher'",
        ),
        (
            "agentName: Writer",
            "agentName: Market researcher",
            "15:38: task.agentActions[0].predecessors[0]",
            "Several agents are named 'Market researcher': use the agentUuid",
        ),
        (
            "task:",
            "task: x\ntasks:",
            "10:7: task",
            "This must be a mapping, not 'x'",
        ),
        (
            "task:",
            "tasks:",
            "11:3: tasks",
            "This must be a list, not a mapping",
        ),
        (
            "task:\n",
            "task: [\n",
            "12:17: YAML",
            (
                "while parsing a flow sequence, expected ',' or ']', but got ':'. "
                "A bracket is not closed, or a comma is missing"
            ),
        ),
        (
            "taskName: Offer",
            'taskName: "\\ud800"',
            "11:13: YAML",
            "a text contains half a surrogate pair",
        ),
        (
            "taskName: Offer",
            f"taskName: Offer\n  budget: {{ tokens: {'9' * 5_000} }}",
            "12:21: task.budget.tokens",
            f"This must be a whole number, not '{'9' * 5_000}'",
        ),
        (
            "task:\n",
            "---\ntask:\n",
            "10:1: YAML",
            (
                "expected a single document in the stream, but found another document. "
                "A file has one blueprint, without `---` in between"
            ),
        ),
        (
            "parameters: {",
            "parameters: &all { it: *all,",
            "5:42: coordination.agents[0].runtime.parameters.it.it.it.it.it.it.it…",
            "This is nested too deeply",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_place(
    file: Path, old: str, new: str, place: str, message: str
) -> None:
    assert f"{place}: {message}" in problems(file, old, new)


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(file: Path) -> None:
    reported = problems(file, "kind: ECHO }", "kind: X }", "taskName: Offer", "taskName: 5")

    assert [line.split(": ")[0] for line in reported] == ["9:24", "11:13"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "offers.yaml:1:1: The file is empty"),
        (b"\xff\xfe\xff", "offers.yaml:1:1: This is not UTF-8 text"),
        (b"a: \x00", "offers.yaml:1:1: The character U+0000 is not allowed in YAML"),
        (b"a: \xff", "offers.yaml:1:1: This is not UTF-8 text"),
        (b"- x", "offers.yaml:1:1: This must be a mapping, not a list"),
    ],
)
def test_what_is_no_blueprint_at_all_is_refused(file: Path, content: bytes, problem: str) -> None:
    file.write_bytes(content)

    with pytest.raises(InvalidBlueprint) as refused:
        blueprints.read(str(file))

    assert str(refused.value) == problem


INDENTATION = (
    "Check the indentation: the members of a mapping begin in the same column, "
    "and so do the elements of a list"
)


@pytest.mark.parametrize(
    ("content", "place", "hint"),
    [
        ("a:\n\tb: 1", "2:1", "Indent with spaces, not with tabs"),
        ("a:\n  - b: 1\n   c: 2", "3:4", INDENTATION),
        ("a:\n  - b: 1\n  c: 2", "3:3", INDENTATION),
        ("a:\n  b: 1\n c: 2", "3:2", INDENTATION),
        ("a: b: c", "1:5", "Put a text that contains ': ' in quotes, or check the indentation"),
        ("a: 1\nb\nc: 2", "3:1", "A member is written as `name: value`"),
        ("a: {b: 1\nc: 2", "2:2", "A bracket is not closed, or a comma is missing"),
        ('a: "b', "1:6", "A quote is not closed"),
        ("a: @b", "1:4", "Put a text that begins with this character in quotes"),
    ],
)
def test_a_mistake_in_yaml_is_told_with_what_to_do(
    file: Path, content: str, place: str, hint: str
) -> None:
    file.write_text(content)

    with pytest.raises(InvalidBlueprint) as refused:
        blueprints.read(str(file))

    assert str(refused.value).startswith(f"offers.yaml:{place}: YAML: ")
    assert str(refused.value).endswith(f". {hint}")


@pytest.mark.parametrize(
    ("agents", "place"), [("", "1:15: coordination"), (", agents: []", "1:45: coordination.agents")]
)
def test_a_file_without_agents_is_refused(file: Path, agents: str, place: str) -> None:
    file.write_text(f"coordination: {{coordinationName: A{agents}}}\ntask: {{taskName: B}}\n")

    with pytest.raises(InvalidBlueprint) as refused:
        blueprints.read(str(file))

    assert str(refused.value) == (
        f"offers.yaml:{place}: There is no agent, so no session can be started"
    )


@pytest.mark.parametrize(
    ("initial", "query", "variables", "expected"),
    [
        ("Default", None, {}, None),
        ('{"a": 1}', None, {}, None),
        (None, "Text", {}, "Text"),
        ("Default", "Text", {}, "Text"),
        ("Default", '{"a": 1.10}', {}, '{"a": 1.10}'),
        (None, None, {"a": "x"}, {"a": "x"}),
        ("Default", None, {"a": "x"}, {"query": "Default", "a": "x"}),
        ("Default", "Text", {"a": "x"}, {"query": "Text", "a": "x"}),
        ('{"a": 1, "b": 1.10}', "Text", {}, {"a": "1", "b": "1.10", "query": "Text"}),
        ('{"a": 1, "b": 1.10}', '{"a": 2}', {}, {"a": "2", "b": "1.10"}),
        ('{"a": 1, "b": 1.10}', '{"a": 2}', {"b": "x"}, {"a": "2", "b": "x"}),
        ('{"a": 1, "b": 1.10}', None, {"a": "é"}, {"a": "é", "b": "1.10"}),
    ],
)
def test_query_and_variables_make_the_task_query(
    initial: str | None, query: str | None, variables: dict[str, str], expected: object
) -> None:
    made = task_query(initial, query, variables)

    assert (json.loads(made) if isinstance(expected, dict) and made else made) == expected


@pytest.mark.parametrize(
    ("kind", "service", "agents", "expected"),
    [
        ("LAMBDA", None, None, "agents.py"),
        ("LAMBDA", None, "mine.py", "mine.py"),
        ("LAMBDA", "http://127.0.0.1:3001", None, None),
        ("LAMBDA", "http://127.0.0.1:3001", "mine.py", "mine.py"),
        ("ECHO", None, None, None),
    ],
)
def test_a_server_is_started_with_the_functions_next_to_the_blueprint(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    service: str | None,
    agents: str | None,
    expected: str | None,
) -> None:
    if service is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", service)
    file.write_text(GOOD.replace("kind: ECHO", f"kind: {kind}"))
    options = Options(str(file), agents=agents)

    assert agents_file(options, blueprints.read(str(file))) == agents
    file.with_name("agents.py").touch()
    served = agents_file(options, blueprints.read(str(file)))

    assert served == expected
