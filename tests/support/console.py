"""The console's source, and the GraphQL documents in it."""

import re
from collections.abc import Iterator
from pathlib import Path

from ai_coordination import console

STATIC = Path(console.__path__[0]) / "static"
# A call of the tag with a name, its text, and the fragments that it uses.
_DOCUMENT = re.compile(
    r"export const (?P<name>\w+) = graphql\("
    r"\s*`(?P<text>[^`]*)`(?:,\s*\[(?P<uses>[^\]]*)\])?,?\s*\)"
)


def scripts() -> list[Path]:
    """All scripts of the console but the vendored ones."""
    return [path for path in sorted(STATIC.rglob("*.js")) if "vendor" not in path.parts]


def source() -> str:
    return "\n".join(path.read_text("utf-8") for path in scripts())


def documents() -> dict[str, str]:
    """Each operation by its constant's name, with the fragments that it uses."""
    found = {one["name"]: one for one in _DOCUMENT.finditer(source())}

    def parts(name: str) -> Iterator[str]:
        yield name
        for used in re.findall(r"\w+", found[name]["uses"] or ""):
            yield from parts(used)

    texts = {
        name: "\n".join(found[one]["text"] for one in dict.fromkeys(parts(name))) for name in found
    }
    return {
        name: text
        for name, text in texts.items()
        if not found[name]["text"].lstrip().startswith("fragment")
    }
