"""The blueprints in examples/patterns run to their ends with `make try`, and have a page each."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local import blueprints, fake_converse, follow
from ai_coordination.local.embedded import models_answered_by
from ai_coordination.local.try_blueprint import Options, Trial
from tests.api.execution import outcomes, states
from tests.entrypoints.test_try_blueprint import sessions
from tests.support import agent_file
from tests.support.clients import InProcess
from tests.support.contexts import SYSTEM
from tests.support.lambda_service import serving

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "patterns"
PAGES = ROOT / "docs" / "patterns"


class Case(NamedTuple):
    """How an example ends: what was printed last, the runs of its agents, and who did not run."""

    name: str
    output: str
    runs: list[str]
    skipped: str = ""
    query: str | None = None


LETTER = "Hello,\n\n{}\n\nYour tea shop\n"
CASES = [
    Case(
        "routed-triage",
        LETTER.format("We have paid back 12.50 euros."),
        ["answer", "pay_back", "sort"],
        "colleague track",
    ),
    Case(
        "routed-triage",
        LETTER.format("Your parcel is at the station, and arrives tomorrow."),
        ["answer", "sort", "track"],
        "colleague pay_back",
        "My parcel is late",
    ),
    Case(
        "routed-triage",
        LETTER.format("A colleague reads your message today."),
        ["answer", "colleague", "sort"],
        "pay_back track",
        "You have charged me twice",
    ),
    Case(
        "map-reduce",
        "- Sales: Green tea is still the tea that most customers buy.\n"
        "- Buying: Green tea cost a fifth more than a year ago.\n"
        "- Plans: One tenth of all tea will be sold there within two years.\n",
        ["documents", "report", *["summarise"] * 4, "summarise FAILED"],
    ),
    Case(
        "writer-and-critic",
        "Try our oolong! The price: 12.50 euros.\n",
        [*["critic"] * 3, "editor", *["writer"] * 3],
    ),
    Case(
        "supervisor",
        "The tools said: There are 60 tins of oolong.; A tin of oolong costs 12.50 euros.; It"
        " arrives in three days.\n\n(Nothing more can be delegated. Answer now.)\n",
        ["delivery", "prices", "stock", "supervisor", *["supervisor DELEGATED"] * 2],
    ),
    Case(
        "nested-task",
        "Welcome! laptop ordered, desk ordered.\n",
        ["buy", "buy", "desk", "laptop", "offer", "offer", "welcome"],
    ),
    Case(
        "catch-and-compensate",
        "Your card was not charged, Hotel cancelled, Flight cancelled\n",
        ["cancel_flight", "cancel_hotel", "charge FAILED", "flight", "hotel", "regret"],
        "confirm",
    ),
    Case(
        "catch-and-compensate",
        "Flight booked, Hotel booked, 300 euros charged\n",
        ["charge", "confirm", "flight", "hotel"],
        "cancel_flight cancel_hotel regret",
        "300 euros",
    ),
]


@pytest.fixture
def agents(tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The functions of the examples, and the scripted model."""
    made = clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", made["QueueUrl"])
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "*")
    monkeypatch.setattr(follow, "SECONDS_BETWEEN_LOOKS", 0.02)
    with serving() as service, models_answered_by(fake_converse.answer):
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", service.url)
        clients.forget()
        settings.cache_clear()
        agent_file.deploy(service, EXAMPLES / "agents.py")
        yield
    clients.forget()


def name(given: object) -> str:
    return f"{given.name}-{given.query or ''}" if isinstance(given, Case) else ""


@pytest.mark.parametrize("case", CASES, ids=name)
def test_an_example_of_a_pattern_runs_to_its_end(
    agents: None, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(EXAMPLES / f"{case.name}.yaml")
    client = InProcess("http://127.0.0.1:8000/graphql")
    options = Options(file, query=case.query, approve=True)

    code = Trial(options, blueprints.read(file), client, server_is_own=False).run()

    assert code == 0
    assert capsys.readouterr().out.endswith(f":\n\n{case.output}")
    place = sessions()[0]
    runs = sorted(
        agent if outcome == "COMPLETED" else f"{agent} {outcome}"
        for agent, _, outcome in outcomes(place)
    )
    assert runs == case.runs
    skipped = [agent for agent, state in states(place).items() if state == "SKIPPED"]
    assert sorted(skipped) == case.skipped.split()


def test_every_example_is_run_and_has_a_page_that_shows_it() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.yaml")}
    assert {case.name for case in CASES} == files
    for stem in files:
        page = (PAGES / f"{stem}.md").read_text()
        assert f'--8<-- "examples/patterns/{stem}.yaml"' in page


def blocks(language: str) -> list[tuple[str, str]]:
    """The blocks of a language on the pages."""
    fenced = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [
        (page.stem, block)
        for page in sorted(PAGES.glob("*.md"))
        for block in fenced.findall(page.read_text())
    ]


def targets(state: Any) -> Iterator[str]:
    """The states that may follow."""
    rules = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    yield from (rule[key] for rule in rules for key in ("Next", "Default") if key in rule)


def check(machine: Any) -> None:
    """Every state can be reached, and every one leads somewhere or ends."""
    reached = {machine["StartAt"]}
    for state in machine["States"].values():
        follow_it = set(targets(state))
        assert follow_it or state.get("End") or state["Type"] in ("Succeed", "Fail"), state
        reached |= follow_it
        for inner in [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]:
            check(inner)
    assert reached == machine["States"].keys()


def test_the_state_machines_beside_the_examples_are_whole() -> None:
    found = blocks("json")

    assert len(found) == 5
    for _, machine in found:
        check(json.loads(machine))


def test_the_programs_beside_the_examples_are_python() -> None:
    found = blocks("python")

    assert len(found) == 2
    for page, program in found:
        compile(program, page, "exec")
