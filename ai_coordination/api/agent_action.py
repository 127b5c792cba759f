"""The settings of an agent in a task: its place in the graph and its rules."""

import graphene

from ai_coordination import states
from ai_coordination.api import ask_rule, control_flow, enums
from ai_coordination.api.fields import int_field, list_field, optional_list_field, uuid_field
from ai_coordination.api.objects import ObjectType

PRIMARY_PATH = (
    "Whether the agent continues the thread (conversation) of its predecessor. If false, it starts"
    " its own thread."
)
IN_THE_LOOP = (
    "What a person must do after the agent has answered, as `ask` says in more detail. Null:"
    " nothing, the successors start at once."
)
TIMEOUT = "Seconds until an attempt times out, 1 to 31,536,000 (one year)."
ANSWER_TIMEOUT = (
    "Seconds that a person has to answer, 1 to 31,536,000. Afterwards the agent fails, or takes the"
    " default answer of `ask`. Null: no limit."
)
HEARTBEAT = (
    "Seconds after which an accepted run that is silent has failed, 1 to 31,536,000. The agent is"
    " tried again if it has attempts left. `acceptSessionAgent` and `heartbeatSessionAgent` are"
    " signs of life; runs that the engine polls need none. Null: only `timeoutSeconds` counts."
)
RETRY = "How many attempts the agent has, and how long it waits between them."
ON_FAILURE = "What happens to the session when all attempts of the agent have failed."
MAX_TURNS = (
    "How many turns the agent has, 1 to 50. A turn ends with a question to a person that is"
    " answered, or with an output that a person sends back. In its last turn the agent has to"
    " answer: another question fails it, and it is not tried again."
)


class RetryPolicy(ObjectType):
    """How often a failed agent is tried again. The waits between attempts grow exponentially, up to
    a day, and random jitter shortens each by up to half.
    """

    max_attempts = int_field("Maximum number of attempts, including the first.")
    interval_seconds = graphene.Float(
        required=True, description="Seconds to wait before the second attempt."
    )
    backoff_rate = graphene.Float(
        required=True, description="Factor by which each further wait is longer than the last."
    )


class AgentAction(control_flow.ControlFlow, ObjectType):
    """Settings of one agent in a task: its predecessors in the graph, conditions, loops, timeouts,
    retries, failure policy and approval. Each agent has at most one action in a task. To use an
    agent at two places of the graph, add it to the coordination twice under different names.
    """

    agent_uuid = uuid_field("`agentUuid` of the agent.")
    predecessors = list_field(
        graphene.ID, "`agentUuid`s of the agents that must end before this one starts."
    )
    primary_path = graphene.Boolean(required=True, description=PRIMARY_PATH)
    user_in_the_loop = graphene.Field(enums.UserInTheLoop, description=IN_THE_LOOP)
    ask = graphene.Field(ask_rule.AskRule, resolver=ask_rule.resolve, description=ask_rule.ASK)
    timeout_seconds = int_field(
        f"{TIMEOUT} If it was not set: the default of the agent's runtime kind."
    )
    answer_timeout_seconds = int_field(ANSWER_TIMEOUT, required=False)
    heartbeat_seconds = int_field(HEARTBEAT, required=False)
    retry = graphene.Field(RetryPolicy, required=True, description=RETRY)
    on_failure = graphene.Field(enums.FailurePolicy, required=True, description=ON_FAILURE)
    max_turns = int_field(MAX_TURNS)


class RetryPolicyInput(graphene.InputObjectType):
    """How often a failed agent is tried again. The waits between attempts grow exponentially, up to
    a day, and random jitter shortens each by up to half.
    """

    max_attempts = graphene.Int(
        default_value=3,
        description="Maximum number of attempts, including the first, 1 to 100. 1: no retry.",
    )
    interval_seconds = graphene.Float(
        default_value=1.0,
        description="Seconds to wait before the second attempt: 0, or 0.001 to 86,400 (a day).",
    )
    backoff_rate = graphene.Float(
        default_value=2.0,
        description="Factor by which each further wait is longer than the last, 1 to 100.",
    )


class Rules:
    """The input fields of an action that a task and a session built by hand have in common."""

    primary_path = graphene.Boolean(default_value=True, description=PRIMARY_PATH)
    user_in_the_loop = graphene.InputField(enums.UserInTheLoop, description=IN_THE_LOOP)
    timeout_seconds = int_field(
        f"{TIMEOUT} Default: 300, for EXTERNAL agents 604,800 (7 days).", required=False
    )
    answer_timeout_seconds = int_field(ANSWER_TIMEOUT, required=False)
    heartbeat_seconds = int_field(HEARTBEAT, required=False)
    retry = RetryPolicyInput(description=RETRY)
    on_failure = graphene.InputField(
        enums.FailurePolicy,
        default_value=states.FailurePolicy.FAIL_SESSION,
        description=ON_FAILURE,
    )
    max_turns = graphene.Int(default_value=10, description=MAX_TURNS)


class AgentActionInput(Rules, control_flow.ControlFlowInput, graphene.InputObjectType):
    """Settings of one agent in a task: its predecessors in the graph, conditions, loops, timeouts,
    retries, failure policy and approval.
    """

    agent_uuid = uuid_field("`agentUuid` of an agent of the coordination.")
    ask = ask_rule.AskInput(description=ask_rule.ASK)
    predecessors = optional_list_field(
        graphene.ID,
        "`agentUuid`s of the agents that must end before this one starts. They take part in the"
        " task by this alone, and must not form a cycle.",
        default_value=[],
    )


class AgentRulesInput(Rules, graphene.InputObjectType):
    """Timeouts, retries, failure policy and approval of an agent in a session built by hand."""
