"""The page about questions to people: its blueprints and requests do what it says."""

from pathlib import Path
from typing import Any

import pytest

from ai_coordination.testing import Decision, Engine, Question, Refused, Session, approve, reject
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
    for name in (AGENTS, ("check", "pay"), ("post",))[blueprint]:
        engine.agent(name, lambda text: "Done")
    return engine.start(query=None if blueprint == 1 else "Tea")


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
    inbox, answer, *_ = PAGE.texts("graphql")
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


def test_an_invoice_is_checked_by_its_owner_and_paid_by_who_claims_it(tmp_path: Path) -> None:
    _, answer, mine, claim = PAGE.texts("graphql")
    with Engine() as engine:
        session = started(engine, 1, tmp_path)
        engine.run(seconds=60)

        def asked(user: str, *groups: str, **of: str) -> list[dict[str, Any]]:
            of_group = (
                mine.replace("{ mine: true }", f'{{ group: "{of["group"]}" }}') if of else mine
            )
            found = engine.graphql(of_group, user=user, groups=groups)
            assert found["viewer"] == {"userId": user, "groups": list(groups)}
            return list(found["openSessionAgents"]["nodes"])

        def key(one: dict[str, Any]) -> dict[str, str]:
            names = ("sessionUuid", "sessionAgentUuid")
            return {**{name: one[name] for name in names}, **one["currentRun"]}

        (check,) = asked("mia")
        yes = {"input": {**key(check), "approved": True}}
        with pytest.raises(Refused, match="to the user 'mia'"):
            engine.graphql(answer, yes, user="max")
        engine.graphql(answer, yes, user="mia")
        engine.run(seconds=60)
        (pay,) = asked("max", "finance", group="finance")
        taken = engine.graphql(claim, {"input": key(pay)}, user="max", groups=["finance"])
        assert taken["claimSessionAgent"]["sessionAgent"]["ask"]["claimedBy"] == "max"
        assert asked("eve", "finance", group="finance") == []
        assert asked("max")[0]["ask"]["claimedBy"] == "max"
        yes = {"input": {**key(pay), "approved": True}}
        with pytest.raises(Refused, match="'max' has claimed this question"):
            engine.graphql(answer, yes, user="eve", groups=["finance"])
        engine.graphql(answer, yes, user="max", groups=["finance"])
        engine.run()
        assert session.status == "COMPLETED"


def test_people_of_a_test_answer_as_those_whom_agents_ask(tmp_path: Path) -> None:
    seen: list[tuple[str | None, str | None]] = []

    def judge(question: Question) -> Decision:
        seen.append((question.assignee, question.group))
        return approve()

    with Engine() as engine:
        engine.person("check", judge)
        engine.person("pay", judge)
        session = started(engine, 1, tmp_path)
        engine.run()

        assert session.status == "COMPLETED"
        assert seen == [("mia", None), (None, "finance")]
        by = [session.agent(name).answered_by for name in ("check", "pay")]
        assert by == ["mia", "tester"]


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
        session = started(engine, 2, tmp_path)
        engine.run()

        assert session.status == "COMPLETED"
        assert session.agent("post").state == post
        assert len(texts) == min(approves, 3)
        assert "rejected the answer of agent Writer\nShorter" in texts[1]
