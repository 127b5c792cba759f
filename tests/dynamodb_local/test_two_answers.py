"""Many people answer one question at the same time, and one answer is taken."""

from typing import Any

import pytest

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.engine import agent_commands, message_handler, session_commands
from ai_coordination.errors import InvalidState
from ai_coordination.models import reads
from ai_coordination.states import AgentRuntimeKind
from tests.dynamodb_local.collecting_worker import Worker
from tests.dynamodb_local.tenant_data import new_tenant
from tests.dynamodb_local.threads import THREADS, side_by_side, together

REFUSED = "refused"


class Asking:
    """A session whose one agent, EXTERNAL, is in progress."""

    def __init__(self) -> None:
        self.caller: Caller = new_tenant()
        self.worker = Worker()
        member = {
            "agent_uuid": "a",
            "agent_name": "A",
            "runtime": {"kind": AgentRuntimeKind.EXTERNAL},
        }
        coordination = services.coordination.create(
            self.caller, coordination_name="Offers", agents=[member]
        )
        task = services.task.create(
            self.caller,
            coordination_uuid=coordination.coordination_uuid,
            task_name="Ask",
            agent_actions=[{"agent_uuid": "a"}],
        )
        self.session = session_commands.start(
            self.worker.engine,
            self.caller,
            coordination_uuid=task.coordination_uuid,
            task_uuid=task.task_uuid,
        )
        self.work_off()

    def work_off(self) -> None:
        work = self.worker.taken()
        side_by_side(lambda message: message_handler.work(self.worker.engine, message), work)

    def agent(self) -> models.SessionAgent:
        page = services.session_agent.page(
            self.caller, self.session.session_uuid, reads.PageRequest(10)
        )
        return page.rows[0]

    def runs(self) -> list[models.SessionRun]:
        key = self.session.session_uuid
        page = services.session_run.page(self.caller, key, reads.PageRequest(10))
        return list(page.rows)

    def tell(self, mutation: Any, run_uuid: str, **given: Any) -> str:
        agent = self.agent()
        try:
            mutation(
                self.worker.engine,
                self.caller,
                session_uuid=agent.session_uuid,
                session_agent_uuid=agent.session_agent_uuid,
                run_uuid=run_uuid,
                **given,
            )
        except InvalidState:
            return REFUSED
        return str(given)


@pytest.mark.parametrize("answers", [2, THREADS])
def test_of_many_answers_to_a_question_one_is_taken(answers: int) -> None:
    asking = Asking()
    run_uuid = asking.agent().current_run_uuid

    together(lambda number: asking.tell(agent_commands.ask, run_uuid, question="Which?"))
    taken = together(
        lambda number: asking.tell(
            agent_commands.answer, run_uuid, user_input=f"{number % answers}"
        )
    )
    asking.work_off()

    (accepted,) = {*taken} - {REFUSED}
    # All callers with the answer that was first get the agent.
    assert taken.count(accepted) == THREADS // answers
    agent = asking.agent()
    assert accepted == str({"user_input": agent.reply})
    assert (agent.state, agent.turn, agent.attempt) == ("in_progress", 2, 1)
    assert [(run.turn, run.outcome) for run in asking.runs()] == [
        (None, "input_required"),
        (2, None),
    ]


def test_an_agent_that_asks_and_completes_at_once_does_one_of_both() -> None:
    asking = Asking()
    run_uuid = asking.agent().current_run_uuid

    def report(number: int) -> str:
        if number % 2:
            return asking.tell(agent_commands.ask, run_uuid, question="Which?")
        return asking.tell(agent_commands.complete, run_uuid, agent_output="Done")

    told = {*together(report)}

    agent, (run,) = asking.agent(), asking.runs()
    asked = agent.state == "waiting_for_input"
    assert told == {REFUSED, str({"question": "Which?"} if asked else {"agent_output": "Done"})}
    assert run.outcome == ("input_required" if asked else "completed")
    assert (agent.agent_output is None) == asked
