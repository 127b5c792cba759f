"""The scripted model behind Bedrock's operation Converse, as embedded AWS answers it.

It says the same as the one behind chat completions: see `fake_models`.
"""

import json
from collections.abc import Mapping
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
    asked = messages[-1]
    fake_models.sleep(asked)
    if failed := fake_models.failure(asked):
        status, _ = failed
        usual = "ValidationException" if status < 500 else "InternalServerException"
        raise Refused(_CODES.get(status, usual), "As the message says", status)
    tool = _tool(request)
    said = fake_models.script(tool["inputSchema"]["json"] if tool else _schema(request), asked)
    prompts = [*messages, _text(request.get("system", ()))]
    usage = {
        "inputTokens": sum(map(fake_models.tokens, filter(None, prompts))),
        "outputTokens": fake_models.tokens(said),
    }
    usage["totalTokens"] = sum(usage.values())
    block: dict[str, Any] = {"text": said}
    if tool:
        block = {"toolUse": {"toolUseId": "1", "name": tool["name"], "input": _value(said)}}
    return {
        "output": {"message": {"role": "assistant", "content": [block]}},
        "stopReason": "tool_use" if tool else "end_turn",
        "usage": usage,
        "metrics": {"latencyMs": 1},
    }


def _text(content: Any) -> str:
    return "\n\n".join(block["text"] for block in content if "text" in block)


def _tool(request: Mapping[str, Any]) -> Any:
    """The tool that the model must call, if there is one."""
    config = request.get("toolConfig")
    return config["tools"][0]["toolSpec"] if config else None


def _schema(request: Mapping[str, Any]) -> Any:
    wanted = request.get("outputConfig", {}).get("textFormat")
    return json.loads(wanted["structure"]["jsonSchema"]["schema"]) if wanted else None


def _value(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return {"said": said}
