"""`make demo` as a newcomer runs it, without a terminal to ask."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ai_coordination.local import demo
from ai_coordination.local.client import Client
from ai_coordination.local.follow import Look, Place
from ai_coordination.local.own_server import Served
from tests.support.ports import free_port


def test_the_demonstration_runs_a_session_to_its_end_on_a_server_of_its_own() -> None:
    command = [sys.executable, "-m", "ai_coordination.local", "demo", "--port", str(free_port())]

    shown = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True
    ).stdout

    runs = re.findall(r"  (\w+) +attempt (\d) (\w+)(: .*)?$", shown, flags=re.MULTILINE)
    assert "Approved, because there is no terminal to ask on." in shown
    assert "The session is COMPLETED" in shown
    assert "http://" not in shown
    assert sorted(runs) == [
        ("Mail", "1", "COMPLETED", ""),
        ("Offer", "1", "COMPLETED", ""),
        ("Prices", "1", "FAILED", ": The price list is locked"),
        ("Prices", "2", "COMPLETED", ""),
        ("Research", "1", "COMPLETED", ""),
        ("Terms", "1", "COMPLETED", ""),
    ]


@pytest.mark.parametrize(
    ("is_own", "is_terminal", "said", "waits"),
    [
        (True, True, "until you press Ctrl-C", 1),
        (True, False, "`make run` starts a server that keeps running", 0),
        (False, True, "Open the session in the console", 0),
        (False, False, "Open the session in the console", 0),
    ],
)
def test_a_link_is_shown_only_as_long_as_it_opens(
    is_own: bool,
    is_terminal: bool,
    said: str,
    waits: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    waited: list[str] = []

    @contextmanager
    def served(port: int) -> Iterator[Served]:
        yield Served(f"http://127.0.0.1:{port}/graphql", is_own)
        waited.append("the server has stopped")

    def until_ctrl_c() -> None:
        waited.append("for Ctrl-C")
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "served", served)
    monkeypatch.setattr(demo, "run_session", lambda client: f"{client.url}#/x")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: is_terminal)
    monkeypatch.setattr(signal, "pause", until_ctrl_c)

    demo.demo(8111)

    printed = capsys.readouterr().out
    assert said in printed
    assert ("http://127.0.0.1:8111/graphql#/x" in printed) is (not is_own or is_terminal)
    assert waited == [*["for Ctrl-C"] * waits, "the server has stopped"]


def test_the_link_is_the_session_in_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "start", lambda client: Place("c", "s"))
    monkeypatch.setattr(demo, "follow", lambda *_: Look("COMPLETED", None, None, [], []))

    link = demo.run_session(Client("http://127.0.0.1:8111/graphql"))

    assert link == "http://127.0.0.1:8111/console/#/session/c/s"
