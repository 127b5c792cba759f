"""Everything outside that is not DynamoDB, one file a service."""

from ai_coordination.clients.aws import clients
from ai_coordination.clients.queue import SqsQueue
from ai_coordination.clients.texts import TextBucket

__all__ = ["SqsQueue", "TextBucket", "clients"]
