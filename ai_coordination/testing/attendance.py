"""Looks after those who are asked: external workers, and people."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from ai_coordination import models
from ai_coordination.local.client import Client
from ai_coordination.local.follow import Question
from ai_coordination.runtimes import registry
from ai_coordination.states import SessionAgentState
from ai_coordination.testing.api import send_late
from ai_coordination.testing.cast import Cast
from ai_coordination.testing.clock import Clock
from ai_coordination.testing.lambdas import Lambdas
from ai_coordination.testing.later import Later
from ai_coordination.testing.records import Records

_TEXTS = """query Asked($session: ID!, $agent: ID!) {
  sessionAgent(sessionUuid: $session, sessionAgentUuid: $agent) { agentInput agentOutput }
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
        client: Client,
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

    def _texts(self, agent: models.SessionAgent) -> Mapping[str, Any]:
        key = {"session": agent.session_uuid, "agent": agent.session_agent_uuid}
        texts: Mapping[str, Any] = self._client.execute(_TEXTS, **key)["sessionAgent"]
        return texts

    def _work(self, agent: models.SessionAgent) -> bool:
        """Do the work of an EXTERNAL agent. Return whether it is one that has a function."""
        names = agent.agent_uuid, agent.member.agent_name
        is_external = registry.of(agent.member.runtime.kind).is_pulled
        function = self._cast.agent(*names)
        if agent.state != SessionAgentState.IN_PROGRESS or not is_external or function is None:
            return False
        event = {
            "coordinationUuid": agent.coordination_uuid,
            "sessionUuid": agent.session_uuid,
            "sessionAgentUuid": agent.session_agent_uuid,
            "runUuid": agent.current_run_uuid,
            "attempt": int(agent.attempt),
            "agent": {"agentUuid": names[0], "agentName": names[1]},
            "agentInput": self._texts(agent)["agentInput"],
        }
        self._lambdas.report(event, self._lambdas.call(function, event))
        return True

    def _ask(self, agent: models.SessionAgent) -> bool:
        """Ask the person of an agent. Return whether there is one."""
        names = agent.agent_uuid, agent.member.agent_name
        if not self._cast.has_person(*names):
            return False
        asks = str(agent.agent_action.user_in_the_loop).upper()
        output = str(self._texts(agent)["agentOutput"] or "")
        with self._paused():
            decision = self._cast.decide(Question(names[1], asks, output), *names)
        if decision is not None:
            answers: dict[str, Any] = {
                "sessionUuid": agent.session_uuid,
                "sessionAgentUuid": agent.session_agent_uuid,
                "runUuid": agent.current_run_uuid,
            }
            if decision.approved is not None:
                answers["approved"] = decision.approved
            if decision.text is not None:
                answers["userInput"] = decision.text
            at = self._clock.after(decision.seconds)
            self._later.add(at, lambda: send_late(self._client, _ANSWER, answers))
        return True
