"""How often a sweep sends for an item while the queue of its lane is behind."""

from ai_coordination.engine.sweeper import is_sent_while_behind

SIX_HOURS = 6 * 60
A_YEAR = 366 * 24 * 60


def test_an_item_is_sent_ever_more_rarely_and_never_for_the_last_time() -> None:
    sent_at = [finds for finds in range(A_YEAR) if is_sent_while_behind(finds)]

    assert sent_at == [1, 8, 64, 512, 4_096, 32_768, 262_144]


def test_six_hours_of_backlog_send_three_messages_an_item() -> None:
    assert sum(map(is_sent_while_behind, range(1, SIX_HOURS + 1))) == 3
