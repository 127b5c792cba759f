"""README.md in its parts, for the tests that hold it against the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")


def texts(language: str) -> list[str]:
    """The blocks of a language, in their order."""
    return [text for written_in, text in BLOCKS if written_in == language]


def table(heading: str) -> dict[str, list[str]]:
    """The first table of a section: the cells of each row by its first, which may name several."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {name: rest for first, *rest in rows for name in CODE.findall(first) or [first]}
