"""The answer of a mutation and what it stored, for comparison with a run without faults."""

from functools import lru_cache
from typing import Any, NamedTuple

import pytest

from ai_coordination.caller import Caller
from tests.dynamodb_local.network_faults import Plan, faults, never
from tests.dynamodb_local.tenant_data import Items, alike, everything_of, new_tenant
from tests.support.mutations import MUTATIONS, Given, perform, prepared

KEY = "once"
# A transaction, an update and a delete.
KINDS_OF_WRITES = ["createSession", "updateSession", "deleteCoordination"]
# One mutation for each kind of write every day, all others in `make stress`.
EACH_KIND_DAILY = [
    name if name in KINDS_OF_WRITES else pytest.param(name, marks=pytest.mark.stress)
    for name in MUTATIONS
]


class Done(NamedTuple):
    """The result, all that is then stored of the tenant, and the requests it took."""

    result: dict[str, Any]
    left: Items
    sent: list[str]

    @property
    def alike(self) -> Any:
        return alike([self.result, self.left])


def given_to(name: str, caller: Caller, *, keyed: bool = False) -> Given:
    """An input that the mutation accepts, and what it needs."""
    given = prepared(name, caller)
    return {**given, "idempotencyKey": KEY} if keyed else given


def left_of(caller: Caller, given: Given) -> Items:
    """All items of the tenant, those too that stand under what the input names."""
    known = [value for name, value in given.items() if name.endswith("Uuid")]
    return everything_of(caller, *known, keys=[KEY])


def done(name: str, plan: Plan = never, *, keyed: bool = False) -> Done:
    """Performs a mutation for a new tenant, with faults as planned."""
    caller = new_tenant()
    given = given_to(name, caller, keyed=keyed)
    with faults(plan) as sent:
        result = perform(name, given, caller)
    return Done(result, left_of(caller, given), sent)


@lru_cache
def undisturbed(name: str, *, keyed: bool = False) -> Done:
    """What the mutation does where nothing goes wrong: it succeeds."""
    outcome = done(name, keyed=keyed)
    assert "errors" not in outcome.result
    return outcome


def codes(result: dict[str, Any]) -> list[str]:
    """The codes of a result's errors."""
    return [error["extensions"]["code"] for error in result["errors"]]
