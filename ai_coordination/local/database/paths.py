"""Paths into an item: reading what is there, and taking a part of an item."""

from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination.local.database.errors import Invalid
from ai_coordination.local.database.values import Item, Value

# An attribute's name, then names in maps and places in lists.
Path = tuple[str | int, ...]


def read(item: Item, path: Path) -> Value | None:
    """The value at a path, or None where there is none."""
    value = item.get(path[0])  # type: ignore[arg-type] # a path begins with a name
    for part in path[1:]:
        if value is None:
            return None
        value = _member(value, part)
    return value


def _member(value: Value, part: str | int) -> Value | None:
    if isinstance(part, int):
        elements: Sequence[Value] = value.get("L", ())
        return elements[part] if part < len(elements) else None
    members: Mapping[str, Value] = value.get("M", {})
    return members.get(part)


def shown(path: Path) -> str:
    """A path as errors show it: `[graph, [0], name]`."""
    parts = (f"[{part}]" if isinstance(part, int) else part for part in path)
    return f"[{', '.join(parts)}]"


def check_distinct(kind: str, paths: Sequence[Path]) -> None:
    """Raises Invalid where one path is a part of another, or both name the same place otherwise."""
    seen: dict[str | int, list[Path]] = {}
    for path in paths:
        for other in seen.setdefault(path[0], []):
            _check_pair(kind, other, path)
        seen[path[0]].append(path)


def _check_pair(kind: str, one: Path, other: Path) -> None:
    how = ""
    for left, right in zip(one, other, strict=False):
        if left != right:
            if isinstance(left, int) == isinstance(right, int):
                return
            how = "conflict"
            break
    raise Invalid(
        f"Invalid {kind}: Two document paths {how or 'overlap'} with each other; must remove or "
        f"rewrite one of these paths; path one: {shown(one)}, path two: {shown(other)}"
    )


def project(item: Item, paths: Sequence[Path]) -> dict[str, Value]:
    """The parts of an item that the paths name. Elements of a list keep their order, not places."""
    if all(len(path) == 1 for path in paths):
        names = [str(path[0]) for path in paths]
        return {name: item[name] for name in names if name in item}
    wanted: dict[Any, Any] = {}
    for path in paths:
        inner = wanted
        for step in path:
            inner = inner.setdefault(step, {})
    return {
        name: part
        for name, members in wanted.items()
        if name in item and (part := _part(item[name], members)) is not None
    }


def _part(value: Value, wanted: Mapping[Any, Any]) -> Value | None:
    """What is wanted of a value; all of it where no members are named."""
    if not wanted:
        return value
    parts = {
        key: part
        for key, members in wanted.items()
        if (inner := _member(value, key)) is not None
        and (part := _part(inner, members)) is not None
    }
    if not parts:
        return None
    if "L" in value:
        return {"L": [parts[place] for place in sorted(parts)]}
    return {"M": parts}
