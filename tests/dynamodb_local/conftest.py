"""What the tests on DynamoDB Local start from."""

from tests.dynamodb_local.engine import engine, three
from tests.support.tell import tell

__all__ = ["engine", "tell", "three"]
