"""A request takes effect without an answer, at any call of any mutation."""

from typing import Any

import pytest

from ai_coordination.models import base
from tests.dynamodb_local.network_faults import (
    WRITES,
    Fault,
    always,
    at,
    faults,
    in_turn,
    reply_breaks_off,
    reply_is_an_error,
    reply_times_out,
    request_is_lost,
)
from tests.dynamodb_local.results import (
    EACH_KIND_DAILY,
    KINDS_OF_WRITES,
    codes,
    done,
    given_to,
    left_of,
    undisturbed,
)
from tests.dynamodb_local.tenant_data import alike, new_tenant
from tests.support.mutations import EXECUTING, MUTATIONS, creating, perform, work_on_the_first

ATTEMPTS = 3
# Of the mutations that write alike, a third every day.
FAULTS: list[Any] = [
    pytest.param(
        name,
        reply_times_out,
        marks=pytest.mark.stress if number % 3 and name not in KINDS_OF_WRITES else (),
    )
    for number, name in enumerate(MUTATIONS)
]
FAULTS += [
    (name, fault)
    for name in KINDS_OF_WRITES
    for fault in (request_is_lost, reply_breaks_off, reply_is_an_error)
]
# A request that is lost is only sent again, whatever it is.
FAULTS += [
    pytest.param(name, request_is_lost, marks=pytest.mark.stress)
    for name in MUTATIONS
    if name not in KINDS_OF_WRITES
]


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_what_happens_to_one_request_is_not_seen_in_answer_and_tables(
    name: str, fault: Fault
) -> None:
    expected = undisturbed(name)

    for number in range(1, len(expected.sent) + 1):
        disturbed = done(name, at(number, fault=fault))

        assert disturbed.alike == expected.alike
        more = len(disturbed.sent) - len(expected.sent)
        # Whether a successor is released and marked at once, two more writes find out.
        assert more == 1 or (name, number, more) == ("completeSessionAgent", 4, 3)


@pytest.mark.parametrize("name", creating())
def test_with_a_key_a_lost_reply_leaves_one_entity_and_one_record(name: str) -> None:
    expected = undisturbed(name, keyed=True)
    assert len(expected.left["keys"]) == 1

    for number in range(1, len(expected.sent) + 1):
        disturbed = done(name, at(number, fault=reply_times_out), keyed=True)

        assert disturbed.alike == expected.alike
        assert len(disturbed.sent) == len(expected.sent) + 1


@pytest.mark.parametrize("name", creating())
def test_when_no_attempt_is_answered_a_repeat_with_the_key_gives_the_one_entity(name: str) -> None:
    expected = undisturbed(name, keyed=True)
    caller = new_tenant()
    given = given_to(name, caller, keyed=True)

    with faults(always(reply_times_out)) as sent:
        failed = perform(name, given, caller)
    again = perform(name, given, caller)

    assert len(WRITES.intersection(sent)) == 1
    assert sum(operation in WRITES for operation in sent) == ATTEMPTS
    assert codes(failed) == ["THROTTLED"]
    assert alike([again, left_of(caller, given)]) == expected.alike


CHANGING = [name for name in MUTATIONS if name not in creating()]


@pytest.mark.parametrize("name", [name for name in CHANGING if name not in EXECUTING])
def test_when_no_attempt_is_answered_a_change_is_made_once(name: str) -> None:
    expected = undisturbed(name)

    disturbed = done(name, in_turn(*[reply_times_out] * ATTEMPTS))

    assert codes(disturbed.result) == ["THROTTLED"]
    assert alike(disturbed.left) == alike(expected.left)


@pytest.mark.parametrize("name", [name for name in CHANGING if name in EXECUTING])
def test_when_no_attempt_is_answered_a_repeat_or_the_worker_does_the_rest(name: str) -> None:
    expected = undisturbed(name)
    caller = new_tenant()
    given = given_to(name, caller)

    with faults(in_turn(*[reply_times_out] * ATTEMPTS)):
        failed = perform(name, given, caller)
    if name == "completeSessionAgent":
        work_on_the_first(given["sessionUuid"])
    again = perform(name, given, caller)

    assert codes(failed) == ["THROTTLED"]
    assert alike([again, left_of(caller, given)]) == expected.alike


@pytest.mark.parametrize("name", EACH_KIND_DAILY)
def test_when_no_attempt_arrives_nothing_is_written(name: str) -> None:
    caller = new_tenant()
    given = given_to(name, caller)
    before = left_of(caller, given)

    with faults(always(request_is_lost)) as sent:
        failed = perform(name, given, caller)

    assert sum(operation in WRITES for operation in sent) == ATTEMPTS
    assert codes(failed) == ["THROTTLED"]
    assert left_of(caller, given) == before


@pytest.mark.parametrize(
    "fault", [reply_times_out, reply_breaks_off, reply_is_an_error, request_is_lost]
)
@pytest.mark.parametrize("name", KINDS_OF_WRITES)
def test_a_write_without_an_answer_is_throttled_and_says_that_it_may_be_done(
    name: str, fault: Fault
) -> None:
    disturbed = done(name, always(fault))

    (error,) = disturbed.result["errors"]
    assert error["message"] == base.NO_ANSWER_TO_A_WRITE
    assert error["extensions"] == {
        "code": "THROTTLED",
        "retryAfterSeconds": 1.0,
        "requestId": "request-1",
    }
    assert sum(operation in WRITES for operation in disturbed.sent) == ATTEMPTS
