"""What the tests on DynamoDB Local start from."""

from tests.stress.conftest import tell
from tests.truth.engine import engine, three

__all__ = ["engine", "tell", "three"]
