"""The guide on blueprint files: its example runs as shown, and its tables are complete."""

import re
import sys
from pathlib import Path

import pytest

from ai_coordination.local import blueprints, demo, try_blueprint
from ai_coordination.local.blueprints import InvalidBlueprint
from ai_coordination.local.try_blueprint import Options, Trial
from tests.docs.pages import PAGES, ROOT, page
from tests.support.clients import InProcess
from tests.support.local_server import command
from tests.support.ports import free_port

GUIDE = page("guides/blueprint-files")
RUN, PROBLEM = GUIDE.texts("text")
REPORT, GREETINGS, ESSAYS = GUIDE.texts("yaml")
(GREET,) = GUIDE.texts("python")
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
NAMED = re.compile(r"^  coordinationName: (.+)$", re.MULTILINE)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("report.yaml").write_text(REPORT)
    return Path("report.yaml")


def test_the_first_file_runs_as_shown(
    served: None,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = {
        "  Do you approve? Yes, no, or revise [y/n/r] ": "y",
        "  Remark, or Enter for none: ": "",
    }

    def typed(prompt: str) -> str:
        sys.stdout.write(f"{prompt}{answers[prompt]}\n")
        return answers[prompt]

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", typed)
    client = InProcess("http://127.0.0.1:8000/graphql")
    options = Options(str(file), query="Who sells black tea?")

    code = Trial(options, blueprints.read(str(file)), client, server_is_own=False).run()

    assert code == try_blueprint.COMPLETED
    assert _without_times(capsys.readouterr().out) == _without_times(RUN)


def test_a_function_next_to_the_blueprint_is_its_agent(tmp_path: Path) -> None:
    (tmp_path / "greetings.yaml").write_text(GREETINGS)
    (tmp_path / "agents.py").write_text(GREET)
    port = str(free_port())

    ended = command("try", str(tmp_path / "greetings.yaml"), "--query", "world", "--port", port)

    assert ended.stdout.startswith(f"Serving the functions of {tmp_path / 'agents.py'}\n")
    assert ended.stdout.endswith("\nGreeter:\n\nHello, world!\n")
    assert ended.returncode == try_blueprint.COMPLETED


def _without_times(text: str) -> list[str]:
    """The lines without what differs on every run, and without spaces at their ends."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<uuid>", text)
    text = re.sub(r"\d\d:\d\d:\d\d", "<clock>", re.sub(r" +\d+\.\d s", " <seconds>", text))
    lines = (line.rstrip() for line in text.splitlines())
    return [line for line in lines if not line.startswith('{"_aws"')]  # a metric


def test_the_file_with_several_tasks_runs_to_its_end(
    served: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "essays.yaml"
    file.write_text(ESSAYS)
    client = InProcess("http://127.0.0.1:8000/graphql")
    options = Options(str(file))

    code = Trial(options, blueprints.read(str(file)), client, server_is_own=False).run()

    printed = capsys.readouterr().out
    assert code == try_blueprint.COMPLETED, printed
    assert "Created task 'Draft'\nCreated task 'Essay'\n" in printed


def test_the_mistake_is_reported_as_shown(file: Path) -> None:
    file.write_text(file.read_text().replace("[Researcher]", "[Reseacher]"))

    with pytest.raises(InvalidBlueprint) as refused:
        blueprints.read(str(file))

    assert f"{refused.value}\n" == PROBLEM


def test_every_example_is_listed() -> None:
    listed = {name.strip("`") for name in GUIDE.rows("Examples")}

    assert {ROOT / name for name in listed} == set((ROOT / "examples").glob("*.yaml"))


def test_the_exit_codes_are_those_of_the_command() -> None:
    codes = {row[0] for row in GUIDE.table("Questions")}

    names = ("COMPLETED", "NOT_COMPLETED", "INVALID", "LEFT", "INTERRUPTED")
    assert codes == {str(getattr(try_blueprint, name)) for name in names}


def test_no_two_examples_write_the_same_coordination() -> None:
    """Who tries one after another on one server keeps the first, and is not refused."""
    files = [*(text for one in PAGES for text in one.texts("yaml")), *map(_read, EXAMPLES)]
    named = [found[1] for text in files if (found := NAMED.search(text))]
    sent = "\n".join(text for one in PAGES for text in one.texts("graphql"))
    others = {*re.findall(r'coordinationName: "(.+?)"', sent), demo.COORDINATION}

    repeated = {name for name in named if named.count(name) > 1}
    assert (repeated, others.intersection(named)) == (set(), set())
    assert len(named) > len(EXAMPLES)
    assert "Market report" in others


def _read(file: Path) -> str:
    return file.read_text("utf-8")
