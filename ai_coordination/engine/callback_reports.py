"""Take what an agent reports with the token of a callback.

The token takes the place of a verified caller: the tenant is that of the run for which it was
issued, and nothing else can be reported with it.
"""

from typing import NamedTuple

from ai_coordination import ids, models
from ai_coordination.caller import Caller
from ai_coordination.context import InvocationContext
from ai_coordination.engine import agent_commands, delegation_command
from ai_coordination.engine.agent import callbacks
from ai_coordination.engine.context import Engine
from ai_coordination.errors import Unauthenticated
from ai_coordination.models import reads
from ai_coordination.runtimes.agent_report import Failed, Heartbeat, Report
from ai_coordination.runtimes.base import Accepted, Delegation, Question


class Place(NamedTuple):
    """The run that is reported, as the URL names it."""

    session_uuid: str
    session_agent_uuid: str
    run_uuid: str


def caller_of(
    place: Place, token: str | None, request_id: str, context: InvocationContext
) -> Caller:
    """Return the tenant of a run as the caller. Raises Throttled.

    Raises Unauthenticated if the token is not one of the run's. The same if there is no such run,
    so nobody learns which runs exist.
    """
    run = None
    if token is not None and callbacks.is_token(token) and all(map(ids.is_uuid, place)):
        run = reads.get_of_any_tenant(models.SessionRun, place.session_uuid, place.run_uuid)
    if (
        run is None
        or run.session_agent_uuid != place.session_agent_uuid
        or not callbacks.is_token_of(run, str(token))
    ):
        raise Unauthenticated("The token is not one of this callback")
    endpoint_id, part_id = run.partition_key.split("#")
    return Caller(endpoint_id, part_id, request_id=request_id, context=context)


def take(engine: Engine, caller: Caller, place: Place, report: Report) -> None:
    """Take a report. The same one again is taken again.

    Raises InvalidState if the run is over, or if the agent may not ask again; BadUserInput;
    PayloadTooLarge; Throttled.
    """
    key = place._asdict()
    if isinstance(report, Accepted):
        agent_commands.accept(engine, caller, **key, async_task_uuid=report.task_id)
        return
    if isinstance(report, Heartbeat):
        note, percent = report.note, report.percent
        agent_commands.heartbeat(engine, caller, **key, note=note, percent=percent)
        return
    usage = None if report.usage is None else report.usage._asdict()
    if isinstance(report, Failed):
        notes, retryable = report.notes, report.retryable
        agent_commands.fail(engine, caller, **key, notes=notes, retryable=retryable, usage=usage)
    elif isinstance(report, Question):
        asked = {"question": report.text, "form": report.form, "resume": report.resume}
        agent_commands.ask(engine, caller, **key, **asked, usage=usage)
    elif isinstance(report, Delegation):
        work = [piece._asdict() for piece in report.work]
        given = {"work": work, "resume": report.resume}
        delegation_command.delegate(engine, caller, **key, **given, usage=usage)
    else:
        output = str(report.output)
        agent_commands.complete(engine, caller, **key, agent_output=output, usage=usage)
