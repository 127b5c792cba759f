"""The testing kit: errors of use, seeds and faults."""

import os
from datetime import datetime
from typing import Any

import pytest

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.models import connection
from ai_coordination.telemetry import logger
from ai_coordination.testing import (
    Engine,
    Faults,
    NeverAtRest,
    NeverHappened,
    TestingError,
    approve,
)
from tests.entrypoints.kit import asked, blueprint, external, started, steps


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


def test_what_people_say_is_not_lost_by_faults_of_workers() -> None:
    # With this seed a worker would die that made the request in which the person answers.
    with Engine(seed=5, faults=Faults(crashes=0.25)) as engine:
        engine.agent("agent-writer", lambda text: "A draft")
        engine.person("writer", approve(seconds=60))
        session = started(engine, asked("APPROVAL"))
        engine.run()

        assert session.status == "COMPLETED"


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
