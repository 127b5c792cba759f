"""Races between creating and deleting children and parents, each checked at its end."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ai_coordination.caller import Caller
from tests.dynamodb_local.consistency import inconsistencies, uuids
from tests.dynamodb_local.parent_child import PARENTS_AND_CHILDREN, ParentAndChild
from tests.dynamodb_local.racers import DONE, Move, Racers
from tests.dynamodb_local.tenant_data import everything_of, new_tenant
from tests.support.graph_api import new_coordination, new_task
from tests.support.stored import as_of_0_1_0

STEP_SECONDS = 0.001
# A creation under a parent of version 0.1.0 moves its counts first, and takes so much longer.
LATER_SECONDS = 0.03
SPREAD_SECONDS = 0.002

# What may become of a move, other than that it is done.
MAY_BE = {
    "create": {"NOT_FOUND"},
    "delete": {"HAS_CHILDREN"},
    "delete twice": {"HAS_CHILDREN", "NOT_FOUND"},
    "remove": {"NOT_FOUND"},
}


@dataclass
class Balance:
    """Small random waits, with a head start for the side that has lost more often so far.

    The head start doubles its steps while the same side wins, so that the other one wins soon, on
    a slow machine too.
    """

    chance: random.Random = field(default_factory=lambda: random.Random(7))
    lead: float = 0.0
    step: float = 0.0

    def waits(self, deleting: Sequence[bool]) -> list[float]:
        return [self._wait(one) for one in deleting]

    def _wait(self, deleting: bool) -> float:
        behind = -self.lead if deleting else self.lead
        return max(behind, 0.0) + self.chance.uniform(0, SPREAD_SECONDS)

    def tell(self, delete_won: bool) -> None:
        direction = -1 if delete_won else 1
        goes_on = self.step * direction > 0
        self.step = 2 * self.step if goes_on else direction * STEP_SECONDS
        self.lead += self.step


@dataclass(frozen=True)
class Tally:
    """How often a race was won by the delete."""

    races: int
    deletes: int

    @property
    def creations(self) -> int:
        return self.races - self.deletes

    def assert_fair(self) -> None:
        """Each side has won, so the race was one: how often depends on the machine's load."""
        assert min(self.deletes, self.creations) >= max(1, self.races / 20), self


def create_against_delete(
    racers: Racers, pair: str, races: int, *, losing_replies: bool = False
) -> Tally:
    """Two create children, one deletes the parent; each may lose the reply to what it writes."""
    balance = Balance(lead=-LATER_SECONDS if pair.endswith("0.1.0") else 0.0)
    deletes = 0
    roles = ["create", "create", "delete"]
    for _ in range(races):
        won = DONE in _race(racers, pair, roles, balance, losing_replies)["delete"]
        balance.tell(won)
        deletes += won
    return Tally(races, deletes)


def remove_against_create_and_delete(racers: Racers, pair: str, races: int) -> None:
    """One deletes the only child, one creates another, one deletes the parent."""
    _repeat(racers, pair, ["remove", "create", "delete"], races)


def two_remove(racers: Racers, pair: str, races: int) -> None:
    """Two delete the same child, one creates another."""
    for outcomes in _repeat(racers, pair, ["remove", "remove", "create"], races):
        assert sorted(outcomes["remove"]) == [DONE, "NOT_FOUND"]
        assert outcomes["create"] == [DONE]


def two_delete(racers: Racers, pair: str, races: int) -> None:
    """Two delete the same parent, one creates a child."""
    for outcomes in _repeat(racers, pair, ["delete twice", "delete twice", "create"], races):
        assert outcomes["delete twice"].count(DONE) == (outcomes["create"] == ["NOT_FOUND"])


def _repeat(
    racers: Racers, pair: str, roles: Sequence[str], races: int
) -> list[dict[str, list[str]]]:
    balance = Balance()
    return [_race(racers, pair, roles, balance) for _ in range(races)]


def _race(
    racers: Racers,
    pair: str,
    roles: Sequence[str],
    balance: Balance,
    losing_replies: bool = False,
) -> dict[str, list[str]]:
    caller = new_tenant()
    family = PARENTS_AND_CHILDREN[pair](caller)
    moves = [replace(move, loses_reply=losing_replies) for move in _moves(family, roles)]
    waits = balance.waits([role.startswith("delete") for role in roles])
    outcomes: dict[str, list[str]] = {role: [] for role in roles}
    for role, outcome in zip(roles, racers.race(caller, moves, waits), strict=True):
        outcomes[role].append(outcome)
    _judge(caller, family, outcomes)
    return outcomes


def _moves(family: ParentAndChild, roles: Sequence[str]) -> list[Move]:
    moves = {"create": family.create, "delete": family.delete, "delete twice": family.delete}
    if "remove" in roles:
        moves["remove"] = family.new_child()
    return [moves[role] for role in roles]


def _judge(caller: Caller, family: ParentAndChild, outcomes: dict[str, list[str]]) -> None:
    for role, codes in outcomes.items():
        assert set(codes) <= {DONE, *MAY_BE[role]}, outcomes
    left = everything_of(caller, *family.known)
    assert inconsistencies(left) == []
    done = {role: codes.count(DONE) for role, codes in outcomes.items()}
    deletes = done.get("delete", 0) + done.get("delete twice", 0)
    created = done["create"] + ("remove" in done) - done.get("remove", 0)
    kind, parent = family.parent
    assert (parent in uuids(left, kind)) == (deletes == 0)
    assert len(uuids(left, family.children) - {parent}) == created


def session_against_its_task(racers: Racers, races: int, *, of_0_1_0: bool = False) -> Tally:
    """Two create sessions of a task, one deletes the task, which its sessions outlive."""
    # Of the task and of its coordination.
    balance = Balance(lead=-2 * LATER_SECONDS if of_0_1_0 else 0.0)
    deletes = 0
    for _ in range(races):
        caller = new_tenant()
        coordination = new_coordination(caller)
        key = {"coordinationUuid": coordination, "taskUuid": new_task(coordination, caller)}
        if of_0_1_0:
            as_of_0_1_0(coordination, key["taskUuid"], caller)
        moves = [Move("createSession", key), Move("createSession", key), Move("deleteTask", key)]
        *created, deleted = racers.race(caller, moves, balance.waits([False, False, True]))
        left = everything_of(caller)
        assert (deleted, left["tasks"]) == (DONE, [])
        assert set(created) <= {DONE, "NOT_FOUND"}
        assert len(left["sessions"]) == created.count(DONE)
        assert inconsistencies(left) == []
        won = DONE not in created
        balance.tell(won)
        deletes += won
    return Tally(races, deletes)


OTHER_RACES: dict[str, Callable[[Racers, str, int], None]] = {
    "remove-create-delete": remove_against_create_and_delete,
    "two-remove": two_remove,
    "two-delete": two_delete,
}
