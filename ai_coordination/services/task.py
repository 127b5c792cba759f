"""Tasks: graphs of agents within a coordination."""

from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.models import reads
from ai_coordination.models.reads import Page, PageRequest
from ai_coordination.models.writes import Transaction
from ai_coordination.services import (
    action_texts,
    budgets,
    capacity,
    control_flow,
    counts,
    guards,
    idempotent_create,
    task_graph,
    validation,
    versioned_update,
)
from ai_coordination.services.agent_rules import build_action
from ai_coordination.services.fingerprints import MutationInput
from ai_coordination.services.versioned_update import ChangedSince

NOUN = "task"

Actions = dict[str, models.AgentAction]

# What is checked as a whole.
_GRAPH = frozenset({"subtask_queries", "agent_actions", "output"})


def create(
    caller: Caller,
    *,
    coordination_uuid: str,
    task_name: str,
    task_description: str | None = None,
    initial_task_query: str | None = None,
    subtask_queries: Sequence[Mapping[str, Any]] | None = None,
    agent_actions: Sequence[Mapping[str, Any]] | None = None,
    output: str | None = None,
    budget: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> models.Task:
    """Create a task. Its coordination must exist and its graph must be valid.

    Raises BadUserInput, PayloadTooLarge, NotFound for the coordination, Conflict, Throttled.
    """
    subtask_queries, agent_actions = subtask_queries or [], agent_actions or []
    mutation_input = MutationInput(
        "Task",
        "createTask",
        {
            "coordination_uuid": coordination_uuid,
            "task_name": task_name,
            "task_description": task_description,
            "initial_task_query": initial_task_query,
            "subtask_queries": subtask_queries,
            "agent_actions": agent_actions,
            "output": output,
            "budget": budget,
        },
    )

    def write() -> models.Task:
        now = caller.context.now()
        pending = action_texts.pending_of(caller, coordination_uuid)
        task = models.Task(
            coordination_uuid=validation.uuid(coordination_uuid, "coordination_uuid"),
            task_uuid=caller.context.new_uuid(),
            partition_key=caller.partition_key,
            task_name=validation.name(task_name, "task_name"),
            task_description=validation.text(task_description, "task_description"),
            initial_task_query=validation.text(initial_task_query, "initial_task_query"),
            subtask_queries=queries(subtask_queries, "subtask_queries"),
            agent_actions=_actions(pending, agent_actions, "agent_actions"),
            output=control_flow.expression(output, "output"),
            budget=budgets.build(budget),
            updated_by=caller.user_id,
            created_at=now,
            updated_at=now,
        )
        tenant = caller.partition_key
        coordination = reads.get(models.Coordination, tenant, coordination_uuid, tenant=tenant)
        if coordination is None:
            raise guards.not_found("coordination", "coordination_uuid")
        capacity.check(task)
        task_graph.check(caller, coordination, task)
        pending.write()
        return idempotent_create.commit(
            caller,
            task,
            idempotency_key,
            mutation_input,
            lambda transaction: count(transaction, task),
        )

    def count(transaction: Transaction, task: models.Task) -> None:
        one_more = models.ChildCounts.task_count.add(1)
        counts.count_child(transaction, caller, coordination_uuid, one_more, "coordination_uuid")
        counts.add_counter(transaction, task)

    return idempotent_create.run(caller, models.Task, idempotency_key, mutation_input, write)


def get(caller: Caller, coordination_uuid: str, task_uuid: str) -> models.Task | None:
    """Read a task consistently. Returns None if the tenant has no such task."""
    validation.uuid(coordination_uuid, "coordination_uuid")
    validation.uuid(task_uuid, "task_uuid")
    return reads.get(models.Task, coordination_uuid, task_uuid, tenant=caller.partition_key)


def page(caller: Caller, coordination_uuid: str, request: PageRequest) -> Page[models.Task]:
    """Read a page of the tasks of a coordination, in order of creation."""
    validation.uuid(coordination_uuid, "coordination_uuid")
    return reads.page(models.Task, coordination_uuid, request, tenant=caller.partition_key)


def update(
    caller: Caller,
    coordination_uuid: str,
    task_uuid: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> models.Task:
    """Change the given fields. None clears an optional field and empties a list.

    The graph and the expressions are checked as a whole: a change of a part reads the rest, and is
    written on condition that the task has not changed since.
    """
    validation.uuid(coordination_uuid, "coordination_uuid")
    validation.uuid(task_uuid, "task_uuid")
    validation.not_null(changes, "task_name")
    written: dict[str, Any] = {}
    pending = action_texts.pending_of(caller, coordination_uuid)
    if "task_name" in changes:
        written["task_name"] = validation.name(changes["task_name"], "task_name")
    for field in ("task_description", "initial_task_query"):
        if field in changes:
            written[field] = validation.text(changes[field], field)
    if "subtask_queries" in changes:
        written["subtask_queries"] = queries(changes["subtask_queries"] or [], "subtask_queries")
    if "agent_actions" in changes:
        written["agent_actions"] = _actions(
            pending, changes["agent_actions"] or [], "agent_actions"
        )
    if "output" in changes:
        written["output"] = control_flow.expression(changes["output"], "output")
    if "budget" in changes:
        written["budget"] = budgets.build(changes["budget"])
    entity = models.Task(coordination_uuid, task_uuid)
    if _GRAPH.isdisjoint(written):
        return versioned_update.apply(caller, entity, NOUN, written, expected_version)
    return _update_graph(caller, entity, written, pending, expected_version)


def _update_graph(
    caller: Caller,
    entity: models.Task,
    written: dict[str, Any],
    pending: texts.PendingTexts,
    expected_version: int | None,
) -> models.Task:
    def read_and_write() -> models.Task:
        coordination, task = reads.batch_get(
            [
                (models.Coordination, caller.partition_key, entity.coordination_uuid),
                (models.Task, entity.coordination_uuid, entity.task_uuid),
            ],
            tenant=caller.partition_key,
            context=caller.context,
        )
        if coordination is None or task is None:
            raise guards.not_found(NOUN)
        changed = task.changed(written)
        capacity.check(changed)
        task_graph.check(caller, coordination, changed)
        pending.write()
        return versioned_update.apply(
            caller,
            entity,
            NOUN,
            written,
            expected_version,
            condition=models.Task.version == task.version,
            refused=lambda old: ChangedSince(),
        )

    return versioned_update.until_unchanged(caller, NOUN, read_and_write)


def delete(caller: Caller, coordination_uuid: str, task_uuid: str) -> None:
    """Delete a task without schedules. Its sessions stay. Raises NotFound, HasChildren."""
    validation.uuid(coordination_uuid, "coordination_uuid")
    validation.uuid(task_uuid, "task_uuid")
    model = models.Task
    task = model(coordination_uuid, task_uuid)

    def write() -> None:
        transaction = Transaction()
        transaction.delete(
            task,
            guards.owned(model, caller) & (model.schedule_count == 0),
            guards.parsed(model, guards.children(caller, NOUN, schedules="schedule_count")),
        )
        counts.remove_counter(transaction, caller, task)
        one_less = models.ChildCounts.task_count.add(-1)
        counts.count_child(transaction, caller, coordination_uuid, one_less)
        transaction.commit(caller.context)

    counts.with_migration(caller, write)


def queries(
    subtask_queries: Sequence[Mapping[str, Any]], *path: str | int
) -> list[models.SubtaskQuery]:
    """Check and build subtask queries."""
    return [
        models.SubtaskQuery(
            agent_uuid=validation.agent_uuid(query["agent_uuid"], *path, index, "agent_uuid"),
            subtask_query=validation.required_text(
                query["subtask_query"], *path, index, "subtask_query"
            ),
        )
        for index, query in enumerate(validation.bounded(subtask_queries, *path))
    ]


def _actions(
    pending: texts.PendingTexts, actions: Sequence[Mapping[str, Any]], *path: str | int
) -> Actions:
    """Check and build actions. Their long texts are left in `pending`."""
    validation.bounded(actions, *path)
    uuids = [
        validation.agent_uuid(action["agent_uuid"], *path, index, "agent_uuid")
        for index, action in enumerate(actions)
    ]
    validation.distinct(uuids, *path, within="agent_uuid")
    return {
        uuid: action_texts.compact(
            pending,
            build_action(uuid, _predecessors(action, *path, index), action, index, *path, index),
        )
        for index, (uuid, action) in enumerate(zip(uuids, actions, strict=True))
    }


def _predecessors(action: Mapping[str, Any], *path: str | int) -> list[str]:
    path = *path, "predecessors"
    uuids = [
        validation.agent_uuid(predecessor, *path, index)
        for index, predecessor in enumerate(action.get("predecessors") or [])
    ]
    validation.distinct(uuids, *path)
    return uuids
