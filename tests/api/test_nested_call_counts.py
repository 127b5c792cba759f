"""The calls for objects within objects: batched, made once, and only where requested."""

from collections import Counter
from typing import Any

import pytest

from ai_coordination.models import reads
from tests.support.graph_api import (
    AGENTS,
    create,
    data,
    mutation,
    new_coordination,
    new_session,
    new_task,
)
from tests.support.recording import recorded_calls
from tests.support.world import World

GET, BATCH, QUERY = "GetItem", "BatchGetItem", "Query"
UPDATE, WRITE = "UpdateItem", "TransactWriteItems"


def calls_of(query: str, variables: dict[str, Any] | None = None) -> list[str]:
    with recorded_calls() as calls:
        data(query, variables)
    return [call.operation for call in calls]


def test_more_objects_than_a_batch_holds_are_as_few_batches_as_they_need(
    tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "MOST_KEYS_OF_A_BATCH", 4)
    coordination = new_coordination(agents=[])
    for _ in range(8):
        new_session(coordination, taskUuid=new_task(coordination))

    calls = calls_of("{ sessions { nodes { coordination { id } task { id } } } }")

    assert calls == [QUERY, BATCH, BATCH, BATCH]


def test_a_screen_of_one_session_is_a_read_a_batch_and_a_call_a_list(world: World) -> None:
    query = """query ($c: ID!, $s: ID!) {
      session(coordinationUuid: $c, sessionUuid: $s) {
        taskQuery progress { total } mermaid coordination { coordinationName } task { taskName }
        sessionAgents { totalCount nodes {
          agentUuid predecessors { totalCount nodes { agentUuid } } currentRun { outcome }
          session { status } coordination { coordinationName }
        } }
        sessionRuns { nodes { sessionAgent { agentUuid } session { status } } }
      }
    }"""

    calls = calls_of(query, {"c": world.coordination, "s": world.session})

    assert calls[0] == GET
    # Its agents and its runs as lists, its agents as a graph; its parents, and itself below them.
    assert Counter(calls) == {GET: 1, QUERY: 3, BATCH: 2}


def test_what_a_mutation_answers_is_read_where_it_is_asked_for(world: World) -> None:
    given = {**world.key("coordination"), "taskName": "A", "agentActions": [{"agentUuid": "rag"}]}
    task = "task { id coordination { coordinationName } mermaid }"
    session = "session { id coordination { agents { agentUuid } } task { taskName } }"

    created = calls_of(mutation("createTask", "CreateTaskInput", task), {"input": given})
    updated = calls_of(
        mutation("updateSession", "UpdateSessionInput", session),
        {"input": world.key_of("session")},
    )

    assert created == [GET, WRITE, BATCH]
    assert updated == [UPDATE, BATCH]


def test_what_is_asked_for_twice_is_loaded_once(world: World) -> None:
    query = """query ($t: ID!) {
      taskSchedules(taskUuid: $t) { nodes {
        a: task { taskName coordination { id } } b: task { taskDescription }
        coordination { coordinationName }
      } }
    }"""

    assert calls_of(query, {"t": world.task}) == [QUERY, BATCH]


def test_a_document_that_needs_no_data_makes_no_call() -> None:
    assert calls_of("{ __typename __schema { queryType { name } } }") == []


def test_several_root_fields_are_a_call_each(world: World) -> None:
    fields = [
        f'{name}: tasks(coordinationUuid: "{world.coordination}") {{ nodes {{ id }} }}'
        for name in "abc"
    ]

    assert calls_of(f"{{ {' '.join(fields)} }}") == [QUERY] * 3


def test_members_cost_nothing_beside_their_coordination(tables: None) -> None:
    made = create("createCoordination", {"coordinationName": "A", "agents": AGENTS})
    query = "query ($id: ID!) { node(id: $id) { ... on Coordination { agents { agentName } } } }"

    assert calls_of(query, {"id": made["id"]}) == [GET]
