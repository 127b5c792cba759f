"""What a retry of a session with growths begins from, takes in, leaves, and replaces.

The sessions are drawn as lines: an agent, its state, and what it follows. A child has its parent.
"""

import json
import zlib
from base64 import b64decode
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.session import order_edges, retry_plan, retry_reset
from ai_coordination.engine.session.retry_plan import Plan
from ai_coordination.ids import session_agent_uuid

SESSION = "11111111-1111-4111-8111-111111111111"
CONTINUE, FAIL = "continue", "fail_session"


def agent(ordinal: int, state: str, *after: int, **more: Any) -> models.SessionAgent:
    """An agent of a session. A failure of it lets the session go on, unless it says otherwise."""
    rules = {"on_failure": more.pop("policy", CONTINUE)}
    if "width" in more:
        width = more.pop("width")
        rules["for_each"] = models.ForEach(items="outputs.list", max_concurrency=width)  # type: ignore[no-untyped-call]
    return models.SessionAgent(
        session_uuid=SESSION,
        session_agent_uuid=session_agent_uuid(SESSION, ordinal),
        agent_uuid=f"agent-{ordinal}",
        agent_action=models.AgentAction(**rules),  # type: ignore[no-untyped-call]
        ordinal=ordinal,
        iteration=more.pop("iteration", 1),
        state=state,
        predecessors=set(after) or None,
        **more,
    )


def session(*agents: models.SessionAgent) -> list[models.SessionAgent]:
    """The agents with their successors: who follows them, and the parent of a sink."""
    for one in agents:
        followers = {
            int(other.ordinal) for other in agents if one.ordinal in (other.predecessors or ())
        }
        if one.parent_ordinal is not None and not followers:
            followers = {int(one.parent_ordinal)}
        one.successors = {float(other) for other in followers} or None
    return list(agents)


def grew(base: int, size: int = 1, **more: Any) -> models.Growth:
    return models.Growth(base=base, size=size, **more)  # type: ignore[no-untyped-call]


def reset(agents: list[models.SessionAgent], plan: Plan) -> dict[int, dict[str, Any]]:
    """What the reset changes of each agent, with what it waits for."""
    by_ordinal = {int(one.ordinal): one for one in agents}
    chosen = {at: by_ordinal[at] for at in sorted(plan.reset)}
    dead = {at for at, one in by_ordinal.items() if one.was_skipped_by_condition} - plan.reset
    edges = order_edges.chained(chosen, plan.lanes, 2)
    return {
        at: {
            **retry_reset.changes(one, plan, edges, dead),
            "waiting_on": {*retry_reset.inputs(one, plan), *edges.before.get(at, ())},
        }
        for at, one in chosen.items()
    }


def loop(parent: str, *rounds: str, **more: Any) -> list[models.SessionAgent]:
    """A loop, agent 1 behind agent 0, whose rounds of one agent have these states."""
    growths = [grew(10 + place) for place in range(len(rounds))]
    children = [
        agent(10 + place, state, parent_ordinal=1, round=place + 1)
        for place, state in enumerate(rounds)
    ]
    of_loop = agent(1, parent, 0, grew=growths, grown=len(rounds), **more)
    return session(agent(0, "completed"), of_loop, agent(2, "completed", 1), *children)


def test_agents_between_two_that_failed_are_done_again_with_them() -> None:
    agents = session(agent(0, "failed"), agent(1, "completed", 0), agent(2, "failed", 1))

    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({0, 1, 2}))
    assert [one["waiting_on"] for one in reset(agents, plan).values()] == [set(), {0}, {1}]


def test_what_a_condition_has_skipped_is_complete() -> None:
    joined = agent(3, "completed", 1, 2, dead={1.0})
    agents = session(
        agent(0, "completed"), agent(1, "skipped", 0), agent(2, "completed", 0), joined
    )

    assert not retry_plan.plan(agents).reset


def test_what_a_failure_has_skipped_is_done_again_and_stays_partly_dead() -> None:
    agents = session(
        agent(0, "skipped"),
        agent(1, "failed"),
        agent(2, "skipped", 0, 1, skip_requested=True),
        agent(3, "skipped", 1, 2, dead={1.0, 2.0}),
    )

    plan = retry_plan.plan(agents)

    assert plan.reset == {1, 2, 3}
    changes = reset(agents, plan)
    assert (changes[2]["waiting_on"], changes[2]["dead"]) == ({1}, {0})
    assert (changes[3]["waiting_on"], changes[3]["dead"]) == ({1, 2}, None)


