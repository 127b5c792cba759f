"""Lists of sessions, and the session that a UUID names alone."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.indexes import Index

from ai_coordination import ids, models
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput
from ai_coordination.models import reads
from ai_coordination.models.reads import Page, PageRequest
from ai_coordination.services import labels, validation
from ai_coordination.services.session import present, status_of
from ai_coordination.states import SessionStatus

# Members of a filter, apart from the label and the times.
FILTERED_BY = frozenset({"task_uuid", "user_id", "schedule_uuid", "status"})
# With a label, the rest of a filter is applied to so many sessions at a time.
ROWS_OF_A_LABEL = 100


class Wanted(NamedTuple):
    """What a list of sessions is filtered by. None: it is not filtered by that."""

    coordination_uuid: str | None = None
    task_uuid: str | None = None
    user_id: str | None = None
    schedule_uuid: str | None = None
    status: Collection[SessionStatus] | None = None

    def check(self) -> None:
        """Raise BadUserInput if a value is none that an entity can have."""
        validation.optional_uuid(self.coordination_uuid, "coordination_uuid")
        validation.optional_uuid(self.task_uuid, "filter", "task_uuid")
        validation.optional_uuid(self.schedule_uuid, "filter", "schedule_uuid")
        validation.label(self.user_id, "filter", "user_id")

    @property
    def is_everything(self) -> bool:
        return self == Wanted()

    def matches(self, session: models.Session) -> bool:
        """Whether a session is in the list. The same as `conditions` says to the database."""
        same = all(
            value is None or getattr(session, name) == value for name, value in self._values()
        )
        return same and (not self.status or status_of(session) in self.status)

    def conditions(self, *done: str) -> list[Condition]:
        """Return the conditions of a query that selects by the attributes `done` already."""
        model = models.Session
        of_values = [
            getattr(model, name) == value
            for name, value in self._values()
            if value is not None and name not in done
        ]
        return [*of_values, *([_in_status(self.status)] if self.status else [])]

    def _values(self) -> list[tuple[str, str | None]]:
        names = ("coordination_uuid", "task_uuid", "user_id", "schedule_uuid")
        return [(name, getattr(self, name)) for name in names]


def find(caller: Caller, session_uuid: str) -> models.Session | None:
    """Read a session whose coordination is not known. Returns None if the tenant has none.

    An index names the coordination, and may lag a moment behind the session's creation.
    """
    validation.uuid(session_uuid, "session_uuid")
    model, tenant = models.Session, caller.partition_key
    row = reads.in_index(model, model.of_tenant, tenant, session_uuid)
    if row is None:
        return None
    return present(reads.get(model, row.coordination_uuid, session_uuid, tenant=tenant))


def page(
    caller: Caller,
    wanted: Wanted,
    request: PageRequest,
    *,
    label: Mapping[str, Any] | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> Page[models.Session]:
    """Read a page of the tenant's sessions, in order of creation.

    It reads the list in which the filter passes over the fewest rows: the label's, the task's, the
    user's, the coordination's or the tenant's. The rest of the filter becomes a condition. Times
    limit what is read of any list. Raises BadUserInput.
    """
    wanted.check()
    window = _within(request, created_after, created_before)
    if label is not None:
        return _with_label(caller, wanted, window, label)
    model = models.Session
    user = models.tenant_user(caller.partition_key, wanted.user_id)
    lists: list[tuple[str | None, str, Index[Any] | None]] = [
        (wanted.task_uuid, "task_uuid", model.of_task),
        (user, "user_id", model.of_user),
        (wanted.coordination_uuid, "coordination_uuid", None),
        (caller.partition_key, "partition_key", model.of_tenant),
    ]
    hash_key, name, index = next(each for each in lists if each[0] is not None)
    found = reads.page(
        model,
        str(hash_key),
        window,
        tenant=caller.partition_key,
        index=index,
        condition=reads.all_of(wanted.conditions(name)),
    )
    # The rows of an index do not say it: there a session stays until its purge ends.
    return found._replace(rows=[row for row in found.rows if not row.is_being_purged])


def _within(request: PageRequest, after: datetime | None, before: datetime | None) -> PageRequest:
    """Limit a page to the session UUIDs of a period: they have the milliseconds of creation."""
    if after is not None and before is not None and before <= after:
        raise BadUserInput("This must be later than createdAfter", "filter", "created_before")
    return request._replace(
        since=None if after is None else ids.first_of(after),
        until=None if before is None else ids.first_of(before),
    )


def _with_label(
    caller: Caller, wanted: Wanted, request: PageRequest, label: Mapping[str, Any]
) -> Page[models.Session]:
    """Read the sessions with a label, and of these the ones that are wanted."""
    chosen = labels.checked(label, "filter", "label")
    tenant = caller.partition_key
    rows = reads.page(
        models.SessionLabel,
        models.tenant_label(tenant, chosen.key, chosen.value),
        request if wanted.is_everything else request._replace(first=ROWS_OF_A_LABEL),
        tenant=tenant,
    )
    keys: list[reads.Key] = [
        (models.Session, row.coordination_uuid, row.session_uuid) for row in rows.rows
    ]
    found = reads.batch_get(keys, tenant=tenant, context=caller.context)
    sessions = [one for one in map(present, found) if one is not None and wanted.matches(one)]
    if len(sessions) > request.first:
        sessions = sessions[: request.first]
        return Page(sessions, True, sessions[-1].session_uuid)
    return Page(sessions, rows.has_next, rows.position)


def _in_status(statuses: Collection[SessionStatus]) -> Condition:
    model = models.Session
    running = model.status == SessionStatus.IN_PROGRESS.value
    conditions = {
        SessionStatus.IN_PROGRESS: running & model.awaiting_input.does_not_exist(),
        SessionStatus.WAITING_FOR_INPUT: running & model.awaiting_input.exists(),
    }
    condition: Condition = reduce(
        Condition.__or__,
        [conditions.get(each, model.status == each.value) for each in dict.fromkeys(statuses)],
    )
    return condition
