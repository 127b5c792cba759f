"""What the tests of the API's behaviour start from."""

import pytest

from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from tests.world import World, new_world


@pytest.fixture
def world(tables: None) -> World:
    """One entity of each kind."""
    return new_world()


@pytest.fixture(scope="module")
def still_world(embedded_aws: EmbeddedAws) -> World:
    """One entity of each kind, made once for a module of tests that change nothing."""
    embedded_aws.reset()
    create_tables()
    return new_world()
