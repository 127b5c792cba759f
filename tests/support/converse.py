"""Answers of Bedrock's operation Converse, as a server of the test gives them."""

import json
from typing import Any

from tests.support.http_server import Reply

USAGE = {"inputTokens": 20, "outputTokens": 7, "totalTokens": 27}


def saying(text: Any, stop: str | None = "end_turn", **more: Any) -> Reply:
    """A message of one text; `more` are members of the response."""
    return replying([{"text": text}], stop, **more)


def replying(content: Any, stop: str | None = "end_turn", **more: Any) -> Reply:
    """A message of these blocks."""
    message = {"role": "assistant", "content": content}
    body = {"output": {"message": message}, "usage": USAGE, "metrics": {"latencyMs": 1}}
    body |= {"stopReason": stop} if stop else {}
    return Reply(json.dumps({**body, **more}).encode(), 200, {"x-amzn-requestid": "r-1"})


def refusing(status: int, code: str, message: str = "no", **headers: str) -> Reply:
    """An error as Bedrock describes it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"message": message}).encode()
    return Reply(body, status, {"x-amzn-errortype": f"{code}:http://aws/", **named})
