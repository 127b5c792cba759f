"""A blueprint file: its content, the positions of its values, and its problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Path = tuple[str | int, ...]

LONGEST_PATH = 12


class Place(NamedTuple):
    """A position in a file, counted from 1."""

    line: int
    column: int


class Problem(NamedTuple):
    """A problem of the file: the position, the path of the value, and a message."""

    place: Place
    path: Path
    message: str


class InvalidBlueprint(Exception):
    """The file is not a valid blueprint. The text has one line for each problem."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: problem.place)
        super().__init__("\n".join(line(file, problem) for problem in ordered))


def line(file: str, problem: Problem) -> str:
    """Format a problem for people: `offers.yaml:12:5: task.taskName: This must be text`."""
    where = f"{file}:{problem.place.line}:{problem.place.column}: "
    path = written(problem.path)
    return f"{where}{path}: {problem.message}" if path else f"{where}{problem.message}"


def written(path: Path) -> str:
    """Format a path for people: `task.agentActions[1].predecessors[0]`."""
    shown = path[:LONGEST_PATH]
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in shown)
    return "".join(parts).removeprefix(".") + ("…" if len(path) > len(shown) else "")


@dataclass(frozen=True)
class Blueprint:
    """A checked blueprint: the inputs of `createCoordination` and of `createTask` for each task.

    `tasks` lack the `coordinationUuid`. They are in an order in which each comes after those that
    it runs, which `task` of an action names by their `taskName`. Agents are named by their
    `agentUuid` everywhere. `places` has the position of each value of the file, and `paths` the
    path of each task. `started` is the name of the task that a session is started of.
    """

    file: str
    coordination: Mapping[str, Any]
    tasks: Sequence[Mapping[str, Any]]
    started: str
    places: Mapping[Path, Place]
    paths: Mapping[str, Path]

    @property
    def task(self) -> Mapping[str, Any]:
        """The task that a session is started of."""
        return next(task for task in self.tasks if task["taskName"] == self.started)

    @property
    def task_path(self) -> Path:
        """The path of the task that a session is started of."""
        return self.paths[self.started]

    def problem(self, message: str, path: Path) -> Problem:
        """Return a problem at a value or, if the file lacks it, at the nearest enclosing value."""
        around = (path[:length] for length in range(len(path), -1, -1))
        known = next(part for part in around if part in self.places)
        return Problem(self.places[known], path, message)
