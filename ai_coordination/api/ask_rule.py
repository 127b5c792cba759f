"""How an agent asks a person about its output, in the API."""

import json
from typing import Any

import graphene

from ai_coordination import models, states
from ai_coordination.api import enums
from ai_coordination.api.fields import Info, list_field, optional_list_field, text_field
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.scalars import JSON

ASK = (
    "What the agent asks a person about its output, before its successors start. Null: nothing."
    " `userInTheLoop` is its short form, for a question that needs no more than a kind."
)
KIND = "What the person does."
TITLE = "A line that says what is asked, of 1 to 256 characters. Null: there is none."
ASSIGNEE = (
    "The user whom the agent asks, 1 to 256 characters: nobody else can answer. It may have"
    " `{variables}` of the task query, and with `forEach` those of the element, such as"
    " `{item.reviewer}`. The agent's own questions are to the same user."
)
GROUP = (
    "The group whose members the agent asks, likewise. A question is to an `assignee` or to a"
    " `group`, or to all users of the tenant."
)
FORM = (
    "For INPUT: JSON Schema of the answer, of the type `object`, at most 16,384 bytes. Programs may"
    " use it to show a form. Null: the answer is a text."
)
OPTIONS = "For CHOICE: what the person can choose from, 2 to 50 texts of 1 to 256 characters."
DEFAULT = (
    "An answer that programs may suggest to the person, and that counts if nobody answers in time"
    " and `onTimeout` is DEFAULT. For INPUT a text, or a value that fits the form; for APPROVAL"
    " true or false; for CHOICE one of the options. At most 4,096 bytes. Null: there is none."
)
ON_TIMEOUT = (
    "What happens when nobody has answered after `answerTimeoutSeconds`. DEFAULT requires that and"
    " `default`."
)
ON_REJECTION = "For APPROVAL: what happens when the person rejects the output."


class AskRule(ObjectType):
    """What an agent asks a person about its output, and what happens without an answer."""

    kind = graphene.Field(enums.UserInTheLoop, required=True, description=KIND)
    title = text_field(TITLE)
    assignee = text_field(ASSIGNEE)
    group = text_field(GROUP)
    form = JSON(description=FORM)
    options = list_field(graphene.String, OPTIONS)
    default = JSON(description=DEFAULT)
    on_timeout = graphene.Field(enums.TimeoutPolicy, required=True, description=ON_TIMEOUT)
    on_rejection = graphene.Field(enums.RejectionPolicy, required=True, description=ON_REJECTION)


class AskInput(graphene.InputObjectType):
    """What an agent asks a person about its output, and what happens without an answer."""

    kind = graphene.InputField(enums.UserInTheLoop, required=True, description=KIND)
    title = text_field(TITLE)
    assignee = text_field(ASSIGNEE)
    group = text_field(GROUP)
    form = JSON(description=FORM)
    options = optional_list_field(graphene.String, OPTIONS, default_value=[])
    default = JSON(description=DEFAULT)
    on_timeout = graphene.InputField(
        enums.TimeoutPolicy, default_value=states.TimeoutPolicy.FAIL, description=ON_TIMEOUT
    )
    on_rejection = graphene.InputField(
        enums.RejectionPolicy, default_value=states.RejectionPolicy.FAIL, description=ON_REJECTION
    )


def resolve(action: models.AgentAction, info: Info) -> AskRule | None:
    """Return what an action asks. None if it asks nothing."""
    return None if action.user_in_the_loop is None else of(action)


def of(action: models.AgentAction) -> AskRule:
    """Return what an action asks that asks a person."""
    rule = models.AskRule() if action.ask is None else action.ask
    return AskRule(
        kind=states.UserInTheLoop(action.user_in_the_loop),
        title=rule.title,
        assignee=rule.assignee,
        group=rule.group,
        form=shown_json(rule.form),
        options=list(rule.options),
        default=shown_json(rule.default_answer),
        on_timeout=states.TimeoutPolicy(rule.on_timeout),
        on_rejection=states.RejectionPolicy(rule.on_rejection),
    )


def shown_json(stored: models.Text | None) -> Any:
    """Return stored JSON as the API shows it: what is in the bucket is read later."""
    if isinstance(stored, models.LargeText):
        return models.LargeJson(stored.folder, stored.sha256, stored.size)
    return None if stored is None else json.loads(stored)
