"""The tables of transitions, compared with a list that was written by hand."""

from enum import StrEnum
from itertools import product

import pytest

from ai_coordination import states
from ai_coordination.states import SessionAgentState, SessionStatus, State, may_move, sources

# The enums of the public contract that the engine stores, as a client writes them.
CONTRACT = {
    "AgentRuntimeKind": "ECHO LAMBDA EXTERNAL PASS OPENAI BEDROCK HTTP A2A",
    "UserInTheLoop": "INPUT APPROVAL CHOICE",
    "TimeoutPolicy": "FAIL DEFAULT",
    "RejectionPolicy": "FAIL CONTINUE",
    "FailurePolicy": "FAIL_SESSION SKIP_SUCCESSORS CONTINUE",
    "ScheduleStatus": "ACTIVE PAUSED COMPLETED",
    "SessionStatus": "INITIAL IN_PROGRESS WAITING_FOR_INPUT COMPLETED FAILED CANCELLED",
    "LogLevel": "INFO WARNING ERROR",
    "SessionAgentState": (
        "INITIAL IN_PROGRESS WAITING_FOR_INPUT COMPLETED FAILED SKIPPED CANCELLED"
    ),
    "RunOutcome": "COMPLETED FAILED TIMED_OUT CANCELLED INPUT_REQUIRED DELEGATED",
}

SESSION_MOVES = """
INITIAL IN_PROGRESS
INITIAL FAILED
INITIAL CANCELLED
IN_PROGRESS COMPLETED
IN_PROGRESS FAILED
IN_PROGRESS CANCELLED
"""
SESSION_RETRIES = """
FAILED IN_PROGRESS
CANCELLED IN_PROGRESS
COMPLETED IN_PROGRESS
"""
AGENT_MOVES = """
INITIAL IN_PROGRESS
INITIAL SKIPPED
INITIAL CANCELLED
INITIAL FAILED
IN_PROGRESS COMPLETED
IN_PROGRESS FAILED
IN_PROGRESS CANCELLED
IN_PROGRESS INITIAL
IN_PROGRESS WAITING_FOR_INPUT
WAITING_FOR_INPUT INITIAL
WAITING_FOR_INPUT COMPLETED
WAITING_FOR_INPUT FAILED
WAITING_FOR_INPUT CANCELLED
"""
AGENT_RETRIES = """
COMPLETED INITIAL
FAILED INITIAL
SKIPPED INITIAL
CANCELLED INITIAL
"""


def _legal(states_of: type[State], *, retry: bool) -> set[tuple[str, str]]:
    return {
        (before.name, after.name)
        for before, after in product(states_of, repeat=2)
        if may_move(before, after, retry=retry)
    }


def _reached(states_of: type[State], *, retry: bool) -> set[tuple[str, str]]:
    return {
        (before.name, after.name) for after in states_of for before in sources(after, retry=retry)
    }


def _listed(table: str) -> set[tuple[str, str]]:
    pairs = [line.split() for line in table.strip().split("\n")]
    return {(before, after) for before, after in pairs}


@pytest.mark.parametrize("name", CONTRACT)
def test_an_enum_has_the_names_of_the_contract_and_stores_them_in_lower_case(name: str) -> None:
    enum: type[StrEnum] = getattr(states, name)

    assert [member.name for member in enum] == CONTRACT[name].split()
    assert [member.value for member in enum] == CONTRACT[name].lower().split()


def test_no_enum_is_missing_from_the_contract() -> None:
    enums = {
        name
        for name, thing in vars(states).items()
        if isinstance(thing, type) and issubclass(thing, StrEnum) and thing is not StrEnum
    }

    assert enums == set(CONTRACT)


def test_a_move_of_a_session_is_legal_exactly_when_it_is_listed() -> None:
    assert _legal(SessionStatus, retry=False) == _listed(SESSION_MOVES)
    assert _legal(SessionStatus, retry=True) == _listed(SESSION_RETRIES)


def test_a_move_of_an_agent_is_legal_exactly_when_it_is_listed() -> None:
    assert _legal(SessionAgentState, retry=False) == _listed(AGENT_MOVES)
    assert _legal(SessionAgentState, retry=True) == _listed(AGENT_RETRIES)


def test_the_sources_of_a_state_are_those_from_which_a_move_is_listed() -> None:
    assert _reached(SessionStatus, retry=False) == _listed(SESSION_MOVES)
    assert _reached(SessionStatus, retry=True) == _listed(SESSION_RETRIES)
    assert _reached(SessionAgentState, retry=False) == _listed(AGENT_MOVES)
    assert _reached(SessionAgentState, retry=True) == _listed(AGENT_RETRIES)


def test_a_start_has_one_source_and_never_an_ended_session() -> None:
    assert sources(SessionStatus.IN_PROGRESS) == {SessionStatus.INITIAL}


def test_sources_are_of_the_enum_that_was_asked_for() -> None:
    assert {type(state) for state in sources(SessionStatus.FAILED)} == {SessionStatus}
    assert {type(state) for state in sources(SessionAgentState.FAILED)} == {SessionAgentState}


def test_a_session_leaves_a_terminal_state_by_a_retry_alone() -> None:
    terminal = {"COMPLETED", "FAILED", "CANCELLED"}

    assert {state.name for state in states.TERMINAL_SESSION} == terminal
    assert {before.name for before, _ in states.SESSION_RETRIES} == terminal
    assert not terminal & {before.name for before, _ in states.SESSION_MOVES}


def test_an_agent_leaves_a_terminal_state_by_a_retry_alone() -> None:
    terminal = {"COMPLETED", "FAILED", "SKIPPED", "CANCELLED"}

    assert {state.name for state in states.TERMINAL_AGENT} == terminal
    assert {before.name for before, _ in states.AGENT_RETRIES} == terminal
    assert not terminal & {before.name for before, _ in states.AGENT_MOVES}


def test_every_state_that_is_not_terminal_is_left_by_some_move() -> None:
    sessions = set(SessionStatus) - states.TERMINAL_SESSION - {SessionStatus.WAITING_FOR_INPUT}
    agents = set(SessionAgentState) - states.TERMINAL_AGENT

    assert {before for before, _ in states.SESSION_MOVES} == sessions
    assert {before for before, _ in states.AGENT_MOVES} == agents


def test_no_move_stores_that_a_session_waits_for_input() -> None:
    named = {state for move in states.SESSION_MOVES | states.SESSION_RETRIES for state in move}

    assert SessionStatus.WAITING_FOR_INPUT not in named
