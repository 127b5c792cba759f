"""Looks after those who are asked: external workers, and people."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ai_coordination import ids, models
from ai_coordination.local import questions
from ai_coordination.local.questions import Answer
from ai_coordination.runtimes import registry
from ai_coordination.states import SessionAgentState
from ai_coordination.testing.api import InProcess, send_late
from ai_coordination.testing.cast import Cast
from ai_coordination.testing.clock import Clock
from ai_coordination.testing.lambdas import Lambdas
from ai_coordination.testing.later import Later
from ai_coordination.testing.records import Records

_WORK = """query Work($session: ID!, $agent: ID!) {
  sessionAgent(sessionUuid: $session, sessionAgentUuid: $agent) {
    agentInput turn resume ask { question answer }
    children(first: 100) { nodes {
      sessionAgentUuid agentUuid agent { agentName } state agentOutput notes round itemIndex
    } }
  }
}"""
_ANSWER = """mutation Answer($input: AnswerSessionAgentInput!) {
  answerSessionAgent(input: $input) { sessionAgent { state } }
}"""


class Attendance:
    """Notices each run that a function of the test must answer, once."""

    def __init__(
        self,
        clock: Clock,
        records: Records,
        cast: Cast,
        lambdas: Lambdas,
        later: Later,
        client: InProcess,
        paused: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._clock = clock
        self._paused = paused
        self._records = records
        self._cast = cast
        self._lambdas = lambdas
        self._later = later
        self._client = client
        self._noticed: set[tuple[str, str, int]] = set()

    def look(self) -> None:
        """Call the functions of all who are asked now, and arrange what they answer."""
        for agent in self._records.all_of(models.SessionAgent):
            key = str(agent.state), str(agent.current_run_uuid), int(agent.iteration)
            if agent.current_run_uuid is None or key in self._noticed:
                continue
            if agent.state == SessionAgentState.WAITING_FOR_INPUT:
                attended = self._ask(agent)
            else:
                attended = self._work(agent)
            if attended:
                self._noticed.add(key)

    def _work(self, agent: models.SessionAgent) -> bool:
        """Do the work of an EXTERNAL agent. Return whether it is one that has a function."""
        names = agent.agent_uuid, agent.member.agent_name
        is_external = registry.of(agent.member.runtime.kind).is_pulled
        function = self._cast.agent(*names)
        if agent.state != SessionAgentState.IN_PROGRESS or not is_external or function is None:
            return False
        key = {"session": agent.session_uuid, "agent": agent.session_agent_uuid}
        work = self._client.execute(_WORK, **key)["sessionAgent"]
        delegated = _delegated(agent, work["children"]["nodes"], work["turn"] - 1)
        event = {
            "coordinationUuid": agent.coordination_uuid,
            "sessionUuid": agent.session_uuid,
            "sessionAgentUuid": agent.session_agent_uuid,
            "runUuid": agent.current_run_uuid,
            "turn": work["turn"],
            "attempt": int(agent.attempt),
            "agent": {"agentUuid": names[0], "agentName": names[1]},
            "agentInput": work["agentInput"],
            "resume": work["resume"],
            "reply": None if delegated else _reply(work["ask"]),
            "delegated": delegated,
        }
        self._lambdas.report(event, self._lambdas.call(function, event))
        return True

    def _ask(self, agent: models.SessionAgent) -> bool:
        """Ask the person of an agent. Return whether there is one."""
        names = agent.agent_uuid, agent.member.agent_name
        if not self._cast.has_person(*names):
            return False
        key = agent.session_uuid, agent.session_agent_uuid
        question = questions.read(self._client, *key, names[1])
        if question is None:
            return True
        with self._paused():
            decision = self._cast.decide(question, *names)
        if decision is not None:
            run = dict(zip(("sessionUuid", "sessionAgentUuid"), key, strict=True))
            said = Answer(
                decision.approved,
                decision.text,
                decision.revise,
                decision.value,
                decision.choice,
            )
            answers = {**run, "runUuid": agent.current_run_uuid, **said.as_input()}
            at = self._clock.after(decision.seconds)
            groups = [] if question.group is None else [question.group]
            client = self._client.of(question.assignee, groups)
            self._later.add(at, lambda: send_late(client, _ANSWER, answers))
        return True


def _reply(ask: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a question has given to the next turn, as the payload of a LAMBDA agent has it."""
    if ask is None or ask["question"] is None:
        return None
    return {"question": ask["question"], "answer": ask["answer"]}


def _delegated(
    agent: models.SessionAgent, children: Sequence[Mapping[str, Any]], turn: int
) -> list[dict[str, Any]]:
    """The results of a turn's delegation, as the payload of a LAMBDA agent has them."""
    of_turn = {
        ids.session_agent_uuid(agent.session_uuid, int(growth.base) + index)
        for growth in agent.grew or ()
        if growth.turn == turn
        for index in range(int(growth.size))
    }
    return [
        {
            "turn": turn,
            "index": child["itemIndex"],
            "sessionAgentUuid": child["sessionAgentUuid"],
            "agentUuid": child["agentUuid"],
            "agentName": child["agent"]["agentName"],
            "state": child["state"],
            "agentOutput": child["agentOutput"] if child["state"] == "COMPLETED" else None,
            "notes": child["notes"],
        }
        for child in children
        if child["sessionAgentUuid"] in of_turn
    ]
