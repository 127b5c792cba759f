"""Who names an agent that does not exist is told which ones there are."""

from typing import Any

import pytest

from tests.support.graph_api import ask, mutation, new_coordination, new_task
from tests.support.ids import short

CREATE = mutation("createTask", "CreateTaskInput", "task { taskUuid }")
START = mutation("startSession", "StartSessionInput", "session { sessionUuid }")


def member(name: str) -> dict[str, Any]:
    return {"agentName": name, "runtime": {"kind": "ECHO"}}


MANY = [{"agentUuid": f"a{number}", **member("A")} for number in range(22)]


@pytest.mark.parametrize(
    ("agents", "named", "hint"),
    [
        (
            [{"agentUuid": "price-finder", **member("Prices")}],
            "Prices",
            "It is an agent's name: write the agentUuid, 'price-finder'",
        ),
        (MANY[:2], "a3", "Its agents are 'a0', 'a1'"),
        (MANY[:20], "b", f"Its agents are {', '.join(repr(f'a{n}') for n in range(20))}"),
        (MANY, "b", f"Its agents are {', '.join(repr(f'a{n}') for n in range(20))}, and 2 more"),
        ([], "a0", "It has no agents"),
    ],
    ids=short,
)
def test_the_agents_that_a_task_may_name_are_told(
    tables: None, agents: list[dict[str, Any]], named: str, hint: str
) -> None:
    given = {"coordinationUuid": new_coordination(agents=agents), "taskName": "Translate"}

    told = ask(CREATE, {"input": {**given, "agentActions": [{"agentUuid": named}]}})

    (error,) = told["errors"]
    assert error["message"] == f"{named!r} is not an agent of this coordination. {hint}"
    assert error["extensions"]["inputPath"] == ["input", "agentActions", 0, "agentUuid"]


def test_a_start_with_a_query_of_an_unknown_agent_is_told_them_too(tables: None) -> None:
    coordination = new_coordination(agents=MANY[:2])
    given = {"coordinationUuid": coordination, "taskUuid": new_task(coordination)}
    queries = [{"agentUuid": "a3", "subtaskQuery": "Compare the prices"}]

    told = ask(START, {"input": {**given, "subtaskQueries": queries}})

    (error,) = told["errors"]
    assert error["message"] == (
        "'a3' is not an agent of this coordination. Its agents are 'a0', 'a1'"
    )
    assert error["extensions"]["inputPath"] == ["input", "subtaskQueries", 0, "agentUuid"]
