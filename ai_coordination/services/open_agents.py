"""The open work of a tenant: agents that ask people, and those whose result is to be reported."""

from collections.abc import Callable

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.caller import MAX_USER_ID_CHARACTERS, Caller
from ai_coordination.errors import BadUserInput
from ai_coordination.models import reads
from ai_coordination.models.reads import Page, PageRequest
from ai_coordination.services import validation
from ai_coordination.states import SessionAgentState

OPEN_STATES = (SessionAgentState.WAITING_FOR_INPUT, SessionAgentState.IN_PROGRESS)


def key_of(
    caller: Caller,
    state: SessionAgentState,
    *,
    mine: bool | None = None,
    group: str | None = None,
    assignee: str | None = None,
) -> str:
    """Return the key of the index `asked` that lists the questions to a user or a group.

    Raises BadUserInput.
    """
    if state is not SessionAgentState.WAITING_FOR_INPUT:
        raise BadUserInput("Only in the state WAITING_FOR_INPUT an agent asks", "state")
    if [mine is not None, group is not None, assignee is not None].count(True) != 1:
        raise BadUserInput("Say one of `mine`, `group` and `assignee`", "of")
    tenant = caller.partition_key
    if group is not None:
        return models.asked_of_group(tenant, str(validation.label(group, "of", "group")))
    if assignee is not None:
        _check_user(assignee)
        return models.asked_of_user(tenant, assignee)
    if not mine:
        raise BadUserInput("This is true, or is omitted", "of", "mine")
    if caller.user_id is None:
        raise BadUserInput("The caller has no user, and so no questions", "of", "mine")
    return models.asked_of_user(tenant, caller.user_id)


def _check_user(user_id: str) -> None:
    """Check the name of a user, who may be one of a token with a longer name than an assignee."""
    if not 0 < len(user_id) <= MAX_USER_ID_CHARACTERS:
        message = f"A user has 1 to {MAX_USER_ID_CHARACTERS} characters"
        raise BadUserInput(message, "of", "assignee")


def page(
    caller: Caller,
    state: SessionAgentState,
    request: PageRequest,
    *,
    coordination_uuid: str | None = None,
    agent_uuid: str | None = None,
    task_uuid: str | None = None,
    asked_of: str | None = None,
) -> Page[models.SessionAgent]:
    """Read a page of the open agents of all sessions of the tenant, oldest first.

    With `asked_of`, of the questions under this key of the index `asked`, by their deadlines. Rows
    do not say of which task their session is: with `task_uuid` the sessions are read too, and a
    page may have fewer rows, although more follow.
    """
    if state not in OPEN_STATES:
        raise BadUserInput("The state must be WAITING_FOR_INPUT or IN_PROGRESS", "state")
    validation.optional_uuid(coordination_uuid, "coordination_uuid")
    validation.optional_uuid(task_uuid, "task_uuid")
    model = models.SessionAgent
    conditions: list[Condition] = []
    if coordination_uuid is not None:
        conditions.append(model.coordination_uuid == coordination_uuid)
    if agent_uuid is not None:
        validation.agent_uuid(agent_uuid, "agent_uuid")
        conditions.append(model.agent_uuid == agent_uuid)
    is_asked = asked_of is not None

    def read(request: PageRequest) -> Page[models.SessionAgent]:
        return reads.page(
            model,
            asked_of if asked_of is not None else models.open_as(caller.partition_key, state.value),
            request,
            tenant=caller.partition_key,
            index=model.asked if is_asked else model.open,
            condition=reads.all_of(conditions),
        )

    if task_uuid is None:
        return read(request)
    return _of_task(caller, task_uuid, read, request, "asked_order" if is_asked else "open_since")


def _of_task(
    caller: Caller,
    task_uuid: str,
    read: Callable[[PageRequest], Page[models.SessionAgent]],
    request: PageRequest,
    range_key: str,
) -> Page[models.SessionAgent]:
    """Read a page of those open agents whose session is of a task."""
    rows: list[models.SessionAgent] = []
    position = request.position
    for _ in range(reads.MOST_READS_OF_A_PAGE):
        page = read(PageRequest(reads.MOST_KEYS_OF_A_BATCH, position))
        keys = [(models.Session, row.coordination_uuid, row.session_uuid) for row in page.rows]
        sessions = reads.batch_get(keys, tenant=caller.partition_key, context=caller.context)
        found = [
            row
            for row, session in zip(page.rows, sessions, strict=True)
            if session is not None and session.task_uuid == task_uuid
        ]
        rows += found[: request.first - len(rows)]
        if found and len(rows) == request.first:
            last = rows[-1]
            is_end = not page.has_next and last is page.rows[-1]
            return Page(rows, not is_end, getattr(last, range_key))
        position = page.position
        if not page.has_next:
            return Page(rows, False, getattr(rows[-1], range_key) if rows else None)
    return Page(rows, True, position)
