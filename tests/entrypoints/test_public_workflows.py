"""Workflows that others have published, as blueprints with stand-in agents, run to their ends."""

import re
import runpy
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.testing import Decision, Engine, Faults, Question
from tests.entrypoints.public_workflows import CASES, Case

FOLDER = Path(__file__).parents[2] / "examples" / "public"
STAND_IN = runpy.run_path(str(FOLDER / "agents.py"))["stand_in"]
PAGE = FOLDER.parents[1] / "docs" / "patterns" / "public-workflows.md"
SOURCE = re.compile(r"^# Shape of (\S+): (\S+)", re.MULTILINE)
TOO_LATE = re.compile(r"budget of \d+ seconds is used up|Nobody has answered in time")
SESSION = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status output logs { message }
    sessionAgents(first: 100) { nodes { agentUuid state } }
    sessionRuns(first: 100) { nodes { agentUuid createdAt outcome } }
} }"""


def name(given: object) -> str:
    return given if isinstance(given, str) else ""


def person(decisions: list[Decision | None]) -> Any:
    """Somebody with so many decisions. None: the question is left open.

    A question that is asked again, because a worker has died, gets the same answer again.
    """
    left, given = iter(decisions), dict[str | None, Decision | None]()

    def decide(question: Question) -> Decision | None:
        if question.output not in given:
            given[question.output] = next(left)
        return given[question.output]

    return decide


def run(engine: Engine, workflow: str, case: Case) -> Any:
    """What the API shows of a session of the workflow, when nothing is left to do."""
    blueprint = FOLDER / f"{workflow}.yaml"
    engine.load(blueprint)
    if "agent-stand-in" in blueprint.read_text():
        engine.agent("agent-stand-in", STAND_IN, seconds=1)
    for agent, output in case.elsewhere.items():
        engine.agent(agent, lambda text, output=output: output, seconds=1)
    for agent, decisions in case.people.items():
        engine.person(agent, person(decisions))
    session = engine.start(query=case.query)
    engine.run()
    key = {"c": session.coordination_uuid, "s": session.session_uuid}
    return engine.graphql(SESSION, key)["session"]


def ended(seen: Any) -> str:
    """The session's output, or why it has failed."""
    return str(seen["output"] or "; ".join(entry["message"] for entry in seen["logs"]))


def path_of(all_runs: list[Mapping[str, Any]]) -> str:
    """The agents that ran, by the second in which they started. Each stand-in takes one second."""
    groups = []
    for _, together in groupby(_in_order(all_runs), key=lambda run: run["createdAt"][:19]):
        counted = sorted(Counter(map(_ended, together)).items())
        groups.append(" + ".join(one if runs == 1 else f"{runs} {one}" for one, runs in counted))
    return " > ".join(groups)


def _in_order(runs: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(runs, key=lambda run: str(run["createdAt"]))


def _ended(run: Mapping[str, Any]) -> str:
    completed = run["outcome"] == "COMPLETED"
    return str(run["agentUuid"] if completed else f"{run['agentUuid']}:{run['outcome']}")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(seed=1) as made:
        yield made


def test_every_workflow_is_run() -> None:
    files = {path.stem for path in FOLDER.glob("*.yaml")}
    assert CASES.keys() == files
    assert [int(workflow[:2]) for workflow in sorted(files)] == list(range(1, 29))


# One way through each of them every day, and the others in the long tests.
@pytest.mark.parametrize(
    ("workflow", "case"),
    [
        pytest.param(workflow, case, marks=pytest.mark.stress if number else ())
        for workflow, cases in CASES.items()
        for number, case in enumerate(cases)
    ],
    ids=name,
)
def test_a_workflow_takes_this_path(workflow: str, case: Case, engine: Engine) -> None:
    seen = run(engine, workflow, case)

    assert (seen["status"], ended(seen)) == (case.status, case.output)
    assert path_of(seen["sessionRuns"]["nodes"]) == case.path
    states = {agent["state"] for agent in seen["sessionAgents"]["nodes"]}
    assert states <= {"COMPLETED", "SKIPPED", "FAILED", "CANCELLED"}


@pytest.mark.stress
@pytest.mark.parametrize("seed", range(5))
def test_all_workflows_come_to_the_same_end_in_spite_of_faults(seed: int) -> None:
    faults = Faults(lost_messages=0.1, duplicates=0.2, crashes=0.02, throttles=0.02)
    for workflow, cases in CASES.items():
        for case in cases:
            with Engine(seed=seed, faults=faults) as engine:
                seen = run(engine, workflow, case)
                # Lost messages and dead workers cost time, of which some workflows have little.
                is_late = TOO_LATE.search(ended(seen)) is not None
                as_ever = (seen["status"], ended(seen)) == (case.status, case.output)
                assert is_late or as_ever, workflow


def test_the_table_in_the_documentation_has_each_workflow_with_its_source() -> None:
    rows = {
        cells[1]: cells for cells in map(_cells, PAGE.read_text().splitlines()) if len(cells) > 5
    }
    for path in FOLDER.glob("*.yaml"):
        repository, file = SOURCE.findall(path.read_text())[0]
        assert rows[path.stem][2] == f"{repository}<br>{file}"
    runs = Counter(cells[5].partition(":")[0] for cells in rows.values())
    assert (runs["in full"], runs["in part"]) == (26, 2)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]
