"""The counts that the end of a session stores."""

from ai_coordination import models


def test_a_worker_that_is_slower_than_a_retry_counts_only_agents_that_have_ended() -> None:
    """Its write is refused, but it must not fail before."""
    counted = models.Progress.of({"total": 3, "initial": 2, "completed": 1, "failed": 0})

    assert counted.attribute_values == {"total": 3, "completed": 1}
