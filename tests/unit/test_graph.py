"""The graph of agents: cycles, expansion and threads."""

import time
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_coordination import graph
from ai_coordination.graph import Node

Graph = dict[int, list[int]]

# A busy machine may stop for longer than hypothesis lets one example take.
UNHURRIED = settings(deadline=None)

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def _graphs(*, acyclic: bool) -> st.SearchStrategy[Graph]:
    def of_size(size: int) -> st.SearchStrategy[Graph]:
        nodes = st.integers(0, size - 1)
        edges = st.lists(st.tuples(nodes, nodes), max_size=3 * size)
        return edges.map(lambda pairs: _graph(size, pairs))

    def _graph(size: int, pairs: list[tuple[int, int]]) -> Graph:
        befores: Graph = {node: [] for node in range(size)}
        for one, other in pairs:
            if not acyclic:
                befores[other].append(one)
            elif one != other:
                befores[max(one, other)].append(min(one, other))
        return befores

    return st.integers(1, 12).flatmap(of_size)


def _reachable(befores: Mapping[int, list[int]], start: int) -> set[int]:
    """Everything that `start` waits for, directly or not."""
    found: set[int] = set()
    front = set(befores[start])
    while front:
        found |= front
        front = {before for node in front for before in befores[node]} - found
    return found


def test_successors_are_the_edges_turned_round() -> None:
    assert graph.successors(DIAMOND) == {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}


def test_a_predecessor_named_twice_is_one() -> None:
    assert graph.successors({"a": [], "b": ["a", "a"]}) == {"a": ["b"], "b": []}
    assert graph.find_cycle({"a": [], "b": ["a", "a"]}) is None


def test_predecessors_that_are_no_nodes_are_ignored() -> None:
    befores = {"a": ["x", "b", "x", "y"], "b": [], "c": ["z"]}

    assert graph.successors(befores) == {"a": [], "b": ["a"], "c": []}
    assert graph.find_cycle(befores) is None


def test_nothing_has_no_cycle() -> None:
    empty: dict[str, list[str]] = {}

    assert graph.find_cycle(empty) is None
    assert graph.successors(empty) == {}
    assert graph.expand([], [], {}) == []


@pytest.mark.parametrize(
    ("befores", "cycle"),
    [
        ({"a": ["a"]}, ["a", "a"]),
        ({"a": ["b"], "b": ["a"]}, ["a", "b", "a"]),
        ({"a": ["c"], "b": ["a"], "c": ["b"]}, ["a", "b", "c", "a"]),
        ({"start": [], "a": ["start", "b"], "b": ["a"], "end": ["b"]}, ["a", "b", "a"]),
        ({"end": ["b"], "a": ["b"], "b": ["a"]}, ["b", "a", "b"]),
        (DIAMOND, None),
    ],
)
def test_a_cycle_is_shown_in_the_order_of_execution(
    befores: dict[str, list[str]], cycle: list[str] | None
) -> None:
    assert graph.find_cycle(befores) == cycle


@UNHURRIED
@given(_graphs(acyclic=False))
def test_a_cycle_is_found_exactly_when_a_node_waits_for_itself(befores: Graph) -> None:
    cycle = graph.find_cycle(befores)

    if cycle is None:
        assert all(node not in _reachable(befores, node) for node in befores)
    else:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(before in befores[after] for before, after in pairwise(cycle))


@UNHURRIED
@given(_graphs(acyclic=True))
def test_a_graph_whose_edges_all_point_one_way_has_no_cycle(befores: Graph) -> None:
    assert graph.find_cycle(befores) is None


def test_long_chains_and_wide_joins_take_linear_time() -> None:
    size = 20_000
    chain = {node: [node - 1] if node else [] for node in range(size)}
    circle = {node: [(node - 1) % size] for node in range(size)}
    join: Graph = {**{node: [] for node in range(size)}, size: list(range(size))}

    began = time.process_time()

    assert graph.find_cycle(chain) is None
    assert graph.find_cycle(circle) == [*range(size), 0]
    assert graph.find_cycle(join) is None
    # Less than 0.1 s of the processor; a quadratic step would take half a minute.
    assert time.process_time() - began < 10


def test_a_task_that_names_nobody_has_every_agent_of_the_coordination() -> None:
    assert graph.expand(["a", "b"], [], {}) == [
        Node(0, "a", None, (), ()),
        Node(1, "b", None, (), ()),
    ]


def test_a_task_has_the_agents_that_its_queries_and_its_actions_name() -> None:
    nodes = graph.expand(["a", "b", "c", "d"], ["d"], {"b": []})

    assert nodes == [Node(0, "b", None, (), ()), Node(1, "d", 0, (), ())]


def test_ordinals_follow_the_coordination_and_then_the_queries() -> None:
    nodes = graph.expand(["a", "b"], ["b", "a", "b"], {})

    assert [(node.ordinal, node.agent_uuid, node.query) for node in nodes] == [
        (0, "a", 1),
        (1, "b", 0),
        (2, "b", 2),
    ]


