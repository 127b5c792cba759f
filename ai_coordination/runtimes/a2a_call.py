"""The calls of an A2A agent: a message is sent, the task is looked at, or it is cancelled."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from ai_coordination import agent_hosts, telemetry, texts
from ai_coordination.clients import a2a, a2a_messages, a2a_replies, a2a_tasks
from ai_coordination.clients.a2a import Asker, Refused
from ai_coordination.clients.a2a_card import Card, Interface, Version
from ai_coordination.clients.a2a_messages import Message, Method
from ai_coordination.clients.a2a_tasks import Said, Task, TaskState
from ai_coordination.clients.keys import AUTHORIZATION, Key
from ai_coordination.config import settings
from ai_coordination.runtimes import a2a_errors, a2a_files, a2a_results, headings
from ai_coordination.runtimes.a2a_parameters import BLOCK, OUTPUT_MODES
from ai_coordination.runtimes.a2a_place import Place, context_of, place_of
from ai_coordination.runtimes.base import Call, Reply, Result, RunFailed
from ai_coordination.runtimes.model_parameters import AUTO

CANCEL_SECONDS: Final = 10.0
# In a row. Then the task is given up: its server is gone.
MOST_MISSES: Final = 6
LONGEST_SHOWN: Final = 200

_WITHOUT_OUTPUT: Final = frozenset({TaskState.FAILED, TaskState.CANCELED})


class _Work(NamedTuple):
    """A call, its parameters, and how agents are asked for it."""

    call: Call
    parameters: Mapping[str, Any]
    asker: Asker

    @classmethod
    def of(cls, call: Call, seconds: float) -> "_Work":
        parameters: Mapping[str, Any] = call.parameters or {}
        tenant, secret = call.agent.partition_key, parameters.get("apiKeySecret")
        header = parameters.get("keyHeader", AUTHORIZATION)
        asker = Asker(
            key=None if secret is None else Key(secret, tenant, header),
            tenant=tenant,
            hosts=settings().agent_hosts,
            extensions=parameters.get("extensions", ()),
            # From here on: the card and all requests have this time together.
            context=call.context.within(max(seconds, 1.0)),
        )
        return cls(call, parameters, asker)

    def ask(self, interface: Interface, method: Method, parameters: Mapping[str, Any]) -> Any:
        return a2a.ask(self.asker, interface, method, parameters, self.call.run_uuid)

    def task_at(self, place: Place) -> Task:
        """The task as it is now. Raises what `a2a.ask` raises, and Malformed."""
        parameters = a2a_messages.get(place.interface, place.task)
        read = a2a_tasks.read(self.ask(place.interface, Method.GET, parameters))
        if not isinstance(read, Task):
            raise a2a_tasks.Malformed
        return read


def invoke(call: Call) -> Result:
    """Send the agent its input, or a person's reply.

    Raises RunFailed, TextUnavailable, Throttled.
    """
    work = _Work.of(call, call.seconds)
    with _failures(call):
        if call.resume is None or call.reply is None:
            return _begin(work)
        return _continue(work, call.resume, _text(call.reply))


def poll(call: Call) -> Result:
    """Look at the agent's task. Raises RunFailed.

    That the server cannot be reached says nothing of the task, so it is looked at again.
    """
    work, place = _Work.of(call, call.seconds), Place.of(call.remote)
    try:
        with _failures(call):
            task = work.task_at(place)
    except RunFailed as failed:
        if _is_unknown(failed.__cause__):
            notes = "The agent no longer knows its task: its server may have been restarted"
            raise RunFailed(notes) from failed
        missed = place.polled(missed=True)
        if not failed.retryable or missed.misses >= MOST_MISSES:
            raise
        return a2a_results.accepted(missed, work.parameters, failed.after_seconds)
    place = place.polled(missed=False)
    continues = call.resume is not None
    return a2a_results.result(task, place, work.parameters, continues=continues)


def cancel(call: Call) -> None:
    """Ask the agent to stop its task. That it cannot is of no consequence."""
    work, place = _Work.of(call, min(call.seconds, CANCEL_SECONDS)), Place.of(call.remote)
    with suppress(*a2a_errors.EXPECTED):
        parameters = a2a_messages.cancel(place.interface, place.task)
        work.ask(place.interface, Method.CANCEL, parameters)


@contextmanager
def _failures(call: Call) -> Iterator[None]:
    try:
        yield
    except a2a_errors.EXPECTED as error:
        raise a2a_errors.failure(call, error) from error


def _is_unknown(error: BaseException | None) -> bool:
    """Whether the agent does not know a task."""
    return isinstance(error, Refused) and error.code == a2a_errors.TASK_NOT_FOUND


def _begin(work: _Work) -> Result:
    """Send the agent its input as a new task; or find the task that another worker has begun."""
    card = _card(work)
    context = context_of(work.call) if work.parameters.get("useContext", True) else None
    if work.call.is_takeover and context is not None:
        adopted = _adopted(work, card.interface, context)
        if adopted is not None:
            place = place_of(card.interface, adopted, context)
            return a2a_results.result(adopted, place, work.parameters)
    wants_files = work.parameters.get("inputFiles", AUTO) == AUTO
    told = texts.read(work.call.agent.partition_key, work.call.agent.agent_input) or ""
    message = Message(
        message_id=work.call.run_uuid,
        text=headings.with_sections(work.call, told),
        files=a2a_files.addresses(work.call, card) if wants_files else (),
        context=context,
    )
    return _sent(work, card.interface, message)


def _card(work: _Work) -> Card:
    """The agent's card, or what the parameters say instead of one. Raises RunFailed."""
    target = str(work.call.target)
    version = work.parameters.get("protocolVersion")
    if version is not None:
        return Card(Interface(target, Version(version)))
    try:
        card = a2a.cards.of(work.asker, target)
    except a2a_errors.EXPECTED as error:
        raise a2a_errors.failure(work.call, error, "The server of the agent's card") from error
    url = card.interface.url
    if reason := agent_hosts.refusal(url, work.asker.hosts):
        notes = f"The agent's card names the URL {url[:LONGEST_SHOWN]}. {reason}"
        raise RunFailed(notes, retryable=False)
    return card


