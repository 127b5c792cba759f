"""Random control flow: conditions, delays, maps, loops, sub-tasks and delegations.

What an expression should give is known here too, by other means than JMESPath.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as some

from ai_coordination.states import FailurePolicy

MOST_SUBTASKS = 2
# Most sessions should last until they grow.
POLICIES = [*FailurePolicy, FailurePolicy.CONTINUE, FailurePolicy.CONTINUE]
# Which settings are drawn.
DRAWN = frozenset(
    {
        "when",
        "input",
        "output_schema",
        "delay_seconds",
        "for_each",
        "repeat",
        "task_uuid",
        "delegates_to",
    }
)
# The second one is so large that items only name it.
SCHEMAS = [
    {"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"], **more}
    for more in ({}, {"description": "Whether it is done. " * 100})
]


def _is_done(value: Any) -> bool:
    return isinstance(value, dict) and value.get("done") is True


def fits(output: str) -> bool:
    """Whether an output is what all schemas here want."""
    try:
        value = json.loads(output)
    except ValueError:
        return False
    return isinstance(value, dict) and isinstance(value.get("done"), bool)


UNTIL_DONE = "contains(values(outputs)[?type(@) == 'object'][].done, `true`)"
UNTIL_APPROVED = "contains(values(answers)[].approved, `true`)"
# By the number of the round, the outputs of its last agents by name, and whether each is approved.
UNTILS: Mapping[str, Callable[[int, Sequence[Any], Sequence[bool | None]], bool]] = {
    "round >= `2`": lambda number, outputs, approved: number >= 2,
    "`false`": lambda number, outputs, approved: False,
    UNTIL_DONE: lambda number, outputs, approved: any(map(_is_done, outputs)),
    UNTIL_APPROVED: lambda number, outputs, approved: True in approved,
}
# How an agent has ended, the value of its output, and whether a person has approved it.
Ended = tuple[str, Any, bool | None]
# Of several agents with one name there are lists, which equal no text and have no members.
WHENS: Mapping[str, Callable[[list[Ended]], bool]] = {
    "states.\"{}\" == 'COMPLETED'": lambda of: [state for state, *_ in of] == ["completed"],
    "states.\"{}\" != 'FAILED'": lambda of: [state for state, *_ in of] != ["failed"],
    'answers."{}".approved': lambda of: len(of) == 1 and of[0][2] is True,
    'outputs."{}".done': lambda of: len(of) == 1 and _is_done(of[0][1]),
    # It fails, unless it is null: no output is true or false.
    'outputs."{}"': lambda of: len(of) != 1 or of[0][1] is not None,
}
FAILING = 'outputs."{}"'
LISTS = ["`[]`", "`[1]`", '`[1, {"x": 2}, "c"]`', "`[1, 2, 3, 4]`", "`[[1], null, true, 4, 5]`"]
NO_LIST = "`5`"


@dataclass(frozen=True)
class Subtask:
    """A task that others run. Their actions name it by its place among all."""

    actions: list[dict[str, Any]]


@some.composite
def flows(
    draw: some.DrawFn, actions: list[dict[str, Any]], names: list[str]
) -> tuple[list[dict[str, Any]], list[Subtask]]:
    """Add control flow to the actions of a task. Return them, and its sub-tasks."""
    subtasks: list[Subtask] = []
    for depth in range(draw(some.sampled_from([0, 1, 1, MOST_SUBTASKS]))):
        members = draw(members_of(names))
        of_task = [
            {
                "agent_uuid": name,
                "predecessors": [one for one in members[:place] if draw(some.booleans())],
                "retry": {"max_attempts": draw(some.integers(1, 2)), "interval_seconds": 0},
                "on_failure": draw(some.sampled_from(POLICIES)),
            }
            for place, name in enumerate(members)
        ]
        # A map of maps is large enough.
        rules = DRAWN if depth == 0 else DRAWN - {"for_each"}
        with_flow = [draw(flow_of(one, names, depth, rules, rarely=True)) for one in of_task]
        subtasks.append(Subtask(with_flow))
    lasting = [{**one, "on_failure": draw(some.sampled_from(POLICIES))} for one in actions]
    chosen = [draw(flow_of(one, names, len(subtasks), DRAWN)) for one in lasting]
    return chosen, subtasks


def members_of(names: list[str]) -> some.SearchStrategy[list[str]]:
    """Some of these, each once."""
    return some.lists(some.sampled_from(names), min_size=1, max_size=3, unique=True)


@some.composite
def flow_of(
    draw: some.DrawFn,
    action: dict[str, Any],
    names: list[str],
    subtasks: int,
    rules: frozenset[str],
    *,
    rarely: bool = False,
) -> dict[str, Any]:
    """Add control flow to an action."""
    if draw(some.integers(0, 9)) < (6 if rarely else 4):
        return action
    name, before = action["agent_uuid"], action["predecessors"]
    flow: dict[str, Any] = {
        "when": draw(some.one_of(some.none(), some.sampled_from(_whens(before)))),
        "input": draw(some.sampled_from([None, None, "query", "{said: outputs, told: states}"])),
        "output_schema": draw(some.sampled_from([None] * 8 + SCHEMAS)),
        "delay_seconds": draw(some.sampled_from([0, 0, 0, 1, 100, 4_000])),
    }
    rule = draw(some.sampled_from(["none", "each", "each", "repeat", "task", "task"]))
    if rule == "each":
        lists = [*LISTS, NO_LIST] if draw(some.integers(0, 4)) == 0 else LISTS
        flow["for_each"] = {
            "items": draw(some.sampled_from([*lists, *_lists_of(before)])),
            "max_concurrency": draw(some.sampled_from([None, None, 1, 2])),
            "tolerated_failures": draw(some.sampled_from([None, 0, 1, 9])),
        }
    elif rule == "repeat":
        flow["repeat"] = {
            "until": draw(some.sampled_from(list(UNTILS))),
            "max_rounds": draw(some.integers(1, 3)),
        }
    if subtasks and (rule == "task" or draw(some.integers(0, 2)) == 0):
        flow["task_uuid"] = draw(some.integers(0, subtasks - 1))
    others = [one for one in names if one != name]
    delegates: bool = draw(some.booleans())
    if others and delegates:
        flow["delegates_to"] = draw(members_of(others))
    return {**action, **{rule: value for rule, value in flow.items() if rule in rules}}


def _whens(before: Sequence[str]) -> list[str]:
    found = ["`true`", "`true`", "`true`", "`false`"] if not before else []
    return found + [when.format(name) for name in before for when in WHENS]


def may_run(when: str, before: Mapping[str, list[Ended]]) -> bool:
    """Whether a condition holds or fails, by the states and the output values of predecessors."""
    if when in ("`true`", "`false`"):
        return when == "`true`"
    kind, name = _kind_of(when, before)
    return WHENS[kind](before[name])


def fails(when: str, before: Mapping[str, list[Ended]]) -> bool:
    """Whether a condition that does not skip its agent fails it."""
    return when not in ("`true`", "`false`") and _kind_of(when, before)[0] == FAILING


def _kind_of(when: str, before: Mapping[str, Any]) -> tuple[str, str]:
    """What a condition is made of: its form, and the agent that it names."""
    return next((kind, name) for kind in WHENS for name in before if kind.format(name) == when)


def _lists_of(before: Sequence[str]) -> list[str]:
    return [f'outputs."{name}".list || `[7, 8, 9]`' for name in before]
