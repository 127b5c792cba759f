"""Tools of MCP servers: listed once in some minutes, and called. They may ask a person."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ai_coordination import agent_hosts
from ai_coordination.clients.keys import Key
from ai_coordination.clients.mcp import (
    InputRequired,
    McpServer,
    ServersTool,
    StateExpired,
)
from ai_coordination.clients.mcp_session import McpFailed, Target
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes.base import Call, Reply, RunFailed
from ai_coordination.runtimes.tools import elicitation
from ai_coordination.runtimes.tools.conversation import Asked, Tool, ToolResult, ToolSpec, Use
from ai_coordination.runtimes.tools.elicitation import NotOffered, Questions
from ai_coordination.runtimes.tools.names import Names

KEPT_SECONDS: Final = 300.0
MOST_LISTS: Final = 200
# Of all lists together. In memory they take about seven times as much.
MOST_CHARACTERS_KEPT: Final = 4_000_000

ListKey = tuple[str, str, str | None]


class Lists:
    """The lists of tools that this process has read, each kept for some minutes."""

    def __init__(self) -> None:
        self._kept: dict[ListKey, tuple[float, Sequence[ServersTool]]] = {}
        self._size = 0
        self._lock = threading.Lock()

    def find(self, key: ListKey, now: float) -> Sequence[ServersTool] | None:
        """The tools, if they were listed in the last minutes."""
        with self._lock:
            until, tools = self._kept.get(key, (now, None))
        return tools if now < until else None

    def put(self, key: ListKey, tools: Sequence[ServersTool], now: float) -> None:
        """Keep a list. Forget all others if they are too large together."""
        size = sum(tool.size for tool in tools)
        with self._lock:
            self._size -= sum(tool.size for tool in self._kept.pop(key, (0.0, ()))[1])
            if self._size + size > MOST_CHARACTERS_KEPT or len(self._kept) >= MOST_LISTS:
                self._forget()
            self._size += size
            self._kept[key] = now + KEPT_SECONDS, tools

    def clear(self) -> None:
        """Forget all lists. For tests."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._kept.clear()
        self._size = 0


lists = Lists()


class McpTools:
    """One server of an agent's parameters."""

    def __init__(self, call: Call, given: Mapping[str, Any]) -> None:
        """Raises RunFailed if the function may not call the server."""
        self._call = call
        self._given = given
        self._server = agent_hosts.parse(given["mcp"])
        allowed = agent_hosts.find_allowed(self._server, settings().agent_hosts)
        if allowed is None:
            raise RunFailed("This function does not call hosts of tools", retryable=False)
        tenant = call.agent.partition_key
        secret = given.get("apiKeySecret")
        key = None if secret is None else Key(secret, tenant)
        self._list_key: ListKey = (tenant, given["mcp"], secret)
        self._mcp = McpServer(Target(self._server, allowed, key, call.context))

    def tools(self, names: Names, seconds: float) -> list[Tool]:
        """The tools that the agent has of this server. Raises RunFailed."""
        listed = self._listed(seconds)
        only = self._given.get("only")
        if only is not None:
            known = {tool.name: tool for tool in listed}
            missing = [name for name in only if name not in known]
            if missing:
                notes = f"The tool server {self._server.authority} has no tool {missing[0]!r}"
                raise RunFailed(notes, retryable=False)
            listed = [known[name] for name in only]
        prefix = self._given.get("prefix", "")
        return [McpTool(self._mcp, tool, names.take(tool.name, prefix)) for tool in listed]

    def close(self, ends_at: InvocationContext) -> None:
        """End the session with the server, if there is one and time is left."""
        self._mcp.close(ends_at)

    def _listed(self, seconds: float) -> Sequence[ServersTool]:
        kept = lists.find(self._list_key, self._call.context.monotonic())
        if kept is not None:
            return kept
        try:
            listed = self._mcp.tools(seconds)
        except McpFailed as failed:
            notes = f"The tools of {self._server.authority} could not be listed. {failed.notes}"
            raise RunFailed(notes, retryable=failed.retryable) from failed
        lists.put(self._list_key, listed, self._call.context.monotonic())
        return listed


class McpTool(Tool):
    """One tool of a server."""

    def __init__(self, server: McpServer, tool: ServersTool, name: str) -> None:
        super().__init__(ToolSpec(name, tool.description, tool.schema))
        self._server = server
        self._tool = tool

    def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult | Asked:
        return self._continue(arguments, use, Questions(), None)

    def resume(
        self, arguments: Mapping[str, Any], use: Use, state: Any, reply: Reply
    ) -> ToolResult | Asked:
        questions = Questions.of(state["questions"]).answered(reply)
        if asked := questions.next():
            return self._asked(asked, questions, state["state"])
        return self._continue(arguments, use, questions, state["state"])

    def _asked(self, asked: Asked, questions: Questions, state: str | None) -> Asked:
        return asked._replace(state={"questions": questions.to_json(), "state": state})

    def _continue(
        self,
        arguments: Mapping[str, Any],
        use: Use,
        questions: Questions,
        state: str | None,
    ) -> ToolResult | Asked:
        """Call the tool until it has a result, or asks what no person has answered yet.

        Servers forget their states after some minutes, and people take longer. Then the tool is
        called from its beginning, and gets the answers again where it asks the same.
        """
        try:
            for _ in range(elicitation.MOST_ROUNDS):
                try:
                    outcome = self._server.call(
                        self._tool,
                        arguments,
                        use.ends_at.seconds_left(),
                        responses=questions.responses(),
                        state=state,
                    )
                except StateExpired:
                    questions, state = questions.from_the_beginning(), None
                    continue
                if not isinstance(outcome, InputRequired):
                    return ToolResult.of(outcome.text, is_error=outcome.is_error)
                questions, state = questions.of_server(outcome.requests), outcome.state
                if asked := questions.next():
                    return self._asked(asked, questions, state)
        except (McpFailed, NotOffered) as failed:
            return ToolResult.of(failed.notes, is_error=True)
        return ToolResult.of("The tool asks the same again and again", is_error=True)
