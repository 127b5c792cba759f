"""A process that has loaded a file of agents, and calls its functions one after another.

It runs under any Python 3.9 or newer, with the packages of the agents and without those of the
engine. So it imports only the standard library, and nothing of this package.

It reads a request from each line of stdin, and writes a response to a line of what was stdout.
Both are JSON. Whatever the agents print goes to stderr, and so does a mark after each call.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

Function = Callable[..., Any]


class Context:
    """What Lambda passes to a handler next to the event."""

    function_version = "$LATEST"
    memory_limit_in_mb = "128"
    identity = None
    client_context = None

    def __init__(self, name: str, request_id: str, seconds: float) -> None:
        self.function_name = name
        self.aws_request_id = request_id
        self.invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:" + name
        self.log_group_name = "/aws/lambda/" + name
        self.log_stream_name = "local"
        self._ends_at = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends_at - time.monotonic()) * 1000))


def main(path: str) -> None:
    responses = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
    requests = _lines_of(os.dup(0))
    # From here on, nothing but this function reads the one or writes to the other.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = sys.stderr = open(  # noqa: SIM115 - as long as the process
        2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False
    )
    process = os.getpid()
    functions, report = _load(path)
    _end_copy(process)
    _respond(responses, report)
    while True:
        request = json.loads(requests.get())
        response = _called(functions[request["function"]], request)
        sys.stdout.flush()
        _end_copy(process)
        os.write(2, ("\0" + request["requestId"] + "\n").encode())
        _respond(responses, response)


def _lines_of(descriptor: int) -> queue.Queue[str]:
    """A queue of the lines.

    The process ends with its parent, even in the middle of a call, and so does what it has started.
    """
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        with os.fdopen(descriptor, encoding="ascii", newline="\n") as source:
            for line in source:
                lines.put(line)
        # It leads a process group if the engine has started it.
        with suppress(OSError):
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _end_copy(process: int) -> None:
    """End a process that the agents have forked, and that has returned to here.

    It has the pipes too: its response would be taken for that of another call.
    """
    if os.getpid() != process:
        os._exit(0)


def _respond(responses: IO[str], message: dict[str, Any]) -> None:
    responses.write(json.dumps(message) + "\n")
    responses.flush()


def _load(path: str) -> tuple[dict[str, Function], dict[str, Any]]:
    """The public functions of the file by name, and a report of what was loaded."""
    file = Path(path).resolve()
    name, folder = file.stem, file.parent
    # As if Python had been started with that file. This one's folder is not importable.
    sys.path[0] = str(folder)
    public: dict[str, Function] = {}
    failure = None
    try:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise ImportError(path + " is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        public = {
            key: value
            for key, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == name and not key.startswith("_")
        }
    except Exception as error:  # noqa: BLE001 - whatever the file raises
        failure = _failure(error)
    functions = {key: value for key, value in public.items() if _parameters(value) in (1, 2)}
    loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    files = {file, *(Path(module).resolve() for module in loaded if module)}
    report = {
        "functions": {key: _parameters(value) for key, value in functions.items()},
        "others": [key for key in public if key not in functions],
        "failure": failure,
        "files": sorted(str(one) for one in files if folder in one.parents),
    }
    return functions, report


def _parameters(function: Function) -> int:
    """How many arguments the function gets: 1, its input; or 2, event and context."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in positional
    ]
    if len(parameters) > 1 and parameters[1].name == "context":
        return 2
    return sum(parameter.default is inspect.Parameter.empty for parameter in parameters)


def _called(function: Function, request: dict[str, Any]) -> dict[str, Any]:
    """The return value as JSON, or the error as Lambda reports it."""
    try:
        event = json.loads(request["payload"])
        if _parameters(function) == 2:
            context = Context(request["name"], request["requestId"], request["seconds"])
            value = function(event, context)
        else:
            value = function(_input_of(event))
        if inspect.isawaitable(value):
            value = _awaited(value)
    except Exception as error:  # noqa: BLE001 - whatever the agent raises
        traceback.print_exception(type(error), error, _frames(error))
        return {"failure": _failure(error)}
    try:
        return {"value": _json(value)}
    except (TypeError, ValueError) as error:
        message = "Unable to marshal response: " + str(error)
        return {"failure": {"errorType": "Runtime.MarshalError", "errorMessage": message}}


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair. Escaped, it is valid JSON, which the engine refuses with a reason.
        return json.dumps(value)
    return text


def _awaited(value: Awaitable[Any]) -> Any:
    # Few agents need this, and importing it takes as long as everything else here.
    import asyncio  # noqa: PLC0415

    async def wait() -> Any:
        return await value

    return asyncio.run(wait())


def _input_of(event: dict[str, Any]) -> Any:
    """The agent's input. A very large one is in the bucket, and the event has its address."""
    if event["agentInput"] is None and "agentInputUrl" in event:
        from urllib.request import urlopen  # noqa: PLC0415 - as above

        with urlopen(event["agentInputUrl"], timeout=60) as answer:  # noqa: S310 - the engine's
            return answer.read().decode()
    return event["agentInput"] or ""


def _frames(error: BaseException) -> TracebackType | None:
    """The traceback, without the frames of this file."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return frames


def _failure(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(_frames(error))
    mine = [frame for frame in frames if not frame.filename.startswith("<frozen")]
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_list(mine),
    }


if __name__ == "__main__":
    main(sys.argv[1])
