"""The plan of agents that another one adds in front of itself."""

from typing import Any

from ai_coordination import graph, models
from ai_coordination.engine.agent.growth.plan import Plan
from ai_coordination.engine.planning import new_agents, planned_agents
from ai_coordination.engine.planning.planned_agents import Place, PlannedAgent

PARENT = 3


def agent(ordinal: int, after: tuple[int, ...] = (), before: tuple[int, ...] = ()) -> PlannedAgent:
    place = Place(PARENT, depth=1, round=1, thread_from=after[0] if after else graph.OWN_THREAD)
    kinds: Any = models
    runtime = kinds.AgentRuntime(kind="pass")
    member = kinds.Agent(agent_uuid="a", agent_name="A", runtime=runtime)
    action = kinds.AgentAction(agent_uuid="a", max_turns=4)
    return PlannedAgent(ordinal, member, action, "text", after, before, place)


def in_lane(one: PlannedAgent, after: tuple[int, ...], before: tuple[int, ...]) -> PlannedAgent:
    assert one.place is not None
    place = one.place._replace(order_predecessors=after, order_successors=before)
    return one._replace(place=place)


# Two copies of 0 -> 1, numbered against their order, and 2 -> 3.
COPIES = Plan([agent(0, after=(1,)), agent(1, before=(0,)), agent(2, (3,)), agent(3, (), (2,))], 2)


def test_each_agent_of_a_plan_comes_after_all_that_it_leads_to() -> None:
    placed = COPIES.placed(40)

    written: set[int] = {PARENT}
    for one in placed:
        assert written.issuperset(one.successors)
        written.add(one.ordinal)
    assert written == {PARENT, 40, 41, 42, 43}
    assert {one.ordinal: one.successors for one in placed} == {
        40: (PARENT,),
        41: (40,),
        42: (PARENT,),
        43: (42,),
    }
    by_ordinal = {one.ordinal: one.place for one in placed}
    assert [by_ordinal[at].thread_from for at in (40, 41)] == [41, graph.OWN_THREAD]  # type: ignore[union-attr]


def test_the_growth_names_the_sinks_of_all_copies() -> None:
    growth: Any = COPIES.growth(40)

    assert (growth.base, growth.size, growth.step, growth.sinks) == (40, 4, 2, [0])
    assert growth.sink_ordinals() == {40, 42}


def test_order_edges_lead_to_no_agent_that_is_not_written() -> None:
    lane = [in_lane(agent(0), (), (1,)), in_lane(agent(1), (0,), (2,)), in_lane(agent(2), (1,), ())]

    placed = Plan(lane, 1).placed(7)

    assert [one.ordinal for one in placed] == [9, 8, 7]
    assert [one.waits_for for one in placed] == [(8,), (7,), ()]
    assert {one.successors for one in placed} == {(PARENT,)}
    assert Plan(lane, 1).growth(7).sink_ordinals() == {7, 8, 9}


def test_a_pinned_plan_is_read_as_it_was() -> None:
    lane = [in_lane(one, (), (9,)) for one in COPIES.placed(40)]

    loaded, counts = planned_agents.load(planned_agents.dump(lane, [3, 1]))

    assert counts == [3, 1]
    for before, after in zip(lane, loaded, strict=True):
        assert before._replace(member=after.member, action=after.action) == after
        assert after.action.max_turns == 4
    assert new_agents.chunks([5, 5, 5, 9], 2, 12) == [2, 1, 1]
