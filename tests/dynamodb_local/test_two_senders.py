"""Many workers send one event while the question that it tells of is answered."""

from collections.abc import Sequence

from ai_coordination.clients import Event
from ai_coordination.engine import agent_commands, message_handler
from ai_coordination.engine.context import message
from tests.dynamodb_local.test_two_answers import Asking
from tests.dynamodb_local.threads import THREADS, together


class Bus:
    """An event bus that accepts events, or not."""

    def __init__(self) -> None:
        self.accepts = False
        self.told: list[str] = []

    def send(self, events: Sequence[Event]) -> list[bool]:
        self.told += [str(event.detail["id"]) for event in events]
        return [self.accepts] * len(events)


def test_an_event_that_many_workers_send_is_removed_once_and_no_work_is_lost() -> None:
    asking, bus = Asking(), Bus()
    asking.worker.engine = asking.worker.engine._replace(events=bus)
    run_uuid = asking.agent().current_run_uuid
    asking.tell(agent_commands.ask, run_uuid, question="Which?")
    asking.work_off()
    asked = asking.agent()
    assert (len(asked.unsent_events), bus.told) == (1, [f"asks-{run_uuid}"])
    assert asked.due_at is not None
    bus.accepts = True

    def act(number: int) -> None:
        if number % 2:
            message_handler.work(asking.worker.engine, message(asked))
        else:
            asking.tell(agent_commands.answer, run_uuid, user_input="The second")

    together(act)
    assert {*bus.told} == {f"asks-{run_uuid}"}
    # Whichever was first, the agent has no event left, and is due for its next turn.
    asking.work_off()
    agent = asking.agent()
    assert agent.unsent_events is None
    assert (agent.state, agent.turn) == ("in_progress", 2)
    assert len(asking.runs()) == 2
    assert 2 <= len(bus.told) <= 2 + THREADS
