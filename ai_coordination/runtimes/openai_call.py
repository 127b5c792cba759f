"""The calls of an OPENAI agent's model: the server, the key, and each request."""

from collections.abc import Mapping
from typing import Any

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost, Server
from ai_coordination.clients import http, keys
from ai_coordination.clients.http import NotAnswered, Reply
from ai_coordination.clients.keys import AUTHORIZATION, Key
from ai_coordination.clients.secrets import SecretUnavailable
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import chat_request, headings
from ai_coordination.runtimes.base import Answer, Call, Delegation, Question, RunFailed
from ai_coordination.runtimes.chat_conversation import Chat
from ai_coordination.runtimes.tools import loop
from ai_coordination.runtimes.tools.progress import Progress


def answer(call: Call) -> Answer | Question | Delegation:
    """Return the model's answer, its question or its delegation.

    Raises RunFailed, TextUnavailable, Throttled.
    """
    # From here on: files and earlier turns are read in the same time.
    ends_at = call.context.within(max(call.seconds, 1.0))
    parameters: Mapping[str, Any] = call.parameters
    server, allowed = _server(str(call.target), parameters)

    def send(content: bytes, ends_at: InvocationContext) -> Reply:
        return _ask(call, server, allowed, content, ends_at)

    known = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": parameters["model"],
        "server.address": server.authority,
    }
    progress = Progress.of(call, Chat.protocol)
    knows_schema = "outputSchema" in parameters
    told = headings.with_sections(call, progress.input, knows_schema=knows_schema)
    body = chat_request.build(call, parameters, told)
    conversation = Chat(call, body, known, send)
    return loop.run(call, conversation, progress, parameters, ends_at)


def _server(target: str, parameters: Mapping[str, Any]) -> tuple[Server, AllowedHost]:
    base = agent_hosts.parse(target)
    path = f"{base.path.rstrip('/')}/chat/completions"
    server = base._replace(path=path, query=parameters.get("query", ""))
    allowed = agent_hosts.find_allowed(server, settings().agent_hosts)
    if allowed is None:
        raise RunFailed("This function does not call agents' hosts", retryable=False)
    return server, allowed


def _ask(
    call: Call, server: Server, allowed: AllowedHost, content: bytes, ends_at: InvocationContext
) -> Reply:
    fixed = {
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": "ai-coordination-engine",
        "x-client-request-id": call.run_uuid,
    }

    def post(key: Mapping[str, str]) -> Reply:
        left = ends_at.seconds_left()
        return http.post(server, allowed, {**fixed, **key}, content, left, context=call.context)

    try:
        return keys.ask_with(_key(call), server, allowed, call.context, post)
    except SecretUnavailable as error:
        raise RunFailed(error.notes, retryable=error.retryable) from error
    except NotAnswered as error:
        notes = error.notes_of("The model")
        if error.timed_out:
            notes = f"The model has not answered within {call.seconds:.0f} s"
        raise RunFailed(notes, retryable=error.retryable, timed_out=error.timed_out) from error


def _key(call: Call) -> Key | None:
    name = call.parameters.get("apiKeySecret")
    if name is None:
        return None
    return Key(name, call.agent.partition_key, call.parameters.get("keyHeader", AUTHORIZATION))
