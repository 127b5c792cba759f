"""The enums of `states`, with the descriptions that the explorer shows."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import graphene

from ai_coordination import states
from ai_coordination.errors import EngineError
from ai_coordination.runtimes.registry import RUNTIMES


def _describe(about: str, values: Mapping[str, str]) -> Callable[[StrEnum | None], str]:
    return lambda value: about if value is None else values[value.name]


AgentRuntimeKind = graphene.Enum.from_enum(
    states.AgentRuntimeKind,
    description=_describe(
        "Kind of runtime: how an agent is invoked.",
        {kind.name: RUNTIMES[kind].description for kind in states.AgentRuntimeKind},
    ),
)

UserInTheLoop = graphene.Enum.from_enum(
    states.UserInTheLoop,
    description=_describe(
        "What a person does after an agent has answered and before its successors start.",
        {
            "INPUT": "A person gives text after the agent has answered.",
            "APPROVAL": "A person approves or rejects the agent's answer.",
        },
    ),
)

FailurePolicy = graphene.Enum.from_enum(
    states.FailurePolicy,
    description=_describe(
        "What happens after all attempts of an agent have failed.",
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
        "Whether a schedule is active.",
        {
            "ACTIVE": "Starts a session each time it fires.",
            "PAUSED": "Starts nothing until it is active again.",
            "COMPLETED": "A one-time schedule that has fired. Set by the engine alone.",
        },
    ),
)

SessionStatus = graphene.Enum.from_enum(
    states.SessionStatus,
    description=_describe(
        "Status of a session.",
        {
            "INITIAL": "Created, not started.",
            "IN_PROGRESS": "Agents are running.",
            "WAITING_FOR_INPUT": (
                "At least one agent asks a person; what does not depend on the answer goes on."
            ),
            "COMPLETED": "All its agents have ended, none of them in a way that fails a session.",
            "FAILED": "Failed because an agent with the policy FAIL_SESSION failed.",
            "CANCELLED": "Cancelled by a caller.",
        },
    ),
)

SessionAgentState = graphene.Enum.from_enum(
    states.SessionAgentState,
    description=_describe(
        "State of a session agent.",
        {
            "INITIAL": "Waits for its predecessors, or for its next attempt.",
            "IN_PROGRESS": "An attempt is in progress.",
            "WAITING_FOR_INPUT": "Has answered, and waits for a person.",
            "COMPLETED": "Completed, with an output.",
            "FAILED": "All its attempts have failed, or a person has rejected its answer.",
            "SKIPPED": "Skipped because a predecessor with the policy SKIP_SUCCESSORS failed.",
            "CANCELLED": "The session was cancelled or failed.",
        },
    ),
)

RunOutcome = graphene.Enum.from_enum(
    states.RunOutcome,
    description=_describe(
        "Outcome of a run.",
        {
            "COMPLETED": "The run ended with an output.",
            "FAILED": "The run failed.",
            "TIMED_OUT": "No answer before the deadline.",
            "CANCELLED": "Cancelled together with its session.",
        },
    ),
)

LogLevel = graphene.Enum.from_enum(
    states.LogLevel,
    description=_describe(
        "Severity of a log entry.",
        {
            "INFO": "A normal event.",
            "WARNING": "An unusual event.",
            "ERROR": "A failure.",
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
    "BAD_USER_INPUT": "A value is invalid. `inputPath` names its place.",
    "NOT_FOUND": "The object does not exist, or it belongs to another tenant.",
    "CONFLICT": (
        "Another caller was faster (`currentVersion`), or an idempotency key was used with another"
        " input."
    ),
    "HAS_CHILDREN": "The object cannot be deleted while it has `children`.",
    "INVALID_STATE": "The operation is not allowed in the object's `state`.",
    "PAYLOAD_TOO_LARGE": "A text, an item, a request or an answer is too large.",
    "QUERY_TOO_COMPLEX": "The document is over a limit on tokens, depth or cost.",
    "GRAPHQL_PARSE_FAILED": "The document is not valid GraphQL syntax.",
    "GRAPHQL_VALIDATION_FAILED": "The document does not match the schema.",
    "UNAUTHENTICATED": "The request names no verified tenant.",
    "THROTTLED": (
        "The database is busy; nothing is half written. Try again after `retryAfterSeconds`."
    ),
    "TEXT_UNAVAILABLE": (
        "A large text is missing from the bucket. Repeating the request does not help."
    ),
    "INTERNAL": "A fault of the engine. Its logs contain the `requestId`.",
}
