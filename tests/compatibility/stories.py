"""What sessions live through, so that between their writes they are in every state there is."""

from collections.abc import Callable, Mapping

from tests.compatibility import clients, starts, turns
from tests.compatibility.life import Life

Story = Callable[[Life], None]

STORIES: Mapping[str, Story] = {
    story.__name__: story
    for story in (
        starts.join,
        starts.large,
        starts.started_in_chunks,
        starts.graph_in_the_bucket,
        starts.built_by_hand,
        turns.cancelled,
        starts.cancelled_start,
        starts.picked_up,
        turns.failing,
        turns.started_again,
        turns.done_anew,
        turns.asking_again,
        turns.skipping,
        turns.continuing,
        turns.outside,
        turns.asking,
        turns.rejected,
        turns.taken_over,
        turns.answered_later,
        turns.lost,
        turns.timed_out,
        clients.scheduled,
        clients.asked_twice,
    )
}

# Those whose session is started in chunks, of one agent each.
IN_CHUNKS = frozenset({"started_in_chunks", "graph_in_the_bucket", "cancelled_start", "picked_up"})
