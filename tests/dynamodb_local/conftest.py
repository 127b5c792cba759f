"""What the tests on DynamoDB Local start from."""

from tests.dynamodb_local.engine import engine, three
from tests.support.terminal import write_line

__all__ = ["engine", "three", "write_line"]
