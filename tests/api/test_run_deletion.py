"""A run can be deleted unless an agent still works on it, or has outstanding work for it."""

from typing import Any

import pytest

from ai_coordination import models
from tests.support.graph_api import Place, change, data, new_agent, new_run
from tests.support.stored import put_state, refused, stored

ENDED = ("completed", "failed", "skipped", "cancelled")
WORKING = ("initial", "in_progress", "waiting_for_input")
DUE = "2026-11-22T14:27:00.000000+00:00"

CURRENT_RUN = """query ($s: ID!, $a: ID!) {
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) { currentRun { runUuid notes } }
}"""


def current_run(place: Place, agent: str) -> Any:
    found = data(CURRENT_RUN, {"s": place.session, "a": agent})["sessionAgent"]
    return found["currentRun"]


def count(place: Place, agent: str) -> int:
    return int(stored(models.SessionAgent, place.session, agent).run_count)


def delete(place: Place, run: str) -> None:
    change("deleteSessionRun", {"sessionUuid": place.session, "runUuid": run}, "deletedId")


def refused_deletion(place: Place, run: str) -> dict[str, Any]:
    return refused("deleteSessionRun", {"sessionUuid": place.session, "runUuid": run})


def at_work(place: Place, state: str, **more: Any) -> tuple[str, str]:
    """An agent in this state, and its current run."""
    agent = new_agent(*place)
    run = new_run(*place, sessionAgentUuid=agent, notes="in hand")
    key = place.session, agent
    put_state(models.SessionAgent, *key, state=state, current_run_uuid=run, iteration=1, **more)
    return agent, run


def test_a_run_of_an_agent_that_never_had_a_current_one_is_deleted(place: Place) -> None:
    agent = new_agent(*place)
    runs = [new_run(*place, sessionAgentUuid=agent) for _ in range(2)]

    delete(place, runs[0])

    assert count(place, agent) == 1
    assert current_run(place, agent) is None


@pytest.mark.parametrize("state", WORKING)
def test_the_current_run_of_an_agent_is_not_deleted_while_it_is(place: Place, state: str) -> None:
    agent, run = at_work(place, state)

    told = refused_deletion(place, run)

    assert told == {"code": "INVALID_STATE", "state": state.upper()}
    assert current_run(place, agent) == {"runUuid": run, "notes": "in hand"}


@pytest.mark.parametrize("state", ENDED)
def test_an_ended_agent_that_owes_something_keeps_its_current_run(place: Place, state: str) -> None:
    _, run = at_work(place, state, due_at=DUE)

    assert refused_deletion(place, run) == {"code": "INVALID_STATE", "state": state.upper()}


@pytest.mark.parametrize("state", ENDED)
def test_the_current_run_of_an_ended_agent_is_deleted(place: Place, state: str) -> None:
    agent, run = at_work(place, state)

    delete(place, run)

    assert count(place, agent) == 0
    assert current_run(place, agent) is None


def test_an_earlier_run_of_a_working_agent_is_deleted(place: Place) -> None:
    agent, run = at_work(place, "in_progress", due_at=DUE)
    earlier = new_run(*place, sessionAgentUuid=agent)

    delete(place, earlier)

    assert count(place, agent) == 1
    assert current_run(place, agent) == {"runUuid": run, "notes": "in hand"}
