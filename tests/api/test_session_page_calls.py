"""The calls for a page of sessions with objects in them: batched, and concurrent."""

import threading
from collections import Counter
from typing import Any

import pytest
from botocore.client import BaseClient

from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from tests.support.graph_api import (
    data,
    new_agent,
    new_coordination,
    new_run,
    new_session,
    new_task,
)
from tests.support.recording import recorded_calls

BATCH, QUERY = "BatchGetItem", "Query"
PARENTS = "coordination { coordinationName } task { taskName }"
CHILDREN = "sessionAgents { nodes { agentUuid } } sessionRuns { nodes { runUuid } }"


def sessions(selection: str, where: str = "") -> str:
    return f"{{ sessions{where} {{ nodes {{ sessionUuid {selection} }} }} }}"


def of(coordination: str) -> str:
    return f'(coordinationUuid: "{coordination}")'


def calls_of(query: str, variables: dict[str, Any] | None = None) -> list[str]:
    with recorded_calls() as calls:
        data(query, variables)
    return [call.operation for call in calls]


@pytest.fixture(scope="module")
def page(embedded_aws: EmbeddedAws) -> str:
    """25 sessions of one coordination and five tasks, each with two agents and a run: its uuid."""
    embedded_aws.reset()
    create_tables()
    coordination = new_coordination()
    tasks = [new_task(coordination) for _ in range(5)]
    for number in range(25):
        session = new_session(coordination, taskUuid=tasks[number % 5], taskQuery="A")
        agent = new_agent(coordination, session)
        new_agent(coordination, session, agentUuid="zh", predecessors=[agent])
        new_run(coordination, session, sessionAgentUuid=agent)
    return coordination


def test_25_sessions_with_their_coordination_and_task_are_two_calls(page: str) -> None:
    assert calls_of(sessions(PARENTS)) == [QUERY, BATCH]
    assert calls_of(sessions(PARENTS, of(page))) == [QUERY, BATCH]
    assert calls_of(sessions("coordination { coordinationName }")) == [QUERY, BATCH]


def test_with_agents_and_runs_they_are_two_calls_more_each(page: str) -> None:
    both = calls_of(sessions(f"{PARENTS} {CHILDREN}"))
    agents_alone = calls_of(sessions("sessionAgents { nodes { agentUuid } }"))

    assert both[0] == QUERY
    assert Counter(both) == {QUERY: 1 + 2 * 25, BATCH: 1}
    assert agents_alone == [QUERY] * 26


def test_the_totals_of_their_agents_are_theirs_and_no_call_but_where_an_index_is_read(
    page: str,
) -> None:
    counted = "sessionAgents { totalCount nodes { agentUuid } }"

    of_the_coordination = calls_of(sessions(counted, of(page)))
    of_the_tenant = Counter(calls_of(sessions(counted)))

    assert of_the_coordination == [QUERY] * 26
    # A total is asked for when its page is there: those that are there together are one batch.
    assert of_the_tenant[QUERY] == 26
    assert 1 <= of_the_tenant[BATCH] <= 25
    assert of_the_tenant.keys() == {QUERY, BATCH}


def test_progress_and_picture_are_one_call_more_each(page: str) -> None:
    progress = calls_of(sessions("progress { total }"))
    both = calls_of(sessions("progress { total completed } mermaid"))

    assert progress == [QUERY] * 26
    assert Counter(both) == {QUERY: 26, BATCH: 1}


def test_the_calls_for_a_page_of_sessions_are_made_side_by_side(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each call for agents or runs waits until ten of them are under way.
    meeting = threading.Barrier(10, timeout=60)
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def meet_and_call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if operation == QUERY and parameters["TableName"].endswith(("_agents", "_runs")):
            meeting.wait()
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", meet_and_call)
    found = data(sessions(f"{PARENTS} {CHILDREN}"))["sessions"]["nodes"]

    assert [len(row["sessionAgents"]["nodes"]) for row in found] == [2] * 25
    assert [len(row["sessionRuns"]["nodes"]) for row in found] == [1] * 25
