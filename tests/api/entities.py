"""The kinds of entities: what their create mutations take, and what the API then returns."""

from dataclasses import dataclass, field
from typing import Any

from tests.support.world import World

Given = dict[str, Any]

INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
UUID_7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
VERSIONED = "version updatedBy createdAt updatedAt"
QUERIES = "subtaskQueries { agentUuid subtaskQuery }"
RULES = """
    predecessors primaryPath userInTheLoop timeoutSeconds answerTimeoutSeconds
    heartbeatSeconds
    retry { maxAttempts intervalSeconds backoffRate } onFailure maxTurns
    when input outputSchema delaySeconds forEach { items maxConcurrency toleratedFailures }
    repeat { until maxRounds } taskUuid delegatesTo
"""
NO_CONTROL_FLOW: Given = {
    **dict.fromkeys(("when", "input", "outputSchema", "forEach", "repeat", "taskUuid")),
    "delaySeconds": 0,
    "delegatesTo": [],
}
DEFAULT_RULES: Given = {
    "predecessors": [],
    "primaryPath": True,
    "userInTheLoop": None,
    "timeoutSeconds": 300,
    "answerTimeoutSeconds": None,
    "heartbeatSeconds": None,
    "retry": {"maxAttempts": 3, "intervalSeconds": 1.0, "backoffRate": 2.0},
    "onFailure": "FAIL_SESSION",
    "maxTurns": 10,
    **NO_CONTROL_FLOW,
}
# Not in the order of their uuids, and with everything that JSON can hold.
MEMBERS: list[Given] = [
    {
        "agentUuid": "zh",
        "agentName": "Übersetzer 中文 🦊",
        "agentDescription": "Translates.\nInto Chinese.",
        "runtime": {"kind": "LAMBDA", "target": "agent-zh:live", "parameters": None},
    },
    {
        "agentUuid": "Rag_1.x-2",
        "agentName": "Retrieval",
        "agentDescription": None,
        "runtime": {
            "kind": "ECHO",
            "target": None,
            "parameters": {"seconds": 1.5, "n": [1, -2.5e-7, True, None, {}, []], "ü": '"\\'},
        },
    },
    {
        "agentUuid": "person",
        "agentName": "p",
        "agentDescription": "",
        "runtime": {"kind": "EXTERNAL", "target": None, "parameters": "x"},
    },
]
# One agent has two queries.
SUBTASKS = [
    {"agentUuid": "rag", "subtaskQuery": "Find {what}"},
    {"agentUuid": "rag", "subtaskQuery": ""},
]
ACTIONS: list[Given] = [
    {
        "agentUuid": "zh",
        "predecessors": ["rag"],
        "primaryPath": False,
        "userInTheLoop": "APPROVAL",
        "timeoutSeconds": 31_536_000,
        "answerTimeoutSeconds": 1,
        "heartbeatSeconds": 30,
        "retry": {"maxAttempts": 100, "intervalSeconds": 0.25, "backoffRate": 1.5},
        "onFailure": "SKIP_SUCCESSORS",
        "maxTurns": 50,
        **NO_CONTROL_FLOW,
        "when": "outputs.rag.found",
        "input": "{found: outputs.rag}",
        "outputSchema": {"type": "array", "items": {"type": "string", "maxLength": 9}},
        "delaySeconds": 31_536_000,
        "forEach": {"items": "outputs.rag", "maxConcurrency": 2, "toleratedFailures": 0},
        "delegatesTo": ["rag"],
    },
    {
        **DEFAULT_RULES,
        "agentUuid": "rag",
        "userInTheLoop": "INPUT",
        "onFailure": "CONTINUE",
        "repeat": {"until": "outputs.rag.found", "maxRounds": 100},
    },
]
FILES = [
    {"name": "offer.pdf", "uri": "s3://files/offer.pdf", "mediaType": "application/pdf"},
    {"name": "notes", "uri": "https://example.com/notes", "mediaType": None},
]
LABELS = [{"key": "customer", "value": "ÄCME & Söhne"}, {"key": "a/b_c.d-1", "value": ""}]


