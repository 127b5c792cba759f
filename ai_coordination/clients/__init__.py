"""Clients of all AWS services but DynamoDB, one file for each."""

from ai_coordination.clients.aws import clients
from ai_coordination.clients.event_bus import Event, EventBus
from ai_coordination.clients.queue import SqsQueue
from ai_coordination.clients.scheduler import EventBridge, Timer
from ai_coordination.clients.texts import TextBucket

__all__ = ["Event", "EventBridge", "EventBus", "SqsQueue", "TextBucket", "Timer", "clients"]
