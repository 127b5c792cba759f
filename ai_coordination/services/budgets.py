"""Budgets of tasks and sessions: check them, and the members that spend them."""

from collections.abc import Iterable, Mapping
from typing import Any

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput
from ai_coordination.models.token_usage import MAX_TOKENS
from ai_coordination.runtimes import registry, token_limits
from ai_coordination.services import members, validation

PLACE = "budget"


def build(budget: Mapping[str, Any] | None) -> models.Budget | None:
    """Check and build a budget. One without any limit is none. Raises BadUserInput."""
    tokens = None if budget is None else budget.get("tokens")
    if tokens is None:
        return None
    return models.Budget(tokens=validation.number(tokens, 1, MAX_TOKENS, PLACE, "tokens"))


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
