"""Budgets of tasks and sessions: check them, and the members that spend them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import Any

from pynamodb.expressions.condition import Condition

from ai_coordination import config, models, prices
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput
from ai_coordination.models.token_usage import MAX_TOKENS, NANODOLLARS, UNITS
from ai_coordination.runtimes import registry, token_limits
from ai_coordination.services import members, validation

PLACE = "budget"
SETTING = f"{config.PREFIX}MODEL_PRICES"
# A billionth of a dollar for a token is the least that is counted.
LEAST_DOLLARS, MOST_DOLLARS = 0.000001, 1_000_000
# A year.
MAX_SECONDS = 366 * 24 * 3600


def build(budget: Mapping[str, Any] | None) -> models.Budget | None:
    """Check and build a budget. One without any limit is none. Raises BadUserInput."""
    limits = {
        name: validation.number(budget[name], 1, most, PLACE, name)
        for name, most in (("tokens", MAX_TOKENS), ("seconds", MAX_SECONDS))
        if budget is not None and budget.get(name) is not None
    }
    if budget is not None and budget.get("dollars") is not None:
        dollars = validation.number(
            budget["dollars"], LEAST_DOLLARS, MOST_DOLLARS, PLACE, "dollars"
        )
        # The number as it is written: 0.1 is a tenth, although no float is.
        limits[NANODOLLARS] = int(Decimal(repr(dollars)) * prices.NANODOLLARS)
    return models.Budget(**limits) if limits else None


def limited(budget: models.Budget | None) -> dict[str, int]:
    """The limits of what models use: of tokens, of nanodollars, of both or of neither."""
    found = {unit: limit(budget, unit) for unit in UNITS}
    return {unit: most for unit, most in found.items() if most is not None}


def limit(budget: models.Budget | None, name: str) -> int | None:
    """One limit of a budget; None if there is none."""
    value = None if budget is None else getattr(budget, name)
    return None if value is None else int(value)


def had_such_limits(budget: models.Budget | None) -> Condition | None:
    """What a session that has started must have to get this budget.

    Calls of its models may have no upper limit, or no price. So it cannot get its first limit of
    tokens, or of dollars, then.
    """
    of_session: Any = models.Session.budget
    conditions = [getattr(of_session, unit).exists() for unit in limited(budget)]
    return reduce(and_, conditions) if conditions else None


def of_start(
    caller: Caller,
    given: Mapping[str, Any] | None,
    task: models.Task,
    of_session: Iterable[models.Agent],
) -> models.Budget | None:
    """The budget of a session that starts: the given one, or the task's. Checks the members."""
    budget = task.budget if given is None else build(given)
    place = "task_uuid" if given is None else PLACE
    check_members(budget, caller.partition_key, of_session, place)
    return budget


def check_members(
    budget: models.Budget | None, tenant: str, of_session: Iterable[models.Agent], *path: str
) -> None:
    """Check that what each member spends can be bounded. Raises BadUserInput, TextUnavailable."""
    limits = limited(budget)
    if not limits:
        return
    # A session has an agent for each subtask query of a member.
    for member in {member.agent_uuid: member for member in of_session}.values():
        if not registry.of(member.runtime.kind).spends:
            continue
        if token_limits.most_output_tokens(members.parameters(tenant, member.runtime)) is None:
            message = f"needs the parameter {token_limits.MAX_TOKENS}: the session has a budget"
            raise BadUserInput(f"{member.agent_name!r} {message}", *path)
        model = members.model(tenant, member.runtime)
        known = config.settings().model_prices
        if NANODOLLARS in limits and prices.of_model(known, model) is None:
            message = f"needs a price of its model {model!r} in {SETTING}: the session has a budget"
            raise BadUserInput(f"{member.agent_name!r} {message} of dollars", *path)
