"""The pages of the documentation in their parts, to compare them with the code.

A page is README.md, another file of the root, or a file of docs/. Its parts are its fenced blocks
and its tables.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _BLOCK.sub("", self.text)

    @cached_property
    def blocks(self) -> list[tuple[str, str]]:
        """The fenced blocks in their order: language and text."""
        return _BLOCK.findall(self.text)

    def texts(self, language: str) -> list[str]:
        """The blocks of one language, in their order."""
        return [text for written_in, text in self.blocks if written_in == language]

    def table(self, heading: str | None = None) -> list[list[str]]:
        """The rows of the page's first table, or of the first one below a heading."""
        text = self.prose.split(f"\n## {heading}\n")[1].split("\n## ")[0] if heading else self.prose
        (first, *_) = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
        lines = first.splitlines()[2:]
        return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]

    def rows(self, heading: str | None = None) -> dict[str, list[str]]:
        """The cells of each row by what its first cell names, which may be several things."""
        return {
            name: rest
            for first, *rest in self.table(heading)
            for name in CODE.findall(first) or [first]
        }

    @cached_property
    def links(self) -> list[str]:
        """The targets of the links to other files, and of those within the page."""
        return [one for one in _LINK.findall(self.prose) if not one.startswith(("http", "mailto"))]

    @cached_property
    def anchors(self) -> set[str]:
        """What a link can lead to within the page."""
        headings = re.findall(r"^##+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def page(name: str) -> Page:
    """A page of docs/ by its path there, without the suffix."""
    return Page(ROOT / "docs" / f"{name}.md")


README = Page(ROOT / "README.md")
# The reference of GraphQL is made by `make docs`, and tested by itself.
GENERATED = ROOT / "docs" / "reference" / "graphql"
PAGES = [
    *(Page(ROOT / f"{name}.md") for name in ("README", "CONTRIBUTING", "AGENTS", "SECURITY")),
    *(Page(path) for path in sorted(ROOT.glob("docs/**/*.md")) if path.parent != GENERATED),
]


def name_of(one: Page) -> str:
    """A page's path in the repository: the name of its test."""
    return str(one.path.relative_to(ROOT))


def example(text: str) -> dict[str, Any]:
    """What a block of Python defines."""
    defined: dict[str, Any] = {"__name__": "example"}
    exec(compile(text, "example.py", "exec"), defined)
    return defined
