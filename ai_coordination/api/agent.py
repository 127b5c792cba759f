"""Types and inputs that several entities share: agents and their runtimes, queries, usage."""

from typing import Any

import graphene

from ai_coordination import models
from ai_coordination.api import enums
from ai_coordination.api.fields import (
    Info,
    int_field,
    text_field,
    uuid_field,
)
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.scalars import JSON

RUNTIME_KIND = "Kind of runtime: determines what `target` and `parameters` mean."
RUNTIME_TARGET = (
    "What the engine calls: a function, a server or a model, as `AgentRuntimeKind` describes. Null"
    " for kinds without a target."
)
RUNTIME_PARAMETERS = "A JSON object. `AgentRuntimeKind` describes its members for each kind."
AGENT_UUID = "Name of the agent, unique in its coordination."
AGENT_DESCRIPTION = "Description of what the agent can do, for people and other agents."
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


class AgentRuntime(ObjectType):
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


class Agent(ObjectType):
    """A member of a coordination: the name of an agent, and how to reach it. Its code runs
    elsewhere.
    """

    agent_uuid = uuid_field(AGENT_UUID)
    agent_name = text_field("Display name.", required=True)
    agent_description = text_field(AGENT_DESCRIPTION)
    runtime = graphene.Field(
        AgentRuntime, required=True, description="How the engine reaches the agent."
    )


class SubtaskQuery(ObjectType):
    """The work of one agent, as a text that may contain `{variables}`: see `SubtaskQueryInput`."""

    agent_uuid = uuid_field(SUBTASK_AGENT)
    subtask_query = text_field("The work, as a text for the agent.", required=True)
    session_agent_uuid = uuid_field(
        "UUID of the session agent that does the work. Null in a task, and before the start.", False
    )


class InputFile(ObjectType):
    """A file that the agents of a session may read at its URI."""

    name = text_field("Display name.", required=True)
    uri = text_field(f"Where the file is stored. {FILE_READERS}", required=True)
    media_type = text_field(MEDIA_TYPE)


class TokenUsage(ObjectType):
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
