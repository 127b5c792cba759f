"""The examples and diagrams of the documentation are true."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeGuard

import pytest
from graphql import GraphQLObjectType, parse, validate

from ai_coordination import ids, states
from ai_coordination.api.schema import schema
from ai_coordination.caller import Caller
from ai_coordination.local import demo, graphiql
from tests.docs.pages import PAGES, README, Page, example, name_of
from tests.docs.pages import page as docs_page
from tests.docs.requests import Reader, post
from tests.support.clients import InProcess
from tests.support.contexts import SYSTEM
from tests.support.graph_api import new_coordination, new_task

TUTORIAL = [
    docs_page(f"tutorial/{name}")
    for name in ("first-coordination", "people-in-the-loop", "lists-and-paging")
]
SCHEDULES = docs_page("guides/schedules")
FRONTEND = docs_page("guides/frontend")
# Examples that have a page: tests/entrypoints/test_pattern_examples.py runs them.
PATTERNS = (
    "catch-and-compensate",
    "map-reduce",
    "nested-task",
    "routed-triage",
    "supervisor",
    "writer-and-critic",
)
# Pages whose requests are sent here, and those whose code is tried here or in a file of its own.
SENT = [README, *TUTORIAL, SCHEDULES]
TRIED = {
    "python": [
        "docs/guides/another-lambda.md",
        "docs/guides/blueprint-files.md",
        "docs/guides/delegate-work.md",
        "docs/guides/http-agents.md",
        "docs/guides/test-your-blueprints.md",
        "docs/guides/testing.md",
        "docs/guides/tools.md",
        "docs/guides/write-an-agent.md",
        "docs/guides/your-own-python.md",
        "docs/patterns/supervisor.md",
        "docs/patterns/writer-and-critic.md",
        "README.md",
    ],
    "graphql": [
        *map(name_of, SENT),
        "docs/guides/ask-people.md",
        "docs/guides/budgets.md",
        "docs/guides/delegate-work.md",
        "docs/guides/frontend.md",
        "docs/guides/usage.md",
        "docs/guides/write-an-agent.md",
    ],
    "ts": ["docs/guides/frontend.md"],
    "yaml": [
        "docs/concepts/branches.md",
        "docs/concepts/growing-sessions.md",
        "docs/guides/a2a-agents.md",
        "docs/guides/ask-people.md",
        "docs/guides/bedrock-agents.md",
        "docs/guides/blueprint-files.md",
        "docs/guides/delegate-work.md",
        "docs/guides/get-notified.md",
        "docs/guides/http-agents.md",
        "docs/guides/openai-agents.md",
        "docs/guides/test-your-blueprints.md",
        "docs/guides/tools.md",
        "docs/guides/write-an-agent.md",
        *(f"docs/patterns/{name}.md" for name in PATTERNS),
    ],
    "tsx": ["docs/guides/frontend.md"],
}


def test_the_first_session_of_the_readme_runs(served: None) -> None:
    reader = Reader()

    reader.read(README)

    assert (reader.sent, reader.compared) == (5, 1)
    look = {"query": README.texts("graphql")[3], "variables": reader.known}
    assert post(look)["data"]["session"]["status"] == "COMPLETED"


def test_the_tutorial_is_answered_as_shown(served: None) -> None:
    reader = Reader()

    for one in [*TUTORIAL, SCHEDULES]:
        reader.read(one)

    shown = sum(len(one.texts("graphql")) for one in [*TUTORIAL, SCHEDULES])
    assert (reader.sent, reader.compared) == (shown + 2, shown + 2)
    assert {"agent", "run", "writer", "writerRun", "after"} < set(reader.known)


@pytest.mark.parametrize("language", TRIED)
def test_every_example_is_tried(language: str) -> None:
    assert sorted(name_of(one) for one in PAGES if one.texts(language)) == sorted(TRIED[language])


@pytest.mark.parametrize("one", [README, TUTORIAL[0]], ids=name_of)
def test_the_first_mutation_is_the_one_that_graphiql_opens_with(one: Page) -> None:
    assert one.texts("graphql")[0] == graphiql.first_query()


def test_the_picture_of_a_task_is_the_one_that_is_answered() -> None:
    (answer,) = (json.loads(text) for text in TUTORIAL[0].texts("json") if '"mermaid"' in text)

    assert [answer["data"]["createTask"]["task"]["mermaid"]] == TUTORIAL[0].texts("mermaid")


PICTURE = """query ($coordination: ID!, $session: ID!) {
  session(coordinationUuid: $coordination, sessionUuid: $session) { status mermaid }
}"""


def test_the_picture_of_a_session_is_the_one_of_the_demonstration(
    served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for agent in demo.AGENTS:
        monkeypatch.setitem(agent, "runtime", {"kind": "ECHO"})  # none fails, none waits
    client = InProcess("")
    place = demo.start(client)

    answer = client.execute(PICTURE, **place._asdict())["session"]

    assert [answer["mermaid"]] == FRONTEND.texts("mermaid")


def test_the_frontend_is_told_all_agents_and_then_nothing(served: None) -> None:
    client = InProcess("")
    place = demo.start(client)._asdict()
    (watch,) = FRONTEND.texts("graphql")

    first = client.execute(watch, **place)["session"]["changes"]
    then = client.execute(watch, **place, after=first["cursor"])["session"]["changes"]

    assert (first["whole"], len(first["agents"])) == (True, len(demo.AGENTS))
    assert then == {**first, "whole": False, "agents": [], "runs": []}


def test_the_lines_of_the_demonstration_are_its_runs() -> None:
    (shown,) = README.texts("text")

    runs = re.findall(
        r"^[\d:.]+ to [\d:.]+  (\w+) +attempt (\d) (\w+)(?:: (.+))?$", shown, re.MULTILINE
    )

    notes = "The price list is locked"
    assert runs == [
        ("Research", "1", "COMPLETED", ""),
        ("Prices", "1", "FAILED", notes),
        ("Terms", "1", "COMPLETED", ""),
        ("Prices", "2", "COMPLETED", ""),
        ("Offer", "1", "COMPLETED", ""),
        ("Mail", "1", "COMPLETED", ""),
    ]
    assert {one["agentName"] for one in demo.AGENTS} == {run[0] for run in runs}
    assert {"attempts": 1, "notes": notes} in [_fault(one) for one in demo.AGENTS]


def _fault(agent: Mapping[str, Any]) -> Any:
    return agent["runtime"].get("parameters", {}).get("fail")


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        (states.SessionStatus, (states.SESSION_MOVES, states.SESSION_RETRIES)),
        (states.SessionAgentState, (states.AGENT_MOVES, states.AGENT_RETRIES)),
    ],
)
def test_the_pictures_of_states_are_the_legal_moves(kind: Any, moves: tuple[Any, Any]) -> None:
    pictures = docs_page("concepts/states").texts("mermaid")
    picture = pictures[kind is states.SessionAgentState]

    drawn = re.findall(r"^ +(\w+) --> (\w+)( : retry)?$", picture, re.MULTILINE)

    for retry, legal in zip((False, True), moves, strict=True):
        found = {
            (kind[before], kind[after]) for before, after, note in drawn if bool(note) is retry
        }
        assert found == legal


def test_the_table_of_edges_has_the_legal_moves_of_an_agent() -> None:
    table = docs_page("internals/execution-protocol").table("The edges of the state diagram")
    named = [(row[0].strip("`"), row[1].strip("`")) for row in table]

    kind = states.SessionAgentState
    # An agent that waits, or adds others in front of itself, stays INITIAL.
    moves = [(before, after) for before, after in named if before != after]
    edges = {(kind[before], kind[after]) for before, after in moves if before in kind.__members__}

    assert edges == states.AGENT_MOVES
    assert named[-1] == ("an ended state", "INITIAL")  # AGENT_RETRIES


def test_the_example_of_another_lambda_works_and_may_be_repeated(lambda_client: None) -> None:
    caller = example(docs_page("guides/another-lambda").texts("python")[0])
    tenant = Caller("acme", "travel", context=SYSTEM)
    coordination = new_coordination(tenant)
    key = {"coordinationUuid": coordination, "taskUuid": new_task(coordination, tenant)}
    order = {**key, "text": "Two pages", "orderId": "4711"}

    first, second = caller["handler"](order, None), caller["handler"](order, None)
    with pytest.raises(caller["Refused"], match="another input") as refused:
        caller["handler"]({**order, "text": "Three pages"}, None)

    assert ids.is_uuid(first)
    assert first == second
    assert refused.value.facts["code"] == "CONFLICT"


def test_the_example_of_a_tested_agent_passes() -> None:
    (text,) = docs_page("guides/testing").texts("python")

    example(text)["test_the_agent_answers"]()


@pytest.mark.parametrize(
    ("name", "count"), [("frontend", 1), ("another-lambda", 1), ("write-an-agent", 7)]
)
def test_the_documents_in_examples_are_valid(name: str, count: int) -> None:
    pattern = r"(?:gql<.+>`|^[A-Z_]+ = \"\"\")\n(.+?)(?:`|\"\"\")"

    documents = re.findall(pattern, docs_page(f"guides/{name}").text, re.DOTALL | re.MULTILINE)

    assert len(documents) == count
    for document in documents:
        assert validate(schema.graphql_schema, parse(document)) == []


def test_the_cache_of_the_frontend_knows_each_type_without_an_id() -> None:
    kinds = [one for one in schema.graphql_schema.type_map.values() if _is_cached(one)]

    named = re.findall(r"^ +(\w+): part,$", FRONTEND.texts("ts")[0], re.MULTILINE)

    assert named == sorted(kind.name for kind in kinds)


def _is_cached(kind: object) -> TypeGuard[GraphQLObjectType]:
    """Whether urql wants a key of it; of connections, of payloads and their like it does not."""
    if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
        return False
    of_itself = r"Query|Mutation|PageInfo|\w+(Connection|Edge|Payload)"
    return "id" not in kind.fields and not re.fullmatch(of_itself, kind.name)
