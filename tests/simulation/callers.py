"""Callers of the API: they report, answer, cancel and retry, also twice and late."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.engine import (
    agent_commands,
    callback_reports,
    claim_commands,
    delegation_command,
    session_commands,
)
from ai_coordination.engine.agent import delegation
from ai_coordination.engine.callback_reports import Place
from ai_coordination.errors import (
    BadUserInput,
    EngineError,
    Forbidden,
    InvalidState,
    NotFound,
    Unauthenticated,
)
from ai_coordination.runtimes.base import Delegation, Question, Usage
from ai_coordination.runtimes.delegations import Work
from ai_coordination.services.nested_tasks import DEEPEST
from ai_coordination.states import SessionAgentState, SessionStatus, TimeoutPolicy, UserInTheLoop
from tests.simulation import people
from tests.simulation.blueprints import FORM, LARGE
from tests.simulation.simulator import Simulator, survives
from tests.simulation.snapshot import Snapshot

Mutation = Callable[..., Any]
# What is not the same report or answer, by the member that says so.
OTHERS: Mapping[str, Any] = {
    "agent_output": "another",
    "notes": "another",
    "user_input": "another",
    "question": "another",
    "answer": {"said": "another"},
    "choice": "another",
    "work": None,
}


# Which of these is repeated says nothing else.
CLAIMS = claim_commands.claim, claim_commands.release
REPEATED = agent_commands.accept, agent_commands.heartbeat, *CLAIMS


class Callers:
    """All callers of a session, and the workers outside."""

    def __init__(self, world: Simulator) -> None:
        self._world = world
        self._random = world.random
        self._people = people.of(world.caller)
        # How often a person claims or releases a question instead of answering it.
        self.claims = 0.2
        self._said: list[tuple[Mutation, Mapping[str, Any], Caller | None]] = []

    def something(self) -> str:
        """Never the same twice: a result that is taken twice is seen."""
        text = f"{self._random.random()}"
        return text + LARGE if self._random.random() < 0.1 else text

    def output(self) -> str:
        """What an agent answers: a text, or an object with what expressions look for."""
        said = self.something()
        if self._random.random() < 0.5:
            return said
        value: dict[str, Any] = {"said": said, "done": self._random.random() < 0.4}
        if self._random.random() < 0.5:
            value["list"] = [*range(self._random.randint(0, 4))]
        return json.dumps(value)

    def usage(self) -> Usage | None:
        """What a run used, if it says so."""
        draw = self._random
        if draw.random() < 0.3:
            return None
        return Usage(
            input_tokens=draw.randint(0, 1000),
            output_tokens=draw.randint(0, 100),
            cache_read_input_tokens=draw.choice([None, None, 5]),
            reasoning_tokens=draw.choice([None, 3]),
            model=draw.choice([None, "nova", "other"]),
        )

    def _reported(self) -> dict[str, Any]:
        used = self.usage()
        return {"usage": None if used is None else used._asdict()}

    def work(self, now: Snapshot, diligence: float = 0.5) -> None:
        """Those who are asked answer, and the agents report that have said that they will."""
        for agent in now.agents:
            if agent.current_run_uuid is None or self._random.random() >= diligence:
                continue
            if agent.state == SessionAgentState.WAITING_FOR_INPUT:
                if self._random.random() < self.claims:
                    self._tell(self._claim(agent), self._key(agent), self._person(agent))
                elif not self._leaves_to_the_default(agent):
                    self._tell(*self._answer(agent), self._person(agent))
            elif agent.state != SessionAgentState.IN_PROGRESS:
                continue
            elif agent.agent_action.heartbeat_seconds and self._random.random() < 0.5:
                percent = self._random.choice([None, 50])
                self._tell(agent_commands.heartbeat, {**self._key(agent), "percent": percent})
            elif self._reports(agent):
                self._tell(*self._report(agent))
        if self._said and self._random.random() < 0.2:
            self._tell(*self._random.choice(self._said))

    def _reports(self, agent: models.SessionAgent) -> bool:
        """Whether an agent has said that it reports. One that is polled does so rarely."""
        return not agent.lease_until and not (agent.poll_at and self._random.random() < 0.9)

    def _claim(self, agent: models.SessionAgent) -> Mutation:
        """Mostly a claim if nobody has claimed the question, and otherwise a release."""
        is_claimed = agent.claimed_by is not None
        return CLAIMS[is_claimed if self._random.random() < 0.8 else not is_claimed]

    def _person(self, agent: models.SessionAgent) -> Caller:
        """Mostly a caller whom the agent asks."""
        asked = [one for one in self._people if people.may(one, agent)]
        return self._random.choice(asked if asked and self._random.random() < 0.7 else self._people)

    def _key(self, agent: models.SessionAgent) -> dict[str, Any]:
        return {
            "session_uuid": agent.session_uuid,
            "session_agent_uuid": agent.session_agent_uuid,
            "run_uuid": agent.current_run_uuid,
        }

    def _answer(self, agent: models.SessionAgent) -> tuple[Mutation, dict[str, Any]]:
        given = {**self._key(agent), "user_input": self.something()}
        fate = self._random.random()
        if agent.asked_question:
            if fate < 0.1:
                return agent_commands.answer, {**given, "approved": False}
            return agent_commands.answer, self._reply(agent, given)
        rule, kind = agent.agent_action.ask, agent.agent_action.user_in_the_loop
        if kind == UserInTheLoop.APPROVAL:
            given["approved"] = fate < 0.6
            given["revise"] = fate > 0.75
        elif kind == UserInTheLoop.CHOICE:
            choice = self._random.choice(rule.options)
            given = {**self._key(agent), "choice": choice, "comment": given["user_input"]}
        elif rule is not None and rule.form is not None:
            given = {**self._key(agent), "answer": {"said": given["user_input"]}}
        return agent_commands.answer, given

    def _leaves_to_the_default(self, agent: models.SessionAgent) -> bool:
        """Whether nobody answers now. Mostly so, if the default answers later."""
        rule = agent.agent_action.ask
        has_default = rule is not None and rule.on_timeout == TimeoutPolicy.DEFAULT
        return has_default and not agent.asked_question and self._random.random() < 0.9

    def _reply(self, agent: models.SessionAgent, given: dict[str, Any]) -> dict[str, Any]:
        """A text, or what the form of the question wants."""
        said: Any = given["user_input"]
        if agent.question_form is not None:
            said = {"said": said}
            given = {**self._key(agent), "answer": said}
        self._world.replied[str(agent.current_run_uuid)].append(said)
        return given

    def question(self) -> Question:
        """What an agent asks a person, never the same twice."""
        draw = self._random
        resume = draw.choice([None, draw.random(), {"so far": self.something()}])
        return Question(self.something(), resume, draw.choice([None, FORM]), self.usage())

    def delegation(self, agent: models.SessionAgent) -> Delegation | None:
        """What an agent delegates; None if it has nobody to delegate to."""
        draw, others = self._random, [str(one) for one in agent.agent_action.delegates_to or ()]
        if not others or int(agent.depth or 0) >= DEEPEST:
            return None
        work = [
            Work(
                draw.choice(others),
                self.something(),
                tuple(before for before in range(number) if draw.random() < 0.3),
            )
            for number in range(draw.choice([1, 1, 2, 3, 5]))
        ]
        return Delegation(work, draw.choice([None, {"so far": self.something()}]), self.usage())

    def _delegate(self, given: dict[str, Any], work: Delegation) -> tuple[Mutation, dict[str, Any]]:
        text = delegation.as_text(work)
        self._world.delegated[given["run_uuid"]].append((text, work.resume))
        more = {"work": [one._asdict() for one in work.work], "resume": work.resume}
        return delegation_command.delegate, {**given, **self._reported(), **more}

    def _report(self, agent: models.SessionAgent) -> tuple[Mutation, dict[str, Any]]:
        given = self._key(agent)
        fate = self._random.random()
        if fate < 0.2:
            retryable = self._random.random() < 0.8
            given = {**given, **self._reported(), "retryable": retryable}
            return agent_commands.fail, {**given, "notes": self.something()}
        if fate < 0.3:
            asked = self.question()
            self._world.asked[given["run_uuid"]].append((asked.text, asked.resume))
            more = {"question": asked.text, "form": asked.form, "resume": asked.resume}
            return agent_commands.ask, {**given, **self._reported(), **more}
        if fate < 0.4:
            names = {"async_task_uuid": f"task-{fate}", "thread_uuid": f"thread-{fate}"}
            return agent_commands.accept, {**given, **names}
        work = self.delegation(agent) if fate < 0.6 else None
        if work is not None:
            return self._delegate(given, work)
        output = self.output()
        self._world.said[given["run_uuid"]].append(output)
        return agent_commands.complete, {**given, **self._reported(), "agent_output": output}

    def _tell(
        self, mutation: Mutation, given: Mapping[str, Any], person: Caller | None = None
    ) -> None:
        """Report once or twice. Another tenant is refused."""
        self._said.append((mutation, given, person))
        if self._random.random() < 0.1:
            self.is_refused(mutation, given)
        took = self._ask(mutation, person, **given)
        if took and mutation not in REPEATED and self._random.random() < 0.5:
            self._again(mutation, given, person or self._world.caller)

    def _again(self, mutation: Mutation, given: Mapping[str, Any], caller: Caller) -> None:
        """The same report of a run returns the same answer. Another report is refused."""
        seam, spoils = self._world.seam, self._world.spoils
        self._world.seam, self._world.spoils = lambda point: None, lambda *write: None
        mutation(self._world.request(), caller, **given)
        (name,) = OTHERS.keys() & given.keys()
        other = OTHERS[name]
        if name == "work":
            other = [{**piece, "subtask_query": "another"} for piece in given[name]]
        with suppress(InvalidState):
            mutation(self._world.request(), caller, **{**given, name: other})
            raise AssertionError("two results of one run are taken")
        self._world.seam, self._world.spoils = seam, spoils

    def is_refused(self, mutation: Mutation, given: Mapping[str, Any]) -> None:
        """To another tenant nothing of it is there."""
        with suppress(NotFound):
            mutation(self._world.request(), self._world.rival, **given)
            raise AssertionError("another tenant was let in")

    def cancel(self, session: models.Session) -> None:
        given = _key_of(session)
        self.is_refused(session_commands.cancel, given)
        taken = self._ask(session_commands.cancel, **given)
        # Another caller may have retried it already.
        assert taken is None or (
            taken.status == SessionStatus.CANCELLED
            or taken.iteration_count > session.iteration_count
        )

    def retry(self, now: Snapshot) -> None:
        """All that failed, or some agents that are named; perhaps with the members of now."""
        given: dict[str, Any] = _key_of(now.session)
        there = [one for one in now.agents if not one.superseded]
        if there and self._random.random() < 0.3:
            chosen = self._random.sample(there, self._random.randint(1, len(there)))
            given["session_agent_uuids"] = [one.session_agent_uuid for one in chosen]
            self._world.named |= {int(one.ordinal) for one in chosen}
        given["with_current_members"] = self._random.random() < 0.2
        self.is_refused(session_commands.retry, given)
        try:
            self._ask(session_commands.retry, **given)
        except BadUserInput as error:
            # Its parent begins anew without it, or another retry has replaced it meanwhile.
            assert "name its parent" in error.message  # noqa: PT017 - most retries are taken

    def _caller(self, given: Mapping[str, Any]) -> Caller:
        """Who asks: the tenant, whom any token of the run stands for too."""
        tokens = self._world.tokens.get(given.get("run_uuid", ""))
        if not tokens:
            return self._world.caller
        place = Place(*(given[name] for name in Place._fields))
        with suppress(Unauthenticated):
            callback_reports.caller_of(place, tokens[0][::-1], "simulation", self._world.context)
            raise AssertionError("a token that was not issued is taken")
        token = self._random.choice(tokens)
        caller = callback_reports.caller_of(place, token, "simulation", self._world.context)
        assert caller.partition_key == self._world.caller.partition_key
        return caller

    def change_budget(self, session: models.Session) -> None:
        """Mostly to a larger one."""
        factor = self._random.choice([0.5, 1.5, 2, 4])
        limits = {name: getattr(session.budget, name) for name in ("tokens", "seconds")}
        budget: dict[str, float | None] = {
            name: most and min(max(int(most * factor), 1), 10**7) for name, most in limits.items()
        }
        dollars = session.budget.dollars
        budget["dollars"] = dollars and min(max(dollars * factor, 0.001), 10**5)
        given = [*_key_of(session).values(), {"budget": budget}]
        survives(lambda: services.session.update(self._world.caller, *given))

    def _ask(self, mutation: Mutation, person: Caller | None = None, **given: Any) -> Any:
        """Return the answer, or None if it was refused or the process died."""
        taken: list[Any] = []

        def ask() -> None:
            try:
                caller = self._caller(given) if person is None else person
                with suppress(InvalidState):
                    taken.append(mutation(self._world.request(), caller, **given))
            except BadUserInput as error:
                # An external worker may report again.
                if "outputSchema" not in error.message:
                    raise
            except Forbidden:
                # Only of a question to others, or of a claim in nobody's name.
                assert person is not None

        survives(ask)
        return taken[0] if taken else None


def insist(ask: Callable[[], Any], done: type[EngineError] | None = None) -> Any:
    """A caller who asks until there is an answer; `done` says that an earlier try has landed."""
    answers: list[Any] = []
    while not answers:
        try:
            survives(lambda: answers.append(ask()))
        except EngineError as error:
            if done is None or not isinstance(error, done):
                raise
            return None
    return answers[0]


def insist_to_delete(caller: Caller, delete: Callable[..., None], *key: str | None) -> None:
    """Ask until it is gone."""
    insist(lambda: delete(caller, *key), done=NotFound)


def _key_of(session: models.Session) -> dict[str, Any]:
    return {"coordination_uuid": session.coordination_uuid, "session_uuid": session.session_uuid}