def test_a_successor_of_an_agent_with_two_queries_waits_for_both() -> None:
    nodes = graph.expand(["a", "b"], ["a", "a"], {"b": ["a"]})

    assert nodes == [
        Node(0, "a", 0, (), (2,)),
        Node(1, "a", 1, (), (2,)),
        Node(2, "b", None, (0, 1), ()),
    ]


def test_each_part_of_a_successor_waits_for_each_part_of_its_predecessor() -> None:
    nodes = graph.expand(["b", "a"], ["a", "b", "a", "b"], {"b": ["a", "a"], "a": []})

    assert nodes == [
        Node(0, "b", 1, (2, 3), ()),
        Node(1, "b", 3, (2, 3), ()),
        Node(2, "a", 0, (), (0, 1)),
        Node(3, "a", 2, (), (0, 1)),
    ]


def test_an_agent_takes_part_if_another_one_waits_for_it() -> None:
    nodes = graph.expand(["idle", "b", "a"], [], {"b": ["a"]})

    assert nodes == [Node(0, "b", None, (1,), ()), Node(1, "a", None, (), (0,))]
    assert graph.taking_part(["idle", "b", "a"], [], {"b": ["a"]}) == ["b", "a"]


def test_a_predecessor_that_is_no_agent_is_no_silent_start() -> None:
    with pytest.raises(KeyError, match="a"):
        graph.expand(["b"], [], {"b": ["a"]})


@UNHURRIED
@given(_graphs(acyclic=True), st.data())
def test_an_expanded_graph_keeps_every_edge_in_both_directions(
    befores: Graph, data: st.DataObject
) -> None:
    agents = [f"agent-{node}" for node in data.draw(st.permutations(list(befores)))]
    queries = data.draw(st.lists(st.sampled_from(agents), max_size=8))
    actions = {f"agent-{node}": [f"agent-{b}" for b in befores[node]] for node in befores}

    nodes = graph.expand(agents, queries, actions)

    assert [node.ordinal for node in nodes] == list(range(len(nodes)))
    assert sorted(node.query for node in nodes if node.query is not None) == list(
        range(len(queries))
    )
    assert all(queries[node.query] == node.agent_uuid for node in nodes if node.query is not None)
    assert {node.agent_uuid for node in nodes} == set(agents)
    for node in nodes:
        waits_for = set(actions[node.agent_uuid])
        expected = tuple(other.ordinal for other in nodes if other.agent_uuid in waits_for)
        assert node.predecessors == expected
        assert node.successors == tuple(
            other.ordinal for other in nodes if node.ordinal in other.predecessors
        )


def test_two_agents_of_500_queries_each_expand_in_no_time() -> None:
    began = time.process_time()

    nodes = graph.expand(["a", "b"], ["a", "b"] * 500, {"b": ["a"]})

    assert len(nodes) == 1000
    assert nodes[-1].predecessors == tuple(range(500))
    assert time.process_time() - began < 2


def test_what_follows_is_found_through_every_branch_and_once() -> None:
    after: dict[int, list[int]] = {0: [1, 2], 1: [3], 2: [3], 3: [], 4: [5], 5: []}

    assert graph.downstream([], after) == set()
    assert graph.downstream([3], after) == {3}
    assert graph.downstream([1], after) == {1, 3}
    assert graph.downstream([0, 4], after) == {0, 1, 2, 3, 4, 5}


def test_of_several_branches_one_goes_on_with_the_thread() -> None:
    before: dict[int, list[int]] = {0: [], 1: [0], 2: [0], 3: [0], 4: [1, 2, 3]}

    found = graph.threads(before, before)

    own = graph.OWN_THREAD
    assert found == {0: graph.SESSION_THREAD, 1: 0, 2: own, 3: own, 4: 1}


def test_an_agent_off_the_primary_path_has_a_thread_of_its_own_and_hands_none_on() -> None:
    before: dict[int, list[int]] = {0: [], 1: [0], 2: [0], 3: [1, 2], 4: [1]}

    found = graph.threads(before, {0, 2, 3, 4})

    own = graph.OWN_THREAD
    assert found == {0: graph.SESSION_THREAD, 1: own, 2: 0, 3: 2, 4: own}


def test_of_several_agents_that_begin_one_goes_on_with_the_thread_of_the_session() -> None:
    before: dict[int, list[int]] = {0: [], 1: [], 2: [0, 1]}

    assert graph.threads(before, {1, 2}) == {
        0: graph.OWN_THREAD,
        1: graph.SESSION_THREAD,
        2: 1,
    }


def test_a_delegate_has_a_place_only_by_a_query_predecessors_or_successors() -> None:
    actions = {"boss": ["plan"], "b": [], "c": ["boss"], "d": [], "plan": [], "e": []}
    everyone = ["b", "c", "d", "plan"]

    assert [*graph.placed(actions, ["d"], everyone)] == ["boss", "c", "d", "plan", "e"]
    assert graph.placed(actions, [], []) == actions
    # Two that delegate to each other, and nothing else, would leave nobody to begin.
    assert graph.placed({"a": [], "b": []}, [], ["a", "b"]) == {"a": [], "b": []}
