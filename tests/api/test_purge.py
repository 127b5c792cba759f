"""An ended session is purged with all that belongs to it, when a caller says so or in time."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.config import PREFIX, settings
from ai_coordination.engine import factory, sweeper
from ai_coordination.models import deletions, due_times, retention
from ai_coordination.models.base import SharedConnection
from benchmarks.units import kept
from tests.api.execution import after, blueprint, echo, external, start, started, work_off
from tests.api.large_texts import LARGE
from tests.api.retrying import ONCE, complete, fail, retry
from tests.support.bucket import keys_in_bucket
from tests.support.contexts import At
from tests.support.graph_api import RIVAL, Place, change, data, new_run, new_session, refusal
from tests.support.stored import everything_stored, put_state, refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

# All of them; in the other tests here there is one.
SHARDS = due_times.SHARDS
ACME = {"key": "customer", "value": "ACME"}
PARTS = ("sessions", "session_agents", "session_runs", "session_labels")


def parts() -> dict[str, int]:
    """How many items of sessions there are."""
    stored = everything_stored()
    return {name: len(stored[f"ai-coordination-{name}"]) for name in PARTS}


def sessions_of(coordination: str) -> int:
    counts: Any = stored(models.ChildCounts, coordination, "tenant")
    return int(counts.session_count)


def purge(place: Place) -> None:
    assert change("purgeSession", place.key, "deletedId")["deletedId"]


def listed(where: str = "") -> list[str]:
    rows = data(f"{{ sessions{where} {{ nodes {{ sessionUuid }} }} }}")["sessions"]["nodes"]
    return [row["sessionUuid"] for row in rows]


@pytest.mark.usefixtures("bucket")
def test_a_purge_deletes_all_that_belongs_to_a_session_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deletions, "ROWS", 2)
    monkeypatch.setattr(deletions, "MOST_AT_ONCE", 1)
    key = blueprint([echo("a"), echo("b"), echo("c")], [after("b", "a"), after("c", "b")])
    other = start(key, taskQuery="Other", labels=[ACME])
    work_off()
    rest, texts = parts(), keys_in_bucket()
    place = start(key, taskQuery=LARGE, labels=[ACME, {"key": "b", "value": ""}])
    work_off()
    new_run(*place)
    new_run(*place, notes=LARGE + "!")
    assert parts() == {
        "sessions": 2,
        "session_agents": 6,
        "session_runs": 8,
        "session_labels": 3,
    }
    assert len(keys_in_bucket()) > len(texts)

    purge(place)
    work_off()

    assert parts() == rest
    assert keys_in_bucket() == texts
    assert sessions_of(place.coordination) == 1
    assert listed() == listed(f'(filter: {{taskUuid: "{key["taskUuid"]}"}})') == [other.session]
    assert refusal("purgeSession", place.key)["code"] == "NOT_FOUND"
    purge(other)
    work_off()
    change("deleteTask", key, "deletedId")
    change("deleteCoordination", {"coordinationUuid": place.coordination}, "deletedId")


def test_a_session_that_is_being_purged_counts_as_deleted() -> None:
    key = {**blueprint([echo("a")]), "taskQuery": "A", "idempotencyKey": "once"}
    place = start(key, labels=[ACME])
    work_off()
    agent = data(
        "query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes { sessionAgentUuid } } }",
        {"s": place.session},
    )["sessionAgents"]["nodes"][0]
    node = data(f'{{ session(sessionUuid: "{place.session}") {{ id }} }}')["session"]["id"]

    purge(place)

    in_coordination = f'coordinationUuid: "{place.coordination}"'
    ways = (
        f'session(sessionUuid: "{place.session}") {{ id }}',
        f'session(sessionUuid: "{place.session}", {in_coordination}) {{ id }}',
        f'node(id: "{node}") {{ id }}',
    )
    for one in ways:
        assert list(data(f"{{ {one} }}").values()) == [None]
    assert listed(f'(coordinationUuid: "{place.coordination}")') == []
    assert listed('(filter: {label: {key: "customer", value: "ACME"}})') == []
    # The rows of an index do not say it.
    assert listed() == [place.session]
    of_agent = {"sessionUuid": place.session, **agent}
    for name, given in (
        ("purgeSession", place.key),
        ("deleteSession", place.key),
        ("cancelSession", place.key),
        ("retrySession", place.key),
        ("dispatchSession", place.key),
        ("updateSession", {**place.key, "userId": "bob"}),
        ("updateSession", {**place.key, "taskQuery": "B"}),
        ("updateSession", {**place.key, "budget": {"seconds": 9}}),
    ):
        assert refused(name, given)["code"] == "NOT_FOUND", name
    run = {**place.key, "agentUuid": "rag"}
    assert refused("recordSessionRun", run)["code"] == "NOT_FOUND"
    assert refused("createSessionAgent", run)["code"] == "NOT_FOUND"
    assert refused("startSession", key)["inputPath"] == ["input", "idempotencyKey"]
    work_off()
    assert parts() == dict.fromkeys(PARTS, 0)
    assert refusal("deleteSessionAgent", of_agent)["code"] == "NOT_FOUND"


def test_only_an_ended_session_of_the_tenant_is_purged() -> None:
    place = started([external("a")], [after("a", retry=ONCE)])
    by_hand = Place(place.coordination, new_session(place.coordination))
    for one, status in ((place, "IN_PROGRESS"), (by_hand, "INITIAL")):
        told = refused("purgeSession", one.key)
        assert told == {"code": "INVALID_STATE", "state": status}
    fail(place, "a")
    assert refused("purgeSession", place.key, RIVAL)["code"] == "NOT_FOUND"
    put_state(models.Session, *place, operation="retry-plan")
    assert refused("purgeSession", place.key)["code"] == "INVALID_STATE"
    put_state(models.Session, *place, operation=None)

    change("cancelSession", by_hand.key, "session { status }")
    for one in (place, by_hand):
        purge(one)
    work_off()

    assert parts() == dict.fromkeys(PARTS, 0)
    assert sessions_of(place.coordination) == 0


def test_a_purge_takes_a_call_for_25_items_and_one_write_unit_for_each() -> None:
    names = [f"a{number}" for number in range(30)]
    place = started([echo(name) for name in names], labels=[ACME])
    purge(place)

    with kept() as ledger:
        work_off()

    # 30 agents and 30 runs; then the session, its label and the count, in one transaction.
    assert Counter(ledger.calls) == {
        "GetItem": 1,
        "Query": 2,
        "BatchWriteItem": 4,
        "TransactWriteItems": 1,
    }
    units = Counter[str]()
    for write in ledger.writes:
        units[write.name] += write.units
    sizes = {write.name: write.size for write in ledger.writes}
    assert units["session_agents"] == units["session_runs"] == 30
    assert units["session_labels"] == units["child_counts"] == 2
    assert units["sessions"] == 2 * -(-sizes["sessions"] // 1024)
    assert sum(write.indexes.get("of-thread", 0) for write in ledger.writes) == 30


def test_keys_that_are_left_over_are_deleted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    place = started([echo("a"), echo("b"), echo("c")])
    purge(place)
    attempt, left = SharedConnection.attempt, [2, 1, 0]

    def overloaded(connection: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation != "BatchWriteItem" or not left:
            return attempt(connection, operation, request)
        [(table, keys)] = request["RequestItems"].items()
        undone = keys[: left.pop(0)]
        done = {"RequestItems": {table: keys[len(undone) :]}}
        attempt(connection, operation, done)
        return {"UnprocessedItems": {table: undone} if undone else {}}

    monkeypatch.setattr(SharedConnection, "attempt", overloaded)
    work_off()

    assert parts() == dict.fromkeys(PARTS, 0)
    assert left == []


@pytest.fixture
def retained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions are purged 30 days after their end."""
    monkeypatch.setenv(f"{PREFIX}RETENTION_DAYS", "30")
    settings.cache_clear()


