"""One process with the agents' file, which handles one call at a time, like a sandbox of Lambda."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any, cast

CHILD = Path(__file__).with_name("child.py")
SECONDS_TO_LOAD = 60.0
# What a call has printed arrives at once, unless the agent has closed its stderr.
SECONDS_TO_FLUSH = 1.0
# A process that has closed its output ends at once, unless the agent has closed it.
SECONDS_TO_END = 5.0

Print = Callable[[str, str], None]
"""Prints a line that the function, or file, of this name has written."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The result of an invocation: the payload, and whether it is an error of the function."""

    payload: bytes
    failed: bool = False

    @classmethod
    def error(cls, kind: str, message: str, **more: Any) -> "Returned":
        """An error as Lambda reports it."""
        error = {"errorType": kind, "errorMessage": message, **more}
        return cls(json.dumps(error).encode(), failed=True)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an instance has found in the file.

    `functions` has the number of parameters of each agent, `others` the public functions that have
    too few or too many, and `files` the file itself and the modules next to it that it has
    imported. `failure` is the result of every call if the file could not be loaded.
    """

    functions: Mapping[str, int]
    files: tuple[str, ...]
    failure: Returned | None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the function in the file, its name on Lambda, and what it gets."""

    function: str
    name: str
    payload: str
    request_id: str
    seconds: float


class Instance:
    """A child process. One thread at a time may use it."""

    def __init__(self, python: str, file: Path, environment: Mapping[str, str], out: Print) -> None:
        self._print = out
        self._file = file
        # Whose output it is that arrives.
        self._speaker = file.name
        self._responses: Queue[str | None] = Queue()
        self._marks: Queue[str] = Queue()
        self._is_stopped = False
        self._process = subprocess.Popen(  # noqa: S603 - the user's own Python and file
            [python, str(CHILD), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            # Ctrl-C in the terminal is for the server, which then ends its children. And so what
            # an agent starts is in the process group of its child, and ends with it.
            start_new_session=True,
        )
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        self._requests, responses, output = (cast("IO[bytes]", pipe) for pipe in pipes)
        for target, pipe in ((self._read_responses, responses), (self._read_output, output)):
            threading.Thread(target=target, args=(pipe,), daemon=True).start()
        self.loaded = self._load()

    @property
    def is_alive(self) -> bool:
        """Whether it can be called."""
        return self._process.poll() is None

    def call(self, request: Request) -> Returned:
        """Call a function. If that takes longer than `request.seconds`, end the process."""
        self._speaker = request.name
        try:
            self._write(request)
            response = self._responses.get(timeout=request.seconds)
        except OSError:
            response = None
        except Empty:
            self.stop()
            about = f"Task timed out after {request.seconds:.2f} seconds"
            return Returned.error(
                "Sandbox.Timedout", f"RequestId: {request.request_id} Error: {about}"
            )
        if response is None:
            return self._died(request.request_id)
        self._wait_for_output(request.request_id)
        result = json.loads(response)
        if "failure" in result:
            return _failure(result["failure"], request.request_id)
        return Returned(result["value"].encode())

    def stop(self) -> None:
        """End the process and those that it has started, whatever they are doing."""
        # Later, another process group may have its number.
        if self._is_stopped:
            return
        self._is_stopped = True
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with suppress(OSError):
            self._requests.close()

    def _load(self) -> Loaded:
        nothing: tuple[Mapping[str, int], tuple[str, ...]] = {}, (str(self._file.resolve()),)
        try:
            response = self._responses.get(timeout=SECONDS_TO_LOAD)
        except Empty:
            self.stop()
            about = f"{self._file.name} was not loaded within {SECONDS_TO_LOAD:.0f} seconds"
            return Loaded(*nothing, Returned.error("Sandbox.Timedout", about))
        if response is None:
            return Loaded(*nothing, self._died("init"))
        report = json.loads(response)
        failure = report["failure"] and _failure(report["failure"], "init")
        others = tuple(report["others"])
        return Loaded(report["functions"], tuple(report["files"]), failure, others)

    def _died(self, request_id: str) -> Returned:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_END)
        self.stop()
        code = self._process.wait()
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        about = f"Runtime exited with error: {how}"
        return Returned.error("Runtime.ExitError", f"RequestId: {request_id} Error: {about}")

    def _write(self, request: Request) -> None:
        line = {
            "function": request.function,
            "name": request.name,
            "payload": request.payload,
            "requestId": request.request_id,
            "seconds": request.seconds,
        }
        self._requests.write(json.dumps(line).encode() + b"\n")
        self._requests.flush()

    def _read_responses(self, responses: IO[bytes]) -> None:
        with responses:
            for line in responses:
                self._responses.put(line.decode())
        self._responses.put(None)

    def _read_output(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                text, mark, request_id = line.decode(errors="replace").rstrip("\n").partition("\0")
                if text or not mark:
                    self._print(self._speaker, text)
                if mark:
                    self._marks.put(request_id)

    def _wait_for_output(self, request_id: str) -> None:
        try:
            while self._marks.get(timeout=SECONDS_TO_FLUSH) != request_id:
                pass
        except Empty:
            pass


def _failure(error: Mapping[str, Any], request_id: str) -> Returned:
    return Returned(json.dumps({**error, "requestId": request_id}).encode(), failed=True)
