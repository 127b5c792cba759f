"""Budgets in the API."""

import graphene

from ai_coordination.api.fields import int_field
from ai_coordination.api.objects import ObjectType

BUDGET_TOKENS = (
    "The most tokens that the session's runs may use, input and output together. Null: no limit."
)
BUDGET_DOLLARS = (
    "The most that the session's runs may cost, by the prices that the deployment configures. Null:"
    " no limit."
)
BUDGET_SECONDS = "How long the session may take, from each start or retry on. Null: no limit."


class Budget(ObjectType):
    """What a session may spend."""

    tokens = int_field(BUDGET_TOKENS, required=False)
    dollars = graphene.Float(description=BUDGET_DOLLARS)
    seconds = int_field(BUDGET_SECONDS, required=False)


class BudgetInput(graphene.InputObjectType):
    """What a session may spend. With a limit of tokens or dollars, every model that takes part in
    the session must have the parameter `maxTokens`; with one of dollars, a price too.
    """

    tokens = int_field(f"{BUDGET_TOKENS} From 1.", required=False)
    dollars = graphene.Float(description=f"{BUDGET_DOLLARS} From 0.000001 to 1,000,000.")
    seconds = int_field(f"{BUDGET_SECONDS} From 1 to 31,622,400 (a year).", required=False)
