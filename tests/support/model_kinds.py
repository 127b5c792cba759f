"""Scripted models, for tests of what every kind of model promises."""

import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple

import pytest

from ai_coordination.config import settings
from tests.api.execution import bedrock_model, model
from tests.support import chat_server, converse
from tests.support.chat_server import ChatServer, Request
from tests.support.http_server import Reply


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


End = Literal["done", "cut off", "refused"]
"""Why a model has ended its message."""


class Model(ABC):
    """One kind, and the server in its place."""

    other_side: ClassVar[str]
    """What notes call the server."""
    usage: ClassVar[dict[str, int]]
    """The tokens of each message, as the API shows them."""
    allows: ClassVar[str]
    """The setting that lists what agents may call."""
    takes: ClassVar[str]
    """The files that it takes, as notes say it."""

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
    def says(self, text: str, end: End | None = "done") -> Reply: ...

    @abstractmethod
    def says_with_usage(self, usage: Any) -> Reply: ...

    @abstractmethod
    def calls(self, *uses: Use) -> Reply: ...

    @abstractmethod
    def fails(self) -> Reply: ...

    @abstractmethod
    def throttles(self, **headers: str) -> Reply: ...

    @abstractmethod
    def goes_to(self, url: str, patch: pytest.MonkeyPatch) -> None:
        """From now on the model is at this URL, where nobody may be."""

    @abstractmethod
    def messages(self, number: int = -1) -> list[tuple[str, str]]:
        """The roles and texts of a request's messages."""

    @abstractmethod
    def results_in(self, request: Request) -> list[Result]: ...

    @abstractmethod
    def tools_in(self, request: Request) -> list[tuple[str, str, Any]]:
        """The names, descriptions and schemas of the tools."""


class Chat(Model):
    other_side = "The model"
    usage: ClassVar = {"inputTokens": 30, "outputTokens": 7}
    allows = "AI_COORDINATION_AGENT_HOSTS"
    takes = "an image, a PDF or a text"
    _ends: ClassVar = {"done": "stop", "cut off": "length", "refused": "content_filter", None: None}

    def member(self, uuid: str = "a", **parameters: Any) -> dict[str, Any]:
        return model(self.server.url, uuid, **parameters)

    def says(self, text: str, end: End | None = "done") -> Reply:
        return chat_server.saying(text, self._ends[end])

    def says_with_usage(self, usage: Any) -> Reply:
        choices = [{"message": {"content": "Done"}}]
        return chat_server.replying({"choices": choices, "usage": usage})

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

    def throttles(self, **headers: str) -> Reply:
        return chat_server.refusing(429, **headers)

    def goes_to(self, url: str, patch: pytest.MonkeyPatch) -> None:
        patch.setenv(self.allows, url)
        settings.cache_clear()
        self.server.url = url

    def messages(self, number: int = -1) -> list[tuple[str, str]]:
        sent = self.server.requests[number].body["messages"]
        return [(one["role"], one["content"]) for one in sent]

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
    other_side = "Bedrock"
    usage: ClassVar = {"inputTokens": 20, "outputTokens": 7}
    allows = "AI_COORDINATION_BEDROCK_MODELS"
    takes = "an image, a document or a text"
    _ends: ClassVar = {
        "done": "end_turn",
        "cut off": "max_tokens",
        "refused": "content_filtered",
        None: None,
    }

    def member(self, uuid: str = "a", **parameters: Any) -> dict[str, Any]:
        return bedrock_model(uuid, **parameters)

    def says(self, text: str, end: End | None = "done") -> Reply:
        return converse.saying(text, self._ends[end])

    def says_with_usage(self, usage: Any) -> Reply:
        return converse.saying("Done", usage=usage)

    def calls(self, *uses: Use) -> Reply:
        blocks = [
            {"toolUse": {"toolUseId": use.id, "name": use.name, "input": use.arguments}}
            for use in uses
        ]
        return converse.replying(blocks, "tool_use")

    def fails(self) -> Reply:
        return converse.refusing(500, "InternalServerException")

    def throttles(self, **headers: str) -> Reply:
        return converse.refusing(429, "ThrottlingException", **headers)

    def goes_to(self, url: str, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)

    def messages(self, number: int = -1) -> list[tuple[str, str]]:
        sent = self.server.requests[number].body["messages"]
        return [(one["role"], text) for one in sent for text in [one["content"][0]["text"]]]

    def results_in(self, request: Request) -> list[Result]:
        blocks = [block["toolResult"] for block in request.body["messages"][-1]["content"]]
        return [
            Result(one["toolUseId"], one["content"][0]["text"], one["status"] == "error")
            for one in blocks
        ]

    def tools_in(self, request: Request) -> list[tuple[str, str, Any]]:
        tools = [tool["toolSpec"] for tool in request.body.get("toolConfig", {}).get("tools", ())]
        return [(one["name"], one["description"], one["inputSchema"]["json"]) for one in tools]
