"""Following a session: pages put together, names, and each line once."""

from collections.abc import Mapping
from typing import Any

from ai_coordination.local import follow
from ai_coordination.local.client import Client

AT = "2026-11-29T10:00:0{}.000000+00:00"


def agent(uuid: str, state: str, run: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "sessionAgentUuid": uuid,
        "agentUuid": "writer",
        "state": state,
        "turn": 1,
        "attempt": 1,
        "notes": None,
        "updatedAt": AT.format(5),
        "successorUuids": [],
        "superseded": False,
        "agent": {"agentName": "Writer", "runtime": {"kind": "ECHO"}},
        "currentRun": {"runUuid": run} if run else None,
        **more,
    }


def run(uuid: str, of: str, outcome: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "runUuid": uuid,
        "sessionAgentUuid": of,
        "turn": 1,
        "attempt": 1,
        "outcome": outcome,
        "createdAt": AT.format(1),
        "finishedAt": AT.format(3) if outcome else None,
        "notes": None,
        **more,
    }


def seen(*rows: dict[str, Any], status: str = "IN_PROGRESS") -> follow.Look:
    agents = [row for row in rows if "state" in row]
    return follow.Look(
        status, AT.format(0), None, agents, [row for row in rows if "state" not in row]
    )


def shown(lines: follow.Lines, look: follow.Look) -> list[tuple[str, str, int, float | None]]:
    return [(line.agent, line.state, line.attempt, line.seconds) for line in lines.new(look)]


def test_each_step_is_shown_once_with_its_seconds() -> None:
    lines = follow.Lines()
    waiting = agent("a", "INITIAL")
    begun = [agent("a", "IN_PROGRESS", "r"), run("r", "a")]
    # An agent ends before its run is sealed: only then are its seconds known.
    unsealed = [agent("a", "COMPLETED", "r"), run("r", "a")]
    ended = [agent("a", "COMPLETED", "r"), run("r", "a", "COMPLETED")]

    assert shown(lines, seen(waiting)) == []
    assert shown(lines, seen(*begun)) == [("Writer", "IN_PROGRESS", 1, None)]
    assert shown(lines, seen(*begun)) == []
    assert shown(lines, seen(*unsealed)) == []
    assert shown(lines, seen(*ended)) == [("Writer", "COMPLETED", 1, 2.0)]
    assert shown(lines, seen(*ended, status="COMPLETED")) == []


def test_a_failed_attempt_between_two_looks_is_shown() -> None:
    lines = follow.Lines()
    rows = [
        agent("a", "COMPLETED", "r2", attempt=2, notes="Busy"),
        run("r1", "a", "FAILED", notes="Busy"),
        run("r2", "a", "COMPLETED", attempt=2),
    ]

    new = lines.new(seen(*rows))

    assert [(line.state, line.attempt, line.notes) for line in new] == [
        ("FAILED", 1, "Busy"),
        ("COMPLETED", 2, None),
    ]


def test_an_agent_that_fails_with_its_last_attempt_is_shown_once() -> None:
    rows = [agent("a", "FAILED", "r", notes="No"), run("r", "a", "FAILED", notes="No")]

    assert shown(follow.Lines(), seen(*rows)) == [("Writer", "FAILED", 1, 2.0)]


def test_a_last_attempt_that_timed_out_is_shown_once() -> None:
    rows = [agent("a", "FAILED", "r", notes="Late"), run("r", "a", "TIMED_OUT", notes="Late")]

    assert shown(follow.Lines(), seen(*rows)) == [("Writer", "TIMED_OUT", 1, 2.0)]


def test_agents_that_never_ran_are_shown_when_they_are_skipped() -> None:
    skipped = agent("a", "SKIPPED", attempt=0, notes="Prices failed")

    (line,) = follow.Lines().new(seen(skipped))

    assert (
        follow.printed(line, 8)[12:]
        == "Writer    SKIPPED                                 Prices failed"
    )


def test_a_line_has_its_columns() -> None:
    line = follow.Line(AT.format(5), "Writer", "FAILED", 2, 1.25, "Too\nlong")

    assert (
        follow.printed(line, 8)[12:] == "Writer    FAILED             attempt 2     1.2 s  Too long"
    )


