"""Sixteen callers at once: one entity per key, one update per version, all children counted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ai_coordination import ids
from ai_coordination.caller import Caller
from ai_coordination.context import InvocationContext
from tests.dynamodb_local.consistency import inconsistencies, uuids
from tests.dynamodb_local.results import given_to, left_of, undisturbed
from tests.dynamodb_local.tenant_data import alike, everything_of, new_tenant
from tests.dynamodb_local.threads import THREADS, together
from tests.support.contexts import serving
from tests.support.graph_api import AGENTS, change, create, new_agent, new_coordination, new_session
from tests.support.mutations import MUTATIONS, creating, perform, prepared

UPDATES = [name for name in MUTATIONS if name.startswith("update")]


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


def _version(result: dict[str, Any]) -> int:
    [payload] = result["data"].values()
    [entity] = payload.values()
    return int(entity["version"])


@pytest.mark.parametrize("name", creating())
def test_one_key_makes_one_entity_for_all(name: str, caller: Caller) -> None:
    expected = undisturbed(name, keyed=True)
    given = given_to(name, caller, keyed=True)

    results = together(lambda number: perform(name, given, caller))

    assert results == [results[0]] * THREADS
    assert alike([results[0], left_of(caller, given)]) == expected.alike


@pytest.mark.parametrize("name", UPDATES)
def test_one_of_many_updates_of_a_version_wins(name: str, caller: Caller) -> None:
    given = {**prepared(name, caller), "expectedVersion": 1}

    results = together(lambda number: perform(name, given, caller))

    refused = [one["errors"][0]["extensions"] for one in results if "errors" in one]
    assert [_version(one) for one in results if "errors" not in one] == [2]
    assert refused == [
        {"code": "CONFLICT", "currentVersion": 2, "requestId": caller.request_id}
    ] * (THREADS - 1)


@pytest.mark.parametrize("name", UPDATES)
def test_updates_of_any_version_all_land_and_are_counted(name: str, caller: Caller) -> None:
    given = prepared(name, caller)

    results = together(lambda number: perform(name, given, caller))

    assert sorted(map(_version, results)) == list(range(2, THREADS + 2))


def test_parts_of_a_graph_that_are_changed_at_once_fit_together(caller: Caller) -> None:
    actions = [{"agentUuid": "rag"}, {"agentUuid": "zh", "predecessors": ["rag"]}]
    given = prepared("updateTask", caller)
    key = {name: given[name] for name in ("coordinationUuid", "taskUuid")}
    change("updateTask", {**key, "agentActions": []}, "task { version }", caller)

    def work(number: int) -> dict[str, Any]:
        queries = [{"agentUuid": AGENTS[number % 2]["agentUuid"], "subtaskQuery": str(number)}]
        part = {"agentActions": actions} if number < THREADS / 2 else {"subtaskQueries": queries}
        return perform("updateTask", {**key, **part}, caller)

    versions = sorted(map(_version, together(work)))

    [task] = everything_of(caller)["tasks"]
    assert versions == list(range(3, THREADS + 3))
    assert sorted(task["agent_actions"]["M"]) == ["rag", "zh"]
    assert len(task["subtask_queries"]["L"]) == 1


def test_agents_that_are_added_and_deleted_at_once_all_count(caller: Caller) -> None:
    coordination = new_coordination(caller)
    session = new_session(coordination, caller)
    first = new_agent(coordination, session, caller)

    added = together(lambda number: new_agent(coordination, session, caller, predecessors=[first]))

    left = everything_of(caller)
    [root] = [one for one in left["agents"] if one["session_agent_uuid"]["S"] == first]
    assert uuids(left, "agents") == {first, *added}
    assert left["sessions"][0]["agent_count"] == {"N": str(THREADS + 1)}
    assert len(set(root["successors"]["NS"])) == THREADS
    assert inconsistencies(left) == []

    keys = [{"sessionUuid": session, "sessionAgentUuid": agent} for agent in added]
    together(lambda number: change("deleteSessionAgent", keys[number], "deletedId", caller))

    left = everything_of(caller)
    assert uuids(left, "agents") == {first}
    assert "successors" not in left["agents"][0]
    assert inconsistencies(left) == []


class Stopped(InvocationContext):
    """Time stands still, and the random bits of ordinals are the same."""

    def utc(self) -> datetime:
        return datetime(2100, 1, 1, tzinfo=UTC)

    def random_bits(self, bits: int) -> int:
        return 0x3F if bits == ids.JITTER_BITS else super().random_bits(bits)


def test_agents_that_drew_the_same_number_get_successive_ones(caller: Caller) -> None:
    coordination = new_coordination(caller)
    session = new_session(coordination, caller)
    first = Stopped().new_ordinal(session)

    with serving(Stopped()):
        agents = [new_agent(coordination, session, caller) for _ in range(4)]

    left = everything_of(caller)
    assert agents == [ids.session_agent_uuid(session, first + number) for number in range(4)]
    assert uuids(left, "agents") == {*agents}
    assert inconsistencies(left) == []


@pytest.mark.parametrize("name", creating())
def test_children_that_are_made_at_once_all_count(name: str, caller: Caller) -> None:
    given = prepared(name, caller)

    results = together(lambda number: perform(name, given, caller))

    assert not any("errors" in one for one in results)
    assert inconsistencies(left_of(caller, given)) == []
    assert len({str(one["data"]) for one in results}) == THREADS


def test_one_of_many_deletes_finds_what_it_deletes(caller: Caller) -> None:
    made = create("createCoordination", {"coordinationName": "Offers"}, caller=caller)
    given = {"coordinationUuid": made["coordinationUuid"]}

    results = together(lambda number: perform("deleteCoordination", given, caller))

    codes = [one["errors"][0]["extensions"]["code"] for one in results if "errors" in one]
    assert codes == ["NOT_FOUND"] * (THREADS - 1)
    assert not any(everything_of(caller).values())
