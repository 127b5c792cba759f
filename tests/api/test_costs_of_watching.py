"""What it costs to watch a session: reads, and bytes of the answer."""

import json
from typing import Any

import pytest

from benchmarks.units import kept
from tests.api.execution import blueprint, echo, external, start, tell, work_off
from tests.support.console import documents
from tests.support.graph_api import Place, data

pytestmark = pytest.mark.usefixtures("worked_queue")

AGENTS = 300
WATCH = """query ($c: ID!, $s: ID!, $after: String) {
    session(coordinationUuid: $c, sessionUuid: $s) { changes(after: $after) {
        cursor changed pollAfterSeconds
        agents { sessionAgentUuid agentUuid state attempt turn startedAt finishedAt updatedAt }
        runs { runUuid sessionAgentUuid attempt outcome createdAt finishedAt }
    } } }"""
WITH_ALL = """query ($c: ID!, $s: ID!, $after: String) {
    session(coordinationUuid: $c, sessionUuid: $s) {
        progress { total inProgress } mermaid subtaskQueries { subtaskQuery }
        changes(after: $after) { cursor changed agents { state } }
    } }"""


def wide(agent: dict[str, Any], agents: int = AGENTS) -> Place:
    """A session of many agents, each with a text of its own, that has not run yet."""
    queries = [{"agentUuid": "a", "subtaskQuery": f"Page {page:03}"} for page in range(agents)]
    return start(blueprint([agent], subtaskQueries=queries), taskQuery="Translate")


class Asked:
    """One answer, the units of each read for it, and its bytes."""

    def __init__(self, place: Place, after: str | None = None, document: str = WATCH) -> None:
        given = {"c": place.coordination, "s": place.session, "after": after}
        with kept() as ledger:
            answer = data(document, given)
        self.session: dict[str, Any] = answer["session"]
        self.told: dict[str, Any] = self.session["changes"]
        self.reads = [(read.operation, read.units) for read in ledger.reads]
        self.bytes = len(json.dumps({"data": answer}, separators=(",", ":")).encode())


def test_a_quiet_poll_of_300_agents_reads_less_than_26_units_and_sends_about_150_bytes() -> None:
    place = wide(echo("a"))
    initial = Asked(place)
    assert initial.reads == [("GetItem", 1), ("Query", 20), ("Query", 1)]
    work_off()

    # The first answer after the end is read consistently; of so many runs, all are read together.
    last = Asked(place, initial.told["cursor"])
    assert (len(last.told["agents"]), len(last.told["runs"])) == (AGENTS, AGENTS)
    assert last.reads == [("GetItem", 1), ("Query", 48), ("Query", 37)]
    assert last.told["pollAfterSeconds"] is None

    quiet = Asked(place, last.told["cursor"])
    assert quiet.reads == [("GetItem", 1), ("Query", 24)]
    assert quiet.told == {**last.told, "changed": False, "agents": [], "runs": []}
    assert quiet.bytes < 160


def test_of_many_agents_one_that_has_moved_is_told_alone() -> None:
    place = wide(external("a"), agents=40)
    work_off()
    before = Asked(place)
    agent = before.told["agents"][17]
    run = before.told["runs"][17]["runUuid"]
    key = {"sessionUuid": place.session, "sessionAgentUuid": agent["sessionAgentUuid"]}
    tell("completeSessionAgent", {**key, "runUuid": run, "agentOutput": "Done"})

    after = Asked(place, before.told["cursor"])

    assert [one["sessionAgentUuid"] for one in after.told["agents"]] == [key["sessionAgentUuid"]]
    assert [one["runUuid"] for one in after.told["runs"]] == [run]
    assert after.reads == [("GetItem", 1), ("Query", 4.5), ("BatchGetItem", 1)]
    quiet = Asked(place, after.told["cursor"])
    assert quiet.reads == [("GetItem", 1), ("Query", 4.5)]
    assert quiet.bytes < 200


def test_all_that_needs_all_agents_reads_them_once() -> None:
    place = wide(external("a"), agents=40)
    work_off()

    first = Asked(place, None, WITH_ALL)

    assert first.reads == [("GetItem", 1), ("Query", 4.5), ("BatchGetItem", 1)]
    assert first.session["progress"] == {"total": 40, "inProgress": 40}
    assert len(first.session["subtaskQueries"]) == len(first.told["agents"]) == 40
    without = WITH_ALL.replace("changes(after: $after) { cursor changed agents { state } }", "")
    with kept() as ledger:
        data(without.replace(", $after: String", ""), {"c": place.coordination, "s": place.session})
    # Without changes, what is known of an object is never behind.
    assert [read.operation for read in ledger.reads] == ["GetItem", "Query", "BatchGetItem"]
    assert ledger.reads[1].units == 9


def test_the_console_s_first_look_at_a_session_reads_its_agents_once() -> None:
    place = wide(external("a"), agents=40)
    work_off()
    document = (
        documents()["CHANGES"].replace("$coordinationUuid", "$c").replace("$sessionUuid", "$s")
    )

    first = Asked(place, None, document)

    assert first.reads == [("GetItem", 1), ("Query", 4.5), ("Query", 4)]
    assert {one["agent"]["agentName"] for one in first.told["agents"]} == {"A"}
    assert {one["agentAction"]["retry"]["maxAttempts"] for one in first.told["agents"]} == {3}
    quiet = Asked(place, first.told["cursor"], document)
    assert quiet.reads == [("GetItem", 1), ("Query", 4.5)]
    assert quiet.told["agents"] == quiet.told["runs"] == []
