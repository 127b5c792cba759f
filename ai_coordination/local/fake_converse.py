"""The scripted model behind Bedrock's operation Converse, as embedded AWS answers it.

It says the same as the one behind chat completions: see `fake_models`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ai_coordination.local import fake_models
from ai_coordination.local.errors import Refused

_CODES: Final = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


def answer(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a request. Raises Refused."""
    if operation != "Converse":
        raise Refused("ValidationException", f"There is only Converse, not {operation}", 400)
    messages = [_text(message["content"]) for message in request["messages"]]
    # Messages of the user that are results of tools have no text.
    asked, since = _asked(request["messages"])
    fake_models.sleep(asked)
    if failed := fake_models.failure(asked):
        status, _ = failed
        usual = "ValidationException" if status < 500 else "InternalServerException"
        raise Refused(_CODES.get(status, usual), "As the message says", status)
    rounds = sum(message["role"] == "assistant" for message in since)
    called = fake_models.calls(asked, rounds) if "toolConfig" in request else []
    tool = None if called else _tool(request)
    schema = tool["inputSchema"]["json"] if tool else _schema(request)
    said = json.dumps(called) if called else fake_models.script(schema, asked, _results(since))
    prompts = [*messages, _text(request.get("system", ()))]
    usage = {
        "inputTokens": sum(map(fake_models.tokens, filter(None, prompts))),
        "outputTokens": fake_models.tokens(said),
    }
    usage["totalTokens"] = sum(usage.values())
    uses = [
        {"toolUseId": f"call-{rounds}-{number}", "name": name, "input": arguments}
        for number, (name, arguments) in enumerate(called)
    ]
    if tool:
        uses = [{"toolUseId": "1", "name": tool["name"], "input": _value(said)}]
    blocks: list[dict[str, Any]] = [{"toolUse": use} for use in uses]
    return {
        "output": {"message": {"role": "assistant", "content": blocks or [{"text": said}]}},
        "stopReason": "tool_use" if uses else "end_turn",
        "usage": usage,
        "metrics": {"latencyMs": 1},
    }


def _text(content: Any) -> str:
    return "\n\n".join(block["text"] for block in content if "text" in block)


def _asked(messages: Sequence[Mapping[str, Any]]) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The last text of the user, and the messages since then."""
    for place in reversed(range(len(messages))):
        message = messages[place]
        if message["role"] == "user" and not any("toolResult" in one for one in message["content"]):
            return _text(message["content"]), messages[place + 1 :]
    raise Refused("ValidationException", "The user has said nothing", 400)


def _results(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the tools have returned."""
    blocks = [block for message in messages for block in message["content"]]
    return [_text(block["toolResult"]["content"]) for block in blocks if "toolResult" in block]


def _tool(request: Mapping[str, Any]) -> Any:
    """The tool by which the model must answer, if there is one: the last of all."""
    config = request.get("toolConfig", {})
    if "toolChoice" not in config:
        return None
    return [tool["toolSpec"] for tool in config["tools"] if "toolSpec" in tool][-1]


def _schema(request: Mapping[str, Any]) -> Any:
    wanted = request.get("outputConfig", {}).get("textFormat")
    return json.loads(wanted["structure"]["jsonSchema"]["schema"]) if wanted else None


def _value(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return {"said": said}
