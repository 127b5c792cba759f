"""The tools of one agent: collected from its parameters, with distinct names, and called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from ai_coordination.context import InvocationContext
from ai_coordination.runtimes.base import Call, Reply, RunFailed
from ai_coordination.runtimes.tools import delegate_tool, tool_calls
from ai_coordination.runtimes.tools.ask_user import AskUser
from ai_coordination.runtimes.tools.conversation import (
    Asked,
    Outcome,
    Tool,
    ToolCall,
    ToolResult,
    Use,
)
from ai_coordination.runtimes.tools.delegate_tool import DelegateTool
from ai_coordination.runtimes.tools.lambda_tool import LambdaTool
from ai_coordination.runtimes.tools.mcp_tools import McpTools
from ai_coordination.runtimes.tools.names import Names
from ai_coordination.runtimes.tools.tool_calls import Timed

MOST_TOOLS: Final = 128
DEFAULT_TIMEOUT_SECONDS: Final = 60
# Less than a worker keeps for its own writes after a call.
CLOSE_SECONDS: Final = 2.0


class Toolbox:
    """The tools of one agent, for one invocation."""

    def __init__(
        self,
        tools: Sequence[Tool],
        context: InvocationContext,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        close: Callable[[], None] = lambda: None,
        reserved: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`close` ends what the tools have begun."""
        self._tools = {tool.spec.name: tool for tool in tools}
        self._context = context
        self._timeout_seconds = timeout_seconds
        self.specs = [tool.spec for tool in tools]
        self.close = close
        self._reserved = reserved

    def delegates(self, call: ToolCall) -> bool:
        """Whether the tool delegates work to another agent."""
        return isinstance(self._tools.get(call.name), DelegateTool)

    def ends_the_turn(self, call: ToolCall) -> bool:
        """Whether the tool does nothing but ask a person or delegate."""
        return isinstance(self._tools.get(call.name), AskUser | DelegateTool)

    def call(self, call: ToolCall, key: str, ends_at: InvocationContext) -> Timed:
        """The outcome of a call. Whatever is wrong with it is an error of the tool."""
        return self._timed(call, key, ends_at, lambda tool, use, given: tool.call(given, use))

    def resume(
        self,
        call: ToolCall,
        key: str,
        ends_at: InvocationContext,
        asked: Mapping[str, Any],
        reply: Reply | None,
    ) -> Timed:
        """The outcome of a call that has asked a person. Without a reply it asks again."""

        def resumed(tool: Tool, use: Use, given: Mapping[str, Any]) -> Outcome:
            if reply is None:
                return Asked(asked["text"], asked["state"], asked["form"])
            return tool.resume(given, use, asked["state"], reply)

        return self._timed(call, key, ends_at, resumed)

    def _timed(
        self,
        call: ToolCall,
        key: str,
        ends_at: InvocationContext,
        work: Callable[[Tool, Use, Mapping[str, Any]], Outcome],
    ) -> Timed:
        def outcome() -> Outcome:
            tool = self._tools.get(call.name)
            if call.name in self._reserved:
                return ToolResult.of(self._reserved[call.name], is_error=True)
            if tool is None:
                known = ", ".join(self._tools)
                return ToolResult.of(f"There is no such tool. There are {known}", is_error=True)
            if call.arguments is None:
                return ToolResult.of("The arguments are not a JSON object", is_error=True)
            seconds = min(self._timeout_seconds, ends_at.seconds_left())
            return work(tool, Use(key, self._context.within(seconds)), call.arguments)

        return tool_calls.timed(self._context, outcome, is_known=call.name in self._tools)


def toolbox_of(
    call: Call,
    parameters: Mapping[str, Any],
    ends_at: InvocationContext,
    reserved: Mapping[str, str] = MappingProxyType({}),
) -> Toolbox:
    """The tools that an agent's parameters name, and those by which it delegates.

    Raises RunFailed if a server lists none.

    `reserved` are names that no tool has here, and what a model is told that calls one.
    """
    given = parameters.get("tools", ())
    timeout = float(parameters.get("toolTimeoutSeconds", DEFAULT_TIMEOUT_SECONDS))
    tools: list[Tool] = [LambdaTool(call, one) for one in given if "lambda" in one]
    if parameters.get("askUser"):
        tools.append(AskUser())
    names = Names([*reserved, *(tool.spec.name for tool in tools)])
    tools += delegate_tool.tools_of(call.delegates, names)
    servers = [McpTools(call, one) for one in given if "mcp" in one]
    try:
        for server in servers:
            tools += server.tools(names, min(timeout, ends_at.seconds_left()))
        if len(tools) > MOST_TOOLS:
            notes = f"A model has at most {MOST_TOOLS} tools, and this has {len(tools)}: use `only`"
            raise RunFailed(notes, retryable=False)
    except BaseException:
        _close(servers, call.context)
        raise
    close = partial(_close, servers, call.context)
    return Toolbox(tools, call.context, timeout, close, reserved)


def _close(servers: Iterable[McpTools], context: InvocationContext) -> None:
    """End the sessions with servers. The run's result waits for it, so all have one short time."""
    ends_at = context.within(CLOSE_SECONDS)
    for server in servers:
        server.close(ends_at)
