"""The page about questions to people: its blueprints and requests do what it says."""

from pathlib import Path
from typing import Any

import pytest

from ai_coordination.testing import Decision, Engine, Question, Session, approve, reject
from tests.docs.pages import page

PAGE = page("guides/ask-people")
AGENTS = ("draft", "send", "archive")
PEOPLE: dict[str, Any] = {
    "a person approves": approve(),
    "a person rejects": reject("Too dear"),
    "nobody answers": lambda question: None,
}
DAYS = 86_400


def started(engine: Engine, blueprint: int, folder: Path) -> Session:
    file = folder / "blueprint.yaml"
    file.write_text(PAGE.texts("yaml")[blueprint])
    engine.load(file)
    for name in (AGENTS, ("post",))[blueprint]:
        engine.agent(name, lambda text: "Done")
    return engine.start(query="Tea")


def _rows() -> list[list[str]]:
    """The table of what happens."""
    lines = PAGE.prose.split("| what happens |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("row", range(3))
def test_the_draft_is_sent_or_archived_as_the_table_says(row: int, tmp_path: Path) -> None:
    what, *states = _rows()[row]

    with Engine() as engine:
        engine.person("draft", PEOPLE[what])
        session = started(engine, 0, tmp_path)
        engine.run()

        assert [session.agent(name).state for name in AGENTS] == states
        assert session.status == "COMPLETED"
        is_late = what == "nobody answers"
        assert (session.agent("draft").answered_by == "engine") is is_late
        assert (session.seconds >= 3 * DAYS) is is_late


def test_the_requests_show_a_question_and_answer_it(tmp_path: Path) -> None:
    inbox, answer = PAGE.texts("graphql")
    with Engine() as engine:
        session = started(engine, 0, tmp_path)
        engine.run(seconds=60)
        (one,) = engine.graphql(inbox)["openSessionAgents"]["nodes"]
        key = {name: one[name] for name in ("sessionUuid", "sessionAgentUuid")}
        given = {**key, **one["currentRun"], "approved": False, "comment": "!"}
        told = engine.graphql(answer, {"input": given})["answerSessionAgent"]["sessionAgent"]
        engine.run()

        assert one["ask"]["title"] == "May this offer go out?"
        assert (one["ask"]["default"], one["ask"]["onTimeout"]) == (False, "DEFAULT")
        assert (told["state"], told["ask"]["approved"], told["ask"]["comment"]) == (
            "COMPLETED",
            False,
            "!",
        )
        assert session.agent("archive").state == "COMPLETED"


@pytest.mark.parametrize(("approves", "post"), [(2, "COMPLETED"), (4, "SKIPPED")])
def test_letters_are_written_until_one_is_approved_or_no_round_is_left(
    approves: int, post: str, tmp_path: Path
) -> None:
    texts: list[str] = []

    def write(text: str) -> str:
        texts.append(text)
        return f"Letter {len(texts)}"

    def judge(question: Question) -> Decision:
        return approve() if question.output == f"Letter {approves}" else reject("Shorter")

    with Engine() as engine:
        engine.agent("writer", write)
        engine.person("writer", judge)
        session = started(engine, 1, tmp_path)
        engine.run()

        assert session.status == "COMPLETED"
        assert session.agent("post").state == post
        assert len(texts) == min(approves, 3)
        assert "rejected the answer of agent Writer\nShorter" in texts[1]
