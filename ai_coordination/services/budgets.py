"""Budgets of tasks and sessions: check them, and the members that spend them."""

from collections.abc import Iterable, Mapping
from typing import Any

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput
from ai_coordination.models.token_usage import MAX_TOKENS
from ai_coordination.runtimes import registry, token_limits
from ai_coordination.services import members, validation

PLACE = "budget"
# A year.
MAX_SECONDS = 366 * 24 * 3600


def build(budget: Mapping[str, Any] | None) -> models.Budget | None:
    """Check and build a budget. One without any limit is none. Raises BadUserInput."""
    limits = {
        name: validation.number(budget[name], 1, most, PLACE, name)
        for name, most in (("tokens", MAX_TOKENS), ("seconds", MAX_SECONDS))
        if budget is not None and budget.get(name) is not None
    }
    return models.Budget(**limits) if limits else None


def limit(budget: models.Budget | None, name: str) -> int | None:
    """One limit of a budget; None if there is none."""
    value = None if budget is None else getattr(budget, name)
    return None if value is None else int(value)


def had_such_limits(budget: models.Budget | None) -> Condition | None:
    """What a session that has started must have to get this budget.

    Calls of its models may have no upper limit, so it cannot get its first limit of tokens then.
    """
    if limit(budget, "tokens") is None:
        return None
    of_session: Any = models.Session.budget
    has_tokens: Condition = of_session.tokens.exists()
    return has_tokens


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
    if budget is None or budget.tokens is None:
        return
    # A session has an agent for each subtask query of a member.
    for member in {member.agent_uuid: member for member in of_session}.values():
        if not registry.of(member.runtime.kind).spends:
            continue
        if token_limits.most_output_tokens(members.parameters(tenant, member.runtime)) is None:
            message = f"needs the parameter {token_limits.MAX_TOKENS}: the session has a budget"
            raise BadUserInput(f"{member.agent_name!r} {message}", *path)
