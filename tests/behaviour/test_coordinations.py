"""Coordinations through GraphQL, with exact numbers of calls to DynamoDB."""

import pytest

from tests.graph_api import create

pytestmark = pytest.mark.usefixtures("tables")


def test_a_coordination_is_created_with_defaults() -> None:
    made = create("createCoordination", {"coordinationName": "Offers"}, "version agents { agentUuid }")

    assert (made["version"], made["agents"]) == (1, [])
