"""The call of an OPENAI agent's model: the server, the key, one request, and a log line."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost, Server
from ai_coordination.clients import http
from ai_coordination.clients.http import NotAnswered, Reply
from ai_coordination.clients.secrets import SecretUnavailable, secrets
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import chat_reply, chat_request, model_calls, model_reply
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from ai_coordination.runtimes.model_reply import Completion
from ai_coordination.runtimes.openai_parameters import AUTHORIZATION


def answer(call: Call) -> Answer:
    """Ask the model, and return its answer. Raises RunFailed, TextUnavailable, Throttled."""
    # From here on: files and earlier turns are read in the same time.
    ends_at = call.context.within(max(call.seconds, 1.0))
    parameters: Mapping[str, Any] = call.parameters
    body = chat_request.build(call, parameters)
    completion = _complete(call, parameters, body, ends_at)
    return model_reply.answer(completion, parameters)


def _complete(
    call: Call,
    parameters: Mapping[str, Any],
    body: Mapping[str, Any],
    ends_at: InvocationContext,
) -> Completion:
    """Ask the model once, and write a log line about it. Raises RunFailed."""
    server, allowed = _server(str(call.target), parameters)
    content = json.dumps(body, ensure_ascii=False).encode()

    def ask(facts: dict[str, Any]) -> Completion:
        reply = _ask(call, server, allowed, content, ends_at)
        facts[model_calls.ERROR] = f"status {reply.status}"
        return chat_reply.read(reply, parameters, call.context.utc())

    known = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": parameters["model"],
        "server.address": server.authority,
    }
    return model_calls.observed(call, known, ask)


def _server(target: str, parameters: Mapping[str, Any]) -> tuple[Server, AllowedHost]:
    base = agent_hosts.parse(target)
    path = f"{base.path.rstrip('/')}/chat/completions"
    server = replace(base, path=path, query=parameters.get("query", ""))
    allowed = agent_hosts.find_allowed(server, settings().agent_hosts)
    if allowed is None:
        raise RunFailed("This function does not call agents' hosts", retryable=False)
    return server, allowed


def _ask(
    call: Call, server: Server, allowed: AllowedHost, content: bytes, ends_at: InvocationContext
) -> Reply:
    """The reply. A server that refuses the key is asked once more, if there is a newer key."""
    name = call.parameters.get("apiKeySecret")
    key = _key(call, name, server, allowed)
    reply = _post(call, server, allowed, key, content, ends_at)
    if reply.status != 401 or name is None:
        return reply
    secrets.forget(name)
    renewed = _key(call, name, server, allowed)
    if renewed == key:
        return reply
    return _post(call, server, allowed, renewed, content, ends_at)


def _key(call: Call, name: str | None, server: Server, allowed: AllowedHost) -> str | None:
    if name is None:
        return None
    try:
        return secrets.value(
            name, server, allowed, tenant=call.agent.partition_key, context=call.context
        )
    except SecretUnavailable as error:
        raise RunFailed(error.notes, retryable=error.retryable) from error


def _post(
    call: Call,
    server: Server,
    allowed: AllowedHost,
    key: str | None,
    content: bytes,
    ends_at: InvocationContext,
) -> Reply:
    headers = {
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": "ai-coordination-engine",
        "x-client-request-id": call.run_uuid,
    }
    if key is not None:
        header = call.parameters.get("keyHeader", AUTHORIZATION)
        headers[header] = f"Bearer {key}" if header == AUTHORIZATION else key
    try:
        reply = http.post(
            server, allowed, headers, content, ends_at.seconds_left(), context=call.context
        )
    except NotAnswered as error:
        notes = f"The model could not be reached. {error.notes}"
        if error.timed_out:
            notes = f"The model has not answered within {call.seconds:.0f} s"
        raise RunFailed(notes, retryable=error.retryable, timed_out=error.timed_out) from error
    if key is None:
        return reply
    # A server that repeats the request's headers must not bring the key into notes or outputs.
    return replace(reply, body=reply.body.replace(key.encode(), b"(key)"))
