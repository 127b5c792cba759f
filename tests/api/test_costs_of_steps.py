"""What a step writes: its items stay below the size at which each write would cost more."""

from unittest.mock import patch

import pytest

from ai_coordination.engine import factory
from benchmarks import sessions


@pytest.mark.usefixtures("tables")
def test_a_step_in_a_chain_costs_11_write_units_and_3_read_units() -> None:
    queue = sessions.Held()

    with patch.object(factory, "SqsQueue", lambda *urls: queue):
        costs = sessions.costs(queue)

    writes = {what: (units, indexes) for what, _, _, units, indexes in costs["writes"]}
    assert writes["Put session_runs"] == (2, {"of-thread": 1})
    assert sum(units + sum(more.values()) for *_, units, more in costs["writes"]) == 11
    assert costs["reads"] == 3
    assert costs["calls"].total() == 7
