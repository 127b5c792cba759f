"""A stand-in for an A2A agent: its card, and a script of what each of its methods answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.chat_server import ChatServer, Request
from tests.support.http_server import Reply

CARD = "/.well-known/agent-card.json"
PATH = "/a2a"


@dataclass(frozen=True)
class Refusal:
    """An error of JSON-RPC."""

    code: int
    message: str = "no"


Result = Refusal | Reply | Mapping[str, Any] | Callable[[Any], Any]


def task(
    state: str, said: str | None = None, output: str | None = None, **more: Any
) -> dict[str, Any]:
    """A task in the form of 1.0, with the text of its status, and that of an artifact."""
    status: dict[str, Any] = {"state": f"TASK_STATE_{state}"}
    if said is not None:
        parts = [{"text": said}]
        status["message"] = {"messageId": f"of-{said}", "role": "ROLE_AGENT", "parts": parts}
    made = {"id": "task-1", "status": status, **more}
    return made if output is None else {**made, "artifacts": [{"parts": [{"text": output}]}]}


def task_03(state: str, said: str | None = None, output: str | None = None) -> dict[str, Any]:
    """The same in the form of 0.3."""
    made = task(state, said, output)
    made["status"]["state"] = state.lower().replace("_", "-")
    return {"kind": "task", **made}


def card(url: str, version: str = "1.0", **more: Any) -> dict[str, Any]:
    """A card with one interface of JSON-RPC."""
    known = {"name": "Desk", "defaultInputModes": ["text/plain", "image/*"], **more}
    if version == "0.3":
        return {**known, "url": url, "protocolVersion": "0.3.0"}
    interface = {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": version}
    return {**known, "supportedInterfaces": [interface]}


class A2aAgent:
    """The behaviour of a server. Without a script, each message is done at once.

    A task of a script without a context gets the one of the message that began it.
    """

    def __init__(self, server: ChatServer) -> None:
        self.server = server
        self.url = server.url
        self.card: Any = card(f"{server.url}{PATH}")
        self.requests = server.requests
        self._script: dict[str, list[Result]] = {}
        self._context: str | None = None
        self.answers("SendMessage", {"task": task("COMPLETED", output="Done")})
        self.answers("message/send", task_03("COMPLETED", output="Done"))
        server.behaviour = self.behave

    def answers(self, method: str, *results: Result) -> None:
        """Give these results to a method, one after the other, and the last one again and again."""
        self._script[method] = list(results)

    def sent(self, method: str) -> list[Any]:
        """The parameters of all requests to a method."""
        return [one["params"] for one in self._bodies() if one["method"] == method]

    def methods(self) -> list[str]:
        """The methods of all requests, in order; CARD if the card was read."""
        return [one.body["method"] if one.body else "CARD" for one in self.requests]

    def _bodies(self) -> list[Any]:
        return [request.body for request in self.requests if request.body is not None]

    def behave(self, request: Request) -> Reply:
        if request.body is None:
            return self.card if isinstance(self.card, Reply) else reply_of(self.card)
        return self._answer(request.body)

    def _answer(self, body: Any) -> Reply:
        left = self._script.get(body["method"], [Refusal(-32601, "Method not found")])
        result = left.pop(0) if len(left) > 1 else left[0]
        if callable(result):
            result = result(body["params"])
        if isinstance(result, Reply):
            return result
        named = {"jsonrpc": "2.0", "id": body["id"]}
        if isinstance(result, Refusal):
            error = {"code": result.code, "message": result.message}
            return reply_of({**named, "error": error})
        self._context = body["params"].get("message", {}).get("contextId", self._context)
        return reply_of({**named, "result": _in_context(result, self._context)})


def reply_of(body: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON document."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(body).encode(), status, named)


def _in_context(result: Any, context: str | None) -> Any:
    if "task" in result:
        return {**result, "task": _in_context(result["task"], context)}
    return {"contextId": context, **result} if "status" in result else result