def test_a_map_behind_an_agent_that_is_done_again_begins_anew_without_its_elements() -> None:
    """Its list may be another one. What is below its elements goes with them."""
    agents = session(
        agent(0, "failed"),
        agent(1, "completed", 0, grew=[grew(10, 2)], grown=1, delayed=True),
        agent(2, "completed", 1),
        agent(10, "completed", parent_ordinal=1, grew=[grew(12)], grown=1),
        agent(11, "failed", parent_ordinal=1),
        agent(12, "failed", parent_ordinal=10),
    )

    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({0, 1, 2}), keeps={1: 0}, superseded=frozenset({10, 11, 12}))
    changes = reset(agents, plan)[1]
    assert changes["waiting_on"] == {0}
    assert (changes["grew"], changes["grown"]) == (None, None)
    assert "delayed" not in changes


@pytest.mark.parametrize("before", ["failed", "completed"])
def test_a_map_whose_list_was_empty_is_made_anew(before: str) -> None:
    agents = session(agent(0, before), agent(1, "failed", 0, grown=1))

    plan = retry_plan.plan(agents)

    assert plan.keeps == {1: 0}
    assert reset(agents, plan)[1]["grown"] is None


def test_elements_that_failed_are_done_again_and_the_others_stay() -> None:
    agents = session(
        agent(0, "completed"),
        agent(1, "failed", 0, grew=[grew(10, 3)], grown=1, delayed=True, policy=FAIL),
        agent(10, "failed", parent_ordinal=1),
        agent(11, "completed", parent_ordinal=1),
        agent(12, "skipped", parent_ordinal=1),
    )

    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({1, 10}))
    changes = reset(agents, plan)
    assert changes[1]["waiting_on"] == {10}
    assert changes[10]["is_sink"] is None
    assert changes[1]["is_sink"]
    # It has grown, so its condition and its delay are over.
    assert changes[1]["delayed"]
    assert not changes[1].keys() & {"grew", "grown", "turn"}


@pytest.mark.parametrize("parent", ["completed", "cancelled"])
def test_a_failure_that_a_parent_has_handled_stays(parent: str) -> None:
    """The parent has answered; a person has not judged the answer of the one that was cancelled."""
    agents = session(
        agent(0, "failed"),
        agent(1, parent, grew=[grew(10, 2)], grown=1, agent_output="[null, null]"),
        agent(10, "failed", parent_ordinal=1, grew=[grew(12)], grown=1),
        agent(11, "completed", parent_ordinal=1),
        agent(12, "failed", parent_ordinal=10),
    )

    plan = retry_plan.plan(agents)

    assert plan.reset == ({0} if parent == "completed" else {0, 1})
    assert plan.asking == ({1} if parent == "cancelled" else set())
    assert not plan.superseded


def test_a_loop_goes_on_in_the_round_in_which_it_was_cancelled() -> None:
    agents = loop("cancelled", "failed", "completed", "cancelled")

    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({1, 2, 12}))
    assert reset(agents, plan)[1]["waiting_on"] == {12}


def test_a_loop_whose_last_round_had_ended_asks_its_condition_again() -> None:
    agents = loop("cancelled", "failed", "completed")

    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({1, 2}))
    assert reset(agents, plan)[1]["waiting_on"] == set()


def test_a_round_that_is_named_is_done_again_without_those_after_it() -> None:
    agents = loop("completed", "completed", "failed", "completed")

    plan = retry_plan.plan(agents, [agents[4].session_agent_uuid])

    assert plan == Plan(frozenset({1, 2, 11}), keeps={1: 2}, superseded=frozenset({12}))
    changes = reset(agents, plan)[1]
    assert (len(changes["grew"]), changes["grown"], changes["waiting_on"]) == (2, 2, {11})


def test_a_loop_that_had_completed_begins_anew_if_it_is_named() -> None:
    agents = loop("completed", "failed", "completed")

    plan = retry_plan.plan(agents, [agents[1].session_agent_uuid])

    assert plan == Plan(frozenset({1, 2}), keeps={1: 0}, superseded=frozenset({10, 11}))


def test_a_loop_that_failed_goes_on_if_it_is_named() -> None:
    agents = loop("failed", "completed", "failed")

    plan = retry_plan.plan(agents, [agents[1].session_agent_uuid])

    assert plan == Plan(frozenset({1, 2, 11}))


def test_a_child_without_which_the_session_cannot_complete_is_never_handled() -> None:
    """A retry that named its sibling has left it, and its parent has gone on."""
    agents = loop("completed", "cancelled", "completed")

    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({1, 2, 10}), keeps={1: 1}, superseded=frozenset({11}))
    named = retry_plan.plan(agents, [agents[2].session_agent_uuid])
    assert named == Plan(frozenset({2}), falls_short=True)


