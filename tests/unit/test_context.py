"""The context of an invocation: its deadline, and identifiers of a given time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ai_coordination import ids
from ai_coordination.context import InvocationContext
from tests.support.contexts import SYSTEM

MOMENT = datetime(2026, 11, 23, 8, 30, 0, 123_456, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Stopped(InvocationContext):
    """Time stands still, and all random bits are the same."""

    ones: bool = field(default=False, kw_only=True)

    def utc(self) -> datetime:
        return MOMENT

    def monotonic(self) -> float:
        return 1_000.0

    def random_bits(self, bits: int) -> int:
        return (1 << bits) - 1 if self.ones else 0


def test_a_uuid_tells_its_time_and_has_62_random_bits() -> None:
    lowest, highest = (UUID(Stopped(ones=ones).new_uuid()) for ones in (False, True))

    assert {lowest.version, highest.version} == {7}
    assert highest.int - lowest.int == (1 << 62) - 1
    milliseconds = ids.milliseconds_of(str(lowest))
    assert milliseconds == int(MOMENT.timestamp() * 1000)


def test_uuids_of_successive_microseconds_are_in_order() -> None:
    # Of four milliseconds, the later with fewer random bits.
    moments = [MOMENT + number * MICROSECOND for number in range(4_000)]
    uuids = [ids.uuid7(moment, 4_000 - number) for number, moment in enumerate(moments)]

    assert uuids == sorted(uuids)
    assert len(set(uuids)) == len(uuids)


def test_an_ordinal_has_the_time_since_the_session_and_6_random_bits() -> None:
    session = ids.uuid7(MOMENT - timedelta(milliseconds=5), 0)
    later = ids.uuid7(MOMENT + timedelta(hours=1), 0)

    fraction = 456 * 1024 // 1000
    assert Stopped().new_ordinal(session) == ((5 << 10) + fraction) << 6
    assert Stopped(ones=True).new_ordinal(session) == (((5 << 10) + fraction) << 6) + 0x3F
    # Clocks differ: a session may seem to be of the future.
    assert Stopped().new_ordinal(later) == 0


def test_ordinals_of_successive_microseconds_are_in_order() -> None:
    # Of four milliseconds, the later with fewer random bits.
    session = ids.uuid7(MOMENT, 0)
    ordinals = [
        ids.ordinal_at(MOMENT + number * MICROSECOND, session, 63 - number % 64)
        for number in range(4_000)
    ]

    assert ordinals == sorted(set(ordinals))


@pytest.mark.parametrize("milliseconds", [1, 1_000, 10**9])
def test_an_ordinal_sorts_among_those_of_earlier_versions(milliseconds: int) -> None:
    # They have the milliseconds, and 16 random bits.
    session = ids.uuid7(MOMENT, 0)
    ordinal = ids.ordinal_at(MOMENT + timedelta(milliseconds=milliseconds), session, 0)

    assert ordinal >> 16 == milliseconds


def test_a_random_number_is_from_0_up_to_but_not_including_1() -> None:
    assert Stopped().random() == 0
    assert 1 - 1e-15 < Stopped(ones=True).random() < 1


@pytest.mark.parametrize(("seconds", "over"), [(0.5, False), (0, True), (-1, True)])
def test_a_deadline_is_over_when_no_time_is_left(seconds: float, over: bool) -> None:
    context = Stopped().within(seconds)

    assert context.seconds_left() == seconds
    assert context.is_over() is over
    assert not Stopped().is_over()


def test_the_system_s_identifiers_differ() -> None:
    assert len({SYSTEM.new_uuid() for _ in range(1_000)}) == 1_000
    assert len({SYSTEM.token() for _ in range(1_000)}) == 1_000
    assert {len(SYSTEM.token()) for _ in range(100)} == {16}
