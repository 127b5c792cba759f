"""The scenarios of a corpus. Between their writes, sessions are in every state there is."""

from collections.abc import Callable, Mapping

from tests.compatibility import (
    scenarios_of_callers,
    scenarios_of_growths,
    scenarios_of_people,
    scenarios_of_runs,
    scenarios_of_starts,
    scenarios_of_work,
)
from tests.compatibility.life import Life

Scenario = Callable[[Life], None]

SCENARIOS: Mapping[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        scenarios_of_starts.join,
        scenarios_of_starts.large,
        scenarios_of_starts.started_in_chunks,
        scenarios_of_starts.graph_in_the_bucket,
        scenarios_of_starts.built_by_hand,
        scenarios_of_runs.cancelled,
        scenarios_of_starts.cancelled_start,
        scenarios_of_starts.picked_up,
        scenarios_of_runs.failing,
        scenarios_of_runs.started_again,
        scenarios_of_runs.done_anew,
        scenarios_of_runs.asking_again,
        scenarios_of_runs.skipping,
        scenarios_of_runs.continuing,
        scenarios_of_runs.outside,
        scenarios_of_runs.asking,
        scenarios_of_runs.rejected,
        scenarios_of_runs.taken_over,
        scenarios_of_runs.answered_later,
        scenarios_of_runs.lost,
        scenarios_of_runs.timed_out,
        scenarios_of_callers.scheduled,
        scenarios_of_callers.asked_twice,
        scenarios_of_runs.throttled,
        scenarios_of_runs.budgeted,
        scenarios_of_runs.questioned,
        scenarios_of_runs.called_back,
        scenarios_of_work.polled,
        scenarios_of_work.beating,
        scenarios_of_people.choosing,
        scenarios_of_growths.branching,
        scenarios_of_growths.listing,
        scenarios_of_growths.looping,
        scenarios_of_growths.delegating,
        scenarios_of_growths.grown_anew,
        scenarios_of_growths.cancelled_growth,
        scenarios_of_people.claiming,
    )
}

# Those whose session is started in chunks, of one agent each.
IN_CHUNKS = frozenset({"started_in_chunks", "graph_in_the_bucket", "cancelled_start", "picked_up"})
