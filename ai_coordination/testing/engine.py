"""The engine of a test: create it, load a blueprint, start a session, run, and look."""

import json
import logging
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ai_coordination import models
from ai_coordination.local import blueprints
from ai_coordination.local.follow import Place
from ai_coordination.local.try_blueprint import label_inputs, task_query
from ai_coordination.testing import api
from ai_coordination.testing.answers import AgentFunction, Decision, PersonFunction
from ai_coordination.testing.attendance import Attendance
from ai_coordination.testing.aws import VirtualAws
from ai_coordination.testing.cast import Cast
from ai_coordination.testing.clock import START, Clock, VirtualContext
from ai_coordination.testing.errors import TestingError
from ai_coordination.testing.faults import Chance, Faults
from ai_coordination.testing.lambdas import Lambdas
from ai_coordination.testing.later import Later
from ai_coordination.testing.loop import Loop
from ai_coordination.testing.records import Records
from ai_coordination.testing.sessions import Blueprint, Session
from ai_coordination.testing.stand_ins import StandIns
from ai_coordination.testing.surroundings import Surroundings
from ai_coordination.testing.workers import Workers

MOST_EVENTS = 10_000
_MOST_REPORTS = 5
_START = """mutation Start($input: StartSessionInput!) {
  startSession(input: $input) { session { sessionUuid } }
}"""


