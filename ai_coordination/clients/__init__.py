"""Everything outside that is not DynamoDB, one file a service."""

from ai_coordination.clients.aws import clients
from ai_coordination.clients.queue import SqsQueue

__all__ = ["SqsQueue", "clients"]
