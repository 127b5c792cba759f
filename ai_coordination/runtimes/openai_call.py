"""The call of an OPENAI agent's model: the server, the key, one request, and a log line."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost, Server
from ai_coordination.clients import http, keys
from ai_coordination.clients.http import NotAnswered, Reply
from ai_coordination.clients.keys import AUTHORIZATION, Key
from ai_coordination.clients.secrets import SecretUnavailable
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import chat_reply, chat_request, model_calls, model_reply
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from ai_coordination.runtimes.model_reply import Completion


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
        notes = f"The model could not be reached. {error.notes}"
        if error.timed_out:
            notes = f"The model has not answered within {call.seconds:.0f} s"
        raise RunFailed(notes, retryable=error.retryable, timed_out=error.timed_out) from error


def _key(call: Call) -> Key | None:
    name = call.parameters.get("apiKeySecret")
    if name is None:
        return None
    return Key(name, call.agent.partition_key, call.parameters.get("keyHeader", AUTHORIZATION))
