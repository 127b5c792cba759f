"""Attempts of one tenant to stop the work of the others, by what it stores and requests."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.clients import TextBucket
from ai_coordination.config import settings
from ai_coordination.engine.session.operation import Operation
from ai_coordination.errors import EngineError
from ai_coordination.models import connection, due_times, sizes
from tests.dynamodb_local.queue import Queue
from tests.support.graph_api import ask, mutation

Item = dict[str, Any]

LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
LARGEST_ITEM = sizes.LARGEST_ITEM_BYTES
# Of what is due an item gets some bytes more: a count, a time, a lease, an entry of the log.
ROOM = (0, 1, 11, 12, 60, 100, 300, 2_000)
CODES = {
    "BAD_USER_INPUT",
    "CONFLICT",
    "HAS_CHILDREN",
    "INVALID_STATE",
    "NOT_FOUND",
    "PAYLOAD_TOO_LARGE",
    "QUERY_TOO_COMPLEX",
    "TEXT_UNAVAILABLE",
    "THROTTLED",
    "GRAPHQL_VALIDATION_FAILED",
    "GRAPHQL_PARSE_FAILED",
}


class Attacker:
    """A tenant that uses the API, the bucket that it shares, and items of version 0.1.0."""

    def __init__(self, caller: Caller, queue: Queue) -> None:
        self.caller = caller
        self.queue = queue

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """A result. It may be an error, but none that wakes the operator."""
        try:
            result = ask(document, variables, self.caller)
        except EngineError as refused:
            # Before anything is executed; the transports answer with its code.
            result = {"errors": [{"extensions": refused.extensions}]}
        codes = {error["extensions"]["code"] for error in result.get("errors", ())}
        assert codes <= CODES, (document[:100], codes)
        return result

    def tell(self, name: str, given: Mapping[str, Any], selection: str = "__typename") -> Any:
        """Return the answer of a mutation, or None if it is refused."""
        document = mutation(name, f"{name[0].upper()}{name[1:]}Input", selection)
        return (self.ask(document, input=given).get("data") or {}).get(name)

    def coordination(self, agents: list[Item]) -> str | None:
        given = {"coordinationName": "Hostile", "agents": agents}
        made = self.tell("createCoordination", given, "coordination { coordinationUuid }")
        return made and str(made["coordination"]["coordinationUuid"])

    def start(
        self, agents: list[Item], actions: list[Item] | None = None, **more: Any
    ) -> dict[str, str] | None:
        """The key of a session that has been started; None where anything was refused."""
        coordination = self.coordination(agents)
        if coordination is None:
            return None
        key = {"coordinationUuid": coordination}
        given = {**key, "taskName": "Hostile", "agentActions": actions or []}
        task = self.tell("createTask", given, "task { taskUuid }")
        if task is None:
            return None
        given = {**key, "taskUuid": task["task"]["taskUuid"], **more}
        made = self.tell("startSession", given, "session { sessionUuid }")
        return made and {**key, "sessionUuid": str(made["session"]["sessionUuid"])}

    def started(self, agents: list[Item], **more: Any) -> dict[str, str]:
        """The same, of what must not be refused."""
        key = self.start(agents, **more)
        assert key is not None
        return key

    def agents_of(self, key: Mapping[str, str]) -> list[Item]:
        table = models.SessionAgent.Meta.table_name
        return list(connection.query(table, key["sessionUuid"])["Items"])

    def session_of(self, key: Mapping[str, str]) -> Item:
        table = models.Session.Meta.table_name
        asked = {one: {"S": key[two]} for one, two in SESSION_KEY.items()}
        return dict(connection.client.get_item(TableName=table, Key=asked)["Item"])


SESSION_KEY = {"coordination_uuid": "coordinationUuid", "session_uuid": "sessionUuid"}


def put(kind: type[models.Entity], item: Item) -> None:
    connection.client.put_item(TableName=kind.Meta.table_name, Item=item)


def member(name: str, kind: str = "EXTERNAL", parameters: Any = None, **more: Any) -> Item:
    runtime = {"kind": kind, "parameters": parameters, **more}
    return {"agentUuid": name, "agentName": name, "runtime": runtime}


def is_due(item: Item) -> Item:
    shard = due_times.shard(item["session_uuid"]["S"])
    return {**item, "due_shard": {"S": shard}, "due_at": {"S": LONG_AGO}}


def with_member(item: Item, kind: str, parameters: Any) -> Item:
    """An agent with a member of its own, as version 0.1.0 has stored it."""
    runtime = {"kind": {"S": kind}, "parameters": {"S": json.dumps(parameters)}}
    if kind == "lambda":
        runtime["target"] = {"S": "agent-writer"}
    return {**item, "agent": {"M": {"agent_name": {"S": "A"}, "runtime": {"M": runtime}}}}


def filled(item: Item, room: int) -> Item:
    """The same as a due item of which so many bytes are left."""
    item = is_due(with_member(item, "external", ""))
    missing = LARGEST_ITEM - room - sizes.of_item(item)
    return with_member(item, "external", "x" * missing)


def agents_that_are_full(attacker: Attacker) -> None:
    """Due to be started, to time out, to ask and to release, with no byte left to say so."""
    for room in ROOM:
        for state in ("initial", "in_progress", "waiting_for_input", "completed", "failed"):
            key = attacker.started([member("a")], taskQuery="x")
            (item,) = attacker.agents_of(key)
            item = {
                **item,
                "state": {"S": state},
                "deadline_at": {"S": LONG_AGO},
                "current_run_uuid": {"S": key["sessionUuid"]},
            }
            put(models.SessionAgent, filled(item, room))


def sessions_that_are_full(attacker: Attacker) -> None:
    """To be started, ended, retried and dispatched, with no byte left to say so."""
    for room in ROOM:
        for doing in Operation:
            item = is_due(attacker.session_of(attacker.started([member("a")], taskQuery="x")))
            item = {**item, "doing": {"S": doing.value}, "graph": {"S": ""}}
            missing = LARGEST_ITEM - room - sizes.of_item(item)
            put(models.Session, {**item, "graph": {"S": "x" * missing}})


def rows_that_no_version_has_written(attacker: Attacker) -> None:
    """Items that cannot be read, or make no sense."""
    for name in ("state", "agent", "agent_action", "ordinal", "iteration", "coordination_uuid"):
        key = attacker.started([member("a")], taskQuery="x")
        (item,) = attacker.agents_of(key)
        values: list[Any] = [{"S": "bogus"}, {"M": {}}, None]
        for wrong in values:
            changed = is_due({**item, name: wrong})
            put(models.SessionAgent, {one: value for one, value in changed.items() if value})
    for doing in ("bogus", "start", "retry", "dispatch"):
        item = is_due(attacker.session_of(attacker.started([member("a")], taskQuery="x")))
        put(models.Session, {**item, "doing": {"S": doing}, "graph": {"S": "no graph"}})


def variables_that_explode(attacker: Attacker) -> None:
    bomb, value = "{x}" * 2_000, json.dumps({"x": "x" * 1_000_000})
    queries = [{"agentUuid": "a", "subtaskQuery": bomb}] * 3
    assert attacker.start([member("a")], taskQuery=value, subtaskQueries=queries) is None
    coordination = attacker.coordination([member("a")])
    given = {"coordinationUuid": coordination, "taskQuery": value}
    made = attacker.tell("createSession", given, "session { sessionUuid }")
    key = {"coordinationUuid": coordination, **made["session"]}
    given = {**key, "agentUuid": "a", "subtaskQuery": bomb}
    assert attacker.tell("createSessionAgent", given) is not None
    assert attacker.tell("dispatchSession", key) is None


POISON: list[tuple[str, Any]] = [
    ("echo", {"fail": {"attempts": "x"}}),
    ("echo", {"fail": {"attempts": None}}),
    ("echo", {"fail": {"attempts": [1]}}),
    ("echo", {"fail": {"notes": {"a": 1}}}),
    ("echo", {"seconds": "x"}),
    ("echo", {"seconds": 1e308}),
    ("echo", {"seconds": -1}),
    ("echo", {"seconds": True}),
    ("echo", [1]),
    ("echo", "x"),
    ("lambda", {"invocation": "bogus"}),
    ("lambda", {"invocation": ["RequestResponse"]}),
    ("lambda", {"invocation": {}}),
    ("lambda", 7),
    ("bogus", {}),
    ("external", [[[]]]),
]


def parameters_that_are_none(attacker: Attacker) -> None:
    """Parameters that are refused today, as an earlier version stored them."""
    for kind, parameters in POISON:
        key = attacker.started([member("a")], taskQuery="x")
        (item,) = attacker.agents_of(key)
        put(models.SessionAgent, is_due(with_member(item, kind, parameters)))
        more = {"target": "agent-writer"} if kind == "lambda" else {}
        if kind != "bogus":
            attacker.start([member("a", kind.upper(), parameters, **more)], taskQuery="x")


def members_of_50_kb(attacker: Attacker) -> None:
    for count in (5, 90):
        agents = [member(f"a{number}", "ECHO", {"p": "x" * 50_000}) for number in range(count)]
        attacker.start(agents, taskQuery="x")
    text = json.dumps({"x": "\\" * 1_000_000})
    attacker.start([member("a", "ECHO", {"p": "\x01" * 290_000})], taskQuery=text)


def sessions_that_hardly_end(attacker: Attacker) -> None:
    """Their files leave no room; then they are cancelled, and fail."""
    for bytes_ in (290, 298, 340, 396):
        files = [{"name": "a", "uri": f"s3://b/{'x' * 1_000}"}] * bytes_
        key = attacker.start([member("a", "ECHO", {"fail": "no"})], inputFiles=files)
        if key:
            attacker.tell("cancelSession", {**key, "reason": "x" * 5_000})


def joins_that_are_wide(attacker: Attacker) -> None:
    end = member("end", "LAMBDA", target="agent-writer")
    queries = [{"agentUuid": "a", "subtaskQuery": "\x01" * 4_000}] * 60
    attacker.started(
        [member("a", "ECHO"), end],
        actions=[{"agentUuid": "a"}, {"agentUuid": "end", "predecessors": ["a"]}],
        subtaskQueries=[*queries, {"agentUuid": "end", "subtaskQuery": "x"}],
    )


def texts_that_are_lost(attacker: Attacker) -> None:
    endpoint_id = attacker.caller.endpoint_id
    for kind in ("ECHO", "EXTERNAL"):
        attacker.started([member("a", kind)], taskQuery="x" * 100_000)
    TextBucket(str(settings().texts_bucket)).delete_all(f"{endpoint_id}/")


def attempts_without_a_pause(attacker: Attacker) -> None:
    retry = {"maxAttempts": 100, "intervalSeconds": 0}
    agents = [member(f"a{number}", "ECHO", {"fail": "no"}) for number in range(20)]
    actions = [{"agentUuid": one["agentUuid"], "retry": retry} for one in agents]
    attacker.started(agents, actions=actions, taskQuery="x")


def hundreds_that_are_due(attacker: Attacker) -> None:
    """More rows of each shard than a sweep reads at once, were they all in one."""
    for _ in range(3):
        key = attacker.started([member(f"a{number}") for number in range(70)], taskQuery="x")
        for item in attacker.agents_of(key):
            put(models.SessionAgent, is_due(item))


def messages_that_are_none(attacker: Attacker) -> None:
    """Messages that another version of the engine has sent."""
    key = attacker.started([member("a")], taskQuery="x")
    place = {
        "tenant": attacker.caller.partition_key,
        "session": key["sessionUuid"],
        "coordination": key["coordinationUuid"],
    }
    bodies: list[Any] = [None, 7, "x", [], {}, {"kind": "agent"}, {"kind": "bogus", **place}]
    for kind in ("agent", "session", "texts", "echo"):
        bodies += [
            {"kind": kind},
            {"kind": kind, **place},
            {"kind": kind, **place, "agent": key["sessionUuid"], "iteration": 10**400},
            {"kind": kind, **place, "agent": "x" * 3_000, "iteration": -1, "delay": "x"},
            {"kind": kind, **place, "agent": key["sessionUuid"], "iteration": 1, "due": {"a": 1}},
        ]
    attacker.queue.bodies += [*map(json.dumps, bodies), "", "{", "[" * 100_000, "\ud800"]


def queries_that_are_dear(attacker: Attacker) -> None:
    agents = [member(f"a{number}") for number in range(20)]
    actions = [
        {"agentUuid": f"a{number}", "predecessors": [f"a{one}" for one in range(number)]}
        for number in range(20)
    ]
    key = attacker.started(agents, actions=actions, taskQuery="x" * 100_000)
    given = {"c": key["coordinationUuid"], "s": key["sessionUuid"]}
    for document in _dear():
        attacker.ask(document, **given)


def _dear() -> Iterator[str]:
    def aliases(count: int, field: str) -> str:
        return " ".join(f"f{number}: {field}" for number in range(count))

    def of_session(selection: str) -> str:
        session = f"session(coordinationUuid: $c, sessionUuid: $s) {{ {selection} }}"
        return f"query ($c: ID!, $s: ID!) {{ {session} }}"

    empty = 'sessions(coordinationUuid: $c, first: 100, filter: {status: [FAILED], userId: "x"})'
    yield of_session(aliases(1_300, "taskQuery"))
    yield of_session(
        f"sessionAgents(first: 100) {{ nodes {{ {aliases(190, 'successorUuids')} }} }}"
    )
    yield of_session(aliases(300, "subtaskQueries { subtaskQuery }"))
    yield of_session(aliases(100, "mermaid"))
    yield of_session(aliases(3, "sessionAgents(first: 100) { nodes { agentInput subtaskQuery } }"))
    yield f"query ($c: ID!) {{ {aliases(230, empty + ' { nodes { status } }')} }}"
    yield f"{{ {aliases(500, 'coordinations(first: 100) { nodes { agents { agentName } } }')} }}"
    yield "{" * 5_000
    yield f"query {{ {'coordinations { nodes { ' * 40}"
    yield "query { " + "x" * 400_000 + " }"


def strangers_keys(attacker: Attacker) -> None:
    """Keys out of bounds, and uuids that are not its own."""
    key = attacker.started([member("a")], taskQuery="x" * 5_000)
    long = "\U0001f600" * 256
    attacker.tell("createCoordination", {"coordinationName": long, "idempotencyKey": long})
    attacker.tell("createSession", {**key, "userId": long, "idempotencyKey": long})
    for place in attacker.queue.others:
        session = dict(zip(("coordinationUuid", "sessionUuid"), place, strict=True))
        for name in ("deleteSession", "cancelSession", "retrySession", "dispatchSession"):
            assert attacker.tell(name, session) is None
            assert (
                attacker.tell(name, {**session, "coordinationUuid": key["coordinationUuid"]})
                is None
            )
    for cursor in ("", "x" * 3_000, "e30=", "\x00"):
        document = "query ($a: String) { sessions(after: $a) { nodes { status } } }"
        attacker.ask(document, a=cursor)


ATTACKS: dict[str, Callable[[Attacker], None]] = {
    attack.__name__: attack
    for attack in (
        agents_that_are_full,
        sessions_that_are_full,
        rows_that_no_version_has_written,
        variables_that_explode,
        parameters_that_are_none,
        members_of_50_kb,
        sessions_that_hardly_end,
        joins_that_are_wide,
        texts_that_are_lost,
        attempts_without_a_pause,
        hundreds_that_are_due,
        messages_that_are_none,
        queries_that_are_dear,
        strangers_keys,
    )
}
