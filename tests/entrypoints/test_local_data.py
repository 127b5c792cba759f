"""The file in which the development server keeps its data outlives the server, killed or not."""

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.clients import TextBucket, clients
from ai_coordination.config import settings
from ai_coordination.local import sqlite, storage
from ai_coordination.local.sqlite import File
from tests.support.graph_api import mutation
from tests.support.local_server import LocalServer, running

SECONDS = 60.0
CHAIN = 12
KILLS = int(os.environ.get("KILLS", "50"))
SESSION = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status
    sessionAgents(first: 100) { nodes { agentUuid state attempt agentOutput } }
    sessionRuns(first: 100) { nodes { agentUuid attempt outcome } }
} }"""


def create(server: LocalServer, name: str, fields: str, **given: Any) -> Any:
    """What a mutation returns."""
    kind = name[0].upper() + name[1:]
    answer = server.graphql(mutation(name, f"{kind}Input", fields), input=given)
    return answer["data"][name]


def start_chain(server: LocalServer) -> dict[str, str]:
    """A session of agents that echo, one after another; every third one takes its time."""
    members = [
        {
            "agentUuid": f"a{number}",
            "agentName": f"A{number}",
            "runtime": {"kind": "ECHO", "parameters": {"seconds": 0.1 * (number % 3 == 2)}},
        }
        for number in range(CHAIN)
    ]
    actions = [
        {"agentUuid": f"a{number}", "predecessors": [f"a{number - 1}"] if number else []}
        for number in range(CHAIN)
    ]
    fields = "coordination { coordinationUuid }"
    made = create(server, "createCoordination", fields, coordinationName="C", agents=members)
    key = made["coordination"]
    fields = "task { coordinationUuid taskUuid }"
    task = create(server, "createTask", fields, **key, taskName="T", agentActions=actions)["task"]
    fields = "session { coordinationUuid sessionUuid }"
    started = create(server, "startSession", fields, **task, taskQuery="What?")["session"]
    return {"c": started["coordinationUuid"], "s": started["sessionUuid"]}


def ended(server: LocalServer, key: dict[str, str]) -> Any:
    """The session once it has ended."""
    ends_at = time.monotonic() + SECONDS
    while time.monotonic() < ends_at:
        session = server.graphql(SESSION, **key)["data"]["session"]
        if session["status"] != "IN_PROGRESS":
            return session
        time.sleep(0.05)
    raise AssertionError(f"the session has not ended: {session}")


def check_whole(session: Any) -> None:
    """Every agent has completed once, with the output that it would have had without a crash."""
    assert session["status"] == "COMPLETED"
    names = {f"a{number}" for number in range(CHAIN)}
    agents = session["sessionAgents"]["nodes"]
    assert {agent["agentUuid"] for agent in agents} == names
    assert {(agent["state"], agent["attempt"]) for agent in agents} == {("COMPLETED", 1)}
    assert all(agent["agentOutput"] for agent in agents)
    runs = session["sessionRuns"]["nodes"]
    assert sorted((run["agentUuid"], run["attempt"], run["outcome"]) for run in runs) == [
        (name, 1, "COMPLETED") for name in sorted(names)
    ]


def kill_after(server: LocalServer, steps: int) -> None:
    """Kill a server when it has printed that so many steps have ended."""
    assert server.process.stdout is not None
    for line in server.process.stdout:
        steps -= "COMPLETED" in line
        if steps <= 0:
            break
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(SECONDS)


def test_a_session_goes_on_where_a_killed_server_left_it(tmp_path: Path) -> None:
    data = str(tmp_path / "deep" / "engine.db")
    with running("--data", data) as server:
        key = start_chain(server)
        kill_after(server, 4)

    with running("--data", data) as server:
        session = ended(server, key)

    assert f"in the file {data}" in server.banner
    check_whole(session)


@pytest.mark.stress
def test_a_session_survives_a_server_that_is_killed_at_any_moment(tmp_path: Path) -> None:
    data, chance = str(tmp_path / "engine.db"), random.Random(17)
    keys = []
    for _ in range(KILLS):
        with running("--data", data) as server:
            keys.append(start_chain(server))
            time.sleep(chance.random() * 0.8)
            server.process.kill()
            server.process.wait(SECONDS)

    with running("--data", data) as server:
        for key in keys:
            check_whole(ended(server, key))


def open_and_close(data: str) -> None:
    with storage.opened(aws=False, data=data):
        pass


def test_another_server_cannot_use_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_SECONDS", 0.01)
    data = tmp_path / "engine.db"
    file = File(str(data))

    with pytest.raises(storage.StorageUnavailable, match="another process uses it"):
        open_and_close(str(data))
    file.close()


def test_a_file_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(storage.StorageUnavailable) as refused:
        open_and_close(str(tmp_path))

    assert str(refused.value) == (
        f"Cannot keep data in {tmp_path}: it is a folder, or its folder may not be written to. "
        "Choose another file with DATA= or --data; :memory: keeps nothing"
    )


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"x" * 200])
def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, content: bytes) -> None:
    data = tmp_path / "notes.txt"
    data.write_bytes(content)

    with pytest.raises(storage.StorageUnavailable, match="Cannot keep data in"):
        open_and_close(str(data))

    assert data.read_bytes() == content


def test_messages_texts_and_schedules_are_there_after_a_restart(tmp_path: Path) -> None:
    data, text = str(tmp_path / "engine.db"), "x" * 5_000
    with storage.opened(aws=False, data=data):
        url, group = settings().required_queue_url(), settings().schedule_group
        clients("sqs").send_message(QueueUrl=url, MessageBody="late", DelaySeconds=600)
        clients("sqs").send_message(QueueUrl=url, MessageBody="begun")
        clients("sqs").receive_message(QueueUrl=url, VisibilityTimeout=600)
        TextBucket(storage.BUCKET_NAME).put("a/b", text)
        clients("scheduler").create_schedule(
            Name="s",
            GroupName=group,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": "arn:aws:lambda:eu-central-1:1:function:f",
                "RoleArn": "r",
                "Input": "{}",
            },
        )

    with storage.opened(aws=False, data=data) as where:
        received = clients("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        schedules = clients("scheduler").list_schedules(GroupName=group)["Schedules"]
        kept = TextBucket(storage.BUCKET_NAME).get("a/b")

    # The delayed message is not yet there; the one that was received is, since its worker is gone.
    assert [message["Body"] for message in received["Messages"]] == ["begun"]
    assert [schedule["Name"] for schedule in schedules] == ["s"]
    assert kept == text
    assert where == f"in the file {data} (resuming interrupted work: 1)"
