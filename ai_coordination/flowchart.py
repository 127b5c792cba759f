"""Mermaid flowcharts: boxes, groups of boxes, and edges between both."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

MAX_LABEL_CHARACTERS: Final = 80


class Box(NamedTuple):
    """A node of a flowchart."""

    name: str
    state: str | None = None
    """Determines the colour."""
    user_in_the_loop: str | None = None
    """If set, the node is a hexagon that shows it."""
    primary_path: bool = True
    """If false, edges to this node are dotted."""
    notes: Sequence[str] = ()
    """What is shown behind the name."""


@dataclass(eq=False, slots=True)
class Group:
    """A frame around boxes, and around other groups."""

    number: int
    title: str
    boxes: list[int] = field(default_factory=list)
    """Indexes of the boxes that are in it, and in no group inside it."""
    groups: list["Group"] = field(default_factory=list)


# The index of a box, or a group.
Part = int | Group

COLOURS: Final = {
    "initial": "fill:#f3f4f6,stroke:#9ca3af,color:#111827",
    "in_progress": "fill:#dbeafe,stroke:#2563eb,color:#111827",
    "waiting_for_input": "fill:#fef3c7,stroke:#d97706,color:#111827",
    "completed": "fill:#d1fae5,stroke:#059669,color:#111827",
    "failed": "fill:#fee2e2,stroke:#dc2626,color:#111827",
    "skipped": "fill:#f3f4f6,stroke:#9ca3af,color:#6b7280,stroke-dasharray:4 4",
    "cancelled": "fill:#e5e7eb,stroke:#4b5563,color:#374151",
}


def mermaid(
    boxes: Sequence[Box],
    edges: Iterable[tuple[Part, Part]],
    direction: Literal["TD", "LR"] = "TD",
    groups: Sequence[Group] = (),
) -> str:
    """Return a Mermaid flowchart. Duplicate edges are ignored.

    `groups` are those that are in no other group. A box that is in none of them is drawn first.
    """
    states = dict.fromkeys(box.state for box in boxes if box.state in COLOURS)
    grouped = {index for group in groups for index in _inside(group)}
    lines = [
        f"flowchart {direction}",
        *(_draw(index, box) for index, box in enumerate(boxes) if index not in grouped),
        *(line for group in groups for line in _frame(group, boxes)),
        *(_edge(boxes, source, target) for source, target in dict.fromkeys(edges)),
        *(f"classDef {state} {COLOURS[state]}" for state in states if state),
    ]
    return "\n    ".join(lines) + "\n"


def _inside(group: Group) -> Iterator[int]:
    yield from group.boxes
    for inner in group.groups:
        yield from _inside(inner)


def _frame(group: Group, boxes: Sequence[Box]) -> Iterator[str]:
    yield f'subgraph {_name(group)}["{escaped(group.title)}"]'
    for index in group.boxes:
        yield f"    {_draw(index, boxes[index])}"
    for inner in group.groups:
        yield from (f"    {line}" for line in _frame(inner, boxes))
    yield "end"


def _name(part: Part) -> str:
    return f"g{part.number}" if isinstance(part, Group) else f"n{part}"


def _edge(boxes: Sequence[Box], source: Part, target: Part) -> str:
    is_solid = isinstance(target, Group) or boxes[target].primary_path
    return f"{_name(source)} {'-->' if is_solid else '-.->'} {_name(target)}"


def _draw(index: int, box: Box) -> str:
    asked = () if box.user_in_the_loop is None else (box.user_in_the_loop,)
    notes = "#59; ".join(escaped(note) for note in (*asked, *box.notes))
    label = escaped(box.name) + (f" #40;{notes}#41;" if notes else "")
    colour = f":::{box.state}" if box.state in COLOURS else ""
    return f'n{index}{{{{"{label}"}}}}{colour}' if asked else f'n{index}["{label}"]{colour}'


# Mermaid interprets quotes, markdown, HTML, directives and comments even inside a quoted label, and
# treats a line that contains "direction LR" as a statement. Letters, digits and other single spaces
# are safe.
_UNSAFE: Final = re.compile(r"[^\w ]|_|(?<=direction) ")


def escaped(text: str) -> str:
    """Escape a text for a quoted Mermaid label. The result is one line of bounded length."""
    line = " ".join(text.split()) or "?"
    if len(line) > MAX_LABEL_CHARACTERS:
        line = line[: MAX_LABEL_CHARACTERS - 1] + "…"
    return _UNSAFE.sub(lambda unsafe: f"#{ord(unsafe[0])};", line)
