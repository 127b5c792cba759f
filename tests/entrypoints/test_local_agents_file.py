"""The Python file of `make run AGENTS=`: its processes, and a file that cannot be loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ai_coordination.local.functions.agents_file import AgentsFile
from ai_coordination.local.functions.instance import CHILD


def agents_file(file: Path, seconds: float = 60.0) -> AgentsFile:
    return AgentsFile(
        file,
        lambda name, text: None,
        python=sys.executable,
        environment={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        prefix="agent-",
        seconds=seconds,
    )


def test_a_function_that_takes_too_long_is_ended_and_the_next_call_works(tmp_path: Path) -> None:
    file = tmp_path / "slow.py"
    file.write_text("def wait(text):\n    while text: pass\n    return 'done'\n")
    agents = agents_file(file, seconds=2.0)

    late = agents.call("agent-wait", '{"agentInput": "x"}', "r-1")
    done = agents.call("agent-wait", '{"agentInput": ""}', "r-2")
    agents.close()

    assert late is not None
    assert late.failed
    assert json.loads(late.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r-1 Error: Task timed out after 2.00 seconds",
    }
    assert done is not None
    assert (done.payload, done.failed) == (b'"done"', False)


STARTING = """import os, subprocess

def start(text):
    subprocess.Popen(["sh", "-c", "sleep 20; echo survived"], stdout=os.open({pipe!r}, os.O_WRONLY))
    {ends}
"""


def open_pipe(path: Path) -> int:
    """Open it without waiting for somebody who writes: a process may be ended before it does."""
    os.mkfifo(path)
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def written(pipe: int) -> str:
    """What was written to a pipe, once all processes have ended that could write to it."""
    os.set_blocking(pipe, True)
    with open(pipe, encoding="utf-8") as reader:
        return reader.read()


@pytest.mark.parametrize(
    ("ends", "seconds", "error"),
    [("while True: pass", 1.0, "Sandbox.Timedout"), ("os._exit(3)", 60.0, "Runtime.ExitError")],
)
def test_what_a_function_has_started_ends_with_its_process(
    tmp_path: Path, ends: str, seconds: float, error: str
) -> None:
    pipe = open_pipe(tmp_path / "pipe")
    file = tmp_path / "starting.py"
    file.write_text(STARTING.format(pipe=str(tmp_path / "pipe"), ends=ends))
    agents = agents_file(file, seconds=seconds)

    result = agents.call("agent-start", '{"agentInput": "x"}', "r-1")
    agents.close()

    assert written(pipe) == ""
    assert result is not None
    assert json.loads(result.payload)["errorType"] == error


FORKING = """import os

{at_load}

def fork(text):
    copy = os.fork()
    if copy == 0:
        {does}
    os.waitpid(copy, 0)
    return "original"

def other(text):
    return text
"""


@pytest.mark.parametrize(
    ("at_load", "does"),
    [
        ("", "return 'copy'"),
        ("", "raise ValueError"),
        ("", "raise SystemExit"),
        ("copy = os.fork()\nif copy: os.waitpid(copy, 0)", "os._exit(0)"),
    ],
)
def test_a_forked_copy_answers_no_call(tmp_path: Path, at_load: str, does: str) -> None:
    file = tmp_path / "forking.py"
    file.write_text(FORKING.format(at_load=at_load, does=does))
    agents = agents_file(file)

    calls = [("agent-fork", "a"), ("agent-other", "b"), ("agent-fork", "c"), ("agent-other", "d")]
    results = [agents.call(name, json.dumps({"agentInput": text}), text) for name, text in calls]
    agents.close()

    assert [result and json.loads(result.payload) for result in results] == [
        "original",
        "b",
        "original",
        "d",
    ]


def test_what_a_function_has_started_ends_with_the_server(tmp_path: Path) -> None:
    pipe = open_pipe(tmp_path / "pipe")
    file = tmp_path / "starting.py"
    file.write_text(STARTING.format(pipe=str(tmp_path / "pipe"), ends="return text"))
    call = {"function": "start", "name": "agent-start", "payload": '{"agentInput": "x"}'}
    request = json.dumps({**call, "requestId": "r-1", "seconds": 60.0})
    process = subprocess.Popen(
        [sys.executable, str(CHILD), str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request.encode() + b"\n")
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in ("loaded", "called")]

    process.stdin.close()

    assert written(pipe) == ""
    assert answers[1] == {"value": '"x"'}
    process.stdout.close()
    process.wait()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import sys; sys.exit(2)", "Runtime.ExitError"),
        ("import nowhere_at_all", "ModuleNotFoundError"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_file_that_cannot_be_loaded_fails_each_call(
    tmp_path: Path, code: str, error: str
) -> None:
    file = tmp_path / "broken.py"
    file.write_text(code)
    agents = agents_file(file)

    result = agents.call("agent-any", "{}", "r-1")
    agents.close()

    assert (agents.names(), agents.has("agent-any")) == ([], True)
    assert result is not None
    assert json.loads(result.payload)["errorType"] == error


def test_a_public_function_that_is_no_agent_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "def none(): ...\ndef one(text): ...\ndef three(a, b, c): ...\ndef _own(): ...\n"
    )
    agents = agents_file(file)

    told = agents.description()
    agents.close()

    assert told == (
        "loaded: agent-one\nnot agents: none, three. "
        "An agent has one parameter, its input, or two, event and context"
    )
    assert agents.has_others()


@pytest.mark.parametrize(
    ("code", "told", "has_others"),
    [
        ("def one(text): ...", "loaded: agent-one", False),
        ("from os.path import join", "loaded: no agents", True),
    ],
)
def test_a_file_without_agents_is_told(
    tmp_path: Path, code: str, told: str, has_others: bool
) -> None:
    (tmp_path / "mine.py").write_text(code)
    agents = agents_file(tmp_path / "mine.py")

    agents.close()

    assert (agents.description(), agents.has_others()) == (told, has_others)


def test_a_module_next_to_the_file_is_watched_too(tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("WORD = 'old'\n")
    file = tmp_path / "speaking.py"
    file.write_text("from words import WORD\n\ndef speak(text):\n    return WORD\n")
    agents = agents_file(file)
    before = agents.call("agent-speak", "{}", "r-1")

    (tmp_path / "words.py").write_text("WORD = 'new'\n")
    after = agents.call("agent-speak", '{"agentInput": null}', "r-2")
    agents.close()

    assert before is not None
    assert after is not None
    assert (before.failed, after.payload) == (True, b'"new"')
