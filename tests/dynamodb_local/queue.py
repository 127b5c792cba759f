"""A queue in this process, which passes messages to the worker's handler as SQS would."""

from collections.abc import Sequence

from ai_coordination import worker
from ai_coordination.messages import Message, encode
from tests.entrypoints.lambda_stand_ins import Context

BATCH = 10
MOST_RECEIVED = 5
PLENTY_MS = 300_000


class Queue:
    """What has been sent; what fails comes again, and in the end is put aside.

    No delay is kept: what comes early is sent again, and everything in a turn is there at its
    beginning. So turns measure how far work has come, whatever the machine's speed.
    """

    def __init__(self) -> None:
        self.bodies: list[str] = []
        # Coordinations and sessions of other tenants.
        self.others: list[tuple[str, str]] = []
        self._received: dict[str, int] = {}

    def send(self, messages: Sequence[Message], delay_seconds: float = 0) -> None:
        self.bodies += map(encode, messages)

    def must_send(self, message: Message, delay_seconds: float = 0) -> None:
        self.send([message])

    def turn(self) -> None:
        """Everything that is there is worked off once, and what is due is looked for.

        An error that leaves the handler takes a whole batch, or a whole sweep, with it: the test
        fails.
        """
        there, self.bodies = self.bodies, []
        for start in range(0, len(there), BATCH):
            self._work_off(there[start : start + BATCH])
        worker.handler({"kind": "sweep"}, Context(remaining_ms=PLENTY_MS))

    def _work_off(self, batch: list[str]) -> None:
        records = [
            {"messageId": str(number), "body": body, "attributes": {}, "eventSource": "aws:sqs"}
            for number, body in enumerate(batch)
        ]
        answer = worker.handler({"Records": records}, Context(remaining_ms=PLENTY_MS))
        for failed in answer["batchItemFailures"]:
            body = batch[int(failed["itemIdentifier"])]
            self._received[body] = self._received.get(body, 0) + 1
            if self._received[body] < MOST_RECEIVED:
                self.bodies.append(body)
