"""Reserve in the session's budget what a call may use, before it is made.

The reservation is part of the transaction that claims the agent: it lands only if the session has
so much left. So agents that run at the same time cannot spend the same tokens. `spending` gives
back what a run did not use.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from operator import and_
from types import MappingProxyType
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import config, models, prices, texts
from ai_coordination.engine.agent import delay
from ai_coordination.engine.agent.transition import Transition
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError
from ai_coordination.models import moves, reads, token_usage
from ai_coordination.runtimes import headings, model_context, registry, token_limits
from ai_coordination.runtimes.history import Place
from ai_coordination.services import budgets, members
from ai_coordination.states import SessionAgentState, SessionStatus

# An agent waits for so long, or up to twice as long, until others have given tokens back.
WAIT_SECONDS = 5.0
NO_LIMIT = "The session has a budget, and this agent has no parameter maxTokens"
OF_THREAD = "the history of its thread"
OF_FILES = "input files"
NO_PRICE = "The session has a budget of dollars, and the model of this agent has no price in {}"
# Amounts by unit: tokens, and nanodollars.
Amounts = Mapping[str, int]


class UsedUp(EngineError):
    """The session has not enough left for an agent. Only `message_handler` handles it.

    `condition` says that this is still so: the budget is as it was read.
    """

    def __init__(self, message: str, session: models.Session, condition: Condition) -> None:
        super().__init__(message)
        self.session = session
        self.condition = condition


class NotLimited(EngineError):
    """What a call can use or cost has no upper limit, so nothing can be reserved for it."""


class Reservation(NamedTuple):
    """The most that a run can use of each unit that the session's budget limits.

    It is 0 for an agent that is no model. Such an agent may start unless more was spent than the
    budget allows. `parts` are those of it that its reader may not expect, by what they are for.
    """

    most: Amounts
    parts: Mapping[str, Amounts] = MappingProxyType({})


def of(
    session: models.Session, agent: models.SessionAgent, text: str, place: Place | None
) -> Reservation | None:
    """What a run of the agent reserves; None if there is no budget. `text` is the agent's input.

    `place` is that of the run in its thread. Raises NotLimited, Throttled, and TextUnavailable for
    parameters.
    """
    units = budgets.limited(session.budget)
    if not units:
        return None
    if not registry.of(agent.member.runtime.kind).spends:
        return Reservation(dict.fromkeys(units, 0))
    parameters = members.parameters(agent.partition_key, agent.member.runtime)
    if token_limits.most_output_tokens(parameters) is None:
        raise NotLimited(NO_LIMIT)
    context = model_context.sizes(place, session, parameters)
    told = len(text.encode()) + context.history + context.files
    most = _first_call(session, agent, parameters, told)
    parts = {OF_THREAD: context.history, OF_FILES: context.files}
    return Reservation(
        most, {noun: amounts(session, agent, size, 0) for noun, size in parts.items() if size}
    )


def of_context(session: models.Session, agent: models.SessionAgent, told: int) -> Reservation:
    """What the first call of a claimed run lacks, if so many bytes are of its thread and of files.

    Raises NotLimited, Throttled, and TextUnavailable for parameters.
    """
    if agent.takeovers:
        # The first worker may have used what the claim has reserved.
        return Reservation(amounts(session, agent, told, 0))
    parameters = members.parameters(agent.partition_key, agent.member.runtime)
    most = _first_call(session, agent, parameters, texts.size(agent.agent_input) + told)
    held = {unit: int(getattr(agent, f"reserved_{unit}") or 0) for unit in most}
    return Reservation({unit: max(amount - held[unit], 0) for unit, amount in most.items()})


def _first_call(
    session: models.Session, agent: models.SessionAgent, parameters: Any, told: int
) -> Amounts:
    """The most that the first call of a run uses, which is told so many bytes anew."""
    told += texts.size(agent.resume) + headings.most_bytes(agent)
    most = token_limits.most_tokens(parameters, told)
    if most is None:
        raise NotLimited(NO_LIMIT)
    return amounts(session, agent, *most)


def amounts(
    session: models.Session, agent: models.SessionAgent, told: int, answered: int
) -> Amounts:
    """So many tokens of a model's input and answer, in each unit that the budget limits.

    Raises NotLimited if the model has no price, as after a change of the setting.
    """
    found = {}
    for unit in budgets.limited(session.budget):
        found[unit] = told + answered
        if unit == token_usage.NANODOLLARS:
            model = members.model(agent.partition_key, agent.member.runtime)
            price = prices.of_model(config.settings().model_prices, model)
            if price is None:
                raise NotLimited(NO_PRICE.format(budgets.SETTING))
            found[unit] = price.most(told, answered)
    return found


def reserved(
    transition: Transition, session: models.Session, reservation: Reservation | None
) -> Transition:
    """The transition is a claim: it lands only if the session has left what it reserves."""
    if reservation is None:
        return transition
    return replace(
        transition,
        changes={**transition.changes, **of_agent(transition.agent, reservation)},
        session=committed(reservation),
        session_condition=fits(session, reservation),
    )


def of_agent(agent: models.SessionAgent, reservation: Reservation) -> dict[str, int | None]:
    """What the agent has reserved then, as its attributes."""
    after = {}
    for unit, most in reservation.most.items():
        name = f"reserved_{unit}"
        after[name] = int(getattr(agent, name) or 0) + most or None
    return after


def committed(reservation: Reservation) -> list[Action]:
    """Add it to what the session has committed."""
    return [
        getattr(models.Session, f"committed_{unit}").add(most)
        for unit, most in reservation.most.items()
        if most
    ]


def has_left(session: models.Session, reservation: Reservation) -> bool:
    """Whether so much of the session's budget is neither used nor reserved."""
    return all(
        limit - int(getattr(session, f"committed_{unit}") or 0) >= reservation.most.get(unit, 0)
        for unit, limit in budgets.limited(session.budget).items()
    )