def test_a_later_turn_is_shown_instead_of_its_first_attempt() -> None:
    lines = [
        follow.Line(AT.format(5), "Writer", "COMPLETED", attempt, 1.25, None, turn=2)
        for attempt in (1, 3)
    ]

    assert [follow.printed(line, 8)[12:] for line in lines] == [
        "Writer    COMPLETED          turn 2        1.2 s",
        "Writer    COMPLETED          turn 2, attempt 3    1.2 s",
    ]


def test_work_for_an_external_worker_says_so() -> None:
    member = {"agentName": "Lawyer", "runtime": {"kind": "EXTERNAL"}}
    rows = [agent("a", "IN_PROGRESS", "r", agent=member), run("r", "a")]

    (line,) = follow.Lines().new(seen(*rows))

    assert line.notes == "waits for an external worker"


def test_an_agent_that_takes_part_twice_has_a_number() -> None:
    other = {"agentName": "Reader", "runtime": {"kind": "ECHO"}}
    look = seen(agent("a", "INITIAL"), agent("b", "INITIAL", agent=other), agent("c", "INITIAL"))

    assert look.names == {"a": "Writer 1", "b": "Reader", "c": "Writer 2"}


class Paged(Client):
    """A server whose pages have one row."""

    def __init__(self, agents: list[Any], runs: list[Any]) -> None:
        super().__init__("http://127.0.0.1:8000/graphql")
        self.lists = {"sessionAgents": agents, "sessionRuns": runs}
        self.asked: list[tuple[Any, Any]] = []

    def _answer(self, body: Mapping[str, Any]) -> Any:
        variables = body["variables"]
        self.asked.append((variables["agents"], variables["runs"]))
        after = {"sessionAgents": variables["agents"], "sessionRuns": variables["runs"]}
        pages = {name: self._page(name, int(at or 0)) for name, at in after.items()}
        times = {"status": "IN_PROGRESS", "startedAt": None, "finishedAt": None}
        return {"data": {"session": {**times, **pages}}}

    def _page(self, name: str, at: int) -> Any:
        nodes = self.lists[name][at : at + 1]
        more = at + 1 < len(self.lists[name])
        cursor = str(at + 1) if nodes else None
        return {"nodes": nodes, "pageInfo": {"hasNextPage": more, "endCursor": cursor}}


def test_a_session_of_several_pages_is_seen_whole() -> None:
    agents = [agent(uuid, "IN_PROGRESS", f"r{uuid}") for uuid in "abc"]
    runs = [run("ra", "a")]
    client = Paged(agents, runs)

    look = follow.look(client, follow.Place("c", "s"))

    assert (look.agents, look.runs) == (agents, runs)
    assert client.asked == [(None, None), ("1", "1"), ("2", "1")]


def test_what_a_retry_has_replaced_is_not_shown() -> None:
    old = agent("a", "FAILED", "ra", superseded=True)
    new = agent("b", "FAILED", "rb")
    runs = [run("ra", "a", "FAILED"), run("rb", "b", "FAILED")]

    look = follow.look(Paged([old, new], runs), follow.Place("c", "s"))

    assert (look.agents, look.runs) == ([new], runs)
    assert shown(follow.Lines(), look) == [("Writer", "FAILED", 1, 2.0)]


def test_agents_that_were_added_are_named_after_the_agent_that_added_them() -> None:
    analyst = {"agentName": "Analyst", "runtime": {"kind": "ECHO"}}
    element: dict[str, Any] = {"parentUuid": "a", "round": 1, "itemIndex": 0}
    delegated: dict[str, Any] = {
        "parentUuid": "d",
        "agentUuid": "analyst",
        "agent": analyst,
        "itemIndex": 1,
    }
    look = seen(
        agent("f", "INITIAL", parentUuid="b", itemIndex=4),
        agent("a", "INITIAL", agentUuid="list"),
        agent("b", "INITIAL", agentUuid="list", **element),
        agent("c", "INITIAL", parentUuid="d", round=2),
        agent("d", "INITIAL"),
        agent("e", "INITIAL", **delegated),
        agent("g", "INITIAL", **delegated),
        agent("h", "INITIAL", parentUuid="not read"),
    )

    assert look.names == {
        "a": "Writer 1",
        "b": "Writer 1 [0]",
        "c": "Writer 2, round 2",
        "d": "Writer 2",
        "e": "Writer 2 [1] > Analyst 1",
        "f": "Writer 1 [0] [4] > Writer",
        "g": "Writer 2 [1] > Analyst 2",
        "h": "Writer 3",
    }
