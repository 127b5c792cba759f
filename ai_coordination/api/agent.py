"""Types and inputs that several entities share: agents, their actions and runtimes, queries."""

from typing import Any

import graphene

from ai_coordination import models, states
from ai_coordination.api import ask_rule, enums
from ai_coordination.api.fields import (
    Info,
    int_field,
    list_field,
    optional_list_field,
    text_field,
    uuid_field,
)
from ai_coordination.api.scalars import JSON

RUNTIME_KIND = "Kind of runtime: determines what `target` and `parameters` mean."
RUNTIME_TARGET = (
    "What the engine calls: a function, a server or a model, as `AgentRuntimeKind` describes. Null"
    " for kinds without a target."
)
RUNTIME_PARAMETERS = "A JSON object. `AgentRuntimeKind` describes its members for each kind."
AGENT_UUID = "Name of the agent, unique in its coordination."
AGENT_DESCRIPTION = "Description of what the agent can do, for people and other agents."
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
SUBTASK_AGENT = "`agentUuid` of the agent that does this work."
MEDIA_TYPE = "Media type, for example `application/pdf`. Null: unknown."
FILE_READERS = (
    "The engine reads it only for OPENAI and BEDROCK agents, and gives A2A agents an address of it."
)
INPUT_TOKENS = "Number of input tokens, including those that were read from or written to a cache."
OUTPUT_TOKENS = "Number of output tokens, including those of reasoning."
CACHE_READ = "How many of the input tokens were read from a cache. Null if it is not known."
CACHE_WRITE = "How many of the input tokens were written to a cache. Null if it is not known."
REASONING = "How many of the output tokens were spent on reasoning. Null if it is not known."


class AgentRuntime(graphene.ObjectType):
    """How the engine reaches an agent."""

    kind = graphene.Field(enums.AgentRuntimeKind, required=True, description=RUNTIME_KIND)
    target = text_field(RUNTIME_TARGET)
    parameters = JSON(description=RUNTIME_PARAMETERS)

    @staticmethod
    def resolve_parameters(runtime: models.AgentRuntime, info: Info) -> Any:
        kept = runtime.kept_parameters
        if not isinstance(kept, models.LargeText):
            return runtime.parameters
        return models.LargeJson(kept.folder, kept.sha256, kept.size)


class Agent(graphene.ObjectType):
    """A member of a coordination: the name of an agent, and how to reach it. Its code runs
    elsewhere.
    """

    agent_uuid = uuid_field(AGENT_UUID)
    agent_name = text_field("Display name.", required=True)
    agent_description = text_field(AGENT_DESCRIPTION)
    runtime = graphene.Field(
        AgentRuntime, required=True, description="How the engine reaches the agent."
    )


class RetryPolicy(graphene.ObjectType):
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


