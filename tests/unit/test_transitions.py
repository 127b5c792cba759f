"""The edges of a session agent's state diagram, as values: nothing is written here."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ai_coordination import models, states
from ai_coordination.engine.agent import transitions
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.models import moves
from ai_coordination.states import (
    TERMINAL_AGENT,
    RunOutcome,
    SessionAgentState,
)
from tests.docs.pages import page as docs_page
from tests.support.contexts import At

RUN = "01a22942-c650-72c0-95f7-cff644c850f4"
NOW = "2026-11-29T00:00:00.000000+00:00"
FENCE = moves.in_time(NOW)
ENGINE = Engine(queue=None, context=At(moment=datetime(2026, 11, 29, tzinfo=UTC)))  # type: ignore[arg-type]
KIND: Any = models.AgentAction
RULE: Any = models.AskRule
ACTION = KIND(ask=RULE(title="Which?"))
ANSWER: Changes = {"agent_output": "out"}
QUESTION: Changes = {"question": "Which?", "resume": "[]"}
EDGES: Mapping[str, Callable[[models.SessionAgent], Transition]] = {
    "to_in_progress": lambda agent: transitions.to_in_progress(agent, run(), {}, NOW),
    "to_handed_over": lambda agent: transitions.to_handed_over(
        transitions.to_in_progress(agent, run(), {}, NOW), agent
    ),
    "to_grown": lambda agent: transitions.to_grown(ENGINE, agent, {"waiting_on": {7}}, None),
    "to_skipped": lambda agent: transitions.to_skipped(ENGINE, agent, "why"),
    "to_cancelled": lambda agent: transitions.to_cancelled(ENGINE, agent),
    "to_failed_unstarted": lambda agent: transitions.to_failed_unstarted(ENGINE, agent, "why"),
    "to_next_attempt": lambda agent: transitions.to_next_attempt(
        ENGINE, agent, "why", RunOutcome.TIMED_OUT, FENCE, 8.0
    ),
    "to_same_attempt": lambda agent: transitions.to_same_attempt(ENGINE, agent, "why", FENCE, 8.0),
    "to_waiting": lambda agent: transitions.to_waiting(ENGINE, agent, ANSWER, None, NOW),
    "to_asking": lambda agent: transitions.to_asking(ENGINE, agent, QUESTION, FENCE, NOW),
    "to_delegated": lambda agent: transitions.to_delegated(
        ENGINE, agent, {"waiting_on": {7}}, {"output": "[]"}, FENCE, None
    ),
    "to_completed": lambda agent: transitions.to_completed(ENGINE, agent, ANSWER, FENCE),
    "to_failed": lambda agent: transitions.to_failed(
        ENGINE, agent, "why", RunOutcome.FAILED, FENCE
    ),
    "to_answered": lambda agent: transitions.to_answered(
        ENGINE, agent, SessionAgentState.COMPLETED, {"user_input": "yes"}, FENCE
    ),
    "to_next_turn": lambda agent: transitions.to_next_turn(ENGINE, agent, {"reply": "1"}, FENCE),
    "to_next_iteration": lambda agent: transitions.to_next_iteration(ENGINE, agent, 2, {0}, {}),
}


def run() -> models.SessionRun:
    return models.SessionRun(run_uuid="run-2", attempt=2, thread_uuid="thread", created_at=NOW)


def agent_in(state: SessionAgentState) -> models.SessionAgent:
    return models.SessionAgent(
        session_uuid="s",
        session_agent_uuid="a",
        partition_key="acme#sales",
        ordinal=3,
        iteration=1,
        attempt=1,
        current_run_uuid=RUN,
        lease_until=NOW,
        state=state.value,
        agent_action=ACTION,
    )


def table() -> list[tuple[str, str, str]]:
    rows = docs_page("internals/execution-protocol").table("The edges of the state diagram")
    return [(row[0].strip("`"), row[1].strip("`"), row[-1].strip("`")) for row in rows]


def test_the_table_of_edges_names_every_function() -> None:
    functions = {name for name in vars(transitions) if name.startswith("to_")}

    assert {function for *_, function in table()} == functions == EDGES.keys()


@pytest.mark.parametrize(("before", "after", "function"), table()[:-1])
def test_an_edge_is_the_move_that_the_table_names(before: str, after: str, function: str) -> None:
    source = SessionAgentState[before]

    transition = EDGES[function](agent_in(source))

    assert transition.source is source
    targets = {transition.to}
    if function == "to_answered":
        targets.add(SessionAgentState.FAILED)
    assert SessionAgentState[after] in targets
    assert transition.to is source or states.may_move(source, transition.to)


def test_the_agent_that_was_read_stays_as_it_is() -> None:
    for function, edge in EDGES.items():
        agent = agent_in(SessionAgentState.IN_PROGRESS)

        result = edge(agent).result()

        assert agent.attribute_values == agent_in(SessionAgentState.IN_PROGRESS).attribute_values
        assert result.state == edge(agent).to, function
        assert result.updated_at == NOW


def test_the_result_of_a_transition_is_computed_once_and_another_one_has_its_own() -> None:
    transition = EDGES["to_in_progress"](agent_in(SessionAgentState.INITIAL))

    result = transition.result()

    later = replace(transition, due_at="2026-12-01")
    assert transition.result() is result
    assert (later.result().due_at, result.due_at) == ("2026-12-01", transition.due_at)


def test_every_way_out_of_an_attempt_but_completion_seals_the_run_in_the_same_write() -> None:
    sealed = {
        name: edge(agent_in(SessionAgentState.IN_PROGRESS)).outcome for name, edge in EDGES.items()
    }

    assert {name: outcome for name, outcome in sealed.items() if outcome is not None} == {
        "to_next_attempt": RunOutcome.TIMED_OUT,
        "to_same_attempt": RunOutcome.FAILED,
        "to_waiting": RunOutcome.COMPLETED,
        "to_asking": RunOutcome.INPUT_REQUIRED,
        "to_delegated": RunOutcome.DELEGATED,
        "to_failed": RunOutcome.FAILED,
        "to_cancelled": RunOutcome.CANCELLED,
    }


def test_every_way_out_of_an_attempt_forgets_its_throttled_runs() -> None:
    throttled = agent_in(SessionAgentState.IN_PROGRESS).changed(
        {"throttles": 2, "throttled_since": NOW}
    )
    results = {name: edge(throttled).result() for name, edge in EDGES.items()}

    kept = {name for name, agent in results.items() if agent.throttles or agent.throttled_since}

    starts = {"to_in_progress", "to_handed_over", "to_skipped", "to_grown"}
    assert kept == {"to_same_attempt", *starts}


def test_only_an_agent_that_waits_for_a_person_is_in_a_list_of_questions() -> None:
    asked = {"asked_user": "mia", "asked_of": "k", "asked_order": "o", "claimed_by": "mia"}
    ways_in = {"to_waiting": "Which?", "to_asking": None}
    ways_out = {"to_answered", "to_next_turn", "to_cancelled"}

    for name in ways_in.keys() | ways_out:
        agent = agent_in(SessionAgentState.IN_PROGRESS).changed({**asked, "claimed_at": NOW})
        result: Any = EDGES[name](agent).result()

        assert (result.asked_user, result.claimed_by, result.claimed_at) == ("mia", None, None)
        listed = "acme#sales#u#mia", f"{NOW}#{NOW}#a"
        expected = listed if name in ways_in else (None, None)
        assert (result.asked_of, result.asked_order) == expected
        assert result.asked_title == ways_in.get(name)


def test_no_agent_that_leaves_its_start_goes_on_adding_others() -> None:
    adds = agent_in(SessionAgentState.INITIAL).changed({"growing": "a plan"})
    results = {name: edge(adds) for name, edge in EDGES.items()}
    ends = {"to_in_progress", "to_skipped", "to_cancelled"}

    assert all(results[name].result().growing is None for name in ends)
    assert "growing" in str(results["to_failed_unstarted"].condition)


def test_a_throttled_run_is_counted_apart_and_the_attempt_is_made_again() -> None:
    agent = agent_in(SessionAgentState.IN_PROGRESS)
    first = EDGES["to_same_attempt"](agent).result()
    again = first.changed({"state": "in_progress", "attempt": 1, "throttled_since": "earlier"})
    second = EDGES["to_same_attempt"](again).result()

    assert [(one.attempt, one.throttles, one.throttled_since) for one in (first, second)] == [
        (0, 1, NOW),
        (0, 2, "earlier"),
    ]
    later = "2026-11-29T00:00:08.000000+00:00"
    assert (first.not_before, first.due_at) == (later, "2026-11-29T00:01:08.000000+00:00")


def test_only_a_cancelled_agent_has_no_outstanding_work_when_it_has_ended() -> None:
    for name, edge in EDGES.items():
        transition = edge(agent_in(SessionAgentState.IN_PROGRESS))
        if transition.to in TERMINAL_AGENT:
            assert (transition.due_at is None) == (name == "to_cancelled"), name


def test_only_edges_of_people_and_agents_that_cannot_start_need_the_session() -> None:
    def of_session(transition: Transition) -> Any:
        return None if transition.session is None else len(transition.session)

    needed = {
        name: of_session(edge(agent_in(SessionAgentState.INITIAL))) for name, edge in EDGES.items()
    }

    assert {name: actions for name, actions in needed.items() if actions is not None} == {
        "to_failed_unstarted": 0,
        "to_waiting": 1,
        "to_asking": 1,
        "to_answered": 1,
        "to_next_turn": 1,
    }
