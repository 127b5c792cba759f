"""Who takes part in a test: its functions in the places of agents, and of people."""

from collections.abc import Mapping
from typing import Any

from ai_coordination.local.blueprints import Blueprint
from ai_coordination.testing.answers import AgentFunction, Decision, PersonFunction, Question
from ai_coordination.testing.errors import TestingError
from ai_coordination.testing.functions import Registered, registered


class Cast:
    """The functions of a test by their names: a target, an agentUuid or an agentName."""

    def __init__(self) -> None:
        self._agents: dict[str, Registered] = {}
        self._people: dict[str, PersonFunction | Decision] = {}
        self._known: set[str] = set()

    def add_agent(self, name: str, function: AgentFunction, seconds: float) -> None:
        """Let a function be an agent from now on. Raises TestingError."""
        self._agents[name] = registered(name, function, seconds)

    def add_person(self, name: str, answers: PersonFunction | Decision) -> None:
        """Let a function or a fixed decision answer an agent's questions. Raises TestingError."""
        if not callable(answers) and not isinstance(answers, Decision):
            raise TestingError(f"The person of {name!r} must be a function or a Decision")
        self._people[name] = answers

    def meet(self, blueprint: Blueprint) -> None:
        """Remember the names that a blueprint has."""
        for agent in blueprint.coordination.get("agents", []):
            names = agent["agentUuid"], agent["agentName"], agent["runtime"].get("target")
            self._known.update(name for name in names if name)

    def check(self) -> None:
        """Raise TestingError if a name is not in any blueprint: it is misspelt."""
        unknown = sorted((self._agents.keys() | self._people.keys()) - self._known)
        if unknown:
            known = ", ".join(sorted(self._known))
            raise TestingError(
                f"No blueprint has {unknown[0]!r} as a target, an agentUuid or an agentName. "
                f"Known names: {known}"
            )

    def agent(self, *names: str | None) -> Registered | None:
        """The function of the first of these names that has one."""
        found = (self._agents[name] for name in names if name in self._agents)
        return next(found, None)

    def function(self, target: str, event: Mapping[str, Any]) -> Registered:
        """The function that a LAMBDA agent invokes. Raises TestingError if there is none."""
        agent = event["agent"]
        found = self.agent(target, agent["agentUuid"], agent["agentName"])
        if found is None:
            raise TestingError(
                f"The agent {agent['agentName']!r} invokes the function {target!r}, and the test "
                f"has none of that name: engine.agent({target!r}, function)"
            )
        return found

    def stand_in(self, event: Mapping[str, Any]) -> Registered:
        """The function in the place of a model or a server. Raises TestingError without one."""
        name = event["agent"]["agentName"]
        found = self.agent(event["agent"]["agentUuid"], name)
        if found is None:
            raise TestingError(
                f"The agent {name!r} is a model or a server, and the test has nobody in its place: "
                f"engine.agent({name!r}, function)"
            )
        return found

    def has_person(self, *names: str) -> bool:
        """Whether a function answers the agent of these names."""
        return any(name in self._people for name in names)

    def decide(self, question: Question, *names: str) -> Decision | None:
        """The answer to a question; None if it is never answered. Raises TestingError."""
        answers = next(self._people[name] for name in names if name in self._people)
        decision = answers if isinstance(answers, Decision) else answers(question)
        if decision is None:
            return None
        if not isinstance(decision, Decision):
            raise TestingError(
                f"The person of {question.name!r} must return approve(), reject(), revise(), "
                f"answer(text), choose(option) or None, not {decision!r}"
            )
        if wanted := _wanted(question, decision):
            raise TestingError(f"{question.name!r} asks for {question.asks}: return {wanted}")
        return decision


def _wanted(question: Question, decision: Decision) -> str | None:
    """What a person must return for a question, if the decision is not that."""
    if question.asks == "CHOICE":
        is_option = decision.choice in question.options
        return None if is_option else f"choose(one of {', '.join(map(repr, question.options))})"
    if question.asks == "APPROVAL":
        return "approve(), reject() or revise()" if decision.approved is None else None
    answers = decision.approved is None and decision.choice is None
    if question.question is None:
        return None if answers else "answer(text)"
    refuses = decision.approved is False and not decision.revise
    return None if answers or refuses else "answer(…) or reject()"
