"""Invoke a claimed agent by its runtime, and write the result."""

from collections.abc import Callable, Sequence

from ai_coordination import models, telemetry
from ai_coordination.engine.agent import (
    accept,
    callbacks,
    complete,
    delegated,
    delegation,
    fail,
    further_calls,
    lease,
    output_check,
    question,
    release,
    remote,
    resume,
    throttle,
)
from ai_coordination.engine.agent.growth import results
from ai_coordination.engine.context import Engine
from ai_coordination.engine.lanes import has_answered, waits
from ai_coordination.errors import EngineError, PayloadTooLarge, TextUnavailable, Throttled
from ai_coordination.models import moves
from ai_coordination.runtimes.base import (
    Accepted,
    Answer,
    Call,
    Delegation,
    Question,
    Result,
    RunFailed,
    Usage,
)
from ai_coordination.services import members, validation

LARGEST_REMOTE_BYTES = 2048
# How long to wait after a poll that was throttled, if the other side does not say.
THROTTLED_POLL_SECONDS = 30.0
TOO_LARGE = "{} is larger than the 400 KB of an item, and there is no bucket for large texts"


def invoke(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
) -> None:
    """Invoke an agent as it was claimed or taken over, and write the result."""
    if has_answered(agent):
        # A person had not judged this answer when the session ended. The agent asks again.
        complete.complete(engine, agent, Answer(agent.agent_output))
        return
    if agent.collects:
        _write_result(engine, session, agent, lambda: results.answer(agent, predecessors))
        return
    if waits(agent):
        release.release_gathered(engine)
    telemetry.name(run=agent.current_run_uuid, attempt=int(agent.attempt))

    def ask() -> Result:
        call = _call(engine, session, agent, predecessors)
        schema = output_check.schema_of(agent)
        told = call._replace(last_failure=fail.last_failure(agent), output_schema=schema)
        return output_check.checked(agent, schema, engine.invoke(told))

    _write_result(engine, session, agent, ask)


def poll(engine: Engine, session: models.Session, agent: models.SessionAgent) -> None:
    """Look at the work that an agent has accepted, under a worker's lease. Write the result.

    A poll that is throttled says nothing of the work. It is made again, until the deadline.
    """
    if waits(agent):
        release.release_gathered(engine)

    def ask() -> Result:
        call = _call(engine, session, agent, ())
        try:
            result = engine.poll(call._replace(seconds=min(call.seconds, lease.POLL_SECONDS)))
        except RunFailed as failed:
            if not failed.throttled:
                raise
            after_seconds = max(failed.after_seconds or 0.0, THROTTLED_POLL_SECONDS)
            return Accepted(poll_seconds=throttle.spread(engine, after_seconds))
        if not isinstance(result, Answer):
            return result
        return output_check.checked(agent, output_check.schema_of(agent), result)

    _write_result(engine, session, agent, ask)


def _call(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
) -> Call:
    """Raises TextUnavailable, Throttled."""
    results = delegated.load(agent, engine.context)
    return Call(
        session=session,
        agent=agent,
        run_uuid=agent.current_run_uuid,
        attempt=int(agent.attempt),
        deadline_at=agent.deadline_at,
        seconds=lease.call_seconds(engine, agent),
        predecessors=predecessors,
        parameters=members.parameters(agent.partition_key, agent.member.runtime),
        context=engine.context,
        turn=agent.current_turn,
        resume=resume.load(agent),
        remote=remote.decoded(agent.remote),
        reply=question.reply(agent),
        delegates=delegated.delegates(session, agent),
        delegated=results.last,
        delegated_before=results.before,
        is_takeover=bool(agent.takeovers),
        reserve=lambda *more: further_calls.reserve(engine, session, agent, *more),
        cover=lambda told: further_calls.cover(engine, session, agent, told),
        checkpoint=lambda state: resume.checkpoint(engine, agent, state),
        callback=lambda: callbacks.issue(engine, agent),
    )


def _write_result(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    ask: Callable[[], Result],
) -> None:
    """Ask a runtime, and write its answer, question, delegation, acceptance or failure.

    Raises Throttled.
    """
    usage, noun = None, "output"
    try:
        answer = _asked(ask)
        if isinstance(answer, Accepted):
            accept.accept(engine, agent, answer)
        elif isinstance(answer, Question):
            usage, noun = answer.usage, "question"
            if answer.remote is not None:
                # If it cannot be asked, its run fails, and the work is cancelled.
                agent = agent.changed({"remote": remote.encoded(answer.remote)})
            question.ask(engine, agent, answer)
        elif isinstance(answer, Delegation):
            usage, noun = answer.usage, "delegation"
            delegation.delegate(engine, session, agent, answer)
        else:
            usage = answer.usage
            complete.complete(engine, agent, answer)
    except RunFailed as failed:
        fail.fail_run(engine, agent, failed, moves.same_worker(agent))
    except PayloadTooLarge:
        notes = TOO_LARGE.format(f"The agent's {noun}")
        fence = moves.same_worker(agent)
        fail.fail_attempt(engine, agent, notes, fence, retryable=False, usage=usage)


def _asked(ask: Callable[[], Result]) -> Result:
    """What a runtime returns, if it can be stored. Raises RunFailed and Throttled alone."""
    try:
        answer = ask()
        _check_remote(answer)
    except (RunFailed, Throttled):
        # Throttled: the engine's own storage is busy. That is not the agent's failure. Its lease
        # ends, and another worker takes the run over.
        raise
    except TextUnavailable as error:
        raise RunFailed(error.message, retryable=False) from error
    except Exception as error:
        # A fault of one runtime, perhaps with one agent's parameters, fails that attempt alone.
        telemetry.logger.exception("runtime")
        telemetry.count("RuntimeErrors")
        notes = f"The engine could not invoke this agent ({type(error).__name__})"
        raise RunFailed(notes) from error
    if isinstance(answer, Answer) and isinstance(answer.output, str):
        _check_output(answer.output, answer.usage)
    return answer


def _check_remote(answer: Result) -> None:
    """Raises RunFailed, and TypeError or ValueError for what is no JSON."""
    if (
        isinstance(answer, Answer | Delegation)
        or len(remote.encoded(answer.remote)) <= LARGEST_REMOTE_BYTES
    ):
        return
    usage = answer.usage if isinstance(answer, Question) else None
    notes = f"What this agent's runtime keeps exceeds {LARGEST_REMOTE_BYTES} bytes"
    raise RunFailed(notes, retryable=False, usage=usage)


def _check_output(output: str, usage: Usage | None) -> None:
    try:
        validation.text(output, "agent_output")
    except EngineError as error:
        notes = f"The agent's output: {error.message}"
        raise RunFailed(notes, retryable=False, usage=usage) from error