def delegator(state: str, work: str, **more: Any) -> list[models.SessionAgent]:
    """A supervisor, agent 1, that has delegated in its second turn, after copies of its rule."""
    turn = {"turn": 3, "resume": "{}", **more}
    growths = [grew(10), grew(11, turn=1), grew(12, turn=2)]
    return session(
        agent(0, "completed"),
        agent(1, state, 0, grew=growths, grown=1, policy=FAIL, **turn),
        agent(10, "completed", parent_ordinal=1, round=1),
        agent(11, "failed", parent_ordinal=1, round=1),
        agent(12, work, parent_ordinal=1, round=2),
    )


@pytest.mark.parametrize(("work", "waits_for"), [("cancelled", {12}), ("completed", set())])
def test_a_supervisor_that_was_cancelled_goes_on_in_its_turn(
    work: str, waits_for: set[int]
) -> None:
    agents = delegator("cancelled", work)

    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({1, *waits_for}))
    changes = reset(agents, plan)[1]
    assert (changes["turn"], changes["resume"]) == (3, "{}")
    assert changes["waiting_on"] == waits_for
    assert "grew" not in changes


@pytest.mark.parametrize(
    "agents",
    [
        delegator("failed", "failed", resume=None),
        delegator("cancelled", "failed", asked_question=True),
        delegator("cancelled", "failed", turn=4, reply="Yes", asked_question=True),
    ],
    ids=["failed", "asks", "was answered"],
)
def test_another_supervisor_begins_anew_and_keeps_what_its_rule_has_added(
    agents: list[models.SessionAgent],
) -> None:
    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({1}), keeps={1: 1}, superseded=frozenset({11, 12}))
    changes = reset(agents, plan)[1]
    assert ([int(growth.base) for growth in changes["grew"]], changes["grown"]) == ([10], 1)
    assert not changes.keys() & {"turn", "resume"}


def test_a_supervisor_asks_again_in_its_turn_about_an_answer_that_nobody_has_judged() -> None:
    agents = delegator("cancelled", "failed", agent_output="Done", resume=None)

    plan = retry_plan.plan(agents)

    assert plan == Plan(frozenset({1}), asking=frozenset({1}))
    changes = reset(agents, plan)[1]
    assert (changes["turn"], changes["resume"]) == (3, None)
    assert not changes.keys() & {"grew", "agent_output"}


def test_work_of_a_supervisor_that_cannot_go_on_is_replaced_if_it_is_named() -> None:
    agents = delegator("completed", "failed", resume=None)

    plan = retry_plan.plan(agents, [agents[4].session_agent_uuid])

    assert 12 in plan.superseded
    assert plan.keeps == {1: 1}


@pytest.mark.parametrize(
    ("started", "follows", "stays"),
    [({"attempt": 1}, False, True), ({}, False, False), ({"attempt": 1}, True, False)],
)
def test_a_delay_that_was_over_is_over(started: dict[str, int], follows: bool, stays: bool) -> None:
    first = agent(0, "failed" if follows else "completed")
    agents = session(first, agent(1, "cancelled", 0, delayed=True, **started))

    changes = reset(agents, retry_plan.plan(agents))[1]

    assert ("delayed" in changes) == stays


def elements(*states: str, width: int, step: int = 1) -> list[models.SessionAgent]:
    """A map over elements, or over copies of two agents, one after the other."""
    sinks = [step - 1]
    parent = agent(
        0, "failed", width=width, grown=1, grew=[grew(10, len(states), step=step, sinks=sinks)]
    )
    children = [
        agent(10 + at, state, *([10 + at - 1] if at % step else []), parent_ordinal=0)
        for at, state in enumerate(states)
    ]
    return session(parent, *children)


def order_of(agents: list[models.SessionAgent]) -> dict[int, set[int]]:
    changes = reset(agents, retry_plan.plan(agents))
    for at, one in changes.items():
        for after in one["order_successors"] or ():
            assert at in changes[after]["order_predecessors"]
    return {
        at: one["order_predecessors"] for at, one in changes.items() if one["order_predecessors"]
    }


def test_elements_that_are_done_again_wait_for_each_other() -> None:
    states = ["failed", "completed", "failed", "completed", "failed", "failed"]

    assert order_of(elements(*states, width=1)) == {12: {10}, 14: {12}, 15: {14}}
    assert order_of(elements(*states, width=2)) == {14: {10}, 15: {12}}
    assert order_of(elements(*states, width=5)) == {}


def test_copies_that_are_done_again_wait_for_each_other() -> None:
    states = ["failed", "completed", "completed", "completed", "completed", "failed"]

    # Of the first copy both agents, of the second none, of the third only its last one.
    assert order_of(elements(*states, width=1, step=2)) == {15: {11}}


