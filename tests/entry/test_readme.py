"""What README.md shows happens: its requests are answered as shown, its examples work."""

import io
import json
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeGuard

import boto3
import pytest
from graphql import GraphQLObjectType, parse, validate

from ai_coordination import ids, states
from ai_coordination.api.schema import schema
from ai_coordination.caller import Caller
from ai_coordination.clients import clients
from ai_coordination.config import PREFIX
from ai_coordination.handler import handler
from ai_coordination.local import page, work
from tests.entry.lambda_stand_ins import Context
from tests.entry.readme import AGENTS, BLOCKS, README, example, texts
from tests.graph_api import new_coordination, new_task
from tests.scheduling import SCHEDULER

# What stands for a value that is another one each time. Any other name stands for the first value
# that is met in its place, and becomes a variable of the requests that follow.
VARYING: dict[str, Callable[[str], object]] = {
    "cursor": re.compile(r"[\w-]{40,}").fullmatch,
    "id": re.compile(r"[\w=-]{40,}").fullmatch,
    "instant": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00").fullmatch,
    "request": re.compile("request-1").fullmatch,
    "uuid": ids.is_uuid,
}


def post(body: Mapping[str, Any]) -> Any:
    """What the development server answers, which knows no claims."""
    event = {
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST"}},
        "body": json.dumps(body),
    }
    return json.loads(handler(event, Context())["body"])


@pytest.fixture
def queue(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine sends its messages."""
    clients.forget()
    made = clients("sqs").create_queue(QueueName="readme")
    monkeypatch.setenv(work.QUEUE_VARIABLE, made["QueueUrl"])


@pytest.fixture
def served(queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make run` serves it."""
    monkeypatch.setenv(f"{PREFIX}ENDPOINT_ID", "local")
    monkeypatch.setenv(f"{PREFIX}PART_ID", "dev")
    for name, value in SCHEDULER.items():
        monkeypatch.setenv(name, value)


def request_of(language: str, text: str, known: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The request that a block shows, if it shows one."""
    if language == "graphql":
        return {"query": text, "variables": known}
    if found := re.search(r"-d '(.+)'", text):
        return dict(json.loads(re.sub(r"<(\w+)>", lambda name: known[name[1]], found[1])))
    if found := re.search(r"--data-urlencode 'query=(.+)'", text):
        return {"query": found[1]}
    return None


def compare(shown: Any, given: Any, known: dict[str, str]) -> None:
    """Fails where an answer is not the one shown; learns the values that names stand for."""
    if isinstance(shown, dict):
        assert list(shown) == list(given)
        for name in shown:
            compare(shown[name], given[name], known)
    elif isinstance(shown, list):
        assert len(shown) == len(given)
        for one, other in zip(shown, given, strict=True):
            compare(one, other, known)
    elif isinstance(shown, str) and (name := re.fullmatch(r"<(\w+)>", shown)):
        if name[1] in VARYING:
            assert VARYING[name[1]](given), (shown, given)
        else:
            assert known.setdefault(name[1], given) == given
    elif isinstance(shown, str) and "<mark>" in shown:
        # The engine draws another one for each run.
        (mark, *more) = set(re.findall(r"\[([0-9a-f]{16})\]", given))
        assert (shown.replace("<mark>", mark), more) == (given, [])
    else:
        assert shown == given


def test_the_first_five_minutes_are_answered_as_shown(served: None) -> None:
    known: dict[str, str] = {}
    answered = 0

    for (language, text), (_, shown) in pairwise(BLOCKS):
        if request := request_of(language, text, known):
            compare(json.loads(shown), post(request), known)
            answered += 1
            while work.work_once():
                pass  # what the worker does while a person reads

    assert answered == len(texts("graphql")) + 2
    assert {"agent", "run", "writer", "writerRun", "after"} < set(known)


def test_the_first_query_is_the_one_that_the_explorer_begins_with() -> None:
    assert texts("graphql")[0] == page.first_query()


def test_the_picture_of_a_task_is_the_one_that_is_answered() -> None:
    (answer,) = (json.loads(text) for text in texts("json") if '"mermaid"' in text)

    assert answer["data"]["createTask"]["task"]["mermaid"] in texts("mermaid")


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        (states.SessionStatus, (states.SESSION_MOVES, states.SESSION_RETRIES)),
        (states.SessionAgentState, (states.AGENT_MOVES, states.AGENT_RETRIES)),
    ],
)
def test_the_pictures_of_states_are_the_legal_moves(kind: Any, moves: tuple[Any, Any]) -> None:
    pictures = [text for text in texts("mermaid") if text.startswith("stateDiagram")]
    picture = pictures[kind is states.SessionAgentState]

    drawn = re.findall(r"^ +(\w+) --> (\w+)( : retry)?$", picture, re.MULTILINE)

    for retry, legal in zip((False, True), moves, strict=True):
        found = {
            (kind[before], kind[after]) for before, after, note in drawn if bool(note) is retry
        }
        assert found == legal


class _LambdaClient:
    """Invokes this handler as Lambda does."""

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "api"
        answer = handler(json.loads(Payload), Context())
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def lambda_client(queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_FUNCTION", "api")
    monkeypatch.setattr(boto3, "client", lambda service, **options: _LambdaClient())


def test_the_example_of_another_lambda_works_and_may_be_repeated(lambda_client: None) -> None:
    caller = example(texts("python")[0])
    tenant = Caller("acme", "travel")
    coordination = new_coordination(tenant)
    key = {"coordinationUuid": coordination, "taskUuid": new_task(coordination, tenant)}
    order = {**key, "text": "Two pages", "orderId": "4711"}

    first, second = caller["handler"](order, None), caller["handler"](order, None)
    with pytest.raises(caller["Refused"], match="another input") as refused:
        caller["handler"]({**order, "text": "Three pages"}, None)

    assert ids.is_uuid(first)
    assert first == second
    assert refused.value.facts["code"] == "CONFLICT"


def test_the_documents_of_the_examples_are_valid() -> None:
    pattern = r"(?:gql<.+>`|^[A-Z_]+ = \"\"\")\n(.+?)(?:`|\"\"\")"
    found = [re.findall(pattern, text, re.DOTALL | re.MULTILINE) for text in (README, AGENTS)]
    documents = [document for one in found for document in one]

    assert [len(one) for one in found] == [2, 6]
    for document in documents:
        assert validate(schema.graphql_schema, parse(document)) == []


def test_the_cache_of_the_frontend_knows_each_type_without_an_id() -> None:
    kinds = [one for one in schema.graphql_schema.type_map.values() if _is_cached(one)]

    named = re.findall(r"^ +(\w+): part,$", texts("ts")[0], re.MULTILINE)

    assert named == sorted(kind.name for kind in kinds)


def _is_cached(kind: object) -> TypeGuard[GraphQLObjectType]:
    """Whether urql wants a key of it; of connections, of payloads and their like it does not."""
    if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
        return False
    of_itself = r"Query|Mutation|PageInfo|\w+(Connection|Edge|Payload)"
    return "id" not in kind.fields and not re.fullmatch(of_itself, kind.name)
