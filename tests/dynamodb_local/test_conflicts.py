"""Temporary refusals: throttling, and transaction conflicts, which are injected here."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from ai_coordination.context import InvocationContext
from tests.dynamodb_local.network_faults import (
    WRITES,
    Fault,
    always,
    cancelled,
    conflicts,
    conflicts_besides,
    faults,
    in_turn,
    refused,
    reply_times_out,
)
from tests.dynamodb_local.results import (
    EACH_KIND_DAILY,
    KINDS_OF_WRITES,
    done,
    given_to,
    left_of,
    undisturbed,
)
from tests.dynamodb_local.tenant_data import new_tenant
from tests.support.contexts import serving
from tests.support.graph_api import NOBODY
from tests.support.mutations import creating, perform

SECONDS = 5.0
# The SDK itself repeats what it takes for load: the engine sees one refusal of three.
ATTEMPTS = 3
WAITS = [0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5]
LOAD = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
]
REASONS = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]


@dataclass(frozen=True)
class Clock(InvocationContext):
    """Time that passes only while somebody sleeps.

    Full jitter begins at nothing; here it is always half of the longest.
    """

    slept: list[float] = field(default_factory=list, kw_only=True)

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def random(self) -> float:
        return 0.5

    @property
    def longest(self) -> list[float]:
        """The longest that each of the waits could have been."""
        return [2 * seconds for seconds in self.slept]


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with serving(Clock()) as clock:
        yield clock


@pytest.mark.parametrize("name", EACH_KIND_DAILY)
def test_conflicts_are_tried_again_ever_later(name: str, clock: Clock) -> None:
    expected = undisturbed(name)

    disturbed = done(name, in_turn(*[conflicts] * len(WAITS)))

    assert disturbed.alike == expected.alike
    assert len(disturbed.sent) == len(expected.sent) + len(WAITS)
    assert clock.longest == WAITS


@pytest.mark.parametrize("code", LOAD)
@pytest.mark.parametrize("name", KINDS_OF_WRITES)
def test_load_is_waited_for_beyond_the_attempts_of_the_sdk(
    name: str, code: str, clock: Clock
) -> None:
    expected = undisturbed(name)

    disturbed = done(name, in_turn(*[refused(code)] * (2 * ATTEMPTS)))

    assert disturbed.alike == expected.alike
    assert len(disturbed.sent) == len(expected.sent) + 2 * ATTEMPTS
    assert clock.longest == WAITS[:2]


def test_a_refusal_whose_message_is_null_is_tried_again(clock: Clock) -> None:
    expected = undisturbed("createSession")
    without = [refused(code, message=None) for code in LOAD for _ in range(ATTEMPTS)]

    disturbed = done("createSession", in_turn(*without))

    assert disturbed.alike == expected.alike
    assert clock.longest == WAITS[: len(LOAD)]


@pytest.mark.parametrize("reason", REASONS)
def test_each_passing_reason_of_a_part_is_tried_again(reason: str, clock: Clock) -> None:
    expected = undisturbed("createSession")

    disturbed = done("createSession", in_turn(cancelled(reason), cancelled(reason, "None")))

    assert disturbed.alike == expected.alike
    assert len(disturbed.sent) == len(expected.sent) + 2
    assert clock.longest == WAITS[:2]


@pytest.mark.parametrize("fault", [conflicts, refused(LOAD[0])], ids=["conflicts", "load"])
@pytest.mark.parametrize("name", EACH_KIND_DAILY)
def test_what_is_refused_until_the_deadline_is_throttled_and_nothing_is_written(
    name: str, fault: Fault, clock: Clock
) -> None:
    caller = new_tenant()
    given = given_to(name, caller)
    before = left_of(caller, given)

    with serving(clock.within(SECONDS)), faults(always(fault)):
        result = perform(name, given, caller)

    assert [error["extensions"] for error in result["errors"]] == [
        {"code": "THROTTLED", "retryAfterSeconds": 1.0, "requestId": "request-1"}
    ]
    assert left_of(caller, given) == before
    assert SECONDS - 0.5 < clock.monotonic() < SECONDS


@pytest.mark.parametrize("name", EACH_KIND_DAILY)
def test_past_the_deadline_nothing_is_tried_again(name: str, clock: Clock) -> None:
    caller = new_tenant()
    given = given_to(name, caller)

    with serving(clock.within(0)), faults(always(conflicts)) as sent:
        result = perform(name, given, caller)

    assert [error["extensions"]["code"] for error in result["errors"]] == ["THROTTLED"]
    assert sum(operation in WRITES for operation in sent) == 1
    assert clock.slept == []


@pytest.mark.parametrize("name", EACH_KIND_DAILY)
def test_a_conflict_on_the_repeat_of_what_has_landed_does_not_hide_that_it_has(name: str) -> None:
    expected = undisturbed(name)

    disturbed = done(name, in_turn(reply_times_out, conflicts, conflicts))

    assert disturbed.alike == expected.alike
    assert len(disturbed.sent) == len(expected.sent) + 3


def test_a_refused_condition_counts_more_than_a_conflict_beside_it(clock: Clock) -> None:
    caller = new_tenant()
    given = {**given_to("createSession", caller), "taskUuid": NOBODY}

    with faults(always(conflicts_besides)) as sent:
        result = perform("createSession", given, caller)

    assert [error["extensions"] for error in result["errors"]] == [
        {
            "code": "NOT_FOUND",
            "inputPath": ["input", "taskUuid"],
            "requestId": caller.request_id,
        }
    ]
    # The read tells a task that does not exist from one of version 0.1.0.
    assert (sent, clock.longest) == (["TransactWriteItems", "GetItem"], [])


@pytest.mark.parametrize("name", creating())
def test_a_repeated_key_is_found_also_where_the_rest_is_in_conflict(
    name: str, clock: Clock
) -> None:
    caller = new_tenant()
    given = given_to(name, caller, keyed=True)
    first = perform(name, given, caller)

    with faults(always(conflicts_besides)) as sent:
        again = perform(name, given, caller)

    assert again == first
    assert sum(operation in WRITES for operation in sent) == 1
    assert clock.longest == []
