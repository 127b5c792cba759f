"""Another caller writes between a read and its write, or between a write and its retry."""

from functools import partial
from typing import Any

import pytest

from ai_coordination.caller import Caller
from tests.dynamodb_local.network_faults import (
    WRITES,
    Plan,
    after,
    conflicts,
    faults,
    in_turn,
    reply_times_out_and_then,
)
from tests.dynamodb_local.results import KEY
from tests.dynamodb_local.tenant_data import everything_of, new_tenant
from tests.support.graph_api import (
    AGENTS,
    change,
    create,
    data,
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
    new_task,
    refusal,
)

COORDINATION = "coordination { version coordinationName coordinationDescription }"
TASK = "task { version taskName agentActions { agentUuid } }"


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


def _meeting(plan: Plan, name: str, given: dict[str, Any], selection: str, caller: Caller) -> Any:
    with faults(plan):
        return next(iter(change(name, given, selection, caller).values()))


@pytest.mark.parametrize("expected", [None, 1])
@pytest.mark.parametrize("rivals", [1, 3])
def test_an_update_lands_once_also_where_others_came_before_its_repeat(
    rivals: int, expected: int | None, caller: Caller
) -> None:
    key = {"coordinationUuid": new_coordination(caller)}

    def rival() -> None:
        for number in range(rivals):
            given = {**key, "coordinationName": f"Rival {number + 1}"}
            change("updateCoordination", given, COORDINATION, caller)

    given: dict[str, Any] = {**key, "coordinationDescription": "Mine", "coordinationName": "Mine"}
    if expected is not None:
        given["expectedVersion"] = expected
    plan = in_turn(reply_times_out_and_then(rival))
    answer = _meeting(plan, "updateCoordination", given, COORDINATION, caller)

    assert answer == {
        "version": 2 + rivals,
        "coordinationName": f"Rival {rivals}",
        "coordinationDescription": "Mine",
    }


def test_a_graph_is_changed_once_also_where_another_came_before_the_repeat(caller: Caller) -> None:
    coordination = new_coordination(caller)
    key = {"coordinationUuid": coordination, "taskUuid": new_task(coordination, caller)}
    rivals = {**key, "agentActions": [{"agentUuid": "zh"}]}
    rival = partial(change, "updateTask", rivals, TASK, caller)

    given = {**key, "agentActions": [{"agentUuid": "rag"}], "taskName": "Mine"}
    answer = _meeting(in_turn(reply_times_out_and_then(rival)), "updateTask", given, TASK, caller)

    assert answer == {"version": 3, "taskName": "Mine", "agentActions": [{"agentUuid": "zh"}]}


def test_a_graph_that_was_changed_since_it_was_read_is_checked_again(caller: Caller) -> None:
    coordination = new_coordination(caller)
    actions = [{"agentUuid": "rag"}, {"agentUuid": "zh"}]
    key = {
        "coordinationUuid": coordination,
        "taskUuid": new_task(coordination, caller, agentActions=actions),
    }
    rivals = {**key, "agentActions": [{"agentUuid": "rag"}]}
    rival = partial(change, "updateTask", rivals, TASK, caller)

    given = {**key, "subtaskQueries": [{"agentUuid": "zh", "subtaskQuery": "Into Chinese"}]}
    answer = _meeting(in_turn(after(rival)), "updateTask", given, TASK, caller)

    assert answer == {
        "version": 3,
        "taskName": "Translate",
        "agentActions": [{"agentUuid": "rag"}],
    }


def test_a_coordination_that_goes_after_it_was_read_gets_no_task(caller: Caller) -> None:
    key = {"coordinationUuid": new_coordination(caller)}
    rival = partial(change, "deleteCoordination", key, "deletedId", caller)

    with faults(in_turn(after(rival))):
        refused = refusal("createTask", {**key, "taskName": "Translate"}, caller)

    assert refused == {"code": "NOT_FOUND", "inputPath": ["input", "coordinationUuid"]}
    assert not any(everything_of(caller, key["coordinationUuid"]).values())


