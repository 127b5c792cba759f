"""The enums of `states` as GraphQL types, with a description of each value."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import graphene

from ai_coordination import states
from ai_coordination.errors import EngineError
from ai_coordination.runtimes.registry import RUNTIMES


def _describe(enum: str, values: Mapping[str, str]) -> Callable[[StrEnum | None], str]:
    return lambda value: enum if value is None else values[value.name]


AgentRuntimeKind = graphene.Enum.from_enum(
    states.AgentRuntimeKind,
    description=_describe(
        "Kind of runtime: how the engine reaches an agent.",
        {kind.name: RUNTIMES[kind].description for kind in states.AgentRuntimeKind},
    ),
)

UserInTheLoop = graphene.Enum.from_enum(
    states.UserInTheLoop,
    description=_describe(
        "What a person does after an agent has answered, before its successors start.",
        {
            "INPUT": "The person adds a text, which the successors receive too.",
            "APPROVAL": (
                "The person approves or rejects the agent's output, or sends it back for revision."
                " A rejection fails the agent, unless `onRejection` is CONTINUE."
            ),
            "CHOICE": "The person chooses one of the `options`.",
        },
    ),
)

TimeoutPolicy = graphene.Enum.from_enum(
    states.TimeoutPolicy,
    description=_describe(
        "What happens if nobody answers in time.",
        {
            "FAIL": "The agent fails.",
            "DEFAULT": "The engine answers with `default`, as a person would.",
        },
    ),
)

RejectionPolicy = graphene.Enum.from_enum(
    states.RejectionPolicy,
    description=_describe(
        "What happens if a person rejects an agent's output.",
        {
            "FAIL": "The agent fails.",
            "CONTINUE": (
                "The agent completes. Its successors start with its output, and know that it was"
                " rejected."
            ),
        },
    ),
)

FailurePolicy = graphene.Enum.from_enum(
    states.FailurePolicy,
    description=_describe(
        "What happens after all attempts of an agent have failed.",
        {
            "FAIL_SESSION": "The session fails, and all agents that have not ended are cancelled.",
            "SKIP_SUCCESSORS": (
                "All agents downstream of this one are skipped. The other agents continue, and the"
                " session can complete."
            ),
            "CONTINUE": (
                "The successors start without this agent's output, and the session can complete."
            ),
        },
    ),
)

ScheduleStatus = graphene.Enum.from_enum(
    states.ScheduleStatus,
    description=_describe(
        "Whether a schedule is active.",
        {
            "ACTIVE": "The schedule starts a session each time it fires.",
            "PAUSED": "The schedule does not fire until it is set to ACTIVE.",
            "COMPLETED": "A one-time schedule that has fired. Only the engine sets this.",
        },
    ),
)

SessionStatus = graphene.Enum.from_enum(
    states.SessionStatus,
    description=_describe(
        "Status of a session.",
        {
            "INITIAL": "The session was created and has not started.",
            "IN_PROGRESS": "The session has started, and not all its agents have ended.",
            "WAITING_FOR_INPUT": (
                "In progress, and at least one agent waits for a person's answer. Agents that do"
                " not depend on the answer continue."
            ),
            "COMPLETED": "All agents have ended, and no failure made the session fail.",
            "FAILED": (
                "An agent with the failure policy FAIL_SESSION failed, or the session could not"
                " start."
            ),
            "CANCELLED": "A caller cancelled the session.",
        },
    ),
)

SessionAgentState = graphene.Enum.from_enum(
    states.SessionAgentState,
    description=_describe(
        "State of a session agent.",
        {
            "INITIAL": "The agent waits for its predecessors, or for its next attempt or turn.",
            "IN_PROGRESS": "An attempt is running.",
            "WAITING_FOR_INPUT": (
                "The agent waits for a person: to judge its output, or to answer its question."
            ),
            "COMPLETED": "The agent has completed, and `agentOutput` is its result.",
            "FAILED": (
                "All attempts failed, or a person rejected the output, refused to answer a"
                " question, or did not answer in time."
            ),
            "SKIPPED": (
                "Not executed: its `when` did not hold, all its predecessors were skipped in this"
                " way, or an agent before it failed under SKIP_SUCCESSORS. `notes` say which."
            ),
            "CANCELLED": "The session was cancelled or failed before the agent ended.",
        },
    ),
)

RunOutcome = graphene.Enum.from_enum(
    states.RunOutcome,
    description=_describe(
        "Outcome of a run.",
        {
            "COMPLETED": "The run ended with a result.",
            "FAILED": "The run failed. `notes` has the reason.",
            "TIMED_OUT": "The agent did not answer before the deadline.",
            "CANCELLED": "The session was cancelled or failed while the run was open.",
            "INPUT_REQUIRED": (
                "The agent asked a person a question. It continues with the answer in another run."
            ),
            "DELEGATED": (
                "The agent delegated work to other agents. It continues with their results in"
                " another run."
            ),
        },
    ),
)

LogLevel = graphene.Enum.from_enum(
    states.LogLevel,
    description=_describe(
        "Severity of a log entry.",
        {
            "INFO": "A normal event.",
            "WARNING": "An unusual event that the engine handled.",
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
    FORBIDDEN = "FORBIDDEN"
    THROTTLED = "THROTTLED"
    TEXT_UNAVAILABLE = "TEXT_UNAVAILABLE"
    INTERNAL = EngineError.code

    class Meta:
        description = (
            "Values of `extensions.code` in an error. `extensions` also has `requestId` and,"
            " depending on the code, `inputPath`, `children`, `currentVersion`, `state` or"
            " `retryAfterSeconds`."
        )

    @property
    def description(self) -> str:
        return _ERROR_CODES[self.name]


_ERROR_CODES = {
    "BAD_USER_INPUT": "An input value is invalid. `inputPath` says which one.",
    "NOT_FOUND": "The object does not exist, or it belongs to another tenant.",
    "CONFLICT": (
        "The object was changed in the meantime (`currentVersion` is its version now), or the"
        " idempotency key was used before with another input."
    ),
    "HAS_CHILDREN": (
        "The object cannot be deleted while it has children. `children` has their numbers."
    ),
    "INVALID_STATE": "The operation is not allowed in the object's current `state`.",
    "PAYLOAD_TOO_LARGE": "A text, an object, a request or a response is too large.",
    "QUERY_TOO_COMPLEX": (
        "The document exceeds a limit on tokens, depth or cost, or the query reads too much."
    ),
    "GRAPHQL_PARSE_FAILED": "The document is not valid GraphQL syntax.",
    "GRAPHQL_VALIDATION_FAILED": "The document does not match the schema.",
    "UNAUTHENTICATED": "The request has no verified tenant.",
    "FORBIDDEN": "The question is to another user or group, whom the message names.",
    "THROTTLED": (
        "An AWS service is busy or did not respond. Nothing is half done. Repeat the request after"
        " `retryAfterSeconds`."
    ),
    "TEXT_UNAVAILABLE": (
        "A large text is missing from the bucket. Repeating the request does not help."
    ),
    "INTERNAL": "An internal error. The engine's logs have the details under the `requestId`.",
}
