"""Control flow costs nothing where none is used, and little where it is."""

from collections import Counter
from typing import Any, NamedTuple

import pytest

from benchmarks.units import kept
from tests.api.execution import after, blueprint, echo, start, states, work_off
from tests.support.graph_api import Place
from tests.support.stored import everything_stored

pytestmark = pytest.mark.usefixtures("worked_queue")


class Cost(NamedTuple):
    """Calls of the database by operation, and the write units of the tables and their indexes."""

    calls: dict[str, int]
    units: int
    of_indexes: int


def chain(**more: Any) -> tuple[Place, Cost]:
    """Run A, B and C, one after the other, with these settings of B. Count what the steps cost."""
    actions = [after("a"), after("b", "a", **more), after("c", "b")]
    place = start(blueprint([echo(name) for name in "abc"], actions), taskQuery="Which?")
    with kept() as ledger:
        work_off()
    units = sum(write.units for write in ledger.writes)
    return place, Cost(
        dict(Counter(ledger.calls)), units, sum(write.total for write in ledger.writes) - units
    )


# A claim, two handovers, and the end of C: complete, seal, release the session, end it, settle.
PLAIN = Cost(
    {"GetItem": 1, "BatchGetItem": 3, "TransactWriteItems": 3, "UpdateItem": 5, "Query": 1}, 25, 10
)
ATTRIBUTES = {
    "session_agents": """agent agent_action agent_input agent_output agent_uuid attempt
        coordination_uuid created_at current_run_uuid ended iteration last_writes ordinal
        partition_key predecessors rev run_count session_agent_uuid session_uuid sole_successors
        state subtask_query successors thread_from thread_uuid updated_at updated_by version""",
    "sessions": """agent_count coordination_name coordination_uuid created_at final_progress
        finished_at graph_size input_files iteration_count last_writes logs partition_key run_count
        session_uuid started_at status subtask_queries task_name task_query task_uuid updated_at
        updated_by version""",
}


def stored_attributes(table: str) -> set[str]:
    items = everything_stored()[f"ai-coordination-{table}"]
    return {name for item in items for name in item}


def test_a_session_without_control_flow_costs_what_it_did_and_stores_nothing_more() -> None:
    _, cost = chain()

    assert cost == PLAIN
    for table, names in ATTRIBUTES.items():
        assert stored_attributes(table) == set(names.split())


@pytest.mark.parametrize(
    "settings",
    [{"when": "states.a == 'COMPLETED'"}, {"input": "outputs.a"}, {"heartbeatSeconds": 60}],
    ids=lambda settings: next(iter(settings)),
)
def test_a_condition_that_holds_and_an_input_cost_nothing(settings: dict[str, Any]) -> None:
    place, cost = chain(**settings)

    assert cost == PLAIN
    assert set(states(place).values()) == {"COMPLETED"}


def test_a_skipped_agent_costs_three_writes_and_no_transaction() -> None:
    place, cost = chain(when="`false`")

    # A's worker reads B, and hands nothing over. Then A's step: complete, seal, release and settle.
    # Of B and C each: the skip, the release, and the removal of the due time.
    assert states(place) == {"a": "COMPLETED", "b": "SKIPPED", "c": "SKIPPED"}
    assert cost.calls == {
        "GetItem": 3,
        "BatchGetItem": 3 + 1,
        "TransactWriteItems": 1,
        "UpdateItem": 4 + 2 * 3 + 1,
        "Query": 1,
    }


def test_a_delay_is_one_write() -> None:
    place, cost = chain(delaySeconds=3)

    # A's worker reads B, and hands nothing over. Then A's step: complete, seal, release and settle;
    # then B's delay.
    assert states(place) == {"a": "COMPLETED", "b": "INITIAL", "c": "INITIAL"}
    assert cost.calls == {
        "GetItem": 2,
        "BatchGetItem": 2 + 1,
        "TransactWriteItems": 1,
        "UpdateItem": 4 + 1,
    }
