"""Write data that makes reading as expensive as a tenant can make it."""

import threading

# mypy: allow-untyped-calls
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any

from botocore.config import Config

from ai_coordination import ids, models
from ai_coordination.caller import Caller
from ai_coordination.context import InvocationContext
from ai_coordination.models.fast.client import new_client
from ai_coordination.states import SessionAgentState, SessionStatus

CALLER = Caller("acme", "hostile", "mallory", "request-1", context=InvocationContext())
TENANT = CALLER.partition_key
NOW = CALLER.context.now()
OF_A_BATCH = 25

MANY = 1_000
EDGES = 499
LIST = 100
HEAVY = 20
# A text of 4,096 bytes is still stored in its item.
INSIDE = "x" * 4_000
LARGE = 2 * 1024 * 1024
# Fires on the leap days that are Mondays: the next but one is 28 or 40 years away.
RARE = "cron(0 0 ? 2 2#5 *)"


def common(**more: Any) -> dict[str, Any]:
    """Return the attributes that every entity has."""
    return {
        "partition_key": TENANT,
        "created_at": NOW,
        "updated_at": NOW,
        "updated_by": "mallory",
        **more,
    }


def action(**more: Any) -> models.AgentAction:
    return models.AgentAction(**more)


def member(number: int) -> models.Agent:
    runtime = models.AgentRuntime(kind="ECHO", target=None, parameters={"a": [[1, 2]] * 10})
    return models.Agent(agent_uuid=f"a{number}", agent_name=f"A{number}", runtime=runtime)


def coordination(members: int) -> models.Coordination:
    return models.Coordination(
        coordination_uuid=InvocationContext().new_uuid(),
        endpoint_id=CALLER.endpoint_id,
        part_id=CALLER.part_id,
        coordination_name="Hostile",
        folded_name="hostile",
        agents=[member(number) for number in range(members)],
        **common(),
    )


def task(of: str) -> models.Task:
    """Return 1,000 actions with as many predecessors as fit into 400 KB."""
    actions = {
        f"a{number}": action(
            agent_uuid=f"a{number}",
            predecessors=[f"a{other}" for other in range(max(0, number - 20), number)],
        )
        for number in range(MANY)
    }
    return models.Task(
        coordination_uuid=of,
        task_uuid=InvocationContext().new_uuid(),
        task_name="Hostile",
        agent_actions=actions,
        **common(),
    )


def schedule(of: str, task_uuid: str, number: int) -> models.TaskSchedule:
    return models.TaskSchedule(
        coordination_uuid=of,
        task_uuid=task_uuid,
        schedule_uuid=InvocationContext().new_uuid(),
        schedule=RARE.replace("0 0", f"{number % 60} {number // 60}"),
        timezone="Europe/Berlin",
        status="active",
        token="t",
        counts_from=NOW,
        **common(),
    )


def session(of: str, **more: Any) -> models.Session:
    return models.Session(
        coordination_uuid=of,
        session_uuid=InvocationContext().new_uuid(),
        status=SessionStatus.COMPLETED.value,
        **common(**more),
    )


def full_session(of: str) -> models.Session:
    """Return a session with 1,000 files, 1,000 subtask queries and a full log."""
    entry = models.LogEntry(at=NOW, level="info", message="x")
    return session(
        of,
        input_files=[models.InputFile(name="a", uri="s3:a") for _ in range(MANY)],
        subtask_queries=[models.SubtaskQuery(agent_uuid="a", subtask_query="x")] * MANY,
        logs=[entry] * 100,
    )


