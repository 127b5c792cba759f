"""The lists of MCP servers' tools that a worker keeps."""

import pytest

from ai_coordination.clients.mcp import ServersTool
from ai_coordination.runtimes.tools import mcp_tools
from ai_coordination.runtimes.tools.mcp_tools import Lists


def key(number: int) -> tuple[str, str, str | None]:
    return "acme#tea", f"https://{number}.example", None


def tool(characters: int) -> ServersTool:
    return ServersTool("x" * (characters - 2), "", {})


def test_lists_are_kept_for_five_minutes_until_they_are_too_large_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mcp_tools, "MOST_CHARACTERS_KEPT", 100)
    lists = Lists()
    for _ in range(5):
        lists.put(key(1), [tool(40)], 0)
    lists.put(key(2), [tool(60)], 0)
    assert [lists.find(key(1), 299.9), lists.find(key(2), 300)] == [[tool(40)], None]

    lists.put(key(3), [tool(41)], 0)

    assert [lists.find(key(one), 0) for one in (1, 2, 3)] == [None, None, [tool(41)]]


def test_a_worker_keeps_a_limited_number_of_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_tools, "MOST_LISTS", 2)
    lists = Lists()
    for number in range(3):
        lists.put(key(number), [], 0)

    assert [lists.find(key(number), 0) for number in range(3)] == [None, None, []]
