"""MCP servers by the official SDKs. They write each call of a tool to their log."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.servers import BIN, HERE, MODULES, free_port, running

PYTHON, NODE = BIN / "python", shutil.which("node")
MODES = ("stateful", "stateless", "json")
WHY_NO_TYPESCRIPT = (
    None
    if NODE and (MODULES / "node_modules").exists()
    else "The TypeScript SDK needs Node.js with npm: install it, then make clean peers"
)


@contextmanager
def by_python(mode: str, log: Path, port: int | None = None) -> Iterator[str]:
    """The server by the Python SDK, once it takes connections, at its URL."""
    port = port or free_port()
    command = [str(PYTHON), str(HERE / "mcp_python.py"), mode, str(port)]
    with running(command, port, log) as url:
        yield f"{url}/mcp"


@contextmanager
def by_typescript(mode: str, log: Path) -> Iterator[str]:
    """The server by the TypeScript SDK, once it takes connections, at its URL."""
    assert NODE is not None
    port = free_port()
    script, modules = str(HERE / "mcp_typescript.mjs"), str(MODULES)
    with running([NODE, script, modules, mode, str(port)], port, log) as url:
        yield f"{url}/mcp"


def calls(log: Path) -> list[str]:
    """The tools that were called, each with its item, in order."""
    lines = log.read_text().splitlines()
    return [line.removeprefix("called ") for line in lines if line.startswith("called ")]
