"""The services next to DynamoDB, as far as the engine uses them: SQS, S3 and EventBridge.

Each takes requests and returns answers in the form that boto3 uses, and keeps what it stores in the
same file as the database.
"""

from ai_coordination.local.services.buckets import Buckets
from ai_coordination.local.services.event_buses import EventBuses
from ai_coordination.local.services.queues import Queues
from ai_coordination.local.services.timers import Timers

__all__ = ["Buckets", "EventBuses", "Queues", "Timers"]
