"""Members of coordinations and their rules: types and inputs that several entities share."""

from typing import Any

import graphene

from ai_coordination import models, states
from ai_coordination.api import enums
from ai_coordination.api.fields import (
    Info,
    int_field,
    list_field,
    optional_list_field,
    text_field,
    uuid_field,
)
from ai_coordination.api.scalars import JSON

RUNTIME_PARAMETERS = (
    "Parameters of the runtime, or of the agent itself. ECHO reads `seconds` (0 to a year)"
    " and `fail`: a text, or an object with `attempts` (0 to 100) and `notes`. LAMBDA reads"
    " `invocation`: `RequestResponse`, or `Event`, the default. Others are the agent's own."
)
PRIMARY_PATH = "Whether the agent goes on with the conversation (thread) of its predecessor."
IN_THE_LOOP = "Whether a person approves or adds to each answer of the agent."
TIMEOUT = "Seconds that each attempt may take, 1 to 31,536,000."
ANSWER_TIMEOUT = "Seconds that a person has to answer. Null: no limit."
RETRY = "Maximum number of attempts, and the waits between them."
ON_FAILURE = "What happens after the last attempt has failed."


class AgentRuntime(graphene.ObjectType):
    """How the engine reaches an agent."""

    kind = graphene.Field(enums.AgentRuntimeKind, required=True, description="Kind of runtime.")
    target = text_field("The name or ARN of the function, for LAMBDA.")
    parameters = JSON(description=RUNTIME_PARAMETERS)

    @staticmethod
    def resolve_parameters(runtime: models.AgentRuntime, info: Info) -> Any:
        kept = runtime.kept_parameters
        if not isinstance(kept, models.LargeText):
            return runtime.parameters
        return models.LargeJson(kept.folder, kept.sha256, kept.size)


class Agent(graphene.ObjectType):
    """A member of a coordination: a logical reference to an agent that runs elsewhere."""

    agent_uuid = uuid_field("Name within the coordination.")
    agent_name = text_field("Display name.", required=True)
    agent_description = text_field("Description of the agent's abilities.")
    runtime = graphene.Field(
        AgentRuntime, required=True, description="How the engine reaches the agent."
    )


class RetryPolicy(graphene.ObjectType):
    """Attempts of an agent; waits grow exponentially between them, with jitter."""

    max_attempts = int_field("Maximum number of attempts, the first included.")
    interval_seconds = graphene.Float(
        required=True, description="Seconds before the second attempt."
    )
    backoff_rate = graphene.Float(
        required=True, description="Factor by which each further wait grows."
    )


class AgentAction(graphene.ObjectType):
    """What one agent does in a task: its place in the graph and its rules. An agent has one
    place; for two, list it twice in the coordination.
    """

    agent_uuid = uuid_field("The member of the coordination.")
    predecessors = list_field(graphene.ID, "Agents that must end before this one starts.")
    primary_path = graphene.Boolean(required=True, description=PRIMARY_PATH)
    user_in_the_loop = graphene.Field(enums.UserInTheLoop, description=IN_THE_LOOP)
    timeout_seconds = int_field(f"{TIMEOUT} Where none was given: by the kind of the member.")
    answer_timeout_seconds = int_field(ANSWER_TIMEOUT, required=False)
    retry = graphene.Field(RetryPolicy, required=True, description=RETRY)
    on_failure = graphene.Field(enums.FailurePolicy, required=True, description=ON_FAILURE)


class SubtaskQuery(graphene.ObjectType):
    """One piece of work for one agent. Its text may name `{variables}`: see `SubtaskQueryInput`."""

    agent_uuid = uuid_field("The member of the coordination that does the work.")
    subtask_query = text_field("The work, as text.", required=True)
    session_agent_uuid = uuid_field(
        "The session agent that does the work. Null before the start.", False
    )


class InputFile(graphene.ObjectType):
    """A file that the agents of a session may read at its URI."""

    name = text_field("Display name.", required=True)
    uri = text_field("URI of the file.", required=True)
    media_type = text_field("Media type, for example `application/pdf`.")


