"""A task says which variables its subtask queries name, so that a form can ask for them."""

import json

import pytest

from tests.api.execution import after, blueprint, echo
from tests.support.graph_api import ask, data, mutation

pytestmark = pytest.mark.usefixtures("worked_queue")

START = mutation("startSession", "StartSessionInput", "session { status }")
TASK = """query ($coordinationUuid: ID!, $taskUuid: ID!) {
    task(coordinationUuid: $coordinationUuid, taskUuid: $taskUuid) { variables } }"""


def test_a_task_names_the_variables_that_its_start_needs() -> None:
    queries = [
        {"agentUuid": "a", "subtaskQuery": "{customer}: {{not}} this, {order_7} of {customer}"},
        {"agentUuid": "b", "subtaskQuery": "{index}. {item.name} for {seller}, as {item} and {7"},
        {"agentUuid": "c", "subtaskQuery": "No list, so {item} and {index} are two more"},
    ]
    asked = {"kind": "APPROVAL", "group": "{region} sales"}
    actions = [after("b", "a", forEach={"items": "outputs.a"}), after("c", ask=asked)]
    key = blueprint([echo("a"), echo("b"), echo("c")], actions, subtaskQueries=queries)

    names = data(TASK, key)["task"]["variables"]

    assert names == ["customer", "order_7", "seller", "item", "index", "region"]
    for missing in names:
        given = {name: "x" for name in names if name != missing}
        told = ask(START, {"input": {**key, "taskQuery": json.dumps(given)}})["errors"][0]
        assert told["message"] == f"The task query has no member {missing!r}"
    whole = {"input": {**key, "taskQuery": json.dumps(dict.fromkeys(names, "x"))}}
    assert data(START, whole)["startSession"]["session"]["status"] == "IN_PROGRESS"
