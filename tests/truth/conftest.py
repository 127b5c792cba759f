"""What the tests on DynamoDB Local start from."""

import pytest

from tests.truth.engine import engine, three

__all__ = ["engine", "three"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What they ask is what DynamoDB does. Which lines run is counted in quicker tests."""
    for item in items:
        if "truth" in item.path.parts:
            item.add_marker(pytest.mark.no_cover)