class Engine:
    """The engine itself, on an embedded database in memory and a virtual clock. Use it by `with`.

    The same `seed` makes the same steps. The clock begins at `now` and moves only in `run`, from
    event to event, so days take milliseconds. `faults` lets the infrastructure fail. Nothing
    reaches AWS or the network.

    An engine works in one thread at a time, and not inside a running asyncio loop.
    """

    def __init__(
        self, *, seed: int = 0, now: datetime = START, faults: Faults | None = None
    ) -> None:
        if now.tzinfo is None:
            raise TestingError("Engine(now=...) needs a time zone: datetime(..., tzinfo=UTC)")
        chance = Chance(faults or Faults(), seed)
        self._clock = Clock(now)
        # Not for secrets: identifiers and pauses of a test.
        self._context = VirtualContext(clock=self._clock, bits=random.Random(seed))  # noqa: S311
        self._surroundings = Surroundings(logging.CRITICAL if faults else logging.ERROR)
        self._client = api.InProcess(self._execute)
        self._cast = Cast()
        self._later = Later()
        self._aws = VirtualAws(self._clock, chance, self._invoke)
        self._records = Records(self._aws.database)
        self._lambdas = Lambdas(
            self._clock, self._cast, self._later, self._client, self._paused, self._aws.text_at
        )
        attendance = Attendance(
            self._clock,
            self._records,
            self._cast,
            self._lambdas,
            self._later,
            self._client,
            self._paused,
        )
        invoke = StandIns(self._lambdas).invoke
        workers = Workers(self._aws, self._context, chance, seed, invoke)
        self._loop = Loop(
            self._clock, self._aws, self._later, workers, self._lambdas, attendance, self._records
        )
        self._loaded: list[tuple[Blueprint, blueprints.Blueprint]] = []
        self._closed = False
        with self._working():
            self._aws.create_resources()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the engine. An error gets the steps of the sessions as a note, for pytest."""
        try:
            if not self._closed:
                self._report(error)
        finally:
            self.close()

    def _report(self, error: BaseException | None) -> None:
        # At the end of a fixture, the error of the test is not known: pytest shows what is printed
        # there if the test has failed.
        is_fixture = os.environ.get("PYTEST_CURRENT_TEST", "").endswith("(teardown)")
        if isinstance(error, Exception) or is_fixture:
            for session in self.sessions[-_MOST_REPORTS:]:
                if isinstance(error, Exception):
                    error.add_note(session.report())
                else:
                    print(session.report())  # noqa: T201

    def close(self) -> None:
        """Forget everything. `with` does it at the end of its block."""
        if self._closed:
            return
        with self._working():
            self._loop.close()
        self._closed = True
        self._aws.close()

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return self._clock.now

    @property
    def sessions(self) -> list[Session]:
        """All sessions, oldest first, those that schedules have started included."""
        self._check_open()
        rows = sorted(self._records.all_of(models.Session), key=lambda row: str(row.session_uuid))
        return [self._session(row.coordination_uuid, row.session_uuid) for row in rows]

    def load(
        self, blueprint: str | Path | Mapping[str, Any], *, task: str | None = None
    ) -> Blueprint:
        """Create the coordination and the tasks of a blueprint file, or of its content.

        Sessions are started of the first task, or of the one with the name `task`. A file that was
        loaded before is applied again. Raises InvalidBlueprint.
        """
        with self._working():
            if isinstance(blueprint, Mapping):
                text = json.dumps(blueprint, ensure_ascii=False, indent=1).encode()
                read = blueprints.read("blueprint", text, task)
            else:
                read = blueprints.read(str(blueprint), task=task)
            written = blueprints.write(self._client, read)
        self._cast.meet(read)
        loaded = Blueprint(written.coordination, written.task, read.task["taskName"])
        self._loaded = [each for each in self._loaded if each[0] != loaded] + [(loaded, read)]
        return loaded

    def agent(self, name: str, function: AgentFunction, *, seconds: float = 0.0) -> None:
        """Let a function do the work of an agent, instead of the one of the same name before.

        `name` is the target of a LAMBDA agent, or the agentUuid or agentName of any agent that is
        not ECHO or PASS. The function takes the agent's input and returns its output or a Reply; or
        it is a handler of an event and a context. It is called when the agent is invoked, and its
        answer arrives `seconds` of virtual time later. What it raises is a failed attempt; but
        an AssertionError fails the test.

        Raises TestingError.
        """
        self._cast.add_agent(name, function, seconds)

    def person(self, name: str, answers: PersonFunction | Decision) -> None:
        """Let a person answer the questions of an agent, named by its agentUuid or agentName.

        `answers` is `approve()`, `reject()` or `answer(text)`; or a function of the Question that
        returns one of these, or None if the person never answers. Raises TestingError.
        """
        self._cast.add_person(name, answers)

    def start(
        self,
        *,
        query: str | None = None,
        variables: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        blueprint: Blueprint | None = None,
    ) -> Session:
        """Start a session. It makes its first steps in `run`.

        `query` replaces the task's initial query, and `variables` fill the subtask queries. By
        `labels` the session can be found. Without `blueprint` it is a session of the only one that
        was loaded.

        Raises TestingError, and Refused if the engine refuses the start.
        """
        loaded, read = self._chosen(blueprint)
        self._cast.check()
        arguments: dict[str, Any] = {
            "coordinationUuid": loaded.coordination_uuid,
            "taskUuid": loaded.task_uuid,
            "labels": label_inputs(labels or {}),
        }
        asked = task_query(read.task.get("initialTaskQuery"), query, variables or {})
        if asked is not None:
            arguments["taskQuery"] = asked
        answer = self._client.execute(_START, input=arguments)["startSession"]
        return self._session(loaded.coordination_uuid, answer["session"]["sessionUuid"])

    def run(
        self,
        *,
        until: Callable[[], object] | None = None,
        seconds: float | None = None,
        most_events: int = MOST_EVENTS,
    ) -> None:
        """Run until nothing is left to do: all sessions have ended, or wait for people.

        With `seconds`, run for that much virtual time instead; with `until`, until it returns
        something true. In such a run schedules fire too.

        Raises NeverAtRest after `most_events`, NeverHappened if nothing is left to do and `until`
        is still false, and what the test's functions raise to fail the test.
        """
        with self._working():
            self._loop.run(until, seconds, most_events, self._paused, lambda: self.sessions)

    def graphql(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        user: str | None = None,
        groups: Sequence[str] = (),
    ) -> Any:
        """Execute a GraphQL request against this engine. Return its data. Raises Refused.

        It comes from a user, `tester` by default, who is a member of these groups.
        """
        return self._client.of(user, groups).execute(query, **dict(variables or {}))

    def _chosen(self, blueprint: Blueprint | None) -> tuple[Blueprint, blueprints.Blueprint]:
        if blueprint is None and len(self._loaded) != 1:
            names = ", ".join(repr(loaded.name) for loaded, _ in self._loaded)
            hint = f"Pass one as blueprint=: {names}" if names else "Load one first: engine.load"
            raise TestingError(f"{len(self._loaded)} blueprints are loaded. {hint}")
        for loaded, read in self._loaded:
            if blueprint is None or loaded == blueprint:
                return loaded, read
        raise TestingError(f"This engine has not loaded the blueprint {blueprint!r}")

    def _session(self, coordination_uuid: str, session_uuid: str) -> Session:
        return Session(self._client, Place(coordination_uuid, session_uuid), self._clock.utc)

    def _check_open(self) -> None:
        if self._closed:
            raise TestingError("This engine is closed: use it inside its `with` block")

    def _working(self) -> AbstractContextManager[None]:
        self._check_open()
        return self._surroundings.working(self._aws)

    @contextmanager
    def _paused(self) -> Iterator[None]:
        with self._aws.outside_workers(), self._surroundings.paused(self._aws):
            yield

    def _invoke(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._lambdas.invoke(request)

    def _execute(self, body: Mapping[str, Any]) -> Any:
        # A request is none of a worker's, so it has no faults: what people say is not lost.
        with self._working(), self._aws.outside_workers():
            return api.invoke(self._context, body)