def fits(session: models.Session, reservation: Reservation) -> Condition:
    """The session has the budget that was read, and so much of it is not committed."""
    of_units = [_fits(session, unit, most) for unit, most in reservation.most.items()]
    return reduce(and_, of_units)


def _fits(session: models.Session, unit: str, most: int) -> Condition:
    kind, limit = models.Session, int(getattr(session.budget, unit))
    committed_to = getattr(kind, f"committed_{unit}")
    most_committed = limit - most
    condition: Condition = committed_to <= most_committed
    if most_committed >= 0:
        condition |= committed_to.does_not_exist()
    condition &= moves.same(getattr(kind.budget, unit), limit)
    return condition


def look_why(engine: Engine, agent: models.SessionAgent, reservation: Reservation | None) -> None:
    """The claim of an agent was refused. Raises UsedUp if the budget cannot be enough for it.

    If only reservations of runs in progress are in its way, the agent waits: most is given back.
    The session is read before the agent: if the agent is as it was, nobody has claimed it until
    then. What is used never becomes less, so the decision holds while the budget is the same.
    """
    if reservation is None:
        return
    session = reads.get(
        models.Session, agent.coordination_uuid, agent.session_uuid, tenant=agent.partition_key
    )
    now = reads.get(
        models.SessionAgent,
        agent.session_uuid,
        agent.session_agent_uuid,
        tenant=agent.partition_key,
    )
    if session is None or now is None or not _may_start(session, now, agent):
        return
    for unit, limit in budgets.limited(session.budget).items():
        unused = limit - token_usage.used(session, unit)
        if unused < reservation.most.get(unit, 0):
            raise _used_up(session, now, reservation, unit, unused)
    if not has_left(session, reservation):
        _wait(engine, now)
        return
    # The budget was changed, or something was given back meanwhile.
    engine.send(now)


def _may_start(
    session: models.Session, now: models.SessionAgent, agent: models.SessionAgent
) -> bool:
    """Whether nothing else keeps the agent from being claimed."""
    return bool(
        session.status == SessionStatus.IN_PROGRESS
        and session.iteration_count == agent.iteration == now.iteration
        and not session.operation
        and now.state == SessionAgentState.INITIAL
        and now.current_run_uuid == agent.current_run_uuid
    )


def _used_up(
    session: models.Session,
    agent: models.SessionAgent,
    reservation: Reservation,
    unit: str,
    unused: int,
) -> UsedUp:
    limit, name = int(getattr(session.budget, unit)), agent.member.agent_name
    need, most = f"{name} cannot start", reservation.most.get(unit, 0)
    if most:
        left = _shown(max(unused, 0), unit)
        need = f"{left} are left, and {name} needs up to {_shown(most, unit)}"
    for noun, part in reservation.parts.items():
        need += f", {_shown(part[unit], unit)} of them for {noun}"
    noun = "dollars" if unit == token_usage.NANODOLLARS else unit
    message = f"The session's budget of {_shown(limit, unit)} {noun} is used up: {need}"
    return UsedUp(message, session, moves.same(getattr(models.Session.budget, unit), limit))


def _shown(amount: int, unit: str) -> str:
    return prices.shown(amount) if unit == token_usage.NANODOLLARS else str(amount)


def _wait(engine: Engine, agent: models.SessionAgent) -> None:
    """Let the agent try again later, at different moments if there are many that wait."""
    delay.put_off(engine, agent, WAIT_SECONDS * (1 + engine.context.random()))
