"""A scripted model behind a server of chat completions: no key, no model, always the same answers.

It answers with what it is asked, or as the lines of the last user message say, and calls tools as
they say: see docs/guides/local-development.md.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from errno import EADDRINUSE
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

Answer = tuple[int, dict[str, Any], dict[str, str]]

PORT = 11434
PATH = "/v1/chat/completions"
LONGEST_SLEEP = 600.0

_SAY = re.compile(r"^say: (?P<text>.*)$", re.MULTILINE)
_CALL = re.compile(
    r"^(?P<and>and )?call: (?P<name>[\w-]{1,64})(?P<arguments> \{.*\})?$", re.MULTILINE
)
_SLEEP = re.compile(r"^sleep: (?P<seconds>\d+(\.\d+)?)$", re.MULTILINE)
_FAIL = re.compile(r"^fail: (?P<status>[45]\d\d)( after (?P<seconds>\d+))?$", re.MULTILINE)
_HEADING = re.compile(r"^\[[0-9a-f]{12}\] |^Headings begin with ", re.MULTILINE)
_DEEPEST = 32


class CannotServeModels(RuntimeError):
    """The port of the scripted model is in use."""


@contextmanager
def serving(port: int = PORT) -> Iterator[str]:
    """Serve the model within the block, at the URL that is the `target` of agents."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    except OSError as error:
        if error.errno != EADDRINUSE:
            raise
        raise CannotServeModels(
            f"Port {port} is in use, perhaps by Ollama: leave out MODELS=fake to use that"
        ) from error
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        content = self.rfile.read(size)
        found = self.path.partition("?")[0] == PATH
        status, body, headers = answer(content) if found else _NOT_FOUND
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(encoded)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *arguments: Any) -> None:
        pass


def answer(content: bytes) -> Answer:
    """The status, the body and the headers of the answer to a request."""
    try:
        request = json.loads(content)
        model, messages = request["model"], request["messages"]
        texts = [_text(message["content"]) for message in messages]
        begin = max(place for place, one in enumerate(messages) if one["role"] == "user")
        asked, since = texts[begin], messages[begin + 1 :]
    except (ValueError, KeyError, TypeError):
        return 400, _error("This is not a request for a chat completion"), {}
    sleep(asked)
    if failed := failure(asked):
        status, seconds = failed
        return status, _error("As the message says"), {"retry-after": seconds} if seconds else {}
    rounds = sum(one["role"] == "assistant" for one in since)
    called = calls(asked, rounds) if request.get("tools") else []
    results = [_text(one["content"]) for one in since if one["role"] == "tool"]
    said = json.dumps(called) if called else script(_schema(request), asked, results)
    usage = {"prompt_tokens": sum(map(tokens, texts)), "completion_tokens": tokens(said)}
    usage["total_tokens"] = sum(usage.values())
    message: dict[str, Any] = {"role": "assistant", "content": None if called else said}
    if called:
        message["tool_calls"] = [
            {"id": f"call_{rounds}_{number}", "type": "function", "function": function}
            for number, (name, arguments) in enumerate(called)
            for function in [{"name": name, "arguments": json.dumps(arguments)}]
        ]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if called else "stop"}
    completion = {"id": "fake", "object": "chat.completion", "created": 0, "model": str(model)}
    return 200, {**completion, "choices": [choice], "usage": usage}, {}


def _schema(request: Mapping[str, Any]) -> Any:
    match request.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return schema
    return None


def sleep(asked: str) -> None:
    """Sleep for as long as the message says."""
    if slept := _SLEEP.search(asked):
        time.sleep(min(float(slept["seconds"]), LONGEST_SLEEP))


def failure(asked: str) -> tuple[int, str | None] | None:
    """The status, and the seconds after which to try again, if the message says to fail."""
    failed = _FAIL.search(asked)
    return failed and (int(failed["status"]), failed["seconds"])


def calls(asked: str, rounds: int) -> list[tuple[str, Any]]:
    """The tools and the arguments that the message says to call after so many rounds."""
    of_rounds: list[list[tuple[str, Any]]] = []
    for found in _CALL.finditer(asked):
        if not found["and"] or not of_rounds:
            of_rounds.append([])
        of_rounds[-1].append((found["name"], _arguments(found["arguments"])))
    return of_rounds[rounds] if rounds < len(of_rounds) else []


def _arguments(text: str | None) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return {}


def script(schema: Mapping[str, Any] | None, asked: str, results: Sequence[str] = ()) -> str:
    """What the model says: as the message says, or an example of the schema, or the query.

    With `results` of tools it says these, and not the query.
    """
    if said := _SAY.search(asked):
        return said["text"]
    if schema is not None:
        return json.dumps(_example(schema, schema.get("$defs", {}), _DEEPEST))
    if results:
        return f"The tools said: {'; '.join(results)}"
    # Only the query: what others have said follows under headings.
    query = _HEADING.split(asked)[0].strip()
    return f"A scripted answer to: {query}"


def _example(schema: Mapping[str, Any], definitions: Mapping[str, Any], left: int) -> Any:
    """A value that fits a schema, if that is not endless."""
    if left == 0:
        return None
    if "$ref" in schema:
        return _example(definitions[schema["$ref"].rpartition("/")[2]], definitions, left - 1)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], definitions, left - 1)
    if "enum" in schema:
        return schema["enum"][0]
    types = schema.get("type", "object")
    if "object" not in (types if isinstance(types, list) else [types]):
        simple = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": []}
        return simple.get(types if isinstance(types, str) else types[0])
    properties = schema.get("properties", {})
    wanted = [name for name in schema.get("required", properties) if name in properties]
    return {name: _example(properties[name], definitions, left - 1) for name in wanted}


def _text(content: Any) -> str:
    """The text of a message, without its files."""
    if content is None or isinstance(content, str):
        return content or ""
    return "\n\n".join(part["text"] for part in content if part["type"] == "text")


def tokens(text: str) -> int:
    """About as many as a model would count."""
    return len(text) // 4 + 1


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "scripted", "code": None}}


_NOT_FOUND: Final[Answer] = (404, _error(f"There is only {PATH}"), {})