def _deletable(caller: Caller) -> dict[str, dict[str, str]]:
    """What is read before it is deleted."""
    coordination = new_coordination(caller)
    task = new_task(coordination, caller)
    session = new_session(coordination, caller)
    agent = new_agent(coordination, session, caller)
    schedule = new_schedule(coordination, task, caller)
    return {
        "deleteTaskSchedule": {"taskUuid": task, "scheduleUuid": schedule},
        "deleteSessionAgent": {"sessionUuid": session, "sessionAgentUuid": agent},
        "deleteSessionRun": {
            "sessionUuid": session,
            "runUuid": new_run(coordination, session, caller),
        },
    }


@pytest.mark.parametrize("name", ["deleteTaskSchedule", "deleteSessionAgent", "deleteSessionRun"])
def test_what_another_deletes_after_it_was_read_is_counted_out_once(
    name: str, caller: Caller
) -> None:
    given = _deletable(caller)[name]
    rival = partial(change, name, given, "deletedId", caller)

    with faults(in_turn(after(rival))):
        refused = refusal(name, given, caller)

    left = everything_of(caller)
    [task], [session] = left["tasks"], left["sessions"]
    assert refused == {"code": "NOT_FOUND"}
    assert int(task["schedule_count"]["N"]) == len(left["schedules"])
    assert int(session["agent_count"]["N"]) == len(left["agents"])
    assert int(session["run_count"]["N"]) == len(left["runs"])


def test_a_delete_that_another_made_during_its_conflict_finds_nothing(caller: Caller) -> None:
    given = {"coordinationUuid": new_coordination(caller)}
    rival = partial(change, "deleteCoordination", given, "deletedId", caller)

    with faults(in_turn(after(rival, conflicts))):
        refused = refusal("deleteCoordination", given, caller)

    assert refused == {"code": "NOT_FOUND"}


def test_an_agent_that_gets_a_successor_after_it_was_read_stays(caller: Caller) -> None:
    coordination = new_coordination(caller)
    session = new_session(coordination, caller)
    agent = new_agent(coordination, session, caller)
    rival = partial(new_agent, coordination, session, caller, predecessors=[agent])
    given = {"sessionUuid": session, "sessionAgentUuid": agent}

    with faults(in_turn(after(rival))):
        refused = refusal("deleteSessionAgent", given, caller)

    assert refused == {"code": "HAS_CHILDREN", "children": {"successors": 1}}
    assert len(everything_of(caller)["agents"]) == 2


def test_a_predecessor_that_goes_meanwhile_keeps_the_agent_out(caller: Caller) -> None:
    coordination = new_coordination(caller)
    session = new_session(coordination, caller)
    agent = new_agent(coordination, session, caller)
    key = {"sessionUuid": session, "sessionAgentUuid": agent}
    rival = partial(change, "deleteSessionAgent", key, "deletedId", caller)
    given = {"coordinationUuid": coordination, "sessionUuid": session, "agentUuid": "zh"}

    with faults(in_turn(after(rival))):
        refused = refusal("createSessionAgent", {**given, "predecessors": [agent]}, caller)

    left = everything_of(caller)
    assert refused == {"code": "NOT_FOUND", "inputPath": ["input", "predecessors", 0]}
    assert (left["agents"], left["sessions"][0]["agent_count"]) == ([], {"N": "0"})


def test_a_key_that_another_uses_meanwhile_gives_what_the_other_made(caller: Caller) -> None:
    given = {"coordinationName": "Offers", "agents": AGENTS, "idempotencyKey": KEY}
    made: list[dict[str, Any]] = []

    def rival() -> None:
        made.append(create("createCoordination", given, caller=caller))

    with faults(in_turn(after(rival))) as sent:
        mine = create("createCoordination", given, caller=caller)

    assert [mine] == made
    assert sum(operation in WRITES for operation in sent) == 2
    assert data("{ coordinations { totalCount nodes { id } } }", caller=caller) == {
        "coordinations": {"totalCount": None, "nodes": [{"id": mine["id"]}]}
    }
