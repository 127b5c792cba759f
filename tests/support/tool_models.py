"""Scripted models that call tools, for tests that hold for both kinds of models."""

import json
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from tests.api.execution import bedrock_model, model
from tests.support import chat_server, converse
from tests.support.chat_server import ChatServer, Reply, Request


class Use(NamedTuple):
    """A call that the model makes. `arguments` may be a text that is not JSON, for chat."""

    id: str
    name: str
    arguments: Any


class Result(NamedTuple):
    """What the model was told of a call. Chat completions tell errors by their text alone."""

    id: str
    text: str
    is_error: bool


class Model(ABC):
    """One kind, and the server in its place."""

    def __init__(self, server: ChatServer) -> None:
        self.server = server

    def answers(self, *replies: Reply) -> None:
        self.server.answers(*replies)

    def results(self, number: int = -1) -> list[Result]:
        """The results that a request ends with."""
        return self.results_in(self.server.requests[number])

    @abstractmethod
    def member(self, uuid: str = "a", **parameters: Any) -> dict[str, Any]: ...

    @abstractmethod
    def says(self, text: str) -> Reply: ...

    @abstractmethod
    def calls(self, *uses: Use) -> Reply: ...

    @abstractmethod
    def fails(self) -> Reply: ...

    @abstractmethod
    def results_in(self, request: Request) -> list[Result]: ...

    @abstractmethod
    def tools_in(self, request: Request) -> list[tuple[str, str, Any]]:
        """The names, descriptions and schemas of the tools."""


class Chat(Model):
    def member(self, uuid: str = "a", **parameters: Any) -> dict[str, Any]:
        return model(self.server.url, uuid, **parameters)

    def says(self, text: str) -> Reply:
        return chat_server.saying(text)

    def calls(self, *uses: Use) -> Reply:
        calls = [
            {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": given}}
            for use in uses
            for given in [
                use.arguments if isinstance(use.arguments, str) else json.dumps(use.arguments)
            ]
        ]
        return chat_server.saying(None, "tool_calls", tool_calls=calls)

    def fails(self) -> Reply:
        return chat_server.refusing(500)

    def results_in(self, request: Request) -> list[Result]:
        messages = request.body["messages"]
        told = [one for one in messages if one["role"] == "tool"]
        last = next(
            place for place in reversed(range(len(messages))) if "tool_calls" in messages[place]
        )
        return [
            Result(one["tool_call_id"], one["content"], one["content"].startswith("Error: "))
            for one in told
            if messages.index(one) > last
        ]

    def tools_in(self, request: Request) -> list[tuple[str, str, Any]]:
        tools = [tool["function"] for tool in request.body.get("tools", ())]
        return [(one["name"], one["description"], one["parameters"]) for one in tools]


class Converse(Model):
    def member(self, uuid: str = "a", **parameters: Any) -> dict[str, Any]:
        return bedrock_model(uuid, **parameters)

    def says(self, text: str) -> Reply:
        return converse.saying(text)

    def calls(self, *uses: Use) -> Reply:
        blocks = [
            {"toolUse": {"toolUseId": use.id, "name": use.name, "input": use.arguments}}
            for use in uses
        ]
        return converse.replying(blocks, "tool_use")

    def fails(self) -> Reply:
        return converse.refusing(500, "InternalServerException")

    def results_in(self, request: Request) -> list[Result]:
        blocks = [block["toolResult"] for block in request.body["messages"][-1]["content"]]
        return [
            Result(one["toolUseId"], one["content"][0]["text"], one["status"] == "error")
            for one in blocks
        ]

    def tools_in(self, request: Request) -> list[tuple[str, str, Any]]:
        tools = [tool["toolSpec"] for tool in request.body.get("toolConfig", {}).get("tools", ())]
        return [(one["name"], one["description"], one["inputSchema"]["json"]) for one in tools]
