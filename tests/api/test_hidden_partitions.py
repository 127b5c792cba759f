"""What a filter hides of another tenant's partition, and what a key keeps of another time."""

import pytest

from ai_coordination.models import reads
from tests.support.graph_api import (
    AGENTS,
    RIVAL,
    change,
    create,
    data,
    new_agent,
    new_coordination,
    new_session,
    refusal,
)

FAILED_AGENTS = """query ($session: ID!) {
  sessionAgents(sessionUuid: $session, first: 1, filter: {state: [FAILED]}) {
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


@pytest.mark.usefixtures("tables")
def test_a_filter_that_lets_nothing_through_does_not_tell_that_there_is_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reads, "ROWS_OF_A_FILTERED_READ", 1)
    monkeypatch.setattr(reads, "MOST_READS_OF_A_PAGE", 1)
    coordination = new_coordination()
    session = new_session(coordination)
    for _ in range(3):
        new_agent(coordination, session)

    own = data(FAILED_AGENTS, {"session": session})["sessionAgents"]
    rivals = data(FAILED_AGENTS, {"session": session}, RIVAL)["sessionAgents"]

    assert own["pageInfo"]["hasNextPage"] is True
    assert rivals == {
        "nodes": [],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


@pytest.mark.usefixtures("tables")
def test_a_key_gives_its_task_also_when_the_coordination_has_lost_an_agent_since() -> None:
    coordination = new_coordination(agents=AGENTS)
    given = {
        "coordinationUuid": coordination,
        "taskName": "Translate",
        "agentActions": [{"agentUuid": "zh"}],
        "idempotencyKey": "once",
    }
    first = create("createTask", given)
    change(
        "updateCoordination",
        {"coordinationUuid": coordination, "agents": AGENTS[:1]},
        "coordination { version }",
    )

    again = create("createTask", given)
    other = refusal("createTask", {**given, "idempotencyKey": "twice"})

    assert again == first
    assert other == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "agentActions", 0, "agentUuid"],
    }