class TokenUsage(graphene.ObjectType):
    """Tokens of a language model that a run used."""

    input_tokens = int_field("Input tokens.")
    output_tokens = int_field("Output tokens.")


class AgentRuntimeInput(graphene.InputObjectType):
    """How the engine reaches an agent."""

    kind = graphene.InputField(
        enums.AgentRuntimeKind, required=True, description="Kind of runtime."
    )
    target = text_field(
        "The name or ARN of the function, for LAMBDA: one of this account and region whose name"
        " begins as the deployment allows."
    )
    parameters = JSON(description=RUNTIME_PARAMETERS)


class AgentInput(graphene.InputObjectType):
    """`agentUuid`: 1 to 128 of A-Z a-z 0-9 _ . - ; given, or made."""

    agent_uuid = uuid_field("Name within the coordination. Generated if left out.", required=False)
    agent_name = text_field("Display name.", required=True)
    agent_description = text_field("Description of the agent's abilities.")
    runtime = AgentRuntimeInput(required=True, description="How the engine reaches the agent.")


class RetryPolicyInput(graphene.InputObjectType):
    """Attempts of an agent; waits grow exponentially between them, with jitter."""

    max_attempts = graphene.Int(default_value=3, description="1 to 100.")
    interval_seconds = graphene.Float(
        default_value=1.0, description="Seconds before the second attempt: 0, or 0.001 to 86,400."
    )
    backoff_rate = graphene.Float(
        default_value=2.0, description="Factor by which each further wait grows, 1 to 100."
    )


class Rules:
    """The members that are the same in a task and in a session that is built by hand."""

    primary_path = graphene.Boolean(default_value=True, description=PRIMARY_PATH)
    user_in_the_loop = graphene.InputField(enums.UserInTheLoop, description=IN_THE_LOOP)
    timeout_seconds = int_field(
        f"{TIMEOUT} Default: 300; 7 days for EXTERNAL agents.", required=False
    )
    answer_timeout_seconds = int_field(ANSWER_TIMEOUT, required=False)
    retry = RetryPolicyInput(description=RETRY)
    on_failure = graphene.InputField(
        enums.FailurePolicy,
        default_value=states.FailurePolicy.FAIL_SESSION,
        description=ON_FAILURE,
    )


class AgentActionInput(Rules, graphene.InputObjectType):
    """What one agent does in a task: its place in the graph and its rules."""

    agent_uuid = uuid_field("The member of the coordination.")
    predecessors = optional_list_field(
        graphene.ID,
        "Agents of the task that must end before this one starts.",
        default_value=[],
    )


class AgentRulesInput(Rules, graphene.InputObjectType):
    """An agent's rules in a session that is built by hand."""


class SubtaskQueryInput(graphene.InputObjectType):
    """One piece of work for one agent.

    Where the task query is a JSON object, `{name}` is replaced by its member of that name: a
    string by its characters, anything else by its JSON as it was written; a name that is no member
    is BAD_USER_INPUT. Where it is not, `{name}` stays. In both cases `{{`, and the `}}` that closes
    it, stand for one brace each: write `{{name}}` for the text `{name}`. Any other brace is text,
    so JSON stays as it is.
    """

    agent_uuid = uuid_field("The member of the coordination that does the work.")
    subtask_query = text_field(
        "The work, as text. It may contain `{variables}` of a JSON task query. With these filled in"
        " a text has at most 2 MB, and all of a session at most 32 MB.",
        required=True,
    )


class InputFileInput(graphene.InputObjectType):
    """A file that the agents of a session may read at its URI."""

    name = text_field("Display name.", required=True)
    uri = text_field(
        "Where it lies: `https://…`, `s3://bucket/key` or `gs://bucket/key`, without spaces, unseen"
        " characters, user or password. The engine does not read it.",
        required=True,
    )
    media_type = text_field("Media type, for example `application/pdf`.")


class TokenUsageInput(graphene.InputObjectType):
    """Tokens of a language model that a run used."""

    input_tokens = int_field("Input tokens.")
    output_tokens = int_field("Output tokens.")
