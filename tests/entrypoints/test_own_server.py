"""The server that `make try` and `make demo` start for themselves."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

from ai_coordination.local.own_server import of_functions
from tests.support.local_server import command
from tests.support.ports import free_port

BLUEPRINT = """\
coordination:
  coordinationName: Own server
  agents:
    - agentName: Reader
      runtime: { kind: LAMBDA, target: agent-read }
task:
  taskName: Read
  agentActions: [{ agentUuid: Reader }]
"""


def written(folder: Path, agents: str) -> tuple[str, str]:
    """A blueprint with an agent, and the file of its functions."""
    (folder / "own.yaml").write_text(BLUEPRINT)
    (folder / "mine.py").write_text(agents)
    return str(folder / "own.yaml"), str(folder / "mine.py")


def test_only_what_functions_print_is_passed_on() -> None:
    printed = [
        "AI Coordination Engine\n",
        "         not of a function\n",
        "11:18:37 [mine.py] cannot be loaded\n",
        "         SyntaxError\n",
        "11:18:37 POST /graphql StartSession 200 21 ms\n",
        "         more of it\n",
        "11:18:38 [agent-critic] reads\n",
        '{"level":"WARNING"}\n',
        "11:18:38 Critic COMPLETED, attempt 1, 0.1 s\n",
    ]

    assert list(of_functions(printed)) == [printed[2], printed[3], printed[6]]


def test_what_functions_print_is_shown(tmp_path: Path) -> None:
    blueprint, agents = written(
        tmp_path, "def read(text):\n    print('reads', text)\n    return 'Read'\n"
    )

    ended = command(
        "try", blueprint, "--agents", agents, "--query", "tea", "--port", str(free_port())
    )

    lines = [line.partition(" [")[2] for line in ended.stdout.splitlines() if " [" in line]
    assert (ended.returncode, lines) == (0, ["agent-read] reads tea"])


def test_a_function_that_the_file_lacks_is_told_with_its_name_there(tmp_path: Path) -> None:
    blueprint, agents = written(tmp_path, "def read(): ...\n")

    ended = command("try", blueprint, "--agents", agents, "--port", str(free_port()))

    assert ended.returncode == 1
    assert "[mine.py] loaded: no agents\n           not agents: read." in ended.stdout
    assert ended.stdout.endswith(
        f"\nThe server has no function agent-read. In {agents} it would be `def read(text)`.\n"
    )


def test_a_server_that_cannot_start_says_why_and_nothing_is_waited_for(tmp_path: Path) -> None:
    blueprint, _ = written(tmp_path, "")

    ended = command("try", blueprint, "--agents", "nowhere.py", "--port", str(free_port()))

    assert ended.stderr == "There is no file nowhere.py\nSo no session was started\n"
    assert (ended.returncode, ended.stdout) == (1, "")


def test_a_session_is_not_looked_for_on_a_server_that_has_none(tmp_path: Path) -> None:
    blueprint, _ = written(tmp_path, "")
    port = free_port()

    ended = command("try", blueprint, "--session", "any", "--port", str(port))

    assert ended.stderr == (
        f"No server answers at http://127.0.0.1:{port}/graphql. "
        "`make run` starts the one that has kept the session\n"
    )
    assert (ended.returncode, ended.stdout) == (1, "")


def test_the_server_ends_with_a_command_that_is_terminated(tmp_path: Path) -> None:
    blueprint, agents = written(
        tmp_path, "import time\ndef read(text):\n    print('begins')\n    time.sleep(600)\n"
    )
    port = free_port()
    arguments = ["try", blueprint, "--agents", agents, "--port", str(port)]
    program = [sys.executable, "-m", "ai_coordination.local", *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "begins" in line)
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()

    assert "You have stopped following the session." in rest
    assert process.returncode == 130
    with socket.create_server(("127.0.0.1", port)):
        pass  # The port is free again.
