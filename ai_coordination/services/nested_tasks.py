"""The tasks that a task runs as sub-tasks, those that these run, and so on."""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Final

from ai_coordination import graph, models
from ai_coordination.context import InvocationContext
from ai_coordination.errors import BadUserInput
from ai_coordination.models import reads, sizes

DEEPEST: Final = 5
MOST_TASKS: Final = 100
# All tasks together, because they are in memory at once.
MOST_BYTES: Final = 5_000_000
# A task has up to 300 KB.
TASKS_OF_A_READ: Final = 10

Tasks = Mapping[str, models.Task]
# The tasks that each task runs.
Runs = Mapping[str, Sequence[str]]


def read(context: InvocationContext, task: models.Task) -> Tasks:
    """Return a task and all tasks below it, by UUID. Reads nothing if its actions name none.

    Raises BadUserInput at the action that leads to the problem: to a task that does not exist, that
    contains itself or that is nested too deeply, or to too many tasks; Throttled.
    """
    tasks = {task.task_uuid: task}
    room = MOST_BYTES
    for _ in range(DEEPEST + 1):
        found = _unread(tasks)
        if len(tasks) + len(found) > MOST_TASKS + 1:
            message = f"A task runs at most {MOST_TASKS} other tasks, those below them included"
            raise _problem(task, tasks, message, found[-1])
        for first in range(0, len(found), TASKS_OF_A_READ):
            batch = _batch(context, task, tasks, found[first : first + TASKS_OF_A_READ])
            tasks |= batch
            room -= sum(map(sizes.of_entity, batch.values()))
            if room < 0:
                message = f"The tasks that a task runs have at most {MOST_BYTES:,} bytes together"
                raise _problem(task, tasks, message, next(reversed(batch)))
    _check(task, tasks)
    return tasks


def _batch(
    context: InvocationContext, task: models.Task, tasks: Tasks, uuids: Sequence[str]
) -> dict[str, models.Task]:
    keys = [(models.Task, task.coordination_uuid, uuid) for uuid in uuids]
    rows = reads.batch_get(keys, tenant=task.partition_key, context=context)
    for uuid, row in zip(uuids, rows, strict=True):
        if row is None:
            raise _problem(task, tasks, f"The coordination has no task {uuid}", uuid)
    return dict(zip(uuids, rows, strict=True))


def sub_tasks(task: models.Task) -> list[str]:
    """Return the UUIDs of the tasks that a task's own actions run, each once."""
    named = (action.task_uuid for action in task.agent_actions.values())
    return list(dict.fromkeys(str(uuid) for uuid in named if uuid is not None))


def _runs(tasks: Tasks) -> Runs:
    return {uuid: sub_tasks(task) for uuid, task in tasks.items()}


def _unread(tasks: Tasks) -> list[str]:
    below = (uuid for uuids in _runs(tasks).values() for uuid in uuids)
    return [uuid for uuid in dict.fromkeys(below) if uuid not in tasks]


def _check(task: models.Task, tasks: Tasks) -> None:
    """Raise BadUserInput for a circle, or for a line of tasks that is too long."""
    runs = _runs(tasks)
    cycle = graph.find_cycle(runs)
    if cycle is not None:
        # Each task before the one that it runs, from the task itself on if it is among them.
        circle = cycle[:0:-1]
        first = circle.index(task.task_uuid) if task.task_uuid in circle else 0
        circle = [*circle[first:], *circle[: first + 1]]
        message = f"These tasks contain each other: {_names(tasks, circle)}"
        raise _problem(task, tasks, message, circle[1])
    line = _longest_line(task.task_uuid, runs)
    if len(line) > DEEPEST + 1:
        message = f"Tasks are nested more than {DEEPEST} deep: {_names(tasks, line)}"
        raise _problem(task, tasks, message, line[1])


def _longest_line(uuid: str, runs: Runs) -> list[str]:
    """Return the longest line of tasks below a task, each before the one that it runs."""
    lines: dict[str, list[str]] = {}
    for each in TopologicalSorter(runs).static_order():
        longest = max((lines[below] for below in runs.get(each, ())), key=len, default=[])
        lines[each] = [each, *longest]
    return lines[uuid]


def _names(tasks: Tasks, uuids: Sequence[str]) -> str:
    known = (tasks[uuid].task_name if uuid in tasks else uuid for uuid in uuids)
    return " -> ".join(known)


def _problem(task: models.Task, tasks: Tasks, message: str, uuid: str) -> BadUserInput:
    """Return an error at the first action through which a task leads to the task `uuid`."""
    runs = _runs(tasks)
    for index, action in enumerate(task.agent_actions.values()):
        if action.task_uuid is not None and uuid in _reached(str(action.task_uuid), runs):
            return BadUserInput(message, "agent_actions", index, "task_uuid")
    return BadUserInput(message, "agent_actions")


def _reached(uuid: str, runs: Runs) -> set[str]:
    reached, pending = {uuid}, [uuid]
    while pending:
        below = [each for each in runs.get(pending.pop(), ()) if each not in reached]
        reached.update(below)
        pending += below
    return reached