def test_what_a_copy_has_added_before_waits_as_the_copy_does() -> None:
    first, second, third = (
        agent(20, "completed", parent_ordinal=11),
        *(
            agent(at, state, at - 1, parent_ordinal=11)
            for at, state in ((21, "failed"), (22, "skipped"))
        ),
    )
    other = agent(23, "failed", parent_ordinal=11, grew=[grew(30)], grown=1)
    below = agent(30, "failed", parent_ordinal=23)
    agents = [*elements("failed", "cancelled", width=1), first, second, third, other, below]
    agents[2].grew = [grew(20, 4)]

    order = order_of(session(*agents))

    # 20 is done; 22 follows 21, and 23 follows 30.
    assert order == {at: {10} for at in (11, 21, 23, 30)}


def test_a_worker_that_goes_on_finds_the_same_order() -> None:
    agents = elements("failed", "failed", "failed", width=2)
    plan = retry_plan.plan(agents)
    before = reset(agents, plan)

    for done in (11, 10):
        at = next(place for place, one in enumerate(agents) if one.ordinal == done)
        agents[at] = agents[at].changed({**before[done], "iteration": 2, "state": "initial"})

        assert reset(agents, plan)[12]["order_predecessors"] == {10}


def test_superseded_agents_are_part_of_nothing() -> None:
    agents = session(
        agent(0, "completed"), agent(10, "cancelled", parent_ordinal=0, superseded=True)
    )

    assert retry_plan.plan(agents) == Plan(frozenset())


def test_a_plan_whose_text_is_lost_keeps_to_what_is_reset_already() -> None:
    """Agent 2 was not part of it, because agent 3 would have to wait for it."""
    agents = session(
        agent(0, "failed"),
        agent(1, "failed"),
        agent(2, "failed"),
        agent(3, "initial", 1, 2, iteration=2, waiting_on={1.0}),
    )

    assert retry_plan.recovered(agents, 2).reset == {0, 1, 3}


def test_a_lost_plan_is_made_again_with_the_order_edges_that_are_written() -> None:
    agents = elements(*["failed"] * 6, width=2)
    first = retry_plan.plan(agents)
    changes = reset(agents, first)
    for place in (1, 6):  # the elements 0 and 5
        at = int(agents[place].ordinal)
        agents[place] = agents[place].changed({**changes[at], "iteration": 2, "state": "initial"})

    plan = retry_plan.recovered(agents, 2)

    assert plan == first._replace(lanes=())
    again = {at: one["order_predecessors"] for at, one in reset(agents, plan).items()}
    assert {at: before for at, before in again.items() if before} == {12: {10}, 15: {13}}


def test_children_of_a_parent_that_was_reset_without_them_are_replaced_with_a_new_plan() -> None:
    agents = session(
        agent(0, "initial", iteration=2),
        agent(1, "initial", 0, iteration=2, waiting_on={0.0}),
        agent(10, "failed", parent_ordinal=1, superseded=True),
        agent(11, "failed", parent_ordinal=1),
    )

    plan = retry_plan.recovered(agents, 2)

    assert plan == Plan(frozenset({0, 1}), superseded=frozenset({11}))


def test_a_supervisor_that_is_reset_already_is_left_as_it_is_by_a_new_plan() -> None:
    agents = delegator("initial", "cancelled", iteration=2, waiting_on={12.0})

    assert retry_plan.recovered(agents, 2) == Plan(frozenset({1, 12}))


PLAIN = Plan(frozenset({1, 2}), frozenset({2}), None, True)


@pytest.mark.parametrize(
    "plan",
    [
        PLAIN,
        PLAIN._replace(
            keeps={1: 0, 7: 3},
            superseded=frozenset({10, 11}),
            lanes=(order_edges.Lanes(10, 6, 2, 3),),
        ),
        PLAIN._replace(lanes=(order_edges.Lanes(10, 6, 1, 3),)),
    ],
)
def test_a_plan_is_read_as_it_was_written(plan: Plan) -> None:
    assert retry_plan.load(retry_plan.dump(plan)) == plan


def test_a_plan_of_version_0_2_0_is_read_and_that_version_reads_plans_without_growths() -> None:
    of_0_2_0 = "eJyLjjbUUTCK1VGIBhF5pTk5OgolRaWpsQBWyAdp"

    assert retry_plan.load(of_0_2_0) == PLAIN
    written = zlib.decompress(b64decode(retry_plan.dump(PLAIN)))
    assert json.loads(written) == [[1, 2], [2], None, True]
