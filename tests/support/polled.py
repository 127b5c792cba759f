"""An agent whose work goes on elsewhere, in the place of ECHO, on the engine's virtual clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from ai_coordination.messages import Lane
from ai_coordination.runtimes.base import Accepted, Answer, Call, Question
from ai_coordination.runtimes.echo_runtime import Echo
from ai_coordination.testing import Engine, Session

Result = Answer | Accepted | Question
Script = Callable[[Call], Result]

_AGENT = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status sessionAgents { nodes {
        sessionUuid sessionAgentUuid state attempt notes agentOutput version updatedAt
        heartbeat { at note percent }
        currentRun { runUuid asyncTaskUuid outcome notes }
    } }
    sessionRuns { nodes { attempt outcome notes asyncTaskUuid } }
} }"""


@dataclass
class Elsewhere:
    """What the runtime was asked, and when; and what it says."""

    engine: Engine
    invoke: Script
    poll: Script
    invoked: list[Call] = field(default_factory=list)
    polled: list[Call] = field(default_factory=list)
    polled_at: list[datetime] = field(default_factory=list)
    cancel: Callable[[Call], None] = lambda call: None
    cancelled: list[Call] = field(default_factory=list)
    started_at: datetime | None = None

    def start(self, kind: str = "ECHO", /, **action: Any) -> Session:
        """Start a session of one agent, and run until nothing is left to do."""
        session = self.prepare(kind, **action)
        self.engine.run()
        return session

    def prepare(self, kind: str = "ECHO", /, **action: Any) -> Session:
        """Start a session of one agent."""
        member = {"agentUuid": "a", "agentName": "A", "runtime": {"kind": kind}}
        loaded = self.engine.load(
            {
                "coordination": {"coordinationName": f"{self.engine.now}", "agents": [member]},
                "task": {
                    "taskName": "Offer",
                    "initialTaskQuery": "Tea?",
                    "agentActions": [{"agentUuid": "a", **action}],
                },
            }
        )
        self.started_at = self.engine.now
        return self.engine.start(blueprint=loaded)

    def seconds(self) -> list[float]:
        """When it was polled, in whole seconds since the start."""
        assert self.started_at is not None
        return [round((at - self.started_at).total_seconds()) for at in self.polled_at]

    def read(self, session: Session) -> dict[str, Any]:
        """The session with its runs; its one agent is `agent`."""
        key = {"c": session.coordination_uuid, "s": session.session_uuid}
        read: dict[str, Any] = self.engine.graphql(_AGENT, key)["session"]
        return {**read, "agent": read["sessionAgents"]["nodes"][0]}

    def key(self, session: Session) -> dict[str, str]:
        """What names the agent's run in a report."""
        agent = self.read(session)["agent"]
        names = {name: agent[name] for name in ("sessionUuid", "sessionAgentUuid")}
        return {**names, "runUuid": agent["currentRun"]["runUuid"]}


@contextmanager
def elsewhere(
    monkeypatch: pytest.MonkeyPatch,
    invoke: Script,
    poll: Script,
    *,
    lane: Lane = Lane.STEPS,
    **more: Any,
) -> Iterator[Elsewhere]:
    """An engine whose ECHO agents accept and are polled so."""
    with Engine(**more) as engine:
        told = Elsewhere(engine, invoke, poll)

        def invoked(runtime: Echo, call: Call) -> Result:
            told.invoked.append(call)
            return told.invoke(call)

        def polled(runtime: Echo, call: Call) -> Result:
            told.polled.append(call)
            told.polled_at.append(engine.now)
            return told.poll(call)

        def cancelled(runtime: Echo, call: Call) -> None:
            told.cancelled.append(call)
            told.cancel(call)

        monkeypatch.setattr(Echo, "cancel", cancelled)
        monkeypatch.setattr(Echo, "invoke", invoked)
        monkeypatch.setattr(Echo, "poll", polled)
        monkeypatch.setattr(Echo, "lane", lambda runtime, parameters: lane)
        yield told
