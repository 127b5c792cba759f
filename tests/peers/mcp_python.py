"""An MCP server by the official Python SDK, until killed. It runs in the environment of peers."""

import asyncio
import sys
from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import Elicit, Resolve
from pydantic import BaseModel

server = MCPServer("stock", instructions="Stock of the warehouse")
ordered: list[str] = []


class Amount(BaseModel):
    """What a person is asked."""

    pieces: int


def note_call(tool: str, item: str) -> None:
    """Write the call to the log, where a test counts it."""
    sys.stderr.write(f"called {tool} {item}\n")


def how_many(item: str) -> Elicit[Amount]:
    return Elicit(f"How many {item}?", Amount)


@server.tool()
def stock(item: str) -> dict[str, int]:
    """Pieces of an item in stock."""
    note_call("stock", item)
    return {"pieces": len(item) * 10}


@server.tool()
def broken(item: str) -> str:
    """Always fails."""
    raise ToolError(f"no such item: {item}")


@server.tool()
async def slow(seconds: float, context: Context) -> str:
    """Takes its time, and says so."""
    for step in range(int(seconds * 10)):
        await context.report_progress(step, seconds * 10, "working")
        await asyncio.sleep(0.1)
    return "done"


@server.tool()
def order(item: str, amount: Annotated[Amount, Resolve(how_many)]) -> str:
    """Order an item, having asked how many pieces."""
    note_call("order", item)
    ordered.append(item)
    return f"ordered {amount.pieces} {item}, order {len(ordered)}"


if __name__ == "__main__":
    mode, port = sys.argv[1:]
    server.run(
        "streamable-http",
        port=int(port),
        stateless_http=mode != "stateful",
        json_response=mode == "json",
    )
