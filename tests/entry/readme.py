"""README.md and docs/agents.md in their parts, for the tests that hold them against the code."""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
AGENTS = (ROOT / "docs" / "agents.md").read_text()
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = _BLOCK.findall(README)
CODE = re.compile(r"`([^`\n]+)`")


def texts(language: str, document: str = README) -> list[str]:
    """The blocks of a language, in their order."""
    return [text for written_in, text in _BLOCK.findall(document) if written_in == language]


def example(text: str) -> dict[str, Any]:
    """What a block of Python defines."""
    defined: dict[str, Any] = {"__name__": "example"}
    exec(compile(text, "example.py", "exec"), defined)
    return defined


def table(heading: str) -> dict[str, list[str]]:
    """The first table of a section: the cells of each row by its first, which may name several."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {name: rest for first, *rest in rows for name in CODE.findall(first) or [first]}