class AgentAction(graphene.ObjectType):
    """Settings of one agent in a task: its predecessors in the graph, timeouts, retries, failure
    policy and approval. Each agent has at most one action in a task. To use an agent at two places
    of the graph, add it to the coordination twice under different names.
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


class SubtaskQuery(graphene.ObjectType):
    """The work of one agent, as a text that may contain `{variables}`: see `SubtaskQueryInput`."""

    agent_uuid = uuid_field(SUBTASK_AGENT)
    subtask_query = text_field("The work, as a text for the agent.", required=True)
    session_agent_uuid = uuid_field(
        "UUID of the session agent that does the work. Null in a task, and before the start.", False
    )


class InputFile(graphene.ObjectType):
    """A file that the agents of a session may read at its URI."""

    name = text_field("Display name.", required=True)
    uri = text_field(f"Where the file is stored. {FILE_READERS}", required=True)
    media_type = text_field(MEDIA_TYPE)


class TokenUsage(graphene.ObjectType):
    """How many tokens of language models were used, as agents or models have reported. In a sum,
    a count is null if no run has it, and it never exceeds 2,147,483,647.
    """

    input_tokens = int_field(INPUT_TOKENS)
    output_tokens = int_field(OUTPUT_TOKENS)
    cache_read_input_tokens = int_field(CACHE_READ, required=False)
    cache_write_input_tokens = int_field(CACHE_WRITE, required=False)
    reasoning_tokens = int_field(REASONING, required=False)
    model = text_field(
        "Name of the model, as the run reported it. Null if it did not, or if the runs of a sum"
        " differ in it."
    )


class AgentRuntimeInput(graphene.InputObjectType):
    """How the engine reaches an agent."""

    kind = graphene.InputField(enums.AgentRuntimeKind, required=True, description=RUNTIME_KIND)
    target = text_field(
        f"{RUNTIME_TARGET} A function must be in the engine's account and region, and its name must"
        " begin with the prefix that the deployment allows (default `agent-`). Servers and models"
        " must be on the lists of the deployment."
    )
    parameters = JSON(description=RUNTIME_PARAMETERS)


class AgentInput(graphene.InputObjectType):
    """An agent of a coordination."""

    agent_uuid = uuid_field(
        f"{AGENT_UUID} 1 to 128 of the characters A-Z a-z 0-9 _ . - and case-sensitive. If omitted,"
        " a UUID is generated.",
        required=False,
    )
    agent_name = text_field("Display name, 1 to 256 characters.", required=True)
    agent_description = text_field(AGENT_DESCRIPTION)
    runtime = AgentRuntimeInput(required=True, description="How the engine reaches the agent.")


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


class AgentActionInput(Rules, graphene.InputObjectType):
    """Settings of one agent in a task: its predecessors in the graph, timeouts, retries, failure
    policy and approval.
    """

    agent_uuid = uuid_field("`agentUuid` of an agent of the coordination.")
    ask = ask_rule.AskInput(description=ask_rule.ASK)
    predecessors = optional_list_field(
        graphene.ID,
        "`agentUuid`s of the agents that must end before this one starts. They must take part in"
        " the task, and must not form a cycle.",
        default_value=[],
    )


class AgentRulesInput(Rules, graphene.InputObjectType):
    """Timeouts, retries, failure policy and approval of an agent in a session built by hand."""


class SubtaskQueryInput(graphene.InputObjectType):
    """The work of one agent, as a text that may contain variables.

    If the task query is a JSON object, `{name}` is replaced by the value of its member `name`: a
    string by its characters, any other value by its JSON. A name that is not a member is refused
    with BAD_USER_INPUT. If the task query is not a JSON object, `{name}` is kept as text.

    To write the text `{name}` itself, double its braces: `{{name}}`. All other braces are text, so
    JSON needs no escaping.
    """

    agent_uuid = uuid_field(SUBTASK_AGENT)
    subtask_query = text_field(
        "The work, as a text for the agent. With its variables replaced it has at most 2 MB, and"
        " all texts of a session together at most 32 MB.",
        required=True,
    )


class InputFileInput(graphene.InputObjectType):
    """A file that the agents of a session may read at its URI."""

    name = text_field("Display name, 1 to 256 characters.", required=True)
    uri = text_field(
        "Where the file is stored: `https://…`, `s3://bucket/key` or `gs://bucket/key`, without"
        f" spaces, invisible characters, user or password. {FILE_READERS}",
        required=True,
    )
    media_type = text_field(MEDIA_TYPE)


class TokenUsageInput(graphene.InputObjectType):
    """How many tokens of a language model a run used. Every count is 0 or more."""

    input_tokens = int_field(INPUT_TOKENS)
    output_tokens = int_field(OUTPUT_TOKENS)
    cache_read_input_tokens = int_field(CACHE_READ, required=False)
    cache_write_input_tokens = int_field(CACHE_WRITE, required=False)
    reasoning_tokens = int_field(REASONING, required=False)
    model = text_field("Name of the model, 1 to 256 characters.")
