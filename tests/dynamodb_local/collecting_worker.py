"""An engine whose messages are collected, so that a test decides when to handle them."""

import threading
from collections.abc import Sequence

from ai_coordination.engine.context import Engine
from ai_coordination.messages import Lane, Message
from ai_coordination.runtimes.base import Answer, Call
from tests.support.contexts import SYSTEM


class Worker:
    """An engine whose messages are kept until they are asked for, and whose ECHO is counted."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._lock = threading.Lock()
        self.invoked: list[str] = []
        self.engine = Engine(queue=self, invoke=self.invoke, context=SYSTEM)

    def send(self, messages: Sequence[Message], delay_seconds: float = 0) -> None:
        with self._lock:
            self._messages += messages

    def must_send(self, message: Message, delay_seconds: float = 0) -> None:
        self.send([message], delay_seconds)

    def is_behind(self, lane: Lane) -> bool:
        return False

    def taken(self) -> list[Message]:
        with self._lock:
            taken, self._messages = self._messages, []
            return taken

    def invoke(self, call: Call) -> Answer:
        with self._lock:
            self.invoked.append(call.run_uuid)
        return Answer("joined")
