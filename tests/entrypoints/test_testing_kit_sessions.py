"""The testing kit: people, blueprints, schedules, and when a run stops."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.testing import (
    Engine,
    InvalidBlueprint,
    Question,
    Refused,
    TestingError,
    answer,
    approve,
    reject,
)
from tests.entrypoints.kit import asked, blueprint, started

ONE_DAY = 86_400
EXAMPLE = Path(__file__).parents[2] / "examples" / "sales-quote.yaml"


def test_a_person_approves_after_virtual_hours() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "draft")
        engine.person("writer", approve("Fine", seconds=2 * ONE_DAY))
        session = started(engine, asked("APPROVAL"), labels={"customer": "Acme"})
        engine.run()

        assert session.status == "COMPLETED"
        assert session.seconds == 2 * ONE_DAY
        query = "query ($s: ID!) { session(sessionUuid: $s) { labels { key value } } }"
        labels = engine.graphql(query, {"s": session.session_uuid})["session"]["labels"]
        assert labels == [{"key": "customer", "value": "Acme"}]


def test_a_person_is_a_function_of_the_question() -> None:
    questions: list[Question] = []

    def strict(question: Question) -> Any:
        questions.append(question)
        return reject("Too short")

    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "draft")
        engine.person("writer", strict)
        session = started(engine, asked("APPROVAL", retry={"maxAttempts": 1}))
        engine.run()

        assert session.status == "FAILED"
        assert "Too short" in str(session.agent("writer").notes)
    assert questions == [Question("writer", "APPROVAL", "draft")]


def test_a_person_answers_an_agent_that_asks_for_input() -> None:
    content = blueprint("writer", "reader", writer={"userInTheLoop": "INPUT"})
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "Which tea?")
        engine.agent("agent-reader", lambda text: text)
        engine.person("writer", answer("Oolong"))
        session = started(engine, content)
        engine.run()

        assert "Oolong" in str(session.agent("reader").output)


@pytest.mark.parametrize("decision", [answer("Oolong"), "yes"])
def test_an_answer_to_another_question_fails_the_test(decision: Any) -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "draft")
        engine.person("writer", lambda question: decision)
        started(engine, asked("APPROVAL"))
        with pytest.raises(TestingError, match=r"approve\(\)"):
            engine.run()


def test_who_never_answers_leaves_the_session_waiting() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "draft")
        engine.person("writer", lambda question: None)
        session = started(engine, asked("APPROVAL"))
        engine.run()

        assert session.status == "WAITING_FOR_INPUT"
        assert session.waits_for() == ["writer waits for a person (APPROVAL): see Engine.person"]


def test_who_never_answers_is_too_late_at_last() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "draft")
        engine.person("writer", lambda question: None)
        action = {"answerTimeoutSeconds": ONE_DAY, "retry": {"maxAttempts": 1}}
        session = started(engine, asked("APPROVAL", **action))
        engine.run()

        assert session.status == "FAILED"
        assert session.seconds == ONE_DAY


def test_variables_fill_the_subtask_queries() -> None:
    content = blueprint("writer")
    content["task"]["subtaskQueries"] = [{"agentUuid": "writer", "subtaskQuery": "To {name}"}]
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: text)
        session = started(engine, content, variables={"name": "Ada"})
        engine.run()

        assert str(session.agent("writer").output).endswith("To Ada")


def test_a_blueprint_file_is_loaded_as_by_make_try() -> None:
    with Engine() as engine:
        engine.load(EXAMPLE)
        for name in ("order", "prices", "terms", "quote", "mail"):
            engine.agent(name, lambda text: text, seconds=1)
        engine.person("prices", answer("10 %"))
        engine.person("quote", approve())
        session = engine.start(variables={"customer": "Globex"})
        engine.run()

        assert [run.outcome for run in session.runs] == ["COMPLETED"] * 5
        assert "Mail the quote to Globex" in str(session.agent("Mail").output)


def test_a_wrong_blueprint_is_refused_with_the_place_of_each_problem(tmp_path: Path) -> None:
    file = tmp_path / "offer.yaml"
    file.write_text("coordination:\n  coordinationName: 7\ntask: {taskName: x}\n")
    with Engine() as engine:
        with pytest.raises(
            InvalidBlueprint, match=r"offer\.yaml:2:21: coordination\.coordinationName"
        ):
            engine.load(file)
        with pytest.raises(InvalidBlueprint, match=r"coordination\.coordinationName"):
            engine.load({"coordination": {"coordinationName": 7}, "task": {"taskName": "x"}})


def test_graphql_reaches_the_same_engine_and_raises_its_errors() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "done")
        session = started(engine, blueprint("writer"))
        engine.graphql(
            "mutation ($i: CancelSessionInput!) {"
            " cancelSession(input: $i) { session { status } } }",
            {
                "i": {
                    "coordinationUuid": session.coordination_uuid,
                    "sessionUuid": session.session_uuid,
                }
            },
        )
        engine.run()
        assert session.status == "CANCELLED"
        with pytest.raises(Refused, match="Cannot query field"):
            engine.graphql("{ nothing }")


def test_schedules_fire_while_a_run_waits() -> None:
    with Engine(now=datetime(2026, 3, 1, 12, tzinfo=UTC)) as engine:
        engine.agent("agent-writer", lambda text: "done")
        loaded = engine.load(blueprint("writer"))
        engine.graphql(
            "mutation ($i: CreateTaskScheduleInput!) { createTaskSchedule(input: $i)"
            " { taskSchedule { scheduleUuid } } }",
            {
                "i": {
                    "coordinationUuid": loaded.coordination_uuid,
                    "taskUuid": loaded.task_uuid,
                    "schedule": "cron(0 6 * * ? *)",
                }
            },
        )
        engine.run()
        assert engine.sessions == []
        engine.run(seconds=3 * ONE_DAY)

        assert engine.now == datetime(2026, 3, 4, 12, tzinfo=UTC)
        assert [session.status for session in engine.sessions] == ["COMPLETED"] * 3


def test_a_run_can_stop_when_something_has_happened() -> None:
    with Engine() as engine:
        engine.agent("agent-one", lambda text: "1", seconds=100)
        engine.agent("agent-other", lambda text: "2", seconds=100)
        session = started(engine, blueprint("one", "other"))
        engine.run(until=lambda: session.agent("one").state == "COMPLETED")
        assert session.agent("other").state != "COMPLETED"
        engine.run(seconds=50)
        assert (session.status, session.seconds) == ("IN_PROGRESS", 150.0)
        engine.run()
        assert (session.status, session.seconds) == ("COMPLETED", 200.0)
