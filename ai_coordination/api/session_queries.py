"""Lists of sessions in the API, and the query of one."""

from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    Info,
    optional_list_field,
    text_field,
    time_field,
    uuid_field,
)
from ai_coordination.api.pagination import (
    Connection,
    CursorScope,
    connection,
    newest_first_argument,
    paging_arguments,
    unknown_total,
)
from ai_coordination.api.session import Session
from ai_coordination.api.session_parts import LabelInput

SessionConnection = connection(Session)


class SessionFilter(graphene.InputObjectType):
    """Filter for sessions."""

    status = optional_list_field(enums.SessionStatus, fields.ANY_OF)
    task_uuid = uuid_field("Only sessions that were started from this task.", required=False)
    user_id = text_field("Only sessions that run for this user.")
    schedule_uuid = uuid_field(
        "Only sessions that this schedule has started. Quicker with its `taskUuid`.", required=False
    )
    label = LabelInput(description="Only sessions with this label.")
    created_after = time_field("Only sessions created in this millisecond or later.")
    created_before = time_field("Only sessions created in a millisecond before this one.")


def sessions_of(
    context: Context,
    coordination_uuid: str | None,
    *,
    first: int | None,
    after: str | None = None,
    newest_first: bool | None = True,
    filter: dict[str, Any] | None = None,
    count: Callable[[], Any] = unknown_total,
    of_one_coordination: bool = False,
) -> Connection:
    """Return a page of a coordination's sessions, or of the tenant's.

    `count` returns the number of all of them. `of_one_coordination` says that the filter matches
    only sessions of the coordination, so the coordination need not be filtered by.
    """
    filters = {name: value for name, value in (filter or {}).items() if value not in (None, [])}
    newest_first = newest_first is not False
    scope = CursorScope(
        "sessions", context.caller.partition_key, coordination_uuid, filters, newest_first
    )
    request = scope.page_request(first, after, newest_first)
    read = None if of_one_coordination else coordination_uuid
    wanted: dict[str, Any] = {"coordination_uuid": read}
    more = dict(filters)
    for name in services.session_lists.FILTERED_BY & filters.keys():
        wanted[name] = more.pop(name)
    page = services.session_lists.page(
        context.caller, services.session_lists.Wanted(**wanted), request, **more
    )
    return Connection(
        page, request, scope, lambda row: row.session_uuid, unknown_total if filters else count
    )


class SessionQueries:
    """Fields of Query."""

    session = graphene.Field(
        Session,
        description=(
            "The session with this UUID. Null if it does not exist. Without `coordinationUuid`, a"
            " session may be found only a moment after its creation."
        ),
        coordination_uuid=uuid_field(
            "UUID of the coordination that the session belongs to.", required=False
        ),
        session_uuid=uuid_field("UUID of the session."),
    )
    sessions = graphene.Field(
        SessionConnection,
        required=True,
        description=(
            "The sessions of a coordination. Without `coordinationUuid`: all sessions of the"
            " tenant."
        ),
        **paging_arguments(
            coordination_uuid=uuid_field("UUID of the coordination.", required=False),
            newest_first=newest_first_argument(),
            filter=SessionFilter(description=fields.FILTER),
        ),
    )

    @staticmethod
    def resolve_session(
        root: None, info: Info, session_uuid: str, coordination_uuid: str | None = None
    ) -> models.Session | None:
        caller = info.context.caller
        if coordination_uuid is None:
            return services.session_lists.find(caller, session_uuid)
        return services.session.get(caller, coordination_uuid, session_uuid)

    @staticmethod
    def resolve_sessions(
        root: None, info: Info, coordination_uuid: str | None = None, **arguments: Any
    ) -> Connection:
        context = info.context

        def count() -> int | None:
            if coordination_uuid is None:
                return None
            counts = services.counts.of(context.caller, coordination_uuid)
            return None if counts is None else counts[1]

        return sessions_of(context, coordination_uuid, count=count, **arguments)
