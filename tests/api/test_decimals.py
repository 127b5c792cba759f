"""Decimals in JSON values are returned as they were given, or refused at their place."""

import pytest

from tests.support.graph_api import ask, data
from tests.support.stored import everything_stored

pytestmark = pytest.mark.usefixtures("tables")

CREATE = """mutation {{ createCoordination(input: {{coordinationName: "A", agents: [
    {{agentName: "B", runtime: {{kind: ECHO, parameters: {{x: [{}]}}}}}}
]}}) {{ coordination {{ agents {{ runtime {{ parameters }} }} }} }} }}"""


@pytest.mark.parametrize("number", ["0.10000000000000000555", "1e-400", "1e400"])
def test_a_literal_that_would_come_back_as_another_number_is_refused(number: str) -> None:
    [error] = ask(CREATE.format(number))["errors"]

    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["extensions"]["inputPath"] == [
        *("input", "agents", 0, "runtime", "parameters", "x", 0)
    ]
    assert not any(everything_stored().values())


@pytest.mark.parametrize("number", [0.1, 19.9, 1e22, 5e-324, -1.5, 123456789012345678901234567890])
def test_a_literal_comes_back_as_it_was_given(number: float) -> None:
    made = data(CREATE.format(number))["createCoordination"]["coordination"]

    assert made["agents"][0]["runtime"]["parameters"] == {"x": [number]}
