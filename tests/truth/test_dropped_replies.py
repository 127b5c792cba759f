"""A request may land without its answer being heard, at any call of any mutation."""

from functools import lru_cache
from typing import Any, NamedTuple

import pytest

from ai_coordination.caller import Caller
from tests.mutations import MUTATIONS, Given, creating, perform, prepared
from tests.truth.tenants import Items, alike, everything_of, new_tenant
from tests.truth.wire import (
    Fault,
    at,
    faults,
    reply_breaks_off,
    reply_is_an_error,
    reply_times_out,
    request_is_lost,
)

KEY = "once"
ATTEMPTS = 3
MISHAPS = [reply_times_out, reply_breaks_off, reply_is_an_error, request_is_lost]


class Done(NamedTuple):
    """What a mutation has answered and left for a new tenant, and how many requests it took."""

    result: dict[str, Any]
    left: Items
    requests: int

    @property
    def alike(self) -> Any:
        return alike([self.result, self.left])


def _given(name: str, caller: Caller, keyed: bool) -> Given:
    given = prepared(name, caller)
    return {**given, "idempotencyKey": KEY} if keyed else given


def _left(caller: Caller, given: Given) -> Items:
    known = [value for name, value in given.items() if name.endswith("Uuid")]
    return everything_of(caller, *known, keys=[KEY])


def _perform(name: str, keyed: bool, *numbers: int, fault: Fault = request_is_lost) -> Done:
    """Performs it; the requests of these numbers meet the fault."""
    caller = new_tenant()
    given = _given(name, caller, keyed)
    with faults(at(*numbers, fault=fault)) as sent:
        result = perform(name, given, caller)
    return Done(result, _left(caller, given), len(sent))


@lru_cache
def _undisturbed(name: str, keyed: bool = False) -> Done:
    return _perform(name, keyed)


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.__name__)
@pytest.mark.parametrize("name", MUTATIONS)
def test_what_happens_to_one_request_is_not_seen_in_answer_and_tables(
    name: str, mishap: Fault
) -> None:
    expected = _undisturbed(name)
    assert "errors" not in expected.result

    for number in range(1, expected.requests + 1):
        done = _perform(name, False, number, fault=mishap)

        assert done.alike == expected.alike
        assert done.requests == expected.requests + 1


@pytest.mark.parametrize("name", creating())
def test_with_a_key_a_lost_reply_leaves_one_entity_and_one_record(name: str) -> None:
    expected = _undisturbed(name, keyed=True)
    assert len(expected.left["keys"]) == 1

    for number in range(1, expected.requests + 1):
        done = _perform(name, True, number, fault=reply_times_out)

        assert done.alike == expected.alike
        assert done.requests == expected.requests + 1


@pytest.mark.parametrize("name", creating())
def test_when_no_attempt_is_answered_a_repeat_with_the_key_gives_the_one_entity(name: str) -> None:
    expected = _undisturbed(name, keyed=True)
    caller = new_tenant()
    given = _given(name, caller, keyed=True)
    write = 2 if name == "createTask" else 1  # it reads the coordination first

    with faults(at(*range(write, write + ATTEMPTS), fault=reply_times_out)) as sent:
        failed = perform(name, given, caller)
    again = perform(name, given, caller)

    assert len(sent) == write + ATTEMPTS - 1
    assert [error["extensions"]["code"] for error in failed["errors"]] == ["INTERNAL"]
    assert alike([again, _left(caller, given)]) == expected.alike


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name not in creating()])
def test_when_no_attempt_is_answered_a_change_is_made_once(name: str) -> None:
    expected = _undisturbed(name)
    caller = new_tenant()
    given = _given(name, caller, keyed=False)
    first = expected.requests if name != "updateTask" else 2  # and one for what it answers

    with faults(at(*range(first, first + ATTEMPTS), fault=reply_times_out)):
        failed = perform(name, given, caller)

    assert [error["extensions"]["code"] for error in failed["errors"]] == ["INTERNAL"]
    assert alike(_left(caller, given)) == alike(expected.left)


@pytest.mark.parametrize("name", MUTATIONS)
def test_when_no_attempt_arrives_nothing_is_written(name: str) -> None:
    caller = new_tenant()
    given = _given(name, caller, keyed=False)
    before = _left(caller, given)

    with faults(at(1, 2, 3, fault=request_is_lost)):
        failed = perform(name, given, caller)

    assert [error["extensions"]["code"] for error in failed["errors"]] == ["INTERNAL"]
    assert _left(caller, given) == before