@dataclass(frozen=True)
class Entity:
    """A kind of entity: what its mutations take, and what is then shown."""

    create: str
    # The entities that its create mutation must name, and those that it may.
    parents: tuple[str, ...]
    optional_parents: tuple[str, ...]
    selection: str
    # Everything that a create mutation takes; of that, the required part is named.
    given: Given
    required: tuple[str, ...]
    # Returned where the rest is null or left out.
    defaults: Given
    # What the engine sets.
    new: Given
    updates: list[Given] = field(default_factory=list)
    clearable: tuple[str, ...] = ()

    def minimum(self, world: World) -> Given:
        required = {name: self.given[name] for name in self.required}
        return {**world.key(*self.parents), **required}

    def maximum(self, world: World) -> Given:
        return {**world.key(*self.parents, *self.optional_parents), **self.given}


ENTITIES = {
    "coordination": Entity(
        "createCoordination",
        (),
        (),
        f"""partitionKey endpointId partId coordinationName coordinationDescription agents {{
            agentUuid agentName agentDescription runtime {{ kind target parameters }}
        }} {VERSIONED}""",
        {
            "coordinationName": "Offers",
            "coordinationDescription": "From a request to an offer",
            "agents": MEMBERS,
        },
        ("coordinationName",),
        {"coordinationDescription": None, "agents": []},
        {"partitionKey": "acme#sales", "endpointId": "acme", "partId": "sales", "version": 1},
        [
            {"coordinationName": "Orders"},
            {"coordinationDescription": "Other"},
            {"coordinationDescription": ""},
            {"agents": MEMBERS[::-1]},
            {"agents": []},
            {},
        ],
        ("coordinationDescription", "agents"),
    ),
    "task": Entity(
        "createTask",
        ("coordination",),
        (),
        f"""coordinationUuid partitionKey taskName taskDescription initialTaskQuery {QUERIES} output
        agentActions {{ agentUuid {RULES} }} budget {{ tokens dollars seconds }} {VERSIONED}""",
        {
            "taskName": "Translate",
            "taskDescription": "All of it",
            "initialTaskQuery": '{"what": "lamps"}',
            "subtaskQueries": SUBTASKS,
            "agentActions": ACTIONS,
            "output": "outputs",
            "budget": {"tokens": 1, "dollars": 2.5, "seconds": 2},
        },
        ("taskName",),
        {
            "taskDescription": None,
            "initialTaskQuery": None,
            "subtaskQueries": [],
            "agentActions": [],
            "output": None,
            "budget": None,
        },
        {"partitionKey": "acme#sales", "version": 1},
        [
            {"taskName": "Other"},
            {"taskDescription": ""},
            {"initialTaskQuery": "Lamps"},
            {"subtaskQueries": SUBTASKS[::-1]},
            {"agentActions": ACTIONS[::-1]},
            {"agentActions": []},
            {"subtaskQueries": []},
            {"output": "{all: outputs}"},
            {"taskName": "Other", "subtaskQueries": [], "agentActions": []},
            {"budget": {"tokens": 2_147_483_647, "dollars": None, "seconds": None}},
            {},
        ],
        (
            "taskDescription",
            "initialTaskQuery",
            "subtaskQueries",
            "agentActions",
            "output",
            "budget",
        ),
    ),
    "schedule": Entity(
        "createTaskSchedule",
        ("coordination", "task"),
        (),
        f"taskUuid coordinationUuid partitionKey schedule timezone status {VERSIONED}",
        {
            "schedule": "cron(0 8 ? * MON-FRI *)",
            "timezone": "Europe/Berlin",
            "status": "PAUSED",
        },
        ("schedule",),
        {"timezone": "UTC", "status": "ACTIVE"},
        {"partitionKey": "acme#sales", "version": 1},
        [
            {"schedule": "at(2099-12-31T23:59:59)"},
            {"timezone": "America/New_York"},
            {"status": "ACTIVE"},
            {"schedule": "rate(1 day)", "timezone": "UTC", "status": "ACTIVE"},
            {},
        ],
        ("timezone", "status"),
    ),
    "session": Entity(
        "createSession",
        ("coordination",),
        ("task",),
        f"""coordinationUuid partitionKey taskUuid scheduleUuid userId taskQuery
        inputFiles {{ name uri mediaType }} {QUERIES} budget {{ tokens dollars seconds }}
        labels {{ key value }} coordinationName taskName
        dollars status iterationCount logs {{ message }} startedAt finishedAt {VERSIONED}""",
        {
            "userId": "bob",
            "taskQuery": '{"what": "lamps"}',
            "inputFiles": FILES,
            "subtaskQueries": SUBTASKS,
            "labels": LABELS,
            "budget": {"tokens": 1, "dollars": 0.000001, "seconds": 31_622_400},
        },
        (),
        {
            "taskUuid": None,
            "userId": None,
            "taskQuery": None,
            "inputFiles": [],
            "subtaskQueries": [],
            "labels": [],
            "budget": None,
        },
        {
            "partitionKey": "acme#sales",
            "scheduleUuid": None,
            "coordinationName": None,
            "taskName": None,
            "status": "INITIAL",
            "dollars": None,
            "iterationCount": 0,
            "logs": [],
            "startedAt": None,
            "finishedAt": None,
            "version": 1,
        },
        [
            {"taskQuery": "Lamps"},
            {"inputFiles": FILES[::-1], "userId": "eve"},
            {"budget": {"tokens": None, "dollars": None, "seconds": 1}},
            {},
        ],
        ("userId", "taskQuery", "inputFiles", "subtaskQueries", "budget"),
    ),
    "agent": Entity(
        "createSessionAgent",
        ("coordination", "session"),
        (),
        f"""coordinationUuid sessionUuid agentUuid agentAction {{ {RULES} }}
        subtaskQuery userInput agentInput agentOutput notes inDegree state attempt deadlineAt
        agent {{ agentName }} currentRun {{ runUuid }} predecessorUuids successorUuids
        {VERSIONED}""",
        {
            "agentUuid": "no.such-member_1",
            "subtaskQuery": "Find {what}",
            "userInput": "Only lamps",
            "agentInput": '{"what": "lamps"}',
            "notes": "first of two",
        },
        ("agentUuid",),
        dict.fromkeys(("subtaskQuery", "userInput", "agentInput", "notes")),
        {
            "agentAction": DEFAULT_RULES,
            "agentOutput": None,
            "inDegree": 0,
            "state": "INITIAL",
            "attempt": 0,
            "deadlineAt": None,
            "agent": None,
            "currentRun": None,
            "predecessorUuids": [],
            "successorUuids": [],
            "version": 1,
        },
        [{"userInput": "All lamps", "agentInput": None}, {"notes": ""}, {}],
        ("userInput", "agentInput", "notes"),
    ),
    "run": Entity(
        "recordSessionRun",
        ("coordination", "session"),
        ("agent",),
        """coordinationUuid sessionUuid partitionKey sessionAgentUuid agentUuid threadUuid
        asyncTaskUuid attempt outcome notes finishedAt usage {
            inputTokens outputTokens cacheReadInputTokens cacheWriteInputTokens reasoningTokens
            model
        }
        updatedBy createdAt""",
        {
            "agentUuid": "rag",
            "threadUuid": "thread-1",
            "asyncTaskUuid": "task-1",
            "outcome": "TIMED_OUT",
            "notes": "too slow",
            "usage": {
                "inputTokens": 0,
                "outputTokens": 2_147_483_647,
                "cacheReadInputTokens": 0,
                "cacheWriteInputTokens": 1,
                "reasoningTokens": 2,
                "model": "nova",
            },
        },
        ("agentUuid",),
        {
            "sessionAgentUuid": None,
            **dict.fromkeys(("threadUuid", "asyncTaskUuid", "outcome", "notes", "usage")),
            "finishedAt": None,
        },
        {"partitionKey": "acme#sales", "attempt": 1},
    ),
}
