"""`make demo` as a newcomer runs it, without a terminal to ask."""

import re
import socket
import subprocess
import sys


def test_the_demonstration_runs_a_session_to_its_end_on_a_server_of_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ai_coordination.local", "demo", "--port", str(port)]

    shown = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True
    ).stdout

    runs = re.findall(r"  (\w+) +attempt (\d) (\w+)(: .*)?$", shown, flags=re.MULTILINE)
    assert "There is no terminal to ask: approved." in shown
    assert "The session is COMPLETED" in shown
    assert sorted(runs) == [
        ("Mail", "1", "COMPLETED", ""),
        ("Offer", "1", "COMPLETED", ""),
        ("Prices", "1", "FAILED", ": The price list is locked"),
        ("Prices", "2", "COMPLETED", ""),
        ("Research", "1", "COMPLETED", ""),
        ("Terms", "1", "COMPLETED", ""),
    ]
