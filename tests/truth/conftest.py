"""What the tests on DynamoDB Local start from."""

from tests.truth.engine import engine, three

__all__ = ["engine", "three"]
