"""The enums of `states`, with what a reader of the explorer has to know of each value."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import graphene

from ai_coordination import states
from ai_coordination.errors import EngineError


def _describe(about: str, values: Mapping[str, str]) -> Callable[[StrEnum | None], str]:
    return lambda value: about if value is None else values[value.name]


AgentRuntimeKind = graphene.Enum.from_enum(
    states.AgentRuntimeKind,
    description=_describe(
        "How an agent runs.",
        {
            "ECHO": "Returns its input. For development and tests.",
            "LAMBDA": "Invokes another AWS Lambda function; `target` is its name or ARN.",
            "EXTERNAL": (
                "Work done elsewhere, reported back by `completeSessionAgent` or"
                " `failSessionAgent`."
            ),
        },
    ),
)

UserInTheLoop = graphene.Enum.from_enum(
    states.UserInTheLoop,
    description=_describe(
        "What a person does after an agent has answered, before its successors start.",
        {
            "INPUT": "A person gives text after the agent has answered.",
            "APPROVAL": "A person approves or rejects the agent's answer.",
        },
    ),
)

FailurePolicy = graphene.Enum.from_enum(
    states.FailurePolicy,
    description=_describe(
        "What follows when an agent has failed in all its attempts.",
        {
            "FAIL_SESSION": "The session fails.",
            "SKIP_SUCCESSORS": ("Everything downstream of the agent is skipped; the rest goes on."),
            "CONTINUE": "Successors start without this agent's output.",
        },
    ),
)

ScheduleStatus = graphene.Enum.from_enum(
    states.ScheduleStatus,
    description=_describe(
        "Whether a schedule starts sessions.",
        {
            "ACTIVE": "It starts a session each time.",
            "PAUSED": "It starts nothing until it is active again.",
            "COMPLETED": "A one-time schedule that has fired. Set by the engine alone.",
        },
    ),
)

SessionStatus = graphene.Enum.from_enum(
    states.SessionStatus,
    description=_describe(
        "Where a session stands.",
        {
            "INITIAL": "Created, not started.",
            "IN_PROGRESS": "Its agents work.",
            "WAITING_FOR_INPUT": (
                "At least one agent asks a person; what does not depend on the answer goes on."
            ),
            "COMPLETED": "All its agents have ended, none of them in a way that fails a session.",
            "FAILED": "An agent has failed whose policy is FAIL_SESSION.",
            "CANCELLED": "Somebody has cancelled it.",
        },
    ),
)

SessionAgentState = graphene.Enum.from_enum(
    states.SessionAgentState,
    description=_describe(
        "Where an agent of a session stands.",
        {
            "INITIAL": "Waits for its predecessors, or for its next attempt.",
            "IN_PROGRESS": "It works.",
            "WAITING_FOR_INPUT": "It has answered and asks a person.",
            "COMPLETED": "Its output is there.",
            "FAILED": "All its attempts have failed, or a person has rejected its answer.",
            "SKIPPED": "An agent before it has failed, whose policy is SKIP_SUCCESSORS.",
            "CANCELLED": "Its session was cancelled, or has failed.",
        },
    ),
)

RunOutcome = graphene.Enum.from_enum(
    states.RunOutcome,
    description=_describe(
        "How a run ended.",
        {
            "COMPLETED": "With an output.",
            "FAILED": "With an error.",
            "TIMED_OUT": "It did not answer in its time.",
            "CANCELLED": "It was cancelled with its session.",
        },
    ),
)

LogLevel = graphene.Enum.from_enum(
    states.LogLevel,
    description=_describe(
        "How much a log entry matters.",
        {
            "INFO": "Something happened as it should.",
            "WARNING": "Something went on in another way than it was meant to.",
            "ERROR": "Something has failed.",
        },
    ),
)


class ErrorCode(graphene.Enum):
    BAD_USER_INPUT = "BAD_USER_INPUT"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    HAS_CHILDREN = "HAS_CHILDREN"
    INVALID_STATE = "INVALID_STATE"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    THROTTLED = "THROTTLED"
    TEXT_UNAVAILABLE = "TEXT_UNAVAILABLE"
    INTERNAL = EngineError.code

    class Meta:
        description = (
            "`extensions.code` of an error. Beside it: `requestId`, and as the code has it"
            " `inputPath`, `children`, `currentVersion`, `state`, `retryAfterSeconds`."
        )

    @property
    def description(self) -> str:
        return _ERROR_CODES[self.name]


_ERROR_CODES = {
    "BAD_USER_INPUT": "A value is not what it has to be; `inputPath` says which.",
    "NOT_FOUND": "There is no such object, or it is another tenant's.",
    "CONFLICT": (
        "Somebody else was faster (`currentVersion`), or an idempotency key was used with another"
        " input."
    ),
    "HAS_CHILDREN": "It cannot be deleted while it has `children`.",
    "INVALID_STATE": "Not in the `state` it is in.",
    "PAYLOAD_TOO_LARGE": "A text, an item, a request or an answer is too large.",
    "QUERY_TOO_COMPLEX": "The document is over a limit on tokens, depth or cost.",
    "GRAPHQL_PARSE_FAILED": "The document is no GraphQL.",
    "GRAPHQL_VALIDATION_FAILED": "The document does not fit the schema.",
    "UNAUTHENTICATED": "The request names no verified tenant.",
    "THROTTLED": (
        "The database is busy; nothing is half written. Try again after `retryAfterSeconds`."
    ),
    "TEXT_UNAVAILABLE": "A large text is not where its item says.",
    "INTERNAL": "A fault of the engine; its logs have the `requestId`.",
}