def _adopted(work: _Work, interface: Interface, context: str) -> Task | None:
    """The task that this run has begun already. Agents take the same message twice otherwise."""
    try:
        result = work.ask(interface, Method.LIST, a2a_messages.list_of(interface, context))
    except Refused:
        # Version 0.3 has no list, and servers of 1.0 may have none.
        return None
    for task in a2a_tasks.listed(result):
        if work.call.run_uuid in task.message_ids:
            # A list is without artifacts.
            return work.task_at(place_of(interface, task, context))
    return None


def _continue(work: _Work, resume: Mapping[str, Any], reply: str) -> Result:
    """Send the task that asked a person's reply, if no earlier call has done that.

    A task that has ended without an output, or that the agent no longer knows, takes no reply. Then
    the work begins anew: the agent's input has the question and the answer too.
    """
    place = Place.of(resume)
    message = Message(
        message_id=work.call.run_uuid,
        text=reply,
        data=a2a_replies.replies(resume.get("awaited", ()), reply),
        task=place.task,
        context=place.context,
    )
    try:
        if work.call.is_takeover or work.call.attempt > 1:
            task = work.task_at(place)
            if task.state in _WITHOUT_OUTPUT and work.call.attempt > 1:
                return _begin(work)
            if task.state is not TaskState.INPUT_REQUIRED or task.mark != resume.get("mark"):
                return a2a_results.result(task, place, work.parameters, continues=True)
        return _sent(work, place.interface, message)
    except Refused as refused:
        if not _is_unknown(refused):
            raise
    return _begin(work)


def _text(reply: Reply) -> str:
    return json.dumps(reply.value, ensure_ascii=False) if reply.text is None else reply.text


def _sent(work: _Work, interface: Interface, message: Message) -> Result:
    """Send a message, and read what comes back."""
    with _logged(work, interface) as facts:
        answered, interface = _send(work, interface, message)
        read = a2a_tasks.read(answered)
        facts["a2a.task.state"] = "message" if isinstance(read, Said) else read.state.value
    if isinstance(read, Said):
        return a2a_results.answer(read)
    place = place_of(interface, read, message.context)
    return a2a_results.result(read, place, work.parameters)


def _send(work: _Work, interface: Interface, message: Message) -> tuple[Any, Interface]:
    """The result, and the interface whose version the agent speaks.

    A server that does not know the method or the version has done nothing yet. It is asked once
    more in the other version, which is remembered with its card.
    """
    modes = work.parameters.get("outputModes", OUTPUT_MODES)
    wait = work.parameters.get("mode") == BLOCK

    def send(to: Interface) -> Any:
        return work.ask(to, Method.SEND, a2a_messages.send(to, message, modes, wait=wait))

    try:
        return send(interface), interface
    except Refused as refused:
        if refused.code not in a2a.OTHER_VERSION or "protocolVersion" in work.parameters:
            raise
    other = interface._replace(version=interface.version.other)
    result = send(other)
    a2a.cards.speaks(work.asker, str(work.call.target), other.version)
    return result, other


@contextmanager
def _logged(work: _Work, interface: Interface) -> Iterator[dict[str, Any]]:
    """Write a log line about a message, under the names of OpenTelemetry. It has no texts."""
    context, agent = work.call.context, work.call.agent
    started = context.monotonic()
    facts: dict[str, Any] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "a2a",
        "gen_ai.agent.id": agent.agent_uuid,
        "gen_ai.conversation.id": agent.thread_uuid,
        "server.address": interface.url.partition("://")[2].partition("/")[0],
    }
    try:
        yield facts
    except a2a_errors.EXPECTED as error:
        facts["error.type"] = type(error).__name__
        raise
    finally:
        facts["duration_ms"] = round((context.monotonic() - started) * 1000, 1)
        telemetry.logger.info("agent", extra=facts)