@pytest.mark.usefixtures("retained")
def test_sessions_are_purged_so_many_days_after_their_end() -> None:
    key = blueprint([external("a")], [after("a", retry=ONCE)])
    by_hand = start(key, taskQuery="A")
    again = start(key, taskQuery="A")
    goes_on = start(key, taskQuery="A")
    work_off()
    fail(by_hand, "a")
    fail(again, "a")
    ends = [_ends(place) for place in (by_hand, again)]
    assert None not in ends
    assert _ends(goes_on) is None
    due = max(datetime.fromisoformat(str(end)) for end in ends)
    # A retry begins anew, and its end counts.
    retry(again)
    assert _ends(again) is None

    _sweep_at(due - timedelta(minutes=1))
    assert parts()["sessions"] == 3
    _sweep_at(due + timedelta(seconds=1))

    assert listed() == [goes_on.session, again.session]
    assert parts() == {
        "sessions": 2,
        "session_agents": 2,
        "session_runs": 3,
        "session_labels": 0,
    }
    complete(again, "a", "Done")
    _sweep_at(due + timedelta(days=31))
    assert listed() == [goes_on.session]


def _ends(place: Place) -> str | None:
    """When it is purged."""
    return stored(models.Session, *place).purge_at


def _sweep_at(moment: datetime) -> None:
    sweeper.sweep(factory.of_a_worker(At(moment=moment), 20))
    work_off()


@pytest.mark.usefixtures("retained")
def test_what_is_no_longer_due_is_not_purged(monkeypatch: pytest.MonkeyPatch) -> None:
    place = started([external("a")], [after("a", retry=ONCE)])
    fail(place, "a")
    due = datetime.fromisoformat(str(_ends(place)))
    row = models.Session(
        *place, partition_key="acme#sales", purge_at=due.isoformat(timespec="microseconds")
    )
    # The sweep has read this row before each of these happened.
    found: list[list[models.Session]] = [[row]]

    def due_rows(*_: Any) -> Iterator[list[models.Session]]:
        return iter(found)

    monkeypatch.setattr("ai_coordination.engine.retention.reads.due_rows", due_rows)
    monkeypatch.setattr(retention, "SHARDS", retention.SHARDS[:1])
    retry(place)
    monkeypatch.setattr(sweeper, "_sweep", lambda *_: sweeper.Swept())
    _sweep_at(due)
    assert parts()["sessions"] == 1
    fail(place, "a")
    _sweep_at(due)
    assert parts()["sessions"] == 1
    purge(place)
    work_off()
    _sweep_at(due)

    assert parts()["sessions"] == 0


def test_without_retention_nothing_is_purged_and_nothing_more_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(due_times, "SHARDS", SHARDS)
    place = started([echo("a")])
    assert _ends(place) is None

    with kept() as ledger:
        _sweep_at(datetime.now(UTC) + timedelta(days=9_999))

    assert parts()["sessions"] == 1
    assert ledger.calls == ["Query"] * 64