def agents(of: models.Session, texts: str | int, edges: int = 0) -> Iterator[models.SessionAgent]:
    """1,000 agents in two layers; `texts` is one, or the size of each of their large ones."""
    for number in range(MANY):
        first = number < MANY // 2
        others = list(range(MANY // 2, MANY // 2 + edges) if first else range(edges))
        text = texts if isinstance(texts, str) else large(of, number, texts)
        yield models.SessionAgent(
            session_uuid=of.session_uuid,
            session_agent_uuid=ids.session_agent_uuid(of.session_uuid, number),
            coordination_uuid=of.coordination_uuid,
            agent_uuid=f"a{number}",
            member=models.Agent(agent_name="A", runtime=models.AgentRuntime(kind="ECHO")),
            agent_action=action(),
            ordinal=number,
            predecessors=None if first else others or None,
            successors=others or None if first else None,
            state=SessionAgentState.COMPLETED.value,
            subtask_query=text,
            agent_input=text,
            agent_output=text,
            **common(),
        )


def large(of: models.Session, number: int, size: int) -> models.LargeText:
    """Return a reference to a text whose key ends with its size, which `bucket` can serve."""
    return models.LargeText(of.session_uuid, f"{number:054d}{size:010d}", size)


def runs(of: models.Session) -> Iterator[models.SessionRun]:
    for number in range(3 * MANY):
        yield models.SessionRun(
            session_uuid=of.session_uuid,
            run_uuid=InvocationContext().new_uuid(),
            coordination_uuid=of.coordination_uuid,
            agent_uuid=f"a{number % MANY}",
            session_agent_uuid=ids.session_agent_uuid(of.session_uuid, number % MANY),
            outcome="completed",
            partition_key=TENANT,
            created_at=NOW,
            finished_at=NOW,
        )


def put(entities: Iterable[models.Entity]) -> None:
    """Write items directly, without the engine's checks."""
    # Patient: DynamoDB Local takes its time for so many.
    client = new_client(Config(read_timeout=120, parameter_validation=False))
    waiting = iter(entities)
    while part := list(islice(waiting, OF_A_BATCH)):
        tables: dict[str, list[Any]] = {}
        for entity in part:
            request = {"PutRequest": {"Item": entity.serialize()}}
            tables.setdefault(entity.Meta.table_name, []).append(request)
        left: Any = tables
        while left:
            answer = client.batch_write_item(RequestItems=left)
            left = answer.get("UnprocessedItems")


def made() -> dict[str, str]:
    """Create all data. Returns the UUIDs for the queries."""
    big, small, full, wide = (coordination(size) for size in (MANY, 1, 1, 1))
    entities: list[models.Entity] = [big, small, full, wide]
    entities += [coordination(MANY) for _ in range(HEAVY)]
    tasks = [task(big.coordination_uuid) for _ in range(HEAVY)]
    first = tasks[0].task_uuid
    entities += [schedule(big.coordination_uuid, first, number) for number in range(LIST)]
    entities += [session(small.coordination_uuid, task_query=INSIDE) for _ in range(MANY)]
    entities += [full_session(full.coordination_uuid) for _ in range(LIST)]
    wide_ones = [session(wide.coordination_uuid, graph_size=MANY) for _ in range(10)]
    put([*entities, *tasks, *wide_ones])
    crowded, texts, megabytes = (
        session(small.coordination_uuid, graph_size=MANY, agent_count=MANY) for _ in range(3)
    )
    put([crowded, texts, megabytes])
    put(agents(crowded, INSIDE, EDGES))
    put(agents(texts, 4_100))
    put(agents(megabytes, LARGE))
    put(runs(crowded))
    for one in wide_ones:
        put(agents(one, "x"))
    return {
        "big": big.coordination_uuid,
        "small": small.coordination_uuid,
        "full": full.coordination_uuid,
        "wide": wide.coordination_uuid,
        "task": first,
        "crowded": crowded.session_uuid,
        "texts": texts.session_uuid,
        "megabytes": megabytes.session_uuid,
    }


class _Bucket(BaseHTTPRequestHandler):
    """Responds to any key with the number of bytes that its name ends with."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size = int(self.path.split("?")[0][-10:])
        self.send_response(200)
        self.send_header("content-length", str(size))
        self.end_headers()
        self.wfile.write(b"x" * size)

    def log_message(self, *_: Any) -> None:
        pass


def bucket() -> str:
    """Run a substitute for S3 in a thread. Yields its endpoint."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
