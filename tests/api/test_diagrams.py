"""The pictures of sessions that have grown, and of tasks with control flow."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.services.agent_rules import build_action
from tests.api.test_call_counts import calls_of
from tests.support.graph_api import NOBODY, Place, data, new_coordination, new_task
from tests.support.stored import put_agents, put_state

MERMAID = "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) { mermaid } }"
OF_TASK = "query ($c: ID!, $t: ID!) { task(coordinationUuid: $c, taskUuid: $t) { mermaid } }"
Growth: Any = models.Growth
NAME = "Product retrieval"

pytestmark = pytest.mark.usefixtures("tables")


def picture(place: Place) -> list[str]:
    drawn = data(MERMAID, {"c": place.coordination, "s": place.session})["session"]["mermaid"]
    lines = str(drawn).removesuffix("\n").split("\n    ")
    return [line for line in lines[1:] if not line.startswith("classDef")]


def put(place: Place, agents: list[str], ordinal: int, **attributes: Any) -> None:
    put_state(models.SessionAgent, place.session, agents[ordinal], **attributes)


def rules(**given: Any) -> Any:
    return build_action("rag", [], given, 0)


def test_what_an_agent_has_added_is_in_a_group_before_it(place: Place) -> None:
    agents = put_agents(*place, range(8))
    repeat = rules(repeat={"until": "x"})
    # 0 is followed by 1, which has two rounds: 2 before 3, and 4. 4 has delegated to 5 and 6.
    put(place, agents, 0, successors={1}, state="completed")
    growths = [Growth(base=2, size=2, step=2, sinks=[1]), Growth(base=4, size=1)]
    put(place, agents, 1, predecessors={0}, grew=growths, agent_action=repeat)
    put(place, agents, 3, predecessors={2}, parent_ordinal=1)
    put(place, agents, 2, parent_ordinal=1)
    put(place, agents, 4, parent_ordinal=1, grew=[Growth(base=5, size=2, turn=3)])
    put(place, agents, 5, parent_ordinal=4)
    put(place, agents, 6, parent_ordinal=4)
    # A retry has replaced it.
    put(place, agents, 7, parent_ordinal=1, superseded=True)

    assert picture(place) == [
        f'n0["{NAME}"]:::completed',
        f'n1["{NAME} #40;until x#44; at most 3 rounds#41;"]:::initial',
        f'subgraph g0["{NAME}#58; round 1"]',
        f'    n2["{NAME}"]:::initial',
        f'    n3["{NAME}"]:::initial',
        "end",
        f'subgraph g1["{NAME}#58; round 2"]',
        f'    n4["{NAME}"]:::initial',
        f'    subgraph g2["{NAME}#58; delegated in turn 3"]',
        f'        n5["{NAME}"]:::initial',
        f'        n6["{NAME}"]:::initial',
        "    end",
        "end",
        "n0 --> g0",
        "n2 --> n3",
        "g2 --> n4",
        "g0 --> g1",
        "g1 --> n1",
    ]


@pytest.mark.parametrize(
    ("given", "growth", "title"),
    [
        ({"for_each": {"items": "x"}}, {"size": 2}, "2 elements"),
        ({"for_each": {"items": "x"}, "task_uuid": NOBODY}, {"size": 2, "step": 2}, "1 elements"),
        ({"task_uuid": NOBODY}, {"size": 2, "step": 2}, "sub-task"),
        ({"repeat": {"until": "x"}, "task_uuid": NOBODY}, {"size": 2, "step": 2}, "round 1"),
        ({"for_each": {"items": "x"}}, {"size": 2, "turn": 1}, "delegated in turn 1"),
    ],
)
def test_a_group_says_why_its_agents_were_added(
    place: Place, given: dict[str, Any], growth: dict[str, Any], title: str
) -> None:
    agents = put_agents(*place, range(3))
    put(place, agents, 0, grew=[Growth(base=1, **growth)], agent_action=rules(**given))

    assert f'subgraph g0["{NAME}#58; {title.replace("-", "#45;")}"]' in picture(place)


def test_more_than_fifty_are_one_box_with_all_below_them_counted_by_state(place: Place) -> None:
    agents = put_agents(*place, range(114))
    put(place, agents, 0, grew=[Growth(base=1, size=50), Growth(base=51, size=51)])
    put(place, agents, 52, grew=[Growth(base=102, size=2)], state="completed")
    put(place, agents, 102, state="failed")
    # Of the last growth nothing is written yet, and of the one before a part.
    put(place, agents, 104, grew=[Growth(base=105, size=60), Growth(base=165, size=9)])
    for ordinal in range(105, 114):
        put(place, agents, ordinal, state="completed")

    drawn = picture(place)

    title = f"{NAME}#58; sub#45;task"
    folded = f'"{title} #40;53 agents#59; 51 initial#59; 1 completed#59; 1 failed#41;"'
    assert [line for line in drawn if line.startswith("n")][:3] == [
        f'n0["{NAME}"]:::initial',
        f"n51[{folded}]",
        f'n52["{NAME}"]:::initial',
    ]
    assert len([line for line in drawn if line.startswith("    n")]) == 50 + 9
    assert drawn[-3:] == ["g0 --> n51", "n51 --> n0", "g1 --> n52"]


def test_a_folded_growth_has_the_colour_that_all_its_agents_share(place: Place) -> None:
    agents = put_agents(*place, range(52))
    put(place, agents, 0, grew=[Growth(base=1, size=51)])

    title = f'"{NAME}#58; sub#45;task #40;51 agents#59; 51 initial#41;"'
    assert picture(place)[1] == f"n1[{title}]:::initial"


def test_a_task_is_drawn_with_its_control_flow_in_words() -> None:
    uuids = ["a", "b", "c", "d", "e", "f"]
    agents = [
        {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": {"kind": "ECHO"}}
        for uuid in uuids
    ]
    coordination = new_coordination(agents=agents)
    inner = new_task(coordination, taskName="Draft it")
    actions = [
        {"agentUuid": "a", "delegatesTo": ["c", "d", "e", "f"], "delaySeconds": 5},
        {"agentUuid": "b", "predecessors": ["a"], "when": "outputs.a", "taskUuid": inner},
    ]
    task = new_task(coordination, agentActions=actions)
    given = {"c": coordination, "t": task}

    drawn = data(OF_TASK, given)["task"]["mermaid"].splitlines()[1:]

    assert drawn == [
        '    n0["A #40;after 5 s#59; delegates to C#44; D#44; E#44; 1 more#41;"]',
        '    n1["B #40;if outputs#46;a#59; runs Draft it#41;"]',
        "    n0 --> n1",
    ]
    # The names of the sub-tasks are one read more, if there are any.
    assert calls_of(OF_TASK, given) == ["GetItem", "BatchGetItem", "BatchGetItem"]
    assert calls_of(OF_TASK, {**given, "t": inner}) == ["GetItem", "BatchGetItem"]
