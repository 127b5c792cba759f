"""`ai_coordination.testing`, used as by the tests of a user."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.models import connection
from ai_coordination.telemetry import logger
from ai_coordination.testing import (
    Engine,
    Faults,
    InvalidBlueprint,
    NeverAtRest,
    NeverHappened,
    Question,
    Refused,
    Reply,
    Session,
    TestingError,
    answer,
    approve,
    reject,
)

ONE_DAY = 86_400
EXAMPLE = Path(__file__).parents[2] / "examples" / "sales-quote.yaml"


def blueprint(
    *agents: str, invocation: str | None = "RequestResponse", **actions: Mapping[str, Any]
) -> dict[str, Any]:
    """A task in which LAMBDA agents of these names work one after another."""
    parameters = {"invocation": invocation} if invocation else {}
    members = [
        {
            "agentName": name,
            "runtime": {"kind": "LAMBDA", "target": f"agent-{name}", "parameters": parameters},
        }
        for name in agents
    ]
    before = [[], *([name] for name in agents)]
    steps = [
        {"agentUuid": name, "predecessors": predecessors, **actions.get(name, {})}
        for name, predecessors in zip(agents, before, strict=False)
    ]
    return {
        "coordination": {"coordinationName": "Offers", "agents": members},
        "task": {"taskName": "Offer", "initialTaskQuery": "Tea?", "agentActions": steps},
    }


def external(name: str) -> dict[str, Any]:
    """A task of one EXTERNAL agent."""
    return {
        "coordination": {
            "coordinationName": "Prices",
            "agents": [{"agentName": name, "runtime": {"kind": "EXTERNAL"}}],
        },
        "task": {
            "taskName": "Price",
            "initialTaskQuery": "Tea?",
            "agentActions": [{"agentUuid": name}],
        },
    }


def asked(asks: str, **more: Any) -> dict[str, Any]:
    """A task of one agent that asks a person."""
    return blueprint("writer", writer={"userInTheLoop": asks, **more})


def started(engine: Engine, content: Mapping[str, Any], **more: Any) -> Session:
    engine.load(content)
    return engine.start(**more)


def test_agents_are_functions_that_get_their_input_and_return_their_output() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: f"An offer of {text}")
        session = started(engine, blueprint("writer"), query="green tea")
        engine.run()

        writer = session.agent("writer")
        assert session.status == "COMPLETED"
        assert (writer.state, writer.input, writer.output) == (
            "COMPLETED",
            "green tea",
            "An offer of green tea",
        )
        assert [(run.attempt, run.outcome) for run in session.runs] == [(1, "COMPLETED")]


@pytest.mark.parametrize("name", ["agent-writer", "writer"])
@pytest.mark.parametrize("invocation", ["RequestResponse", None])
def test_an_agent_is_named_by_its_target_or_its_name_however_it_is_invoked(
    name: str, invocation: str | None
) -> None:
    with Engine() as engine:
        engine.agent(name, lambda text: "done", seconds=20)
        session = started(engine, blueprint("writer", invocation=invocation))
        engine.run()

        assert (session.status, session.seconds) == ("COMPLETED", 20.0)


def test_an_external_agent_is_a_function_too() -> None:
    with Engine() as engine:
        engine.agent("price", lambda text: "42", seconds=30)
        session = started(engine, external("price"))
        engine.run()

        assert session.agent("price").output == "42"
        assert session.seconds == 30.0


def test_a_handler_gets_the_documented_event_and_a_context() -> None:
    events: list[dict[str, Any]] = []

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        events.append({**event, "left": context.get_remaining_time_in_millis()})
        return {"agentOutput": "done", "usage": {"inputTokens": 3, "outputTokens": 4}}

    with Engine() as engine:
        engine.agent("agent-writer", handler)
        session = started(engine, blueprint("writer"))
        engine.run()

        assert session.agent("writer").output == "done"
    [event] = events
    assert (event["version"], event["attempt"], event["agentInput"]) == (1, 1, "Tea?")
    assert event["left"] == 900_000


def test_a_handler_of_an_event_must_report_and_is_not_believed_otherwise() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda event, context: "dropped")
        started(engine, blueprint("writer", invocation=None))
        with pytest.raises(TestingError, match="what its handler returns is dropped"):
            engine.run()


def test_what_a_function_raises_is_a_failed_attempt() -> None:
    attempts: list[str] = []

    def busy_at_first(text: str) -> str:
        attempts.append(text)
        if len(attempts) < 3:
            raise RuntimeError("Busy")
        return "done"

    with Engine() as engine:
        engine.agent("agent-writer", busy_at_first)
        session = started(engine, blueprint("writer", writer={"retry": {"maxAttempts": 3}}))
        engine.run()

        writer = session.agent("writer")
        assert (session.status, writer.attempts) == ("COMPLETED", 3)
        assert [run.outcome for run in writer.runs] == ["FAILED", "FAILED", "COMPLETED"]
        assert "RuntimeError: Busy" in str(writer.runs[0].notes)


def test_parallel_agents_take_virtual_time_side_by_side() -> None:
    content = blueprint("one", "other", other={"predecessors": []})
    with Engine() as engine:
        engine.agent("agent-one", lambda text: "1", seconds=100)
        engine.agent("agent-other", lambda text: Reply("2", seconds=60))
        session = started(engine, content)
        engine.run()

        assert session.seconds == 100.0
        assert sorted(str(run.seconds) for run in session.runs) == ["100.0", "60.0"]


@pytest.mark.parametrize("invocation", ["RequestResponse", None])
def test_an_agent_that_takes_too_long_times_out(invocation: str | None) -> None:
    action = {"timeoutSeconds": 60, "retry": {"maxAttempts": 1}}
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "late", seconds=61)
        session = started(engine, blueprint("writer", invocation=invocation, writer=action))
        engine.run()

        assert session.status == "FAILED"
        assert [run.outcome for run in session.runs] == ["TIMED_OUT"]


def test_tokens_of_a_reply_are_the_usage_of_its_run() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: Reply("x", input_tokens=7, output_tokens=9))
        session = started(engine, blueprint("writer"))
        engine.run()
        data = engine.graphql(
            "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {"
            " sessionRuns { nodes { usage { inputTokens outputTokens } } } } }",
            {"c": session.coordination_uuid, "s": session.session_uuid},
        )

    [run] = data["session"]["sessionRuns"]["nodes"]
    assert run["usage"] == {"inputTokens": 7, "outputTokens": 9}


def test_a_large_input_reaches_a_function_of_text() -> None:
    large = "x" * 1_500_000
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: str(len(text)))
        session = started(engine, blueprint("writer", invocation=None), query=large)
        engine.run()

        assert session.agent("writer").output == "1500000"


def test_a_person_approves_after_virtual_hours() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "draft")
        engine.person("writer", approve("Fine", seconds=2 * ONE_DAY))
        session = started(engine, asked("APPROVAL"))
        engine.run()

        assert session.status == "COMPLETED"
        assert session.seconds == 2 * ONE_DAY


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


def test_what_never_happens_is_an_error_that_names_what_the_session_waits_for() -> None:
    with Engine() as engine:
        engine.agent("agent-writer", lambda text: "draft")
        session = started(engine, asked("APPROVAL"))
        with pytest.raises(NeverHappened, match="writer waits for a person"):
            engine.run(until=lambda: session.status == "COMPLETED")


def test_what_never_rests_is_an_error_that_names_what_the_session_waits_for() -> None:
    with Engine() as engine:
        session = started(engine, external("price"))
        with pytest.raises(NeverAtRest, match="price waits for an external worker"):
            engine.run(most_events=2)
        assert session.status == "IN_PROGRESS"


def test_a_missing_function_is_an_error_that_says_how_to_add_it() -> None:
    with Engine() as engine:
        started(engine, blueprint("writer"))
        with pytest.raises(TestingError, match=r"engine\.agent\('agent-writer', function\)"):
            engine.run()


def test_a_misspelt_name_is_an_error() -> None:
    with Engine() as engine:
        engine.load(blueprint("writer"))
        engine.agent("agent-riter", lambda text: "done")
        with pytest.raises(TestingError, match=r"No blueprint has 'agent-riter'.*agent-writer"):
            engine.start()


def test_an_unknown_agent_of_a_session_is_an_error_that_names_the_others() -> None:
    with Engine() as engine:
        session = started(engine, blueprint("one", "other"))
        with pytest.raises(TestingError, match=r"no agent 'third'\. Its agents: one, other"):
            session.agent("third")


@pytest.mark.parametrize("function", ["text", lambda: "done", lambda a, b, c: "done"])
def test_what_cannot_be_an_agent_is_an_error(function: Any) -> None:
    with Engine() as engine, pytest.raises(TestingError, match="must be a function"):
        engine.agent("writer", function)


def test_a_session_needs_one_blueprint() -> None:
    with Engine() as engine:
        with pytest.raises(TestingError, match="Load one first"):
            engine.start()
        engine.load(blueprint("writer"))
        second = engine.load(external("price"))
        with pytest.raises(TestingError, match="'Offer', 'Price'"):
            engine.start()
        engine.agent("price", lambda text: "42")
        session = engine.start(blueprint=second)
        engine.run()
        assert session.status == "COMPLETED"


def test_other_errors_of_use() -> None:
    with pytest.raises(TestingError, match="needs a time zone"):
        Engine(now=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(TestingError, match="lost_messages"):
        Faults(lost_messages=0.9)
    with Engine() as engine:
        with pytest.raises(TestingError, match="must be a function or a Decision"):
            engine.person("writer", "yes")  # type: ignore[arg-type]
        with pytest.raises(TestingError, match="cannot need -1"):
            engine.agent("writer", lambda text: text, seconds=-1)
    with pytest.raises(TestingError, match="closed"):
        engine.run()


def test_an_assertion_in_a_function_fails_the_test() -> None:
    def checks(text: str) -> str:
        assert text == "Coffee?"
        return "done"

    with Engine() as engine:
        engine.agent("agent-writer", checks)
        started(engine, blueprint("writer"))
        with pytest.raises(AssertionError, match=r"Coffee\?"):
            engine.run()


def test_an_error_in_the_block_shows_the_steps_of_the_sessions() -> None:
    with pytest.raises(AssertionError) as caught, Engine() as engine:  # noqa: PT012
        engine.agent("agent-writer", lambda text: 1 / 0, seconds=7)
        session = started(engine, blueprint("writer", writer={"retry": {"maxAttempts": 1}}))
        engine.run()
        assert session.status == "COMPLETED"

    [note] = caught.value.__notes__
    assert "FAILED after 7 s" in note
    assert "ZeroDivisionError: division by zero" in note


def steps(seed: int, faults: Faults | None = None, most_events: int = 1_000) -> str:
    with Engine(seed=seed, faults=faults) as engine:
        content = blueprint("a", "b", "c", b={"predecessors": []}, c={"predecessors": ["a", "b"]})
        engine.agent("a", lambda text: "1", seconds=10)
        engine.agent("b", lambda text: "2", seconds=20)
        engine.agent("c", lambda text: "3")
        session = started(engine, content)
        engine.run(most_events=most_events)
        assert session.status == "COMPLETED"
        return session.report()


ALL_FAULTS = Faults(lost_messages=0.2, duplicates=0.2, crashes=0.05, throttles=0.05)


@pytest.mark.parametrize("faults", [None, ALL_FAULTS])
def test_the_same_seed_makes_the_same_steps(faults: Faults | None) -> None:
    assert steps(5, faults) == steps(5, faults)


def test_other_seeds_make_other_identifiers_and_other_faults() -> None:
    assert steps(5) != steps(6)
    assert steps(5, ALL_FAULTS) != steps(5)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(lost_messages=0.4),
        Faults(crashes=0.15),
        Faults(throttles=0.15),
    ],
)
def test_a_session_comes_to_the_same_end_in_spite_of_faults(faults: Faults) -> None:
    assert [steps(seed, faults) for seed in range(2)] != [steps(seed) for seed in range(2)]


def test_messages_that_come_twice_are_more_events_and_change_no_step() -> None:
    doubled = Faults(duplicates=0.4)

    assert steps(5, doubled) == steps(5, most_events=6)
    with pytest.raises(NeverAtRest):
        steps(5, doubled, most_events=6)


def test_engines_side_by_side_and_inside_another_do_not_disturb_each_other() -> None:
    with Engine(seed=1) as one, Engine(seed=1) as other:
        sessions = []
        for engine in (one, other):
            engine.agent("agent-writer", lambda text: steps(3), seconds=5)
            sessions.append(started(engine, blueprint("writer")))
        one.run()
        assert [session.status for session in sessions] == ["COMPLETED", "IN_PROGRESS"]
        assert other.now < one.now
        other.run()
        assert sessions[0].report() == sessions[1].report()


def test_an_engine_leaves_the_process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_ENDPOINT_ID", "acme")
    monkeypatch.setenv("AI_COORDINATION_PART_ID", "sales")
    settings.cache_clear()
    client = clients("sqs")

    def state() -> Any:
        return dict(os.environ), settings(), connection.client, clients("sqs"), logger.log_level

    before = state()
    assert before[3] is client
    seen: list[Any] = []
    with Engine() as engine:
        seen.append(state())
        engine.agent("agent-writer", lambda text: seen.append(state()) or "done")  # type: ignore[func-returns-value]
        engine.person("writer", lambda question: seen.append(state()) or approve())  # type: ignore[func-returns-value]
        session = started(engine, asked("APPROVAL"))
        seen.append(state())
        engine.run()
        seen.append(state())
        assert session.status == "COMPLETED"

    assert seen == [before] * 5
    assert state() == before
